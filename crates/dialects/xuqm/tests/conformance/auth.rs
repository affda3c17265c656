//! Logging in with signatures, and what signatures and tokens are worth.

use parlance_core::Limits;
use parlance_core::account::TokenRequest;
use parlance_core::types::DEFAULT_TENANT;
use parlance_dialect_xuqm::Options;
use parlance_transport::http::client_addr::{AddressList, InternalGuard};
use serde_json::{Value, json};

use crate::house::{APP_KEY, House, ok, refused};

const LOGIN: &str = "/api/im/auth/login";

#[tokio::test]
async fn a_signature_is_worth_a_token() {
    let house = House::open().await;
    let signer = house.signer();
    let signature = house.signature(&signer, "ann");
    let body = json!({ "appKey": APP_KEY, "userId": "ann", "userSig": signature, "platform": "android" });
    let login = ok(&house.stranger().post(LOGIN, body).await);
    assert_eq!(login["userId"], "ann");
    assert_eq!(login["appKey"], APP_KEY);
    assert_eq!(login["admin"], false);
    assert!(login["expiresAt"].as_i64().expect("a time") > house.server.core.now() / 1_000);
    let bare = house.stranger();
    let by_query = bare.request("POST", &format!("{LOGIN}?userSig={signature}"));
    assert_eq!(ok(&bare.fetch(by_query).await)["userId"], "ann");
    let by_form = bare
        .request("POST", LOGIN)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(format!("userSig={signature}&appId={APP_KEY}"));
    assert_eq!(ok(&bare.fetch(by_form).await)["userId"], "ann");
    let admin = json!({ "userSig": house.signature(&signer, "admin") });
    assert_eq!(ok(&bare.post(LOGIN, admin).await)["admin"], true);
    house.server.stop().await;
}

#[tokio::test]
async fn a_bad_signature_is_401_and_a_missing_one_400() {
    let house = House::open().await;
    let signer = house.signer();
    let other = house.tenant("ak_other", json!({})).await;
    let now = house.server.core.now() / 1_000_000;
    let good = house.signature(&signer, "ann");
    let bad = [
        json!({ "userSig": house.signature(&other, "ann") }),
        json!({ "userSig": good, "appKey": "ak_other" }),
        json!({ "userSig": good, "appKey": "ak_unknown" }),
        json!({ "userSig": good, "userId": "bob" }),
        json!({ "userSig": signer.sign(&json!({ "sub": "ann", "exp": now - 1 })) }),
        json!({ "userSig": signer.sign(&json!({ "sub": "ann" })) }),
        json!({ "userSig": "x" }),
        json!({ "userSig": format!("{good}x") }),
        json!({ "userSig": "x".repeat(100_000) }),
    ];
    for body in bad {
        refused(&house.stranger().post(LOGIN, body).await, 401);
    }
    let missing = [
        json!({}),
        json!({ "userId": "ann" }),
        json!({ "userSig": "" }),
        json!({ "userSig": [] }),
        json!({ "userSig": good, "appKey": APP_KEY, "appId": "ak_other" }),
        json!({ "userSig": good, "platform": "a b" }),
        json!({ "userSig": good, "deviceId": "x".repeat(129) }),
        json!([]),
    ];
    for body in missing {
        refused(&house.stranger().post(LOGIN, body).await, 400);
    }
    let broken = house.stranger().request("POST", LOGIN).body("{\"userSig\":");
    refused(&house.stranger().fetch(broken).await, 400);
    house.server.stop().await;
}

#[tokio::test]
async fn a_token_is_needed_and_good_for_its_own_app() {
    let house = House::open().await;
    house.tenant("ak_other", json!({})).await;
    let admin = house.admin().await;
    let path = "/api/im/admin/users/ann/usersig";
    refused(&house.stranger().post(path, json!({})).await, 401);
    let odd = house.stranger().with_token("x");
    refused(&odd.post(path, json!({})).await, 401);
    for key in ["ak_other", "ak_unknown"] {
        let named = format!("{path}?appKey={key}");
        refused(&admin.http.post(&named, json!({})).await, 401);
        refused(&admin.http.post(path, json!({ "appId": key })).await, 401);
    }
    let named = format!("{path}?appKey={APP_KEY}");
    ok(&admin.http.post(&named, json!({ "appId": APP_KEY })).await);
    let request = TokenRequest {
        dialect: "ruoyi",
        profile: "",
    };
    let foreign = house.server.core.vouch(DEFAULT_TENANT, "ann", request).await;
    let foreign = house.stranger().with_token(foreign.expect("a token").token);
    refused(&foreign.post(path, json!({})).await, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn administrators_sign_for_people() {
    let house = House::open().await;
    let (admin, ann) = (house.admin().await, house.person("ann").await);
    let path = "/api/im/admin/users/bob/usersig";
    refused(&ann.http.post(path, json!({})).await, 403);
    let now_ms = house.server.core.now() / 1_000_000 * 1_000;
    let signed = ok(&admin.http.post(path, json!({ "expireSeconds": 60 })).await);
    assert_eq!(signed["userId"], "bob");
    assert!(signed["expiresAt"].as_i64().expect("a time") >= now_ms + 60_000);
    let body = json!({ "userId": "bob", "userSig": signed["userSig"] });
    assert_eq!(ok(&house.stranger().post(LOGIN, body).await)["userId"], "bob");
    for seconds in [json!(0), json!(-1), json!("x"), json!(i64::MAX)] {
        refused(
            &admin.http.post(path, json!({ "expireSeconds": seconds })).await,
            400,
        );
    }
    house.server.stop().await;
}

#[tokio::test]
async fn a_signature_is_checked_and_explained() {
    let house = House::open().await;
    let (admin, ann) = (house.admin().await, house.person("ann").await);
    let path = &format!("/api/im/admin/users/{}/usersig/verify", ann.uid);
    let signer = house.signer();
    let good = house.signature(&signer, "ann");
    refused(&ann.http.post(path, json!({ "userSig": good })).await, 403);
    refused(&admin.http.post(path, json!({})).await, 400);
    let checked = ok(&admin.http.post(path, json!({ "userSig": good })).await);
    assert_eq!(checked["valid"], true);
    assert_eq!(checked["userId"], "ann");
    assert_eq!(checked["reason"], Value::Null);
    let late = i64::from(i32::MAX);
    let bad = [
        (signer.sign(&json!({ "sub": "ann", "exp": 1 })), "expired"),
        (format!("{good}x"), "forged"),
        (house.signature(&signer, "bob"), "for another user"),
        (
            signer.sign(&json!({ "sub": "ann", "appKey": "ak_other", "exp": late })),
            "for another app",
        ),
        ("x".to_owned(), "malformed"),
    ];
    for (signature, reason) in bad {
        let checked = ok(&admin.http.post(path, json!({ "userSig": signature })).await);
        assert_eq!(checked["valid"], false, "{reason}");
        assert_eq!(checked["reason"], reason);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn the_platform_account_has_a_token() {
    let options = Options {
        inner: InternalGuard {
            allow: AddressList::default(),
            trusted_proxies: AddressList::default(),
            token: "internal token of the test".into(),
        },
        ..Options::default()
    };
    let house = House::with(Limits::default(), options).await;
    house.tenant("ak_other", json!({})).await;
    let path = "/api/im/platform-events/token";
    let (admin, ann) = (house.admin().await, house.person("ann").await);
    refused(&house.stranger().get(path).await, 401);
    refused(&ann.http.get(path).await, 403);
    refused(&admin.http.get(&format!("{path}?appKey=ak_other")).await, 401);
    let token = ok(&admin.http.get(path).await);
    assert_eq!(token["userId"], "platform");
    assert_eq!(token["appKey"], APP_KEY);
    let inner = async |query: &str| {
        let http = house.stranger();
        let request = http.request("GET", &format!("{path}{query}"));
        let request = request.header("X-Internal-Token", "internal token of the test");
        http.fetch(request).await
    };
    assert_eq!(ok(&inner("?appKey=ak_other").await)["appKey"], "ak_other");
    assert_eq!(ok(&inner("").await)["appKey"], APP_KEY);
    refused(&inner("?appKey=ak_unknown").await, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn a_tenant_may_refuse_whom_it_does_not_know() {
    let house = House::open().await;
    let closed = house.tenant("ak_closed", json!({ "autoRegister": false })).await;
    let login = async |uid: &str| {
        let body = json!({ "appKey": "ak_closed", "userSig": house.signature(&closed, uid) });
        house.stranger().post(LOGIN, body).await
    };
    refused(&login("ann").await, 401);
    ok(&login("admin").await);
    house.server.stop().await;
}

#[tokio::test]
async fn a_new_device_takes_the_place_that_the_tenant_has() {
    let house = House::open().await;
    let path = "/api/im/admin/tenants";
    for (mode, kept) in [
        ("MULTI_DEVICE_FREE", [true, true, true, true]),
        ("SAME_PLATFORM_ONE", [false, true, true, true]),
        ("SINGLE_DEVICE", [false, false, false, true]),
    ] {
        let key = format!("ak_{mode}");
        let signer = house.tenant(&key, json!({ "multiDeviceLoginMode": mode })).await;
        let mut logins = Vec::new();
        for (platform, device) in [("IOS", "one"), ("ANDROID", "x"), ("IOS", "two"), ("WEB", "y")] {
            logins.push(house.person_on(&signer, "admin", platform, device).await);
        }
        for (login, kept) in logins.iter().zip(kept) {
            let expected = if kept { 403 } else { 401 };
            refused(&login.http.get(path).await, expected);
        }
        let again = house.person_on(&signer, "admin", "WEB", "y").await;
        refused(&again.http.get(path).await, 403);
        refused(&logins[3].http.get(path).await, 403);
    }
    house.server.stop().await;
}
