//! Logging in and out, tokens.

use parlance_core::Limits;
use parlance_testkit::multipart;
use serde_json::json;

use crate::people::{House, PASSWORD, ok, refused, wrong_fields};

const WRONG: &str = "Incorrect username or password";

#[tokio::test]
async fn login_with_a_form() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let http = house.stranger();
    let send = |body: &'static str| {
        let request = http.request("POST", "/api/v1/auth/login");
        let form = "application/x-www-form-urlencoded";
        http.fetch(request.header("content-type", form).body(body))
    };
    let given = ok(send("grant_type=password&username=alice&password=123456&scope=").await);
    assert_eq!(
        (&given["token_type"], &given["expires_in"]),
        (&json!("bearer"), &json!(86_400))
    );
    let with_it = http.with_token(given["access_token"].as_str().expect("a token"));
    assert_eq!(ok(with_it.get("/api/v1/users/me").await)["id"], alice.id);

    let form = multipart::Form::new()
        .text("username", "alice")
        .text("password", PASSWORD);
    let request = http.request("POST", "/api/v1/auth/login").multipart(form);
    assert!(ok(http.fetch(request).await)["access_token"].is_string());

    refused(&send("username=alice&password=654321").await, 401, WRONG);
    refused(&send("username=nobody&password=123456").await, 401, WRONG);
    let missing =
        |name| json!({ "type": "missing", "loc": ["body", name], "msg": "Field required", "input": null });
    wrong_fields(&send("").await, json!([missing("username"), missing("password")]));
    wrong_fields(&send("username=alice").await, json!([missing("password")]));
    house.server.stop().await;
}

#[tokio::test]
async fn login_with_json() {
    let house = House::open().await;
    house.person("alice").await;
    let path = "/api/v1/auth/login/json";
    for field in ["username", "identifier", "mobile"] {
        let given = ok(house
            .stranger()
            .post(path, json!({ field: "alice", "password": PASSWORD }))
            .await);
        assert_eq!(given["token_type"], "bearer");
    }
    refused(&house.try_login("alice", "654321").await, 401, WRONG);
    refused(&house.try_login("nobody", PASSWORD).await, 401, WRONG);
    let unnamed = house.stranger().post(path, json!({ "password": PASSWORD })).await;
    refused(
        &unnamed,
        422,
        "One of mobile, username and identifier is required",
    );
    house.server.stop().await;
}

#[tokio::test]
async fn only_failed_logins_are_counted() {
    let limits = Limits {
        logins_failed_per_minute: 10,
        ..Limits::default()
    };
    let house = House::with_limits(limits).await;
    house.person("alice").await;
    for _ in 0..9 {
        refused(&house.try_login("alice", "654321").await, 401, WRONG);
    }
    for _ in 0..12 {
        ok(house.try_login("alice", PASSWORD).await);
    }
    for _ in 0..10 {
        refused(&house.try_login("alice", "654321").await, 401, WRONG);
    }
    let slowed = house.try_login("alice", PASSWORD).await;
    refused(&slowed, 429, "Too many requests");
    let wait: i64 = slowed.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait));
    house.server.clock.advance_seconds(61);
    ok(house.try_login("alice", PASSWORD).await);
    house.server.stop().await;
}

#[tokio::test]
async fn logout() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let other = house.login("alice").await;
    assert_eq!(
        ok(alice.http.post("/api/v1/auth/logout", json!({})).await),
        json!({ "message": "Logged out" })
    );
    let after = alice.http.get("/api/v1/users/me").await;
    refused(&after, 401, "Could not validate credentials");
    ok(other.get("/api/v1/users/me").await);
    house.server.stop().await;
}

#[tokio::test]
async fn refresh() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let given = ok(alice.http.post("/api/v1/auth/refresh", json!({})).await);
    let fresh = house
        .stranger()
        .with_token(given["access_token"].as_str().expect("a token"));
    assert_ne!(fresh.token(), alice.http.token());
    ok(fresh.get("/api/v1/users/me").await);
    house.server.clock.advance_seconds(86_401);
    let expired = fresh.post("/api/v1/auth/refresh", json!({})).await;
    refused(&expired, 401, "Could not validate credentials");
    house.server.stop().await;
}

#[tokio::test]
async fn only_a_token_of_this_dialect_in_the_header_lets_in() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let http = house.stranger();
    let bad = "Could not validate credentials";
    let core = &house.server.core;
    let me = core
        .authenticate(alice.http.token(), "platform")
        .await
        .expect("a caller")
        .0;
    let request = parlance_core::account::TokenRequest {
        dialect: "ruoyi",
        profile: "",
    };
    let foreign = core.renew(&me, request).await.expect("a token").token;
    refused(&http.with_token(foreign).get("/api/v1/users/me").await, 401, bad);
    refused(
        &http.with_token("nonsense").get("/api/v1/users/me").await,
        401,
        bad,
    );
    for header in ["Basic abc", "Bearer", "Bearer ", alice.http.token()] {
        let request = http
            .request("GET", "/api/v1/users/me")
            .header("authorization", header);
        refused(&http.fetch(request).await, 401, "Not authenticated");
    }
    let by_query = format!("/api/v1/users/me?token={}", alice.http.token());
    refused(&http.get(&by_query).await, 401, "Not authenticated");
    let lower = format!("bearer {}", alice.http.token());
    let request = http
        .request("GET", "/api/v1/users/me")
        .header("authorization", lower);
    ok(http.fetch(request).await);
    house.server.stop().await;
}
