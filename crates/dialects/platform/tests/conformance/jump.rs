//! Ways into apps that a person takes: the launchpad, the redirect, the jump.

use parlance_core::account::NewAccount;
use parlance_testkit::Answer;
use serde_json::{Value, json};

use crate::business::{Business, application, ticket_in};
use crate::people::{House, PASSWORD, Person, ok, refused};

const SSO_LOGIN: &str = "/api/v1/simple/sso-login";
const JUMP: &str = "/api/v1/simple/sso/jump";
const UNMAPPED: &str = "You have no active account in this app";

async fn scene() -> (House, Person, Person, Business) {
    let house = House::open().await;
    let admin = house.administrator("root").await;
    let zhangsan = NewAccount {
        uid: "zs".into(),
        name: "张三".into(),
        mobile: Some("13800138000".into()),
        password: Some(PASSWORD.into()),
        ..NewAccount::default()
    };
    let zhangsan = house.account(zhangsan).await;
    let oa = house.business(&admin, application("oa")).await;
    oa.knows(&admin, zhangsan.id, "zhangsan_oa").await;
    (house, admin, zhangsan, oa)
}

async fn patch(by: &Person, path: &str, body: Value) {
    ok(by.http.fetch(by.http.request("PATCH", path).json(&body)).await);
}

#[tokio::test]
async fn sso_login() {
    let (house, admin, zhangsan, oa) = scene().await;
    let go = |name: &str, password: &str| json!({ "app_id": "oa", "username": name, "password": password });
    let mut tickets = Vec::new();
    for given in [
        ok(zhangsan.http.post(SSO_LOGIN, go("", "")).await),
        ok(zhangsan.http.post(SSO_LOGIN, json!({ "app_id": "oa" })).await),
        ok(house
            .stranger()
            .post(SSO_LOGIN, go("13800138000", PASSWORD))
            .await),
        ok(admin.http.post(SSO_LOGIN, go("zs", PASSWORD)).await),
    ] {
        let ticket = ticket_in(&given["redirect_url"]);
        assert_eq!(
            given,
            json!({ "redirect_url": format!("https://oa.example.com/callback?ticket={ticket}") })
        );
        assert_eq!(house.validate(&oa, &ticket).await["user_id"], zhangsan.id);
        tickets.push(ticket);
    }
    tickets.sort();
    tickets.dedup();
    assert_eq!(tickets.len(), 4, "a new ticket on every call");

    let nobody = house.stranger().post(SSO_LOGIN, go("", "")).await;
    refused(&nobody, 401, "Not authenticated");
    let bad = house
        .stranger()
        .with_token("nonsense")
        .post(SSO_LOGIN, go("", ""))
        .await;
    refused(&bad, 401, "Could not validate credentials");
    let wrong = zhangsan.http.post(SSO_LOGIN, go("zs", "wrong")).await;
    refused(&wrong, 401, "Incorrect username or password");
    refused(&admin.http.post(SSO_LOGIN, go("", "")).await, 403, UNMAPPED);
    let missing = zhangsan.http.post(SSO_LOGIN, json!({ "app_id": "crm" })).await;
    refused(&missing, 404, "App not found");
    patch(
        &admin,
        &format!("/api/v1/apps/{}", oa.id),
        json!({ "is_active": false }),
    )
    .await;
    refused(&zhangsan.http.post(SSO_LOGIN, go("", "")).await, 403, UNMAPPED);
    house.server.stop().await;
}

/// Follows a jump, with redirects not followed.
async fn follow(http: &parlance_testkit::Http, query: &str) -> Answer {
    http.get(&format!("{JUMP}?{query}")).await
}

#[tokio::test]
async fn jump() {
    let (house, admin, zhangsan, oa) = scene().await;
    let page = "redirect_to=https%3A%2F%2Fbiz.example.com%2Ftodo%2F123";
    let query = format!("app_id=oa&{page}");
    let by_header = follow(&zhangsan.http, &query).await;
    let by_query = follow(
        &house.stranger(),
        &format!("{query}&token={}", zhangsan.http.token()),
    )
    .await;
    for answer in [by_header, by_query] {
        assert_eq!(answer.status, 302, "{:?}", answer.body);
        let location = answer.header("location");
        let ticket = ticket_in(&json!(location));
        assert_eq!(
            location,
            format!("https://oa.example.com/callback?ticket={ticket}&next=https://biz.example.com/todo/123")
        );
        assert_eq!(
            (answer.header("cache-control"), answer.header("referrer-policy")),
            ("no-store", "no-referrer")
        );
        assert_eq!(house.validate(&oa, &ticket).await["valid"], true);
    }
    let bare = follow(&zhangsan.http, "app_id=oa").await;
    assert!(!bare.header("location").contains("next="));

    let login = "/?next=%2Fapi%2Fv1%2Fsimple%2Fsso%2Fjump%3Fapp_id%3Doa%26redirect_to%3D\
                 https%253A%252F%252Fbiz.example.com%252Ftodo%252F123";
    for sent in [
        query.clone(),
        format!("{query}&token="),
        format!("{query}&token=nonsense"),
    ] {
        let answer = follow(&house.stranger(), &sent).await;
        assert_eq!((answer.status, answer.header("location")), (302, login), "{sent}");
    }
    refused(&follow(&admin.http, &query).await, 403, UNMAPPED);
    refused(&follow(&zhangsan.http, "app_id=crm").await, 404, "App not found");
    assert_eq!(follow(&zhangsan.http, page).await.status, 422);
    house.server.stop().await;
}

#[tokio::test]
async fn the_api_document_says_that_a_jump_leads_on() {
    let (house, ..) = scene().await;
    let document = ok(house.stranger().get("/api/v1/openapi.json").await);
    let answers = &document["paths"][JUMP]["get"]["responses"];
    assert!(
        answers["302"].is_object() && answers["200"].is_null(),
        "{answers}"
    );
    house.server.stop().await;
}

#[tokio::test]
async fn a_jump_leads_to_the_web_only() {
    let (house, admin, zhangsan, oa) = scene().await;
    let targets = [
        "javascript:alert(1)",
        "JavaScript://biz.example.com/%0aalert(1)",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/todo/123",
        "biz.example.com",
        "https:evil.example",
        "https:\\\\evil.example",
        "https:///evil.example",
        "https://biz.example.com@evil.example",
        "https://biz.example.com\\@evil.example",
        " https://biz.example.com",
        "https://biz.example.com\r\nSet-Cookie: a=b",
        "https://biz.example.com/\u{0}",
        "data:text/html,x",
        "ftp://biz.example.com",
    ];
    for target in targets {
        let encoded: String = target.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let query = format!("app_id=oa&redirect_to={encoded}");
        for http in [&zhangsan.http, &house.stranger()] {
            let answer = follow(http, &query).await;
            assert_eq!(
                (answer.status, answer.header("location")),
                (422, ""),
                "{target:?}"
            );
        }
    }
    let allowed = json!({ "allowed_redirects": ["https://biz.example.com"] });
    patch(&admin, &format!("/api/v1/apps/{}", oa.id), allowed).await;
    for (target, status) in [
        ("https%3A%2F%2Fbiz.example.com%2Ftodo", 302),
        ("https%3A%2F%2FBIZ.example.com%3A443%2F", 302),
        ("http%3A%2F%2Fbiz.example.com%2F", 422),
        ("https%3A%2F%2Fbiz.example.com%3A8443%2F", 422),
        ("https%3A%2F%2Fbiz.example.com.evil.example%2F", 422),
        (
            "https%3A%2F%2Fevil.example%2F%3Fhttps%3A%2F%2Fbiz.example.com",
            422,
        ),
    ] {
        let answer = follow(&zhangsan.http, &format!("app_id=oa&redirect_to={target}")).await;
        assert_eq!(answer.status, status, "{target}");
    }
    house.server.stop().await;
}

#[tokio::test]
async fn what_a_page_has_in_its_address_stays_in_it() {
    let (house, admin, zhangsan, oa) = scene().await;
    let callback = json!({ "callback_url": "https://oa.example.com/in?from=platform#/home" });
    patch(&admin, &format!("/api/v1/apps/{}", oa.id), callback).await;
    let page = "https%3A%2F%2Fbiz.example.com%2Fa%20b%3Fx%3D1%26y%3D2%252B%2B%23%E4%B8%AD";
    let answer = follow(&zhangsan.http, &format!("app_id=oa&redirect_to={page}")).await;
    let location = answer.header("location");
    let ticket = ticket_in(&json!(location));
    assert_eq!(
        location,
        format!(
            "https://oa.example.com/in?from=platform&ticket={ticket}\
             &next=https://biz.example.com/a%20b?x=1%26y=2%252B%2B%23%E4%B8%AD#/home"
        )
    );
    house.server.stop().await;
}

async fn three_apps() -> (House, Person, Person) {
    let house = House::open().await;
    let (admin, zhangsan) = (house.administrator("root").await, house.person("zs").await);
    let category = admin
        .http
        .post("/api/v1/app-categories/", json!({ "name": "办公协同" }));
    let category = ok(category.await)["id"].clone();
    let mut oa = application("oa_system");
    oa["app_name"] = json!("OA系统");
    oa["description"] = json!("办公自动化系统");
    oa["category_id"] = category;
    let oa = house.business(&admin, oa).await;
    let path = format!("/api/v1/apps/{}/mappings", oa.id);
    let mapping =
        json!({ "user_id": zhangsan.id, "mapped_key": "zhangsan", "mapped_email": "zhangsan@corp.com" });
    ok(admin.http.post(&path, mapping).await);
    let off = house.business(&admin, application("off")).await;
    off.knows(&admin, zhangsan.id, "zs_off").await;
    patch(
        &admin,
        &format!("/api/v1/apps/{}", off.id),
        json!({ "is_active": false }),
    )
    .await;
    let shut = house.business(&admin, application("shut")).await;
    let mapping_id = shut.knows(&admin, zhangsan.id, "zs_shut").await;
    let path = format!("/api/v1/apps/{}/mappings/{mapping_id}", shut.id);
    patch(&admin, &path, json!({ "is_active": false })).await;
    house.business(&admin, application("other")).await;
    (house, admin, zhangsan)
}

fn oa_in(items: &Value) -> &Value {
    &items["items"][0]
}

#[tokio::test]
async fn launchpad() {
    let (house, admin, zhangsan) = three_apps().await;
    let shown = ok(zhangsan.http.get("/api/v1/simple/me/launchpad-apps").await);
    let expected = json!({ "total": 1, "items": [{
        "app_name": "OA系统", "app_id": "oa_system", "protocol_type": "SIMPLE_API", "mapped_key": "zhangsan",
        "mapped_email": "zhangsan@corp.com", "is_active": true, "description": "办公自动化系统",
        "category_id": oa_in(&shown)["category_id"], "category_name": "办公协同",
    }]});
    assert_eq!(shown, expected);
    assert!(oa_in(&shown)["category_id"].is_i64());
    let none = ok(admin.http.get("/api/v1/simple/me/launchpad-apps").await);
    assert_eq!(none, json!({ "total": 0, "items": [] }));
    house.server.stop().await;
}

#[tokio::test]
async fn my_mappings() {
    let (house, admin, zhangsan) = three_apps().await;
    let shown = ok(zhangsan.http.get("/api/v1/simple/me/mappings").await);
    let items = shown["items"].as_array().expect("a list").iter();
    let states: Vec<(&Value, &Value)> = items.map(|item| (&item["app_id"], &item["is_active"])).collect();
    let expected = [
        (&json!("oa_system"), &json!(true)),
        (&json!("off"), &json!(false)),
        (&json!("shut"), &json!(false)),
    ];
    assert_eq!(
        (&shown["total"], states.as_slice()),
        (&json!(3), expected.as_slice())
    );
    assert_eq!(ok(admin.http.get("/api/v1/simple/me/mappings").await)["total"], 0);
    house.server.stop().await;
}
