//! Apps and their categories.

use parlance_core::types::AccountRole;
use parlance_testkit::Answer;
use serde_json::{Value, json};

use crate::business::application;
use crate::people::{House, Person, ok, refused, wrong_fields};

const APPS: &str = "/api/v1/apps/";

fn at(id: &Value) -> String {
    format!("{APPS}{id}")
}

async fn patch(by: &Person, path: &str, body: Value) -> Answer {
    by.http.fetch(by.http.request("PATCH", path).json(&body)).await
}

fn names(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().expect("a list");
    items
        .iter()
        .map(|app| app["app_id"].as_str().expect("a name"))
        .collect()
}

#[tokio::test]
async fn create() {
    let house = House::open().await;
    let admin = house.administrator("root").await;
    let category = admin
        .http
        .post("/api/v1/app-categories/", json!({ "name": "办公协同" }));
    let category = ok(category.await)["id"].clone();
    let mut body = application("oa_system");
    body["app_name"] = json!("OA系统");
    body["description"] = json!("办公自动化系统");
    body["category_id"] = category.clone();
    body["allowed_redirects"] = json!(["https://Biz.example.com:443", "http://localhost:5173"]);
    let made = ok(admin.http.post(APPS, body).await);
    let expected = json!({
        "id": made["id"], "app_id": "oa_system", "app_name": "OA系统",
        "callback_url": "https://oa_system.example.com/callback", "protocol_type": "SIMPLE_API",
        "description": "办公自动化系统", "category_id": category, "category_name": "办公协同", "is_active": true,
        "allowed_redirects": ["https://biz.example.com", "http://localhost:5173"],
        "created_at": made["created_at"], "updated_at": made["updated_at"],
        "app_secret": made["app_secret"], "access_token": made["access_token"],
    });
    assert_eq!(made, expected);
    for key in ["app_secret", "access_token"] {
        assert!(made[key].as_str().is_some_and(|key| key.len() == 64), "{made}");
    }
    let again = admin.http.post(APPS, application("oa_system")).await;
    refused(&again, 409, "Another app has this app_id");
    house.server.stop().await;
}

#[tokio::test]
async fn what_no_app_can_be_is_refused() {
    let house = House::open().await;
    let admin = house.administrator("root").await;
    let missing = json!([
        { "type": "missing", "loc": ["body", "app_id"], "msg": "Field required", "input": {} },
        { "type": "missing", "loc": ["body", "app_name"], "msg": "Field required", "input": {} },
        { "type": "missing", "loc": ["body", "callback_url"], "msg": "Field required", "input": {} },
    ]);
    wrong_fields(&admin.http.post(APPS, json!({})).await, missing);
    for (field, value) in [
        ("app_id", json!("办公")),
        ("app_id", json!("a&b=c")),
        ("app_id", json!("x".repeat(65))),
        ("app_id", json!("")),
        ("app_name", json!(" ")),
        ("callback_url", json!("javascript:alert(1)")),
        ("callback_url", json!("//oa.example.com/callback")),
        ("callback_url", json!("/\\oa.example.com")),
        ("callback_url", json!("https://good.example@evil.example/")),
        ("callback_url", json!("oa.example.com/callback")),
        ("protocol_type", json!("SAML")),
        ("category_id", json!(99)),
        ("is_active", json!("perhaps")),
        ("allowed_redirects", json!("https://biz.example.com")),
        ("allowed_redirects", json!(["https://biz.example.com/path"])),
        ("allowed_redirects", json!(["https://*.example.com"])),
    ] {
        let mut body = application("oa");
        body[field] = value;
        let answer = admin.http.post(APPS, body.clone()).await;
        assert_eq!(answer.status, 422, "{body}");
        assert!(!answer.body["detail"].is_null());
    }
    assert_eq!(ok(admin.http.get(APPS).await)["total"], 0);
    house.server.stop().await;
}

#[tokio::test]
async fn list() {
    let house = House::open().await;
    let (admin, alice) = (house.administrator("root").await, house.person("alice").await);
    let manager = house.ranked("manager", AccountRole::Admin).await;
    let oa = house.business(&admin, application("oa_system")).await;
    house.business(&admin, application("crm")).await;
    let all = ok(admin.http.get(APPS).await);
    assert_eq!(
        (&all["total"], names(&all)),
        (&json!(2), vec!["oa_system", "crm"])
    );
    let found = ok(admin.http.get("/api/v1/apps?search=OA_").await);
    assert_eq!((&found["total"], names(&found)), (&json!(1), vec!["oa_system"]));
    let second = ok(admin.http.get("/api/v1/apps/?skip=1&limit=1").await);
    assert_eq!((&second["total"], names(&second)), (&json!(2), vec!["crm"]));
    for nobody in [&alice, &manager] {
        assert_eq!(
            ok(nobody.http.get(APPS).await),
            json!({ "total": 0, "items": [] })
        );
    }
    oa.knows(&admin, alice.id, "alice_oa").await;
    let mine = ok(alice.http.get("/api/v1/apps/?search=app").await);
    assert_eq!((&mine["total"], names(&mine)), (&json!(1), vec!["oa_system"]));
    for page in [&all, &mine] {
        let text = page.to_string();
        for secret in ["app_secret", "access_token", &oa.secret, &oa.access_token] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    for bad in ["limit=0", "limit=501", "skip=-1", "limit=x"] {
        let answer = admin.http.get(&format!("{APPS}?{bad}")).await;
        assert_eq!(answer.status, 422, "{bad}");
    }
    let long = format!("{APPS}?search={}", "x".repeat(101));
    assert_eq!(admin.http.get(&long).await.status, 422);
    refused(&house.stranger().get(APPS).await, 401, "Not authenticated");
    house.server.stop().await;
}

#[tokio::test]
async fn one() {
    let house = House::open().await;
    let admin = house.administrator("root").await;
    let made = ok(admin.http.post(APPS, application("oa")).await);
    let mut expected = made.clone();
    let fields = expected.as_object_mut().expect("an object");
    fields.remove("app_secret");
    fields.remove("access_token");
    assert_eq!(
        ok(admin.http.get(&at(&made["id"])).await),
        expected,
        "keys are shown once"
    );
    refused(&admin.http.get(&at(&json!(99))).await, 404, "App not found");
    let odd = admin.http.get("/api/v1/apps/oa").await;
    assert_eq!(
        (odd.status, &odd.body["detail"][0]["type"]),
        (422, &json!("int_parsing"))
    );
    house.server.stop().await;
}

#[tokio::test]
async fn update() {
    let house = House::open().await;
    let admin = house.administrator("root").await;
    let made = ok(admin.http.post(APPS, application("oa")).await);
    let path = at(&made["id"]);
    let change = json!({
        "app_id": "oa", "app_name": "新OA", "callback_url": "https://new.example.com/in", "protocol_type": "OIDC",
        "description": "审批", "is_active": false, "allowed_redirects": ["https://biz.example.com"],
    });
    let changed = ok(patch(&admin, &path, change.clone()).await);
    for (name, value) in change.as_object().expect("an object") {
        assert_eq!(&changed[name], value, "{name}");
    }
    assert!(changed["app_secret"].is_null() && changed["access_token"].is_null());
    let less = json!({ "description": null, "allowed_redirects": null, "category_id": null });
    let changed = ok(patch(&admin, &path, less).await);
    assert_eq!(
        (
            &changed["description"],
            &changed["allowed_redirects"],
            &changed["app_name"]
        ),
        (&Value::Null, &json!([]), &json!("新OA"))
    );
    let renamed = patch(&admin, &path, json!({ "app_id": "crm" })).await;
    refused(&renamed, 422, "The app_id of an app never changes");
    let odd = patch(&admin, &path, json!({ "callback_url": "data:text/html,x" })).await;
    assert_eq!(odd.status, 422);
    assert_eq!(ok(admin.http.get(&path).await), changed);
    refused(
        &patch(&admin, &at(&json!(99)), json!({})).await,
        404,
        "App not found",
    );
    house.server.stop().await;
}

#[tokio::test]
async fn delete() {
    let house = House::open().await;
    let admin = house.administrator("root").await;
    let oa = house.business(&admin, application("oa")).await;
    let path = at(&json!(oa.id));
    assert_eq!(
        ok(admin.http.delete(&path, json!({})).await),
        json!({ "message": "App deleted" })
    );
    refused(&admin.http.delete(&path, json!({})).await, 404, "App not found");
    refused(&admin.http.get(&path).await, 404, "App not found");
    assert_eq!(ok(admin.http.get(APPS).await)["total"], 0);
    let call = house
        .signed(&oa, "/api/v1/simple/validate", json!({ "ticket": "x" }))
        .await;
    refused(&call, 401, "Invalid signature");
    let next = house.business(&admin, application("oa")).await;
    assert!(next.id > oa.id, "a number is never given again");
    house.server.stop().await;
}

#[tokio::test]
async fn rotate_secret() {
    let house = House::open().await;
    let admin = house.administrator("root").await;
    let oa = house.business(&admin, application("oa")).await;
    let path = format!("{APPS}{}/rotate-secret", oa.id);
    let rotated = ok(admin.http.post(&path, json!({})).await);
    let secret = rotated["app_secret"].as_str().expect("a secret").to_owned();
    assert_eq!(
        rotated,
        json!({ "id": oa.id, "app_id": "oa", "app_secret": secret })
    );
    assert_ne!(secret, oa.secret);
    let old = house
        .signed(&oa, "/api/v1/simple/validate", json!({ "ticket": "x" }))
        .await;
    refused(&old, 401, "Invalid signature");
    let mut new = oa.clone();
    new.secret = secret;
    assert_eq!(house.validate(&new, "x").await, json!({ "valid": false }));
    let gone = admin.http.post("/api/v1/apps/99/rotate-secret", json!({})).await;
    refused(&gone, 404, "App not found");
    house.server.stop().await;
}

#[tokio::test]
async fn categories() {
    let house = House::open().await;
    let admin = house.administrator("root").await;
    let path = "/api/v1/app-categories/";
    assert_eq!(ok(admin.http.get(path).await), json!([]));
    let first = ok(admin.http.post(path, json!({ "name": "办公协同" })).await);
    assert_eq!(first, json!({ "id": first["id"], "name": "办公协同" }));
    let second = ok(admin.http.post(path, json!({ "name": "财务" })).await);
    assert_eq!(ok(admin.http.get(path).await), json!([first, second]));
    let taken = admin.http.post(path, json!({ "name": "财务" })).await;
    refused(&taken, 409, "Another category has this name");
    for odd in [
        json!({}),
        json!({ "name": "" }),
        json!({ "name": " " }),
        json!({ "name": 5 }),
    ] {
        assert_eq!(admin.http.post(path, odd).await.status, 422);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn only_the_highest_rank_manages_apps() {
    let house = House::open().await;
    let admin = house.administrator("root").await;
    let oa = house.business(&admin, application("oa")).await;
    let (alice, manager) = (
        house.person("alice").await,
        house.ranked("manager", AccountRole::Admin).await,
    );
    let mapping_id = oa.knows(&admin, alice.id, "alice_oa").await;
    let id = oa.id;
    for (method, path) in [
        ("POST", APPS.to_owned()),
        ("GET", format!("{APPS}{id}")),
        ("PATCH", format!("{APPS}{id}")),
        ("DELETE", format!("{APPS}{id}")),
        ("POST", format!("{APPS}{id}/rotate-secret")),
        ("POST", format!("{APPS}{id}/rotate-access-token")),
        ("GET", format!("{APPS}{id}/mappings")),
        ("POST", format!("{APPS}{id}/mappings")),
        ("PATCH", format!("{APPS}{id}/mappings/{mapping_id}")),
        ("DELETE", format!("{APPS}{id}/mappings/{mapping_id}")),
        ("GET", "/api/v1/app-categories/".to_owned()),
        ("POST", "/api/v1/app-categories/".to_owned()),
    ] {
        for somebody in [&alice, &manager] {
            let request = somebody.http.request(method, &path).json(&application("crm"));
            refused(&somebody.http.fetch(request).await, 403, "Not enough permissions");
        }
        let stranger = house.stranger();
        let request = stranger.request(method, &path).json(&application("crm"));
        refused(&stranger.fetch(request).await, 401, "Not authenticated");
    }
    house.server.stop().await;
}
