//! Who may call what: tokens, and the routes under `/inner`.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use parlance_core::account::TokenRequest;
use parlance_core::types::DEFAULT_TENANT;
use parlance_dialect_gateway::Options;
use parlance_testkit::Answer;
use parlance_transport::http::client_addr::{AddressList, InternalGuard};
use parlance_transport::http::limit::{CallerRate, RateLimiter};
use serde_json::json;

use crate::people::{House, ok, refused, refused_with};

#[tokio::test]
async fn a_token_is_read_from_header_and_query() {
    let house = House::open().await;
    let token = house.person("ann").await.http.token().to_owned();
    let http = house.stranger();
    let with = |value: String| {
        http.request("GET", "/notify?protoc=x")
            .header("Authorization", value)
    };
    for value in [
        format!("Bearer {token}"),
        token.clone(),
        format!("bearer {token}"),
    ] {
        refused(&http.fetch(with(value)).await, 90013);
    }
    refused(&http.get(&format!("/notify?token={token}")).await, 90013);
    refused(&http.get(&format!("/notify?token=Bearer%20{token}")).await, 90013);
    let empty = http
        .request("GET", &format!("/notify?token={token}"))
        .header("Authorization", "");
    refused(&http.fetch(empty).await, 90013);
    house.server.stop().await;
}

#[tokio::test]
async fn a_bad_token_is_http_200_with_its_code() {
    let house = House::open().await;
    let good = house.person("ann").await.http.token().to_owned();
    let http = house.stranger();
    let foreign = TokenRequest {
        dialect: "ruoyi",
        profile: "",
    };
    let foreign = house.server.core.vouch(DEFAULT_TENANT, "ann", foreign).await;
    let foreign = foreign.expect("a token").token;
    refused(&http.get("/notify").await, 10101);
    for token in ["x", "Bearer", "null", "..", &good[1..], &foreign, "a.b.c"] {
        refused(&http.with_token(token).get("/notify?protoc=ws").await, 10101);
        refused(&http.get(&format!("/notify?token={token}")).await, 10101);
    }
    let both = http.with_token("x").get(&format!("/notify?token={good}")).await;
    refused(&both, 10101);
    house.server.clock.advance_seconds(86_401);
    refused(&http.with_token(good).get("/notify").await, 10101);
    house.server.stop().await;
}

#[tokio::test]
async fn a_websocket_with_a_bad_token_is_refused_in_plain_http() {
    let house = House::open().await;
    let http = house.stranger();
    for path in ["/notify?protoc=ws", "/notify?protoc=ws&token=x"] {
        let upgrade = http
            .request("GET", path)
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        refused(&http.fetch(upgrade).await, 10101);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn a_known_path_with_another_method_is_405() {
    let house = House::open().await;
    let http = house.stranger();
    let answer = http.get("/inner/get_token").await;
    refused_with(&answer, 405, 10001);
    assert_eq!(answer.header("allow"), "POST");
    refused_with(&http.post("/notify", json!({})).await, 405, 10001);
    refused_with(&http.delete("/notify", json!({})).await, 405, 10001);
    house.server.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let house = House::with(Options {
        body_bytes_max: 1_000,
        ..Options::default()
    })
    .await;
    let body = json!({ "session": "x".repeat(1_000) });
    refused_with(&house.stranger().post("/inner/get_token", body).await, 413, 10002);
    house.server.stop().await;
}

#[tokio::test]
async fn a_user_who_calls_too_often_is_told_when_to_come_again() {
    let one = NonZeroU32::MIN;
    let house = House::with(Options {
        rate: CallerRate::new(Arc::new(RateLimiter::new(one, one, 10, Instant::now())), false),
        ..Options::default()
    })
    .await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    refused(&ann.http.get("/notify").await, 90013);
    let answer = ann.http.get("/notify").await;
    refused_with(&answer, 429, 10002);
    assert_eq!(answer.header("retry-after"), "1");
    refused(&bob.http.get("/notify").await, 90013);
    house.server.stop().await;
}

/// Asks for a token of the session `x` with these headers.
async fn ask(house: &House, headers: &[(&str, &str)]) -> Answer {
    let http = house.stranger();
    let request = http.request("POST", "/inner/get_token");
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    http.fetch(request.body(r#"{"session":"x","platform":1}"#)).await
}

fn guarded(allow: &[&str], trusted: &[&str]) -> Options {
    let list = |entries: &[&str]| AddressList::parse(entries.iter().copied()).expect("addresses");
    Options {
        inner: InternalGuard {
            allow: list(allow),
            trusted_proxies: list(trusted),
            token: "correct horse".into(),
        },
        ..Options::default()
    }
}

const FORWARDING: [(&str, &str); 5] = [
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Forwarded-For", "garbage"),
    ("Forwarded", "for=127.0.0.1"),
    ("X-Real-IP", "127.0.0.1"),
    ("X-Real-IP", ""),
];

#[tokio::test]
async fn a_forwarding_header_closes_the_internal_routes_to_who_is_no_trusted_proxy() {
    let house = House::with(guarded(&["127.0.0.0/8"], &[])).await;
    ok(ask(&house, &[]).await);
    for header in FORWARDING {
        refused(&ask(&house, &[header]).await, 10003);
        refused(
            &ask(&house, &[header, ("X-Internal-Token", "wrong")]).await,
            10003,
        );
        ok(ask(&house, &[header, ("X-Internal-Token", "correct horse")]).await);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn who_is_not_in_the_list_needs_the_internal_token() {
    let house = House::with(guarded(&[], &[])).await;
    refused(&ask(&house, &[]).await, 10003);
    for wrong in ["", "correct", "correct horse ", "Correct horse", "correct horsf"] {
        // A header value is sent without the blanks at its end.
        let answer = ask(&house, &[("X-Internal-Token", wrong)]).await;
        if wrong.trim() == "correct horse" {
            ok(answer);
        } else {
            refused(&answer, 10003);
        }
    }
    ok(ask(&house, &[("X-Internal-Token", "correct horse")]).await);
    house.server.stop().await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_callers_own_address_counts() {
    let house = House::with(guarded(&["10.0.0.0/8"], &["127.0.0.1"])).await;
    refused(&ask(&house, &[]).await, 10003);
    for (name, inside, outside) in [
        ("X-Forwarded-For", "10.1.2.3", "8.8.8.8"),
        ("Forwarded", "for=10.1.2.3", "for=8.8.8.8"),
        ("X-Real-IP", "10.1.2.3", "8.8.8.8"),
    ] {
        ok(ask(&house, &[(name, inside)]).await);
        refused(&ask(&house, &[(name, outside)]).await, 10003);
        ok(ask(&house, &[(name, outside), ("X-Internal-Token", "correct horse")]).await);
    }
    // The client wrote the first hop itself; the proxy added the last one.
    refused(
        &ask(&house, &[("X-Forwarded-For", "10.1.2.3, 8.8.8.8")]).await,
        10003,
    );
    ok(ask(&house, &[("X-Forwarded-For", "8.8.8.8, 10.1.2.3")]).await);
    // Two headers that name different callers are believed neither.
    refused(
        &ask(
            &house,
            &[("X-Forwarded-For", "10.1.2.3"), ("X-Real-IP", "8.8.8.8")],
        )
        .await,
        10003,
    );
    refused(&ask(&house, &[("X-Forwarded-For", "unknown")]).await, 10003);
    house.server.stop().await;
}

#[tokio::test]
async fn an_empty_internal_token_opens_nothing() {
    let house = House::with(Options {
        inner: InternalGuard {
            allow: AddressList::default(),
            trusted_proxies: AddressList::default(),
            token: String::new(),
        },
        ..Options::default()
    })
    .await;
    refused(&ask(&house, &[("X-Internal-Token", "")]).await, 10003);
    refused(&ask(&house, &[]).await, 10003);
    house.server.stop().await;
}
