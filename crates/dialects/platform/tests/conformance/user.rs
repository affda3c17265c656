//! People: oneself, the search, and the administration of accounts.

use parlance_core::account::NewAccount;
use parlance_core::types::AccountRole;
use serde_json::{Value, json};

use crate::people::{House, PASSWORD, Person, ok, refused, wrong_fields};

const USERS: &str = "/api/v1/users/";

fn zhangsan() -> Value {
    json!({ "mobile": "13800138000", "name": "张三", "english_name": "ZhangSan", "password": PASSWORD })
}

async fn made(admin: &Person, body: Value) -> Value {
    ok(admin.http.post(USERS, body).await)
}

fn at(id: &Value) -> String {
    format!("{USERS}{id}")
}

async fn patch(admin: &Person, id: &Value, change: Value) -> parlance_testkit::Answer {
    let request = admin.http.request("PATCH", &at(id));
    admin.http.fetch(request.json(&change)).await
}

#[tokio::test]
async fn me() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let shown = ok(alice.http.get("/api/v1/users/me").await);
    let expected = json!({
        "id": alice.id, "uid": "alice", "mobile": null, "name": "alice", "english_name": null, "status": "ACTIVE",
        "role": "ORDINARY_USER", "is_deleted": 0, "email": null, "avatar": null,
        "created_at": shown["created_at"], "updated_at": shown["updated_at"],
    });
    assert_eq!(shown, expected);
    let at = shown["created_at"].as_str().expect("a time");
    assert!(
        at.len() >= 19 && at.as_bytes()[10] == b'T' && !at.contains(['Z', '+']),
        "{at}"
    );
    let anonymous = house.stranger().get("/api/v1/users/me").await;
    refused(&anonymous, 401, "Not authenticated");
    house.server.stop().await;
}

#[tokio::test]
async fn create() {
    let house = House::open().await;
    let admin = house.administrator("root").await;
    let shown = made(&admin, zhangsan()).await;
    let expected = json!({
        "id": shown["id"], "uid": "13800138000", "mobile": "13800138000", "name": "张三",
        "english_name": "ZhangSan", "status": "ACTIVE", "role": "ORDINARY_USER", "is_deleted": 0, "email": null,
        "avatar": null, "created_at": shown["created_at"], "updated_at": shown["updated_at"],
    });
    assert_eq!(shown, expected);
    for name in ["13800138000", "zhangsan"] {
        ok(house.try_login(name, PASSWORD).await);
    }
    let full = json!({
        "mobile": "13900139000", "name": "李四", "uid": "lisi", "role": "APP_ADMIN",
        "email": "ls@example.org", "avatar": "https://example.org/a.png", "password": null, "unknown": 1,
    });
    let shown = made(&admin, full).await;
    assert_eq!(
        (&shown["uid"], &shown["role"]),
        (&json!("lisi"), &json!("APP_ADMIN"))
    );
    assert_eq!(
        (&shown["email"], &shown["avatar"]),
        (&json!("ls@example.org"), &json!("https://example.org/a.png"))
    );

    let mobile = admin.http.post(USERS, zhangsan()).await;
    refused(&mobile, 409, "This mobile is somebody else's");
    let uid = json!({ "mobile": "13700137000", "name": "x", "uid": "lisi" });
    refused(
        &admin.http.post(USERS, uid).await,
        409,
        "This user name is somebody else's",
    );
    let stolen = json!({ "mobile": "13700137000", "name": "x", "uid": "13900139000" });
    refused(
        &admin.http.post(USERS, stolen).await,
        409,
        "This user name is somebody else's",
    );
    let letters = json!({ "mobile": "letters", "name": "x" });
    refused(
        &admin.http.post(USERS, letters).await,
        422,
        "a mobile number has 3 to 20 digits",
    );

    let sent = json!({ "name": "", "role": "KING", "password": "short", "english_name": 5 });
    let answer = admin.http.post(USERS, sent.clone()).await;
    let mut echo = sent;
    echo["password"] = "**********".into();
    let wrong = json!([
        { "type": "missing", "loc": ["body", "mobile"], "msg": "Field required", "input": echo },
        {
            "type": "string_too_short", "loc": ["body", "name"],
            "msg": "String should have at least 1 character", "input": "", "ctx": { "min_length": 1 },
        },
        { "type": "string_type", "loc": ["body", "english_name"], "msg": "Input should be a valid string", "input": 5 },
        {
            "type": "string_too_short", "loc": ["body", "password"],
            "msg": "String should have at least 6 characters", "input": "**********", "ctx": { "min_length": 6 },
        },
        {
            "type": "enum", "loc": ["body", "role"],
            "msg": "Input should be 'ORDINARY_USER', 'APP_ADMIN' or 'SUPER_ADMIN'", "input": "KING",
            "ctx": { "expected": "'ORDINARY_USER', 'APP_ADMIN' or 'SUPER_ADMIN'" },
        },
    ]);
    wrong_fields(&answer, wrong);
    house.server.stop().await;
}

#[tokio::test]
async fn administration_is_for_the_highest_rank() {
    let house = House::open().await;
    let (alice, boss) = (
        house.person("alice").await,
        house.ranked("boss", AccountRole::Admin).await,
    );
    let id = json!(alice.id);
    for person in [&alice, &boss] {
        let http = &person.http;
        let answers = [
            http.get(USERS).await,
            // The rank is looked at before what was sent.
            http.post(USERS, json!([])).await,
            patch(person, &id, json!({ "name": "x" })).await,
            http.delete(&at(&id), json!({})).await,
        ];
        for answer in answers {
            refused(&answer, 403, "Not enough permissions");
        }
    }
    refused(&house.stranger().get(USERS).await, 401, "Not authenticated");
    house.server.stop().await;
}

#[tokio::test]
async fn list() {
    let house = House::open().await;
    let admin = house.administrator("root").await;
    let zhangsan = made(&admin, zhangsan()).await;
    for number in 0..3 {
        let body = json!({ "mobile": format!("1390013900{number}"), "name": format!("李{number}") });
        made(&admin, body).await;
    }
    let all = ok(admin.http.get(USERS).await);
    assert_eq!(
        (&all["total"], all["items"].as_array().map(Vec::len)),
        (&json!(5), Some(5))
    );
    let found = ok(admin
        .http
        .get("/api/v1/users?skip=0&limit=20&keyword=%E5%BC%A0%E4%B8%89")
        .await);
    assert_eq!(found, json!({ "total": 1, "items": [zhangsan] }));
    let page = ok(admin.http.get("/api/v1/users/?skip=1&limit=1&keyword=139").await);
    assert_eq!(
        (&page["total"], &page["items"][0]["name"]),
        (&json!(3), &json!("李1"))
    );
    let wrong = json!([
        {
            "type": "greater_than_equal", "loc": ["query", "skip"],
            "msg": "Input should be greater than or equal to 0", "input": "-1", "ctx": { "ge": 0 },
        },
        {
            "type": "int_parsing", "loc": ["query", "limit"],
            "msg": "Input should be a valid integer, unable to parse string as an integer", "input": "many",
        },
    ]);
    wrong_fields(&admin.http.get("/api/v1/users/?skip=-1&limit=many").await, wrong);
    for limit in [0, 501] {
        let answer = admin.http.get(&format!("/api/v1/users/?limit={limit}")).await;
        assert_eq!(answer.status, 422, "{limit}");
    }
    house.server.stop().await;
}

#[tokio::test]
async fn search() {
    let house = House::open().await;
    let (admin, alice) = (house.administrator("root").await, house.person("alice").await);
    let id = made(&admin, zhangsan()).await["id"].clone();
    let expected = json!([{
        "id": id, "mobile": "13800138000", "name": "张三", "english_name": "ZhangSan", "status": "ACTIVE",
    }]);
    for word in ["%E5%BC%A0", "%E4%B8%89", "zhangs", "GSAN", "138", "13800138000"] {
        let found = ok(alice
            .http
            .get(&format!("/api/v1/users/search?q={word}&limit=20"))
            .await);
        assert_eq!(found, expected, "{word}");
    }
    for word in ["8000", "%25", "_", "%20", "nobody"] {
        let found = ok(alice.http.get(&format!("/api/v1/users/search?q={word}")).await);
        assert_eq!(found, json!([]), "{word}");
    }
    let both = ok(alice.http.get("/api/v1/users/search?q=a&limit=1").await);
    assert_eq!(both.as_array().map(Vec::len), Some(1));
    let missing =
        json!([{ "type": "missing", "loc": ["query", "q"], "msg": "Field required", "input": null }]);
    wrong_fields(&alice.http.get("/api/v1/users/search").await, missing);
    let long = "x".repeat(65);
    for query in [
        "q=",
        &format!("q={long}"),
        "q=a&limit=0",
        "q=a&limit=51",
        "q=a&limit=",
    ] {
        let answer = alice.http.get(&format!("/api/v1/users/search?{query}")).await;
        assert_eq!(
            (answer.status, answer.body["detail"].is_array()),
            (422, true),
            "{query}"
        );
    }
    ok(patch(&admin, &id, json!({ "status": "DISABLED" })).await);
    assert_eq!(ok(alice.http.get("/api/v1/users/search?q=138").await), json!([]));
    let anonymous = house.stranger().get("/api/v1/users/search?q=138").await;
    refused(&anonymous, 401, "Not authenticated");
    house.server.stop().await;
}

#[tokio::test]
async fn one() {
    let house = House::open().await;
    let (admin, alice) = (house.administrator("root").await, house.person("alice").await);
    let body = json!({ "mobile": "13800138000", "name": "张三", "email": "zs@example.org" });
    let whole = made(&admin, body).await;
    let id = whole["id"].clone();
    assert_eq!(ok(admin.http.get(&at(&id)).await), whole);
    let shown = ok(alice.http.get(&at(&id)).await);
    assert_eq!(
        (&shown["mobile"], &shown["email"]),
        (&json!("13800138000"), &Value::Null)
    );
    for nobody in ["0", "-1", "999", "9223372036854775807"] {
        let answer = alice.http.get(&format!("{USERS}{nobody}")).await;
        refused(&answer, 404, "User not found");
    }
    let wrong = json!([{
        "type": "int_parsing", "loc": ["path", "user_id"],
        "msg": "Input should be a valid integer, unable to parse string as an integer", "input": "张三",
    }]);
    wrong_fields(&alice.http.get("/api/v1/users/%E5%BC%A0%E4%B8%89").await, wrong);
    ok(patch(&admin, &id, json!({ "status": "DISABLED" })).await);
    refused(&alice.http.get(&at(&id)).await, 404, "User not found");
    assert_eq!(ok(admin.http.get(&at(&id)).await)["status"], "DISABLED");
    house.server.stop().await;
}

#[tokio::test]
async fn update() {
    let house = House::open().await;
    let admin = house.administrator("root").await;
    let before = made(&admin, zhangsan()).await;
    let id = before["id"].clone();
    assert_eq!(ok(patch(&admin, &id, json!({})).await)["name"], "张三");
    let change = json!({
        "name": "张三丰", "english_name": "Zhang", "mobile": "13700137000", "role": "APP_ADMIN",
        "email": "z@example.org", "avatar": "https://example.org/z.png", "password": "another secret",
    });
    let after = ok(patch(&admin, &id, change).await);
    let mut expected = before;
    for (name, value) in [
        ("name", "张三丰"),
        ("english_name", "Zhang"),
        ("mobile", "13700137000"),
        ("role", "APP_ADMIN"),
        ("email", "z@example.org"),
        ("avatar", "https://example.org/z.png"),
    ] {
        expected[name] = value.into();
    }
    expected["updated_at"] = after["updated_at"].clone();
    assert_eq!(after, expected);
    ok(house.try_login("13700137000", "another secret").await);
    refused(
        &house.try_login("zhangsan", "another secret").await,
        401,
        "Incorrect username or password",
    );

    let cleared = ok(patch(
        &admin,
        &id,
        json!({ "email": null, "english_name": "", "mobile": null, "name": null }),
    )
    .await);
    assert_eq!(
        (&cleared["email"], &cleared["english_name"], &cleared["mobile"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(cleared["name"], "张三丰");

    let other = made(&admin, json!({ "mobile": "13900139000", "name": "李四" })).await["id"].clone();
    let taken = patch(&admin, &other, json!({ "name": "x", "mobile": "13800138000" })).await;
    refused(&taken, 409, "This mobile is somebody else's");
    assert_eq!(
        ok(admin.http.get(&at(&other)).await)["name"],
        "李四",
        "all or nothing"
    );
    refused(
        &patch(&admin, &json!(999), json!({ "name": "x" })).await,
        404,
        "User not found",
    );
    let own = patch(&admin, &json!(admin.id), json!({ "role": "ORDINARY_USER" })).await;
    refused(&own, 403, "Not enough permissions");
    let wrong = patch(&admin, &other, json!({ "status": "DELETED" })).await;
    assert_eq!(
        wrong.body["detail"][0]["msg"],
        "Input should be 'ACTIVE' or 'DISABLED'"
    );
    house.server.stop().await;
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_back_when_it_is_enabled() {
    let house = House::open().await;
    let (admin, alice) = (house.administrator("root").await, house.person("alice").await);
    let id = json!(alice.id);
    assert_eq!(
        ok(patch(&admin, &id, json!({ "status": "DISABLED" })).await)["status"],
        "DISABLED"
    );
    let out = alice.http.get("/api/v1/users/me").await;
    refused(&out, 401, "Could not validate credentials");
    refused(
        &house.try_login("alice", PASSWORD).await,
        403,
        "This account is disabled",
    );
    refused(
        &house.try_login("alice", "654321").await,
        401,
        "Incorrect username or password",
    );
    ok(patch(&admin, &id, json!({ "status": "ACTIVE" })).await);
    ok(house.try_login("alice", PASSWORD).await);
    let own = patch(&admin, &json!(admin.id), json!({ "status": "DISABLED" })).await;
    refused(&own, 403, "Not enough permissions");
    house.server.stop().await;
}

#[tokio::test]
async fn delete() {
    let house = House::open().await;
    let (admin, alice) = (house.administrator("root").await, house.person("alice").await);
    let made_before = made(&admin, zhangsan()).await;
    let id = made_before["id"].clone();
    let http = house.login("13800138000").await;
    let mut expected = made_before;
    expected["is_deleted"] = 1.into();
    assert_eq!(ok(admin.http.delete(&at(&id), json!({})).await), expected);
    refused(
        &http.get("/api/v1/users/me").await,
        401,
        "Could not validate credentials",
    );
    refused(
        &house.try_login("13800138000", PASSWORD).await,
        401,
        "Incorrect username or password",
    );
    refused(&admin.http.get(&at(&id)).await, 404, "User not found");
    refused(
        &admin.http.delete(&at(&id), json!({})).await,
        404,
        "User not found",
    );
    assert_eq!(ok(alice.http.get("/api/v1/users/search?q=138").await), json!([]));
    assert_eq!(ok(admin.http.get("/api/v1/users/?keyword=138").await)["total"], 0);
    let again = made(&admin, zhangsan()).await;
    assert_ne!(again["id"], id, "the mobile is free for somebody else");
    let own = admin.http.delete(&at(&json!(admin.id)), json!({})).await;
    refused(&own, 403, "Not enough permissions");
    house.server.stop().await;
}

#[tokio::test]
async fn whoever_is_made_in_another_way_is_the_same_person_here() {
    let house = House::open().await;
    let account = NewAccount {
        uid: "bob".into(),
        nickname: "Bobby".into(),
        password: Some(PASSWORD.into()),
        ..NewAccount::default()
    };
    let bob = house.account(account).await;
    assert_eq!(ok(bob.http.get("/api/v1/users/me").await)["name"], "Bobby");
    house.server.stop().await;
}
