//! Registering, logging in and out, tokens.

use serde_json::{Value, json};

use crate::people::{House, ok, ok_msg, refused};

const PREFIXES: [&str; 2] = ["/api/auth", "/api/im/auth"];

#[tokio::test]
async fn login() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    for (prefix, profile_c) in [("/api/auth", false), ("/api/im/auth", true)] {
        let path = format!("{prefix}/login");
        let body =
            json!({ "username": "alice", "password": "123456", "clientType": "web", "rememberMe": true });
        let answer = house.stranger().post(&path, body).await;
        let given = ok_msg(answer, "登录成功");
        let expected = json!({
            "id": alice.id, "username": "alice", "nickname": "alice",
            "avatar": "/avatar/default.png", "role": "USER",
        });
        assert_eq!(given["userInfo"], expected);
        let bob = house.person(if profile_c { "bob_c" } else { "bob" }).await;
        let http = house
            .stranger()
            .with_token(given["token"].as_str().expect("a token"));
        let sent = ok(http
            .post(
                "/api/im/message/send",
                json!({ "receiverId": bob.id, "content": "hi" }),
            )
            .await);
        assert_eq!(sent.is_object(), profile_c, "the prefix decides the profile");

        for (body, msg) in [
            (
                json!({ "username": "nobody", "password": "123456" }),
                "用户不存在",
            ),
            (json!({ "username": "alice", "password": "654321" }), "密码错误"),
            (json!({ "username": "alice" }), "用户名和密码不能为空"),
            (json!({ "username": ["a"], "password": { "a": 1 } }), "用户不存在"),
        ] {
            let answer = house.stranger().post(&path, body).await;
            assert_eq!((answer.status, &answer.body["msg"]), (400, &json!(msg)));
            assert!(answer.body["code"] == 400 || answer.body["code"] == 404);
        }
    }
    house.server.stop().await;
}

#[tokio::test]
async fn register() {
    let house = House::open().await;
    for (index, prefix) in PREFIXES.into_iter().enumerate() {
        let path = format!("{prefix}/register");
        let account = |username: &str| json!({ "username": username, "password": "123456" });
        let full = json!({
            "username": format!("new_{index}"), "password": "123456", "nickname": "小新",
            "email": "new@example.org", "phone": format!("1380013800{index}"),
        });
        let id = ok_msg(house.stranger().post(&path, full).await, "注册成功");
        let me = house.login(prefix, &format!("new_{index}")).await;
        assert_eq!(id, me.id);
        let shown = ok(me.http.get("/api/im/user/info").await);
        assert_eq!(shown["nickname"], "小新");
        assert_eq!(shown["mobile"], format!("1380013800{index}"));

        let again = house
            .stranger()
            .post(&path, account(&format!("new_{index}")))
            .await;
        refused(&again, 400, 400);
        assert_eq!(again.body["msg"], "用户名已存在");
        let mut same_mobile = account("somebody");
        same_mobile["mobile"] = json!(format!("1380013800{index}"));
        let taken = house.stranger().post(&path, same_mobile).await;
        refused(&taken, 400, 400);
        assert_eq!(taken.body["msg"], "手机号已被使用");
        let with = |name: &str, value: Value| {
            let mut body = account("somebody");
            body[name] = value;
            body
        };
        for body in [
            json!({}),
            with("username", json!("ab")),
            with("username", json!("x".repeat(21))),
            with("username", json!("张三李四")),
            with("password", json!("12345")),
            with("password", json!("x".repeat(21))),
            with("nickname", json!("x".repeat(51))),
            with("mobile", json!("12800138000")),
            with("email", json!("nowhere")),
        ] {
            refused(&house.stranger().post(&path, body).await, 400, 400);
        }
    }
    house.server.stop().await;
}

#[tokio::test]
async fn get_info() {
    let house = House::open().await;
    let alice = house.person_c("alice").await;
    for prefix in PREFIXES {
        let path = format!("{prefix}/getInfo");
        let given = ok(alice.http.get(&path).await);
        assert_eq!(given["userInfo"]["username"], "alice");
        let fresh = house
            .stranger()
            .with_token(given["token"].as_str().expect("a token"));
        assert_eq!(ok(fresh.get("/api/im/user/info").await)["id"], alice.id);
        refused(&house.stranger().get(&path).await, 401, 401);
        refused(&house.stranger().with_token("x.y.z").get(&path).await, 401, 401);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn logout() {
    let house = House::open().await;
    for prefix in PREFIXES {
        let name = if prefix == PREFIXES[0] { "alice" } else { "bob" };
        let first = house.person(name).await;
        let second = house.login(prefix, name).await;
        let mut socket = house.socket(&first).await;
        ok_msg(
            first.http.post(&format!("{prefix}/logout"), json!({})).await,
            "退出成功",
        );
        socket.closed().await;
        refused(&first.http.get("/api/im/user/info").await, 401, 401);
        refused(
            &first.http.post(&format!("{prefix}/logout"), json!({})).await,
            401,
            401,
        );
        ok(second.http.get("/api/im/user/info").await);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn refresh() {
    let house = House::open().await;
    let alice = house.person_c("alice").await;
    for prefix in PREFIXES {
        let path = format!("{prefix}/refresh");
        let answer = alice.http.post(&path, json!({})).await;
        let body = answer.body.clone();
        let given = ok(answer);
        assert_eq!(body["token"], given["token"], "at the top and under data");
        assert_eq!(body["expiresIn"], given["expiresIn"]);
        let left = given["expiresIn"].as_i64().expect("milliseconds");
        assert!((86_390_000..=86_400_000).contains(&left), "{left}");
        assert_eq!(given["userInfo"]["id"], alice.id);
        let fresh = house
            .stranger()
            .with_token(given["token"].as_str().expect("a token"));
        let bob = house
            .person(if prefix == PREFIXES[0] { "bob" } else { "bob2" })
            .await;
        let sent = ok(fresh
            .post(
                "/api/im/message/send",
                json!({ "receiverId": bob.id, "content": "hi" }),
            )
            .await);
        assert!(sent.is_object(), "a refresh keeps the profile on either prefix");
        let by_query = format!("{path}?refreshToken={}", alice.http.token());
        ok(house.stranger().post(&by_query, json!({})).await);
        refused(&house.stranger().post(&path, json!({})).await, 401, 401);
        refused(
            &house
                .stranger()
                .post(&format!("{path}?refreshToken=x"), json!({}))
                .await,
            401,
            401,
        );
    }
    house.server.clock.advance_seconds(86_401);
    refused(&alice.http.post("/api/auth/refresh", json!({})).await, 401, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn validate_token() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    for prefix in PREFIXES {
        let path = format!("{prefix}/validateToken");
        assert_eq!(ok(alice.http.post(&path, json!({})).await), true);
        let by_query = format!("{path}?token={}", alice.http.token());
        assert_eq!(ok(house.stranger().post(&by_query, json!({})).await), true);
        assert_eq!(
            ok(house.stranger().post(&format!("{path}?token=x"), json!({})).await),
            false
        );
        assert_eq!(ok(house.stranger().post(&path, json!({})).await), false);
    }
    ok(alice.http.post("/api/auth/logout", json!({})).await);
    assert_eq!(
        ok(alice.http.post("/api/auth/validateToken", json!({})).await),
        false
    );
    house.server.stop().await;
}

#[tokio::test]
async fn csrf_token() {
    let house = House::open().await;
    let mut seen = Vec::new();
    for path in [
        "/csrf/token",
        "/api/csrf/token",
        "/api/auth/csrf/token",
        "/api/im/auth/csrf/token",
    ] {
        let given = ok(house.stranger().get(path).await);
        let token = given["csrfToken"].as_str().expect("a token").to_owned();
        assert!(token.len() == 32 && !seen.contains(&token));
        seen.push(token);
    }
    house.server.stop().await;
}
