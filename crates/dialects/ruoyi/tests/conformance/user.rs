//! Profiles, searching, passwords, and what administrators do with accounts.

use parlance_core::Actor;
use parlance_core::account::NewAccount;
use parlance_core::types::{AccountRole, DEFAULT_TENANT};
use parlance_testkit::Http;
use serde_json::{Value, json};

use crate::people::{House, Person, ok, ok_msg, refused};

/// Ids that nobody has, in every odd spelling.
const NOBODY: [&str; 6] = [
    "0",
    "-1",
    "999999",
    "9223372036854775808",
    "%F0%9F%98%80",
    "a%00b",
];

/// Somebody of this rank, logged in.
pub async fn ranked(house: &House, uid: &str, role: AccountRole) -> Person {
    let account = NewAccount {
        uid: uid.into(),
        password: Some("123456".into()),
        role,
        ..NewAccount::default()
    };
    let system = Actor::system(DEFAULT_TENANT);
    house
        .server
        .core
        .create_user(&system, account)
        .await
        .expect("an account");
    house.login("/api/auth", uid).await
}

/// Makes two people friends.
async fn befriend(a: &Person, b: &Person) {
    let id = ok(a
        .http
        .post("/api/im/contact/request/send", json!({ "targetUserId": b.id }))
        .await);
    let path = format!("/api/im/contact/request/{id}/handle?approved=true");
    ok(b.http.post(&path, json!({})).await);
}

fn names(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("an array");
    list.iter()
        .map(|user| user["username"].as_str().expect("a name"))
        .collect()
}

async fn may_log_in(house: &House, username: &str, password: &str) -> bool {
    let body = json!({ "username": username, "password": password });
    house.stranger().post("/api/auth/login", body).await.status == 200
}

#[tokio::test]
async fn info() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person_c("bob").await);
    let _socket = house.socket(&a).await;
    let mine = ok(a.http.get("/api/im/user/info").await);
    for (field, value) in [
        ("id", json!(a.id)),
        ("username", json!("alice")),
        ("nickname", json!("alice")),
        ("avatar", json!("/avatar/default.png")),
        ("email", Value::Null),
        ("mobile", Value::Null),
        ("gender", json!(0)),
        ("status", json!(1)),
        ("role", json!("USER")),
        ("signature", json!("")),
        ("department", json!("")),
        ("position", json!("")),
        ("online", json!(true)),
        ("lastOnlineTime", Value::Null),
    ] {
        assert_eq!(mine[field], value, "{field}");
    }
    let theirs = ok(b.http.get(&format!("/api/im/user/{}", a.id)).await);
    assert_eq!((&theirs["id"], &theirs["online"]), (&json!(a.id), &json!(true)));
    assert!(theirs.get("passwordHash").is_none() && theirs.get("password").is_none());
    assert_eq!(ok(b.http.get("/api/im/user/undefined").await)["id"], b.id);
    let forged = b
        .http
        .request("GET", "/api/im/user/info?userId=1")
        .header("userId", a.id.to_string());
    assert_eq!(
        ok(b.http.fetch(forged).await)["id"],
        b.id,
        "only the token says who calls"
    );
    for id in NOBODY {
        refused(&a.http.get(&format!("/api/im/user/{id}")).await, 400, 404);
    }
    refused(&house.stranger().get("/api/im/user/info").await, 401, 401);
    let foreign = NewAccount {
        uid: "foreign".into(),
        ..NewAccount::default()
    };
    let elsewhere = Actor::system(2);
    let id = house
        .server
        .core
        .create_user(&elsewhere, foreign)
        .await
        .expect("an account");
    refused(&a.http.get(&format!("/api/im/user/{id}")).await, 400, 404);
    house.server.stop().await;
}

#[tokio::test]
async fn list_and_search() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let admin = ranked(&house, "boss", AccountRole::Admin).await;
    assert_eq!(
        names(&ok(a.http.get("/api/im/user/list").await)),
        ["alice", "bob", "boss"]
    );
    assert_eq!(
        names(&ok(a
            .http
            .get("/api/im/user/list?keyword=BO&pageNum=1&pageSize=10")
            .await)),
        ["bob", "boss"]
    );
    let after = format!("/api/im/user/list?lastId={}", b.id);
    assert_eq!(names(&ok(a.http.get(&after).await)), ["boss"]);
    assert_eq!(
        names(&ok(a.http.get("/api/im/user/search?keyword=ali").await)),
        ["alice"]
    );
    for empty in ["?keyword=", "?keyword=%20", "", "?keyword=%25", "?keyword=nobody"] {
        assert!(
            names(&ok(a.http.get(&format!("/api/im/user/search{empty}")).await)).is_empty(),
            "{empty}"
        );
    }
    let long = format!("/api/im/user/search?keyword={}", "x".repeat(101));
    refused(&a.http.get(&long).await, 400, 400);
    let off = json!({ "id": b.id, "status": "0" });
    ok(admin.http.put("/api/im/user/changeStatus", off).await);
    assert_eq!(
        names(&ok(a.http.get("/api/im/user/list").await)),
        ["alice", "boss"]
    );
    let all = ok(admin.http.get("/api/im/user/list").await);
    assert_eq!(
        names(&all),
        ["alice", "bob", "boss"],
        "administrators see disabled people"
    );
    assert_eq!(all[1]["status"], 0);
    house.server.stop().await;
}

#[tokio::test]
async fn batch() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let path = format!("/api/im/user/batch?ids={},{},77,x", b.id, a.id);
    assert_eq!(names(&ok(a.http.get(&path).await)), ["alice", "bob"]);
    assert!(names(&ok(a.http.get("/api/im/user/batch").await)).is_empty());
    let many = vec!["1"; 1_001].join(",");
    refused(
        &a.http.get(&format!("/api/im/user/batch?ids={many}")).await,
        400,
        400,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn friends() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let admin = ranked(&house, "boss", AccountRole::Admin).await;
    befriend(&a, &b).await;
    let of_a = format!("/api/im/user/friends/{}", a.id);
    for (who, path) in [
        (&a, of_a.as_str()),
        (&a, "/api/im/user/friends/undefined"),
        (&admin, of_a.as_str()),
    ] {
        assert_eq!(names(&ok(who.http.get(path).await)), ["bob"], "{path}");
    }
    refused(&b.http.get(&of_a).await, 403, 403);
    refused(&a.http.get("/api/im/user/friends/0").await, 400, 404);
    house.server.stop().await;
}

#[tokio::test]
async fn update() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let admin = ranked(&house, "boss", AccountRole::Admin).await;
    let of_a = format!("/api/im/user/{}", a.id);
    let changes = json!({
        "nickname": "爱丽丝", "avatar": "/uploads/a.png", "email": "a@example.org", "mobile": "13800138000",
        "gender": 2, "signature": "你好", "department": "研发部", "position": "工程师", "id": b.id,
    });
    ok_msg(a.http.put(&of_a, changes.clone()).await, "更新成功");
    let shown = ok(a.http.get(&of_a).await);
    for (field, value) in changes
        .as_object()
        .expect("an object")
        .iter()
        .filter(|(field, _)| *field != "id")
    {
        assert_eq!(&shown[field], value, "{field}");
    }
    let seen = ok(b.http.get(&of_a).await);
    assert_eq!(
        (&seen["mobile"], &seen["email"]),
        (&Value::Null, &Value::Null),
        "not for strangers"
    );
    befriend(&a, &b).await;
    assert_eq!(ok(b.http.get(&of_a).await)["mobile"], "13800138000");

    ok(a.http
        .put("/api/im/user/undefined", json!({ "signature": "再见" }))
        .await);
    ok(admin.http.put(&of_a, json!({ "nickname": "由管理员改" })).await);
    let shown = ok(a.http.get(&of_a).await);
    assert_eq!(
        (&shown["signature"], &shown["nickname"]),
        (&json!("再见"), &json!("由管理员改"))
    );

    for body in [
        json!({ "nickname": "x" }),
        json!({ "nickname": "x".repeat(51) }),
        json!({ "signature": "x".repeat(201) }),
        json!({ "gender": 3 }),
        json!({ "gender": "male" }),
        json!({ "email": "nowhere" }),
        json!({ "mobile": "abc" }),
    ] {
        refused(&a.http.put(&of_a, body).await, 400, 400);
    }
    let of_b = format!("/api/im/user/{}", b.id);
    let taken = b.http.put(&of_b, json!({ "mobile": "13800138000" })).await;
    refused(&taken, 400, 400);
    assert_eq!(taken.body["msg"], "手机号已被使用");
    refused(
        &b.http.put(&of_a, json!({ "nickname": "not mine" })).await,
        403,
        403,
    );
    for id in NOBODY {
        refused(
            &a.http
                .put(&format!("/api/im/user/{id}"), json!({ "nickname": "xx" }))
                .await,
            400,
            404,
        );
    }
    house.server.stop().await;
}

#[tokio::test]
async fn change_password() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let admin = ranked(&house, "boss", AccountRole::Admin).await;
    let path = |person: &Person| format!("/api/im/user/{}/password", person.id);
    let wrong = a
        .http
        .put(&path(&a), json!({ "oldPassword": "x", "newPassword": "654321" }))
        .await;
    refused(&wrong, 400, 400);
    assert_eq!(wrong.body["msg"], "旧密码错误");
    for body in [
        json!({ "oldPassword": "123456" }),
        json!({ "newPassword": "654321" }),
        json!({ "oldPassword": "123456", "newPassword": "short" }),
    ] {
        refused(&a.http.put(&path(&a), body).await, 400, 400);
    }
    let mut socket = house.socket(&a).await;
    let by_query = format!("{}?oldPassword=123456&newPassword=654321", path(&a));
    ok_msg(
        a.http.fetch(a.http.request("PUT", &by_query)).await,
        "密码修改成功",
    );
    socket.closed().await;
    refused(&a.http.get("/api/im/user/info").await, 401, 401);
    assert!(may_log_in(&house, "alice", "654321").await && !may_log_in(&house, "alice", "123456").await);

    refused(
        &b.http.put(&path(&a), json!({ "newPassword": "111111" })).await,
        403,
        403,
    );
    let mut socket = house.socket(&b).await;
    ok(admin
        .http
        .put(&path(&b), json!({ "newPassword": "111111" }))
        .await);
    socket.closed().await;
    assert!(may_log_in(&house, "bob", "111111").await);
    refused(
        &admin
            .http
            .put("/api/im/user/0/password", json!({ "newPassword": "111111" }))
            .await,
        400,
        404,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn create_and_delete() {
    let house = House::open().await;
    let a = house.person("alice").await;
    let admin = ranked(&house, "boss", AccountRole::Admin).await;
    let root = ranked(&house, "root", AccountRole::SuperAdmin).await;
    let account =
        |username: &str, role: &str| json!({ "username": username, "password": "123456", "role": role });
    let id = ok_msg(
        admin.http.post("/api/im/user", account("员工", "USER")).await,
        "创建成功",
    );
    assert!(may_log_in(&house, "员工", "123456").await);
    refused(
        &a.http.post("/api/im/user", account("other", "USER")).await,
        403,
        403,
    );
    refused(
        &admin.http.post("/api/im/user", account("other", "ADMIN")).await,
        403,
        403,
    );
    let made = ok(root.http.post("/api/im/user", account("other", "ADMIN")).await);
    assert_eq!(
        ok(root.http.get(&format!("/api/im/user/{made}")).await)["role"],
        "ADMIN"
    );
    let taken = admin.http.post("/api/im/user", account("员工", "USER")).await;
    refused(&taken, 400, 400);
    assert_eq!(taken.body["msg"], "用户名已存在");
    for body in [json!({}), account("a b", "USER"), account("fine", "KING")] {
        refused(&root.http.post("/api/im/user", body).await, 400, 400);
    }

    let path = format!("/api/im/user/{id}");
    refused(&a.http.delete(&path, json!({})).await, 403, 403);
    refused(
        &admin
            .http
            .delete(&format!("/api/im/user/{}", root.id), json!({}))
            .await,
        403,
        403,
    );
    refused(
        &admin.http.delete("/api/im/user/undefined", json!({})).await,
        403,
        403,
    );
    ok_msg(admin.http.delete(&path, json!({})).await, "删除成功");
    assert!(!may_log_in(&house, "员工", "123456").await);
    refused(&a.http.get(&path).await, 400, 404);
    refused(&admin.http.delete(&path, json!({})).await, 400, 404);
    house.server.stop().await;
}

#[tokio::test]
async fn change_status() {
    let house = House::open().await;
    let a = house.person("alice").await;
    let admin = ranked(&house, "boss", AccountRole::Admin).await;
    let path = "/api/im/user/changeStatus";
    let put = |http: Http, id: i64, status: Value| async move {
        http.put(path, json!({ "id": id, "status": status })).await
    };
    for (off, on) in [
        (json!("0"), json!("1")),
        (json!(0), json!(1)),
        (json!("DISABLED"), json!("ACTIVE")),
    ] {
        let mut socket = house.socket(&house.login("/api/auth", "alice").await).await;
        ok_msg(put(admin.http.clone(), a.id, off).await, "状态修改成功");
        socket.closed().await;
        refused(&a.http.get("/api/im/user/info").await, 401, 401);
        let body = json!({ "username": "alice", "password": "123456" });
        let login = house.stranger().post("/api/auth/login", body).await;
        refused(&login, 400, 403);
        ok(put(admin.http.clone(), a.id, on).await);
        assert!(may_log_in(&house, "alice", "123456").await);
    }
    let alice = house.login("/api/auth", "alice").await;
    refused(&put(alice.http.clone(), admin.id, json!("0")).await, 403, 403);
    refused(&put(admin.http.clone(), admin.id, json!("0")).await, 403, 403);
    refused(&put(admin.http.clone(), a.id, json!("2")).await, 400, 400);
    refused(&put(admin.http.clone(), 0, json!("0")).await, 400, 404);
    refused(&admin.http.put(path, json!({ "status": "0" })).await, 400, 400);
    house.server.stop().await;
}
