//! What holds for every route: unknown paths, other methods, slashes at the end, odd bodies.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use parlance_dialect_platform::Options;
use parlance_transport::http::limit::{CallerRate, RateLimiter};
use serde_json::json;

use crate::people::{House, PASSWORD, ok, refused, wrong_fields};

#[tokio::test]
async fn a_path_is_the_same_with_and_without_a_slash_at_its_end() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    assert_eq!(ok(alice.http.get("/api/v1/users/me").await)["id"], alice.id);
    assert_eq!(ok(alice.http.get("/api/v1/users/me/").await)["id"], alice.id);
    house.server.stop().await;
}

#[tokio::test]
async fn unknown_paths_and_other_methods_are_refused_in_json() {
    let house = House::open().await;
    for path in [
        "/api/v1",
        "/api/v1/",
        "/api/v1/nowhere",
        "/api/v1/users/me/more",
        "/api/v1/auth/login/x/y",
    ] {
        refused(&house.stranger().get(path).await, 404, "Not Found");
    }
    let other = house.stranger().get("/api/v1/auth/login").await;
    refused(&other, 405, "Method Not Allowed");
    assert_eq!(other.header("allow"), "POST");
    house.server.stop().await;
}

#[tokio::test]
async fn a_body_that_is_no_object_is_told_apart_from_one_with_wrong_fields() {
    let house = House::open().await;
    let http = house.stranger();
    let send = |body: &'static str| {
        let request = http.request("POST", "/api/v1/auth/login/json");
        http.fetch(request.header("content-type", "application/json").body(body))
    };
    let missing_body =
        json!([{ "type": "missing", "loc": ["body"], "msg": "Field required", "input": null }]);
    wrong_fields(&send("").await, missing_body.clone());
    wrong_fields(&send(" null ").await, missing_body);
    let no_object = json!([{
        "type": "model_attributes_type", "loc": ["body"],
        "msg": "Input should be a valid dictionary or object to extract fields from", "input": [1],
    }]);
    wrong_fields(&send("[1]").await, no_object);
    let broken = send("{\"username\":\n \"a\",}").await;
    assert_eq!(
        (broken.status, &broken.body["detail"][0]["type"]),
        (422, &json!("json_invalid"))
    );
    assert_eq!(broken.body["detail"][0]["loc"], json!(["body", 18]));
    assert_eq!(broken.body["detail"][0]["msg"], "JSON decode error");
    let wrong = json!([
        { "type": "string_type", "loc": ["body", "username"], "msg": "Input should be a valid string", "input": 5 },
        { "type": "missing", "loc": ["body", "password"], "msg": "Field required", "input": { "username": 5 } },
    ]);
    wrong_fields(&send("{\"username\":5}").await, wrong);
    let secret = json!([{
        "type": "string_type", "loc": ["body", "password"],
        "msg": "Input should be a valid string", "input": "**********",
    }]);
    wrong_fields(&send("{\"username\":\"a\",\"password\":[1234]}").await, secret);
    house.server.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let house = House::open().await;
    let body = json!({ "username": "x".repeat(1024 * 1024), "password": PASSWORD });
    let answer = house.stranger().post("/api/v1/auth/login/json", body).await;
    refused(&answer, 413, "Request body is too large");
    house.server.stop().await;
}

#[tokio::test]
async fn whoever_calls_too_often_is_told_when_to_come_back() {
    let once = NonZeroU32::MIN;
    let options = Options {
        rate: CallerRate::new(Arc::new(RateLimiter::new(once, once, 16, Instant::now())), false),
        ..Options::default()
    };
    let house = House::with_options(options).await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    let mut slowed = alice.http.get("/api/v1/users/me").await;
    // The bucket fills up while the calls are made, so how many get through depends on the machine.
    while slowed.status == 200 {
        slowed = alice.http.get("/api/v1/users/me").await;
    }
    refused(&slowed, 429, "Too many requests");
    assert!(
        slowed
            .header("retry-after")
            .parse::<u64>()
            .is_ok_and(|seconds| seconds >= 1)
    );
    ok(bob.http.get("/api/v1/users/me").await);
    house.server.stop().await;
}
