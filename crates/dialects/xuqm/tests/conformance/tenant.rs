//! Making tenants and changing them.

use serde_json::json;

use crate::house::{APP_KEY, House, Signer, ok, refused};

const PATH: &str = "/api/im/admin/tenants";

#[tokio::test]
async fn a_tenant_is_made_with_its_administrator() {
    let house = House::open().await;
    let admin = house.admin().await;
    let body = json!({ "appKey": "ak_new", "appSecret": "as_new_secret", "name": "新租户" });
    let made = ok(&admin.http.post(PATH, body.clone()).await);
    assert_eq!(made["appKey"], "ak_new");
    assert_eq!(made["name"], "新租户");
    assert_eq!(made["enabled"], true);
    let signer = Signer {
        app_key: "ak_new".into(),
        secret: "as_new_secret".into(),
    };
    let theirs = house.person_of(&signer, "admin").await;
    ok(&theirs.http.post("/api/im/admin/users/x/usersig", json!({})).await);
    refused(
        &theirs.http.post(PATH, json!({ "appKey": "ak_third" })).await,
        403,
    );
    let ann = house.person("ann").await;
    refused(&ann.http.post(PATH, body.clone()).await, 403);
    refused(&house.stranger().post(PATH, body.clone()).await, 401);
    refused(&admin.http.post(PATH, body).await, 409);
    let bad = [
        json!({}),
        json!({ "appKey": "a b" }),
        json!({ "appKey": "x".repeat(65) }),
        json!({ "appKey": "ak_short", "appSecret": "short" }),
        json!({ "appKey": "ak_name", "name": "x".repeat(101) }),
        json!({ "appKey": "ak_days", "historyRetentionDays": -1 }),
        json!({ "appKey": "ak_mode", "multiDeviceLoginMode": "ANY" }),
    ];
    for body in bad {
        refused(&admin.http.post(PATH, body).await, 400);
    }
    let drawn = ok(&admin.http.post(PATH, json!({ "appKey": "ak_drawn" })).await);
    let signer = Signer {
        app_key: "ak_drawn".into(),
        secret: drawn["appSecret"].as_str().expect("a secret").to_owned(),
    };
    house.person_of(&signer, "somebody").await;
    house.server.stop().await;
}

#[tokio::test]
async fn tenants_are_listed_and_shown() {
    let house = House::open().await;
    let settings = json!({ "friendRequired": true, "historyRetentionDays": 7 });
    house.tenant("ak_b", settings).await;
    let admin = house.admin().await;
    let all = ok(&admin.http.get(PATH).await);
    let all = all.as_array().expect("a list");
    let keys: Vec<&str> = all
        .iter()
        .filter_map(|tenant| tenant["appKey"].as_str())
        .collect();
    assert_eq!(keys, [APP_KEY, "ak_b"]);
    let page = ok(&admin.http.get(&format!("{PATH}?page=1&size=1")).await);
    assert_eq!(page["content"][0]["appKey"], "ak_b");
    let rest = json!([page["total"], page["page"], page["size"]]);
    assert_eq!(rest, json!([2, 1, 1]));
    let one = ok(&admin.http.get(&format!("{PATH}/ak_b")).await);
    let settings = json!({
        "historyRetentionDays": 7, "conversationPullLimit": 0, "multiClientConversationDeleteSync": true,
        "multiDeviceLoginMode": "MULTI_DEVICE_FREE", "autoRegister": true, "friendRequired": true,
    });
    assert_eq!(one["settings"], settings);
    assert!(one.get("appSecret").is_none());
    refused(&admin.http.get(&format!("{PATH}/ak_none")).await, 404);
    let ann = house.person("ann").await;
    refused(&ann.http.get(PATH).await, 403);
    refused(&ann.http.get(&format!("{PATH}/ak_b")).await, 403);
    house.server.stop().await;
}

#[tokio::test]
async fn settings_are_taken_flat_or_nested() {
    let house = House::open().await;
    house.tenant("ak_b", json!({})).await;
    let admin = house.admin().await;
    let patch = async |key: &str, body| {
        let request = admin.http.request("PATCH", &format!("{PATH}/{key}"));
        admin.http.fetch(request.json(&body)).await
    };
    let mixed = json!({ "conversationPullLimit": 5, "settings": { "autoRegister": "false" } });
    let one = ok(&patch("ak_b", mixed).await);
    assert_eq!(one["settings"]["conversationPullLimit"], 5);
    assert_eq!(one["settings"]["autoRegister"], false);
    let two = ok(&patch("ak_b", json!({ "name": "B" })).await);
    assert_eq!(two["name"], "B");
    assert_eq!(two["settings"], one["settings"]);
    refused(&patch("ak_none", json!({})).await, 404);
    refused(&patch("ak_b", json!({ "settings": [] })).await, 400);
    refused(&patch("ak_b", json!({ "enabled": "perhaps" })).await, 400);
    refused(&patch(APP_KEY, json!({ "enabled": false })).await, 400);
    let ann = house.person("ann").await;
    let request = ann.http.request("PATCH", &format!("{PATH}/ak_b"));
    refused(&ann.http.fetch(request.json(&json!({ "name": "C" }))).await, 403);
    house.server.stop().await;
}

#[tokio::test]
async fn a_new_secret_replaces_the_old_one_at_once() {
    let house = House::open().await;
    let old = house.tenant("ak_b", json!({})).await;
    let before = house.person_of(&old, "ann").await;
    let admin = house.admin().await;
    let patch = async |key: &str, secret: &str| {
        let request = admin.http.request("PATCH", &format!("{PATH}/{key}"));
        admin
            .http
            .fetch(request.json(&json!({ "appSecret": secret })))
            .await
    };
    refused(&patch("ak_b", "short").await, 400);
    refused(&patch(APP_KEY, "as_of_the_operator").await, 400);
    let shown = ok(&patch("ak_b", "as_another_secret").await);
    assert!(shown.get("appSecret").is_none());
    let login = json!({ "appKey": "ak_b", "userSig": house.signature(&old, "ann") });
    refused(&house.stranger().post("/api/im/auth/login", login).await, 401);
    let new = Signer {
        secret: "as_another_secret".into(),
        ..old
    };
    house.person_of(&new, "ann").await;
    refused(&before.http.get(PATH).await, 403);
    house.server.stop().await;
}

#[tokio::test]
async fn a_disabled_tenant_is_shut_out_until_it_is_enabled_again() {
    let house = House::open().await;
    let signer = house.tenant("ak_b", json!({})).await;
    let (admin, theirs) = (house.admin().await, house.person_of(&signer, "admin").await);
    let path = "/api/im/admin/users/x/usersig";
    let patch = async |enabled: bool| {
        let request = admin.http.request("PATCH", &format!("{PATH}/ak_b"));
        ok(&admin
            .http
            .fetch(request.json(&json!({ "enabled": enabled })))
            .await);
    };
    ok(&theirs.http.post(path, json!({})).await);
    patch(false).await;
    refused(&theirs.http.post(path, json!({})).await, 401);
    let login = json!({ "appKey": "ak_b", "userSig": house.signature(&signer, "admin") });
    refused(&house.stranger().post("/api/im/auth/login", login).await, 401);
    patch(true).await;
    ok(&theirs.http.post(path, json!({})).await);
    house.server.stop().await;
}

#[tokio::test]
async fn refusals_of_the_router_wear_the_envelope() {
    let house = House::open().await;
    let http = house.stranger();
    refused(&http.get("/api/im/nothing").await, 404);
    refused(&http.get("/api/im/auth/login").await, 405);
    let restarted = house.restart().await;
    let admin = restarted.admin().await;
    refused(&admin.http.get(&format!("{PATH}/%ff")).await, 400);
    let large = admin.http.request("POST", PATH).body("x".repeat(2 << 20));
    refused(&admin.http.fetch(large).await, 413);
    restarted.server.stop().await;
}
