//! Accounts: shown, changed, found, imported, deleted.

use serde_json::{Value, json};

use crate::house::{House, Person, ok, refused};

const PATH: &str = "/api/im/accounts";

async fn delete(who: &Person, path: &str) -> parlance_testkit::Answer {
    who.http.fetch(who.http.request("DELETE", path)).await
}

#[tokio::test]
async fn an_account_is_shown_and_changed() {
    let house = House::open().await;
    let (admin, ann, bob) = (
        house.admin().await,
        house.person("ann").await,
        house.person("bob").await,
    );
    let path = format!("{PATH}/ann");
    let shown = ok(&bob.http.get(&path).await);
    let created = shown["createdAt"].as_i64().expect("a time");
    assert!(created > 1_700_000_000_000, "milliseconds");
    let blank = json!({
        "userId": "ann", "nickname": "", "avatar": "", "gender": 0, "signature": "", "extra": null,
        "status": "ACTIVE", "admin": false, "createdAt": created,
    });
    assert_eq!(shown, blank);
    let body = json!({
        "nickname": "安", "avatar": "https://example.org/a.png", "gender": 2, "signature": "hi",
        "extra": { "vip": [1, "x"] },
    });
    let changed = ok(&ann.http.put(&path, body.clone()).await);
    for (name, value) in body.as_object().expect("an object") {
        assert_eq!(&changed[name], value, "{name}");
    }
    let by_query = ann
        .http
        .request("PUT", &format!("{path}?nickname=Ann&extra=text"));
    let changed = ok(&ann.http.fetch(by_query).await);
    assert_eq!(
        (&changed["nickname"], &changed["extra"]),
        (&json!("Ann"), &json!("text"))
    );
    assert_eq!(changed["signature"], "hi", "what is not said stays");
    let changed = ok(&admin
        .http
        .put(&path, json!({ "extra": null, "gender": "1" }))
        .await);
    assert_eq!((&changed["extra"], &changed["gender"]), (&Value::Null, &json!(1)));
    assert_eq!(ok(&bob.http.get(&path).await), changed);
    assert_eq!(ok(&bob.http.get(&format!("{PATH}/admin")).await)["admin"], true);

    refused(&bob.http.put(&path, json!({ "nickname": "x" })).await, 403);
    refused(&house.stranger().get(&path).await, 401);
    refused(&house.stranger().put(&path, json!({})).await, 401);
    for body in [
        json!({ "nickname": "x".repeat(51) }),
        json!({ "nickname": [] }),
        json!({ "gender": 3 }),
        json!({ "signature": "x".repeat(201) }),
        json!({ "extra": "x".repeat(4_097) }),
        json!({ "appKey": "a", "appId": "b" }),
        json!([]),
    ] {
        refused(&ann.http.put(&path, body).await, 400);
    }
    for nobody in ["nobody", "%F0%9F%91%A9", &"x".repeat(3_000), "%00", ".."] {
        let path = format!("{PATH}/{nobody}");
        let answer = ann.http.get(&path).await;
        assert!((400..500).contains(&answer.status), "{nobody}: {}", answer.status);
    }
    refused(&ann.http.put(&format!("{PATH}/nobody"), json!({})).await, 404);
    let other = house.tenant("ak_other", json!({})).await;
    let foreign = house.person_of(&other, "foreign").await;
    refused(&foreign.http.get(&path).await, 404);
    refused(&foreign.http.put(&path, json!({ "nickname": "x" })).await, 404);
    house.server.stop().await;
}

#[tokio::test]
async fn people_are_found_by_a_word() {
    let house = House::open().await;
    let other = house.tenant("ak_other", json!({})).await;
    house.person_of(&other, "ann-foreign").await;
    let ann = house.person("ann1").await;
    for uid in ["ann2", "ann3", "bob"] {
        house.person(uid).await;
    }
    ok(&ann
        .http
        .put(&format!("{PATH}/ann1"), json!({ "nickname": "张三" }))
        .await);
    let search = async |query: &str| ann.http.get(&format!("{PATH}/search?{query}")).await;
    let uids = |list: &Value| -> Vec<String> {
        let list = list.as_array().expect("a list");
        let uid = |account: &Value| account["userId"].as_str().expect("an id").to_owned();
        list.iter().map(uid).collect()
    };
    assert_eq!(uids(&ok(&search("keyword=ann").await)), ["ann1", "ann2", "ann3"]);
    assert_eq!(uids(&ok(&search("keyword=%E5%BC%A0").await)), ["ann1"]);
    assert_eq!(uids(&ok(&search("keyword=%25").await)).len(), 0);
    let page = ok(&search("keyword=ann&page=1&size=2").await);
    assert_eq!(uids(&page["content"]), ["ann3"]);
    assert_eq!(
        json!([page["total"], page["page"], page["size"]]),
        json!([3, 1, 2])
    );
    refused(&search(&format!("keyword={}", "x".repeat(101))).await, 400);
    refused(&search("keyword=a&page=-1").await, 400);
    refused(
        &house.stranger().get(&format!("{PATH}/search?keyword=a")).await,
        401,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn an_account_is_imported_once() {
    let house = House::open().await;
    let (admin, ann) = (house.admin().await, house.person("ann").await);
    let path = format!("{PATH}/import");
    let body = json!({ "userId": "new", "nickname": "新", "avatar": "a.png", "extra": { "k": 1 } });
    let made = ok(&admin.http.post(&path, body.clone()).await);
    for (name, value) in body.as_object().expect("an object") {
        assert_eq!(&made[name], value, "{name}");
    }
    assert_eq!(
        (&made["admin"], &made["status"]),
        (&json!(false), &json!("ACTIVE"))
    );
    assert_eq!(ok(&admin.http.post(&path, body).await), made, "twice is once");
    let raised = ok(&admin
        .http
        .post(&path, json!({ "userId": "new", "admin": true }))
        .await);
    assert_eq!(
        (&raised["admin"], &raised["nickname"]),
        (&json!(true), &json!("新"))
    );
    let deputy = house.person("new").await;
    ok(&deputy.http.post(&path, json!({ "userId": "newer" })).await);
    refused(
        &deputy
            .http
            .post(&path, json!({ "userId": "x", "admin": true }))
            .await,
        403,
    );
    refused(
        &deputy
            .http
            .post(&path, json!({ "userId": "admin", "nickname": "x" }))
            .await,
        403,
    );
    refused(&ann.http.post(&path, json!({ "userId": "x" })).await, 403);
    refused(&house.stranger().post(&path, json!({ "userId": "x" })).await, 401);
    for body in [
        json!({}),
        json!({ "userId": "" }),
        json!({ "userId": "a b" }),
        json!({ "userId": "x".repeat(129) }),
        json!({ "userId": "x", "nickname": "x".repeat(51) }),
        json!({ "userId": "x", "admin": "perhaps" }),
    ] {
        refused(&admin.http.post(&path, body).await, 400);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn accounts_are_imported_each_for_itself() {
    let house = House::open().await;
    let (admin, ann) = (house.admin().await, house.person("ann").await);
    let path = format!("{PATH}/import/batch");
    let rows = json!([
        { "userId": "u1", "nickname": "One" },
        { "userId": "a b" },
        { "userId": "ann", "nickname": "Ann" },
    ]);
    let done = ok(&admin.http.post(&path, json!({ "accounts": rows })).await);
    assert_eq!(done["success"], json!(["u1", "ann"]));
    assert_eq!(done["failed"].as_array().map(Vec::len), Some(1));
    assert_eq!(done["failed"][0]["userId"], "a b");
    assert!(!done["failed"][0]["reason"].as_str().expect("a reason").is_empty());
    assert_eq!(ok(&ann.http.get(&format!("{PATH}/ann")).await)["nickname"], "Ann");
    let done = ok(&admin.http.post(&path, json!({ "userIds": ["u1", "u2"] })).await);
    assert_eq!(done, json!({ "success": ["u1", "u2"], "failed": [] }));
    let by_query = admin.http.request("POST", &format!("{path}?userIds=u3,u4"));
    assert_eq!(
        ok(&admin.http.fetch(by_query).await)["success"],
        json!(["u3", "u4"])
    );
    refused(&ann.http.post(&path, json!({ "userIds": ["x"] })).await, 403);
    refused(
        &house.stranger().post(&path, json!({ "userIds": ["x"] })).await,
        401,
    );
    for body in [
        json!({}),
        json!({ "userIds": [] }),
        json!({ "userIds": vec!["x"; 101] }),
        json!({ "accounts": vec![json!({ "userId": "x" }); 101] }),
        json!({ "accounts": [{ "nickname": "x" }] }),
        json!({ "accounts": [{ "userId": "x" }, 7] }),
        json!({ "accounts": [[]] }),
        json!({ "accounts": {} }),
    ] {
        refused(&admin.http.post(&path, body).await, 400);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn a_deleted_account_is_gone() {
    let house = House::open().await;
    let (admin, ann, bob) = (
        house.admin().await,
        house.person("ann").await,
        house.person("bob").await,
    );
    let (path, exists) = (format!("{PATH}/bob"), format!("{PATH}/bob/exists"));
    assert_eq!(ok(&ann.http.get(&exists).await), true);
    assert_eq!(ok(&ann.http.get(&format!("{PATH}/nobody/exists")).await), false);
    refused(&house.stranger().get(&exists).await, 401);
    for who in [&ann, &bob] {
        refused(&delete(who, &path).await, 403);
    }
    refused(&delete(&admin, &format!("{PATH}/nobody")).await, 404);
    refused(&delete(&admin, &format!("{PATH}/admin")).await, 403);
    assert_eq!(ok(&delete(&admin, &path).await), Value::Null);
    assert_eq!(ok(&ann.http.get(&exists).await), false);
    refused(&ann.http.get(&path).await, 404);
    refused(&bob.http.get(&path).await, 401);
    refused(&delete(&admin, &path).await, 404);
    refused(
        &admin
            .http
            .post(&format!("{PATH}/import"), json!({ "userId": "bob" }))
            .await,
        409,
    );
    let again = json!({ "userSig": house.signature(&house.signer(), "bob") });
    refused(&house.stranger().post("/api/im/auth/login", again).await, 401);
    house.server.stop().await;
}
