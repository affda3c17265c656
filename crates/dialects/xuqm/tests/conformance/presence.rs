//! Who is here, and what tokens are worth: what the operator's own systems ask.

use parlance_core::Limits;
use parlance_dialect_xuqm::Options;
use parlance_testkit::Answer;
use parlance_transport::http::client_addr::{AddressList, InternalGuard};
use serde_json::{Value, json};

use crate::house::{APP_KEY, House, ok, refused};
use crate::stomp::actor;

const RESOLVE: &str = "/api/im/internal/presence/resolve-token";
const TOKEN: &str = "internal token of the test";

/// A server that lets nobody in without the internal token.
async fn guarded() -> House {
    let options = Options {
        inner: InternalGuard {
            allow: AddressList::default(),
            trusted_proxies: AddressList::default(),
            token: TOKEN.into(),
        },
        ..Options::default()
    };
    House::with(Limits::default(), options).await
}

async fn ask(house: &House, method: &str, path: &str, body: Value) -> Answer {
    let http = house.stranger();
    let request = http
        .request(method, path)
        .header("X-Internal-Token", TOKEN)
        .json(&body);
    http.fetch(request).await
}

#[tokio::test]
async fn a_token_is_resolved() {
    let house = guarded().await;
    let ann = house.person_on(&house.signer(), "ann", "ios", "phone").await;
    let body = json!({ "token": ann.http.token() });
    let resolved = ok(&ask(&house, "POST", RESOLVE, body.clone()).await);
    let expected = json!({
        "valid": true, "userId": "ann", "appKey": APP_KEY, "expiresAt": resolved["expiresAt"],
        "platform": "IOS", "deviceId": "phone", "admin": false,
    });
    assert_eq!(resolved, expected);
    assert!(resolved["expiresAt"].as_i64().expect("a time") > house.server.core.now() / 1_000);
    for token in [
        "x".to_owned(),
        format!("{}x", ann.http.token()),
        "x".repeat(10_000),
    ] {
        let resolved = ok(&ask(&house, "POST", RESOLVE, json!({ "token": token })).await);
        assert_eq!(
            (&resolved["valid"], &resolved["userId"]),
            (&json!(false), &Value::Null)
        );
    }
    refused(&ask(&house, "POST", RESOLVE, json!({})).await, 400);
    refused(&house.stranger().post(RESOLVE, body.clone()).await, 403);
    refused(&ann.http.post(RESOLVE, body).await, 403);
    house.server.stop().await;
}

#[tokio::test]
async fn somebody_is_here_or_not() {
    let house = guarded().await;
    let other = house.tenant("ak_other", json!({})).await;
    let ann = house.person_on(&house.signer(), "ann", "ios", "phone").await;
    house.person_of(&other, "far").await;
    let path = "/api/im/internal/presence/users";
    let absent = json!({
        "userId": "ann", "online": false, "status": "Offline", "platforms": [], "lastSeenAt": null,
    });
    let asked = format!("{path}/ann?appKey={APP_KEY}");
    assert_eq!(ok(&ask(&house, "GET", &asked, json!({})).await), absent);
    let live = house.server.core.attach(&actor(&house, &ann).await);
    let present = ok(&ask(&house, "GET", &asked, json!({})).await);
    assert_eq!(
        (&present["online"], &present["platforms"]),
        (&json!(true), &json!(["IOS"]))
    );
    assert!(present["lastSeenAt"].is_i64());
    drop(live);
    assert_eq!(ok(&ask(&house, "GET", &asked, json!({})).await)["online"], false);
    let far = format!("{path}/far?appId=ak_other");
    assert_eq!(ok(&ask(&house, "GET", &far, json!({})).await)["userId"], "far");
    for (asked, status) in [
        (format!("{path}/far?appKey={APP_KEY}"), 404),
        (format!("{path}/nobody"), 404),
        (format!("{path}/ann?appKey=ak_unknown"), 401),
    ] {
        refused(&ask(&house, "GET", &asked, json!({})).await, status);
    }
    refused(&ann.http.get(&asked).await, 403);
    refused(&house.stranger().get(&asked).await, 403);
    house.server.stop().await;
}
