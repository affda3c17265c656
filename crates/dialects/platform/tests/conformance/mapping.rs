//! Under which accounts apps know people.

use parlance_core::account::NewAccount;
use parlance_testkit::Answer;
use serde_json::{Value, json};

use crate::business::{Business, application};
use crate::people::{House, PASSWORD, Person, ok, refused};

async fn scene() -> (House, Person, Person, Business) {
    let house = House::open().await;
    let admin = house.administrator("root").await;
    let zhangsan = NewAccount {
        uid: "zs".into(),
        name: "张三".into(),
        english_name: "zhangsan".into(),
        mobile: Some("13800138000".into()),
        password: Some(PASSWORD.into()),
        ..NewAccount::default()
    };
    let zhangsan = house.account(zhangsan).await;
    let oa = house.business(&admin, application("oa")).await;
    (house, admin, zhangsan, oa)
}

fn mappings(of: &Business) -> String {
    format!("/api/v1/apps/{}/mappings", of.id)
}

async fn patch(by: &Person, path: &str, body: Value) -> Answer {
    by.http.fetch(by.http.request("PATCH", path).json(&body)).await
}

#[tokio::test]
async fn create() {
    let (house, admin, zhangsan, oa) = scene().await;
    let body =
        json!({ "user_mobile": "13800138000", "mapped_key": "zhangsan_oa", "mapped_email": "z@corp.com" });
    let made = ok(admin.http.post(&mappings(&oa), body).await);
    let expected = json!({
        "id": made["id"], "app_id": oa.id, "user_id": zhangsan.id, "user_mobile": "13800138000",
        "user_name": "张三", "user_status": "ACTIVE", "mapped_key": "zhangsan_oa", "mapped_email": "z@corp.com",
        "is_active": true, "created_at": made["created_at"],
    });
    assert_eq!(made, expected);
    let lisi = house.person("lisi").await;
    let path = mappings(&oa);
    let post = |body: Value| admin.http.post(&path, body);
    let same_key = post(json!({ "user_id": lisi.id, "mapped_key": "zhangsan_oa" })).await;
    refused(&same_key, 409, "This mapped_key is somebody else's");
    let same_user = post(json!({ "user_id": zhangsan.id, "mapped_key": "other" })).await;
    refused(&same_user, 409, "This user has a mapping in this app already");
    let off = ok(post(json!({ "user_id": lisi.id, "mapped_key": "lisi", "is_active": false })).await);
    assert_eq!(
        (&off["is_active"], &off["mapped_email"]),
        (&json!(false), &Value::Null)
    );
    house.server.stop().await;
}

#[tokio::test]
async fn what_no_mapping_can_be_is_refused() {
    let (house, admin, zhangsan, oa) = scene().await;
    let path = mappings(&oa);
    let post = |body: Value| admin.http.post(&path, body);
    let which = "Either user_id or user_mobile is required";
    for body in [
        json!({ "mapped_key": "k" }),
        json!({ "mapped_key": "k", "user_id": null, "user_mobile": "" }),
        json!({ "mapped_key": "k", "user_id": zhangsan.id, "user_mobile": "13800138000" }),
    ] {
        refused(&post(body).await, 422, which);
    }
    for body in [
        json!({ "user_id": zhangsan.id }),
        json!({ "user_id": zhangsan.id, "mapped_key": "" }),
        json!({ "user_id": zhangsan.id, "mapped_key": "a\u{0}b" }),
        json!({ "user_id": zhangsan.id, "mapped_key": "x".repeat(256) }),
        json!({ "user_id": zhangsan.id, "mapped_key": "k", "mapped_email": "nowhere" }),
        json!({ "user_id": "me", "mapped_key": "k" }),
    ] {
        assert_eq!(post(body.clone()).await.status, 422, "{body}");
    }
    for body in [
        json!({ "user_id": 99, "mapped_key": "k" }),
        json!({ "user_mobile": "13900139000", "mapped_key": "k" }),
    ] {
        refused(&post(body).await, 404, "User not found");
    }
    let body = json!({ "user_id": zhangsan.id, "mapped_key": "k" });
    let gone = admin.http.post("/api/v1/apps/99/mappings", body).await;
    refused(&gone, 404, "App not found");
    house.server.stop().await;
}

#[tokio::test]
async fn list() {
    let (house, admin, zhangsan, oa) = scene().await;
    let lisi = house.person("lisi").await;
    oa.knows(&admin, lisi.id, "lisi_oa").await;
    oa.knows(&admin, zhangsan.id, "zhangsan_oa").await;
    let page = ok(admin.http.get(&mappings(&oa)).await);
    let keys: Vec<&str> = page["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| item["mapped_key"].as_str().expect("a text"))
        .collect();
    assert_eq!(
        (&page["total"], keys),
        (&json!(2), vec!["zhangsan_oa", "lisi_oa"])
    );
    let second = ok(admin.http.get(&format!("{}?skip=1&limit=1", mappings(&oa))).await);
    assert_eq!(
        (&second["total"], &second["items"][0]["user_id"]),
        (&json!(2), &json!(lisi.id))
    );
    let bad = admin.http.get(&format!("{}?limit=1001", mappings(&oa))).await;
    assert_eq!(bad.status, 422);
    refused(
        &admin.http.get("/api/v1/apps/99/mappings").await,
        404,
        "App not found",
    );
    house.server.stop().await;
}

#[tokio::test]
async fn update() {
    let (house, admin, zhangsan, oa) = scene().await;
    let id = oa.knows(&admin, zhangsan.id, "zhangsan_oa").await;
    let path = format!("{}/{id}", mappings(&oa));
    let change = json!({ "mapped_key": "zs", "mapped_email": "zs@corp.com", "is_active": false });
    let changed = ok(patch(&admin, &path, change.clone()).await);
    for (name, value) in change.as_object().expect("an object") {
        assert_eq!(&changed[name], value, "{name}");
    }
    let less = ok(patch(&admin, &path, json!({ "mapped_email": null, "is_active": true })).await);
    assert_eq!(
        (&less["mapped_email"], &less["mapped_key"], &less["user_mobile"]),
        (&Value::Null, &json!("zs"), &json!("13800138000"))
    );
    let missing = patch(&admin, &format!("{}/99", mappings(&oa)), json!({})).await;
    refused(&missing, 404, "Mapping not found");
    house.server.stop().await;
}

#[tokio::test]
async fn delete() {
    let (house, admin, zhangsan, oa) = scene().await;
    let crm = house.business(&admin, application("crm")).await;
    let id = oa.knows(&admin, zhangsan.id, "zhangsan_oa").await;
    let elsewhere = format!("{}/{id}", mappings(&crm));
    refused(
        &admin.http.delete(&elsewhere, json!({})).await,
        404,
        "Mapping not found",
    );
    let path = format!("{}/{id}", mappings(&oa));
    let done = json!({ "message": "Mapping deleted" });
    assert_eq!(ok(admin.http.delete(&path, json!({})).await), done);
    refused(
        &admin.http.delete(&path, json!({})).await,
        404,
        "Mapping not found",
    );
    assert_eq!(ok(admin.http.get(&mappings(&oa)).await)["total"], 0);
    oa.knows(&admin, zhangsan.id, "zhangsan_oa").await;
    house.server.stop().await;
}

async fn people_of(app: &Business, token: &str, query: &str) -> Answer {
    let request = app
        .http
        .request("GET", &format!("/api/v1/apps/mapping/users{query}"));
    app.http.fetch(request.header("X-App-Access-Token", token)).await
}

#[tokio::test]
async fn people() {
    let (house, admin, zhangsan, oa) = scene().await;
    let crm = house.business(&admin, application("crm")).await;
    let lisi = house.person("lisi").await;
    oa.knows(&admin, zhangsan.id, "zhangsan_oa").await;
    let lisi_in_oa = oa.knows(&admin, lisi.id, "lisi_oa").await;
    crm.knows(&admin, lisi.id, "lisi_crm").await;
    let page = ok(people_of(&oa, &oa.access_token, "?skip=0&limit=10").await);
    let expected = json!({ "total": 2, "items": [
        { "mobile": "13800138000", "name": "张三", "english_name": "zhangsan", "mapped_key": "zhangsan_oa",
          "mapped_email": null },
        { "mobile": null, "name": "lisi", "english_name": null, "mapped_key": "lisi_oa", "mapped_email": null },
    ]});
    assert_eq!(page, expected);
    let second = ok(people_of(&oa, &oa.access_token, "?skip=1&limit=1").await);
    assert_eq!(
        (&second["total"], &second["items"][0]["name"]),
        (&json!(2), &json!("lisi"))
    );
    let path = format!("{}/{lisi_in_oa}", mappings(&oa));
    ok(patch(&admin, &path, json!({ "is_active": false })).await);
    assert_eq!(ok(people_of(&oa, &oa.access_token, "").await)["total"], 1);
    assert_eq!(ok(people_of(&crm, &crm.access_token, "").await)["total"], 1);

    let bad = "Invalid access token";
    for token in ["nonsense", &oa.secret, &oa.access_token[1..], ""] {
        refused(&people_of(&oa, token, "").await, 403, bad);
    }
    let none = oa.http.get("/api/v1/apps/mapping/users").await;
    refused(&none, 401, "Not authenticated");
    let person = zhangsan.http.get("/api/v1/apps/mapping/users").await;
    refused(&person, 401, "Not authenticated");
    assert_eq!(people_of(&oa, &oa.access_token, "?limit=0").await.status, 422);
    let off = json!({ "is_active": false });
    ok(patch(&admin, &format!("/api/v1/apps/{}", oa.id), off).await);
    refused(&people_of(&oa, &oa.access_token, "").await, 403, bad);
    house.server.stop().await;
}

#[tokio::test]
async fn rotate_access_token() {
    let (house, admin, _, oa) = scene().await;
    let path = format!("/api/v1/apps/{}/rotate-access-token", oa.id);
    let rotated = ok(admin.http.post(&path, json!({})).await);
    let token = rotated["access_token"].as_str().expect("a token");
    assert_eq!(
        rotated,
        json!({ "id": oa.id, "app_id": "oa", "access_token": token })
    );
    let old = people_of(&oa, &oa.access_token, "").await;
    refused(&old, 403, "Invalid access token");
    assert_eq!(ok(people_of(&oa, token, "").await)["total"], 0);
    assert_eq!(
        house.validate(&oa, "x").await,
        json!({ "valid": false }),
        "the secret stays"
    );
    house.server.stop().await;
}
