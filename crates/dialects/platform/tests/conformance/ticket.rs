//! Tickets, and the signatures by which apps ask for them.

use parlance_core::account::NewAccount;
use parlance_core::app::NewApp;
use parlance_core::{Actor, Limits};
use serde_json::{Value, json};

use crate::business::{Business, application, joined, ticket_in};
use crate::people::{House, PASSWORD, Person, ok, refused};

const VALIDATE: &str = "/api/v1/simple/validate";
const LOGIN: &str = "/api/v1/simple/login";
const EXCHANGE: &str = "/api/v1/simple/exchange";
const MOBILE: &str = "13800138000";

/// A house with an administrator, two apps, and somebody who has an account in the first.
struct Scene {
    house: House,
    admin: Person,
    zhangsan: Person,
    oa: Business,
    crm: Business,
    mapping_id: i64,
}

async fn scene_in(house: House) -> Scene {
    let admin = house.administrator("root").await;
    let zhangsan = NewAccount {
        uid: "zs".into(),
        name: "张三".into(),
        english_name: "zhangsan".into(),
        mobile: Some(MOBILE.into()),
        password: Some(PASSWORD.into()),
        ..NewAccount::default()
    };
    let zhangsan = house.account(zhangsan).await;
    let oa = house.business(&admin, application("oa")).await;
    let crm = house.business(&admin, application("crm")).await;
    let mapping_id = oa.knows(&admin, zhangsan.id, "zhangsan_oa").await;
    Scene {
        house,
        admin,
        zhangsan,
        oa,
        crm,
        mapping_id,
    }
}

async fn scene() -> Scene {
    scene_in(House::open().await).await
}

impl Scene {
    /// A fresh ticket for the first app.
    async fn ticket(&self) -> String {
        let body = json!({ "app_id": "oa", "username": "", "password": "" });
        let given = self.zhangsan.http.post("/api/v1/simple/sso-login", body).await;
        ticket_in(&ok(given)["redirect_url"])
    }

    async fn patch(&self, path: &str, body: Value) {
        let request = self.admin.http.request("PATCH", path).json(&body);
        ok(self.admin.http.fetch(request).await);
    }
}

#[tokio::test]
async fn validate() {
    let s = scene().await;
    let ticket = s.ticket().await;
    let expected = json!({
        "valid": true, "user_id": s.zhangsan.id, "mobile": MOBILE, "name": "张三", "english_name": "zhangsan",
        "mapped_key": "zhangsan_oa", "mapped_email": null,
    });
    assert_eq!(s.house.validate(&s.oa, &ticket).await, expected);
    let invalid = json!({ "valid": false });
    assert_eq!(
        s.house.validate(&s.oa, &ticket).await,
        invalid,
        "a ticket is good once"
    );
    for never_issued in ["", "abc123", "' OR 1=1 --", "\u{0}", "票"] {
        assert_eq!(s.house.validate(&s.oa, never_issued).await, invalid);
    }
    s.house.server.stop().await;
}

#[tokio::test]
async fn of_two_who_bring_a_ticket_at_once_one_comes_in() {
    let s = scene().await;
    for _ in 0..10 {
        let ticket = s.ticket().await;
        let (one, other) = tokio::join!(s.house.validate(&s.oa, &ticket), s.house.validate(&s.oa, &ticket));
        assert_ne!(one["valid"], other["valid"]);
    }
    s.house.server.stop().await;
}

#[tokio::test]
async fn a_ticket_is_for_one_app_and_for_a_minute() {
    let s = scene().await;
    let invalid = json!({ "valid": false });
    let ticket = s.ticket().await;
    s.crm.knows(&s.admin, s.zhangsan.id, "zhangsan_crm").await;
    assert_eq!(s.house.validate(&s.crm, &ticket).await, invalid, "another app's");
    let there = Actor::system(2);
    let foreign = NewApp {
        code: "oa".into(),
        name: "oa elsewhere".into(),
        callback_url: "https://oa.example.com/".into(),
        protocol: "SIMPLE_API".into(),
        active: true,
        ..NewApp::default()
    };
    let made = s
        .house
        .server
        .core
        .create_app(&there, foreign)
        .await
        .expect("an app");
    let mut elsewhere = s.oa.clone();
    elsewhere.secret = made.keys.secret;
    let body = json!({ "ticket": ticket });
    let refusal = s.house.signed(&elsewhere, VALIDATE, body).await;
    refused(&refusal, 401, "Invalid signature");
    assert_eq!(s.house.validate(&s.oa, &ticket).await["valid"], true);

    let (early, late) = (s.ticket().await, s.ticket().await);
    s.house.server.clock.advance_seconds(58);
    assert_eq!(s.house.validate(&s.oa, &early).await["valid"], true);
    s.house.server.clock.advance_seconds(2);
    assert_eq!(s.house.validate(&s.oa, &late).await, invalid, "too late");
    s.house.server.stop().await;
}

#[tokio::test]
async fn a_ticket_is_worth_nothing_once_its_person_may_not_enter() {
    let s = scene().await;
    let invalid = json!({ "valid": false });
    let tickets = [s.ticket().await, s.ticket().await];
    let mapping = format!("/api/v1/apps/{}/mappings/{}", s.oa.id, s.mapping_id);
    s.patch(&mapping, json!({ "is_active": false })).await;
    assert_eq!(s.house.validate(&s.oa, &tickets[0]).await, invalid);
    s.patch(&mapping, json!({ "is_active": true })).await;
    let person = format!("/api/v1/users/{}", s.zhangsan.id);
    s.patch(&person, json!({ "status": "DISABLED" })).await;
    assert_eq!(s.house.validate(&s.oa, &tickets[1]).await, invalid);
    s.house.server.stop().await;
}

#[tokio::test]
async fn a_ticket_outlives_a_restart() {
    let s = scene().await;
    let ticket = s.ticket().await;
    let (seconds, oa) = (s.house.seconds(), s.oa.clone());
    let server = s
        .house
        .server
        .restart(|core| {
            parlance_dialect_platform::router(core, parlance_dialect_platform::Options::default())
        })
        .await;
    let house = House { server };
    let oa = Business {
        http: house.stranger(),
        ..oa
    };
    let body = oa.sign(json!({ "ticket": ticket }), seconds);
    assert_eq!(ok(oa.http.post(VALIDATE, body).await)["valid"], true);
    house.server.stop().await;
}

#[tokio::test]
async fn a_signature_is_good_for_five_minutes_both_ways() {
    let s = scene().await;
    let now = s.house.seconds();
    for ahead in [-290, 0, 290] {
        let body = s.oa.sign(json!({ "ticket": "x" }), now + ahead);
        ok(s.oa.http.post(VALIDATE, body).await);
    }
    for at in [now - 310, now + 310, 0, -1, i64::MAX, i64::MIN, now * 1000] {
        let body = s.oa.sign(json!({ "ticket": "x" }), at);
        refused(&s.oa.http.post(VALIDATE, body).await, 401, "Invalid signature");
    }
    s.house.server.stop().await;
}

#[tokio::test]
async fn the_window_of_signatures_is_a_setting() {
    let limits = Limits {
        signature_window_seconds: 10,
        ..Limits::default()
    };
    let s = scene_in(House::with_limits(limits).await).await;
    let body = s.oa.sign(json!({ "ticket": "x" }), s.house.seconds() - 20);
    refused(&s.oa.http.post(VALIDATE, body).await, 401, "Invalid signature");
    s.house.server.stop().await;
}

#[tokio::test]
async fn whatever_is_changed_in_a_signed_body_is_noticed() {
    let s = scene().await;
    let good =
        s.oa.sign(json!({ "ticket": s.ticket().await }), s.house.seconds());
    let upper = good["sign"].as_str().expect("a signature").to_uppercase();
    let mangled = joined(&good).replace("&times", "×");
    assert!(mangled.contains("×tamp="));
    for (field, value) in [
        ("ticket", json!("another")),
        ("timestamp", json!(s.house.seconds() - 1)),
        ("app_id", json!("crm")),
        ("app_id", json!("nobody")),
        ("app_id", json!("oa&ticket=x")),
        ("more", json!(1)),
        ("sign", json!(upper)),
        ("sign", json!("")),
        ("sign", json!(s.oa.signature(&mangled))),
        ("sign", json!(s.crm.signature(&joined(&good)))),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let answer = s.oa.http.post(VALIDATE, body.clone()).await;
        refused(&answer, 401, "Invalid signature");
    }
    for missing in ["app_id", "timestamp", "sign", "ticket"] {
        let mut body = good.clone();
        body.as_object_mut().expect("an object").remove(missing);
        let answer = s.oa.http.post(VALIDATE, body).await;
        assert_eq!(
            (answer.status, &answer.body["detail"][0]["loc"]),
            (422, &json!(["body", missing]))
        );
    }
    let shown =
        s.oa.http
            .post(VALIDATE, json!({ "ticket": ["t1cket"], "sign": ["s1gn"] }))
            .await;
    let text = shown.body.to_string();
    assert!(!text.contains("t1cket") && !text.contains("s1gn"), "{text}");
    assert_eq!(ok(s.oa.http.post(VALIDATE, good).await)["valid"], true);
    s.house.server.stop().await;
}

#[tokio::test]
async fn a_time_is_signed_as_it_is_spelt() {
    let s = scene().await;
    let seconds = s.house.seconds().to_string();
    let mut body = json!({ "app_id": "oa", "ticket": s.ticket().await, "timestamp": seconds, "fresh": true });
    let text = format!(
        "app_id=oa&fresh=true&ticket={}&timestamp={seconds}",
        body["ticket"].as_str().expect("text")
    );
    body["sign"] = json!(s.oa.signature(&text));
    assert_eq!(ok(s.oa.http.post(VALIDATE, body).await)["valid"], true);
    s.house.server.stop().await;
}

#[tokio::test]
async fn an_app_that_is_switched_off_is_refused_like_a_stranger() {
    let s = scene().await;
    let ticket = s.ticket().await;
    let app = format!("/api/v1/apps/{}", s.oa.id);
    s.patch(&app, json!({ "is_active": false })).await;
    let off = s.house.signed(&s.oa, VALIDATE, json!({ "ticket": ticket })).await;
    refused(&off, 401, "Invalid signature");
    s.patch(&app, json!({ "is_active": true })).await;
    assert_eq!(s.house.validate(&s.oa, &ticket).await["valid"], true);
    s.house.server.stop().await;
}

#[tokio::test]
async fn login_of_an_app() {
    let s = scene().await;
    for identifier in [MOBILE, "zs", "ZhangSan"] {
        let body = json!({ "identifier": identifier, "password": PASSWORD });
        let given = ok(s.house.signed(&s.oa, LOGIN, body).await);
        assert_eq!(given.as_object().map(serde_json::Map::len), Some(1), "{given}");
        let ticket = given["ticket"].as_str().expect("a ticket");
        assert_eq!(s.house.validate(&s.oa, ticket).await["user_id"], s.zhangsan.id);
    }
    let wrong = json!({ "identifier": MOBILE, "password": "wrong" });
    let wrong = s.house.signed(&s.oa, LOGIN, wrong).await;
    refused(&wrong, 401, "Incorrect username or password");
    let body = json!({ "identifier": MOBILE, "password": PASSWORD });
    let unmapped = s.house.signed(&s.crm, LOGIN, body.clone()).await;
    refused(&unmapped, 403, "You have no active account in this app");
    let mut unsigned = body;
    unsigned["app_id"] = json!("oa");
    let unsigned = s.oa.http.post(LOGIN, unsigned).await;
    refused(&unsigned, 401, "Invalid signature");
    s.house.server.stop().await;
}

#[tokio::test]
async fn login_without_an_app_gives_a_token() {
    let s = scene().await;
    let http = s.house.stranger();
    for body in [
        json!({ "identifier": MOBILE, "password": PASSWORD }),
        json!({ "identifier": MOBILE, "password": PASSWORD, "app_id": "" }),
    ] {
        let given = ok(http.post(LOGIN, body).await);
        assert_eq!(
            (&given["token_type"], &given["expires_in"]),
            (&json!("bearer"), &json!(86_400))
        );
        let me = http.with_token(given["access_token"].as_str().expect("a token"));
        assert_eq!(ok(me.get("/api/v1/users/me").await)["id"], s.zhangsan.id);
    }
    let wrong = json!({ "identifier": MOBILE, "password": "wrong" });
    for _ in 0..10 {
        let answer = http.post(LOGIN, wrong.clone()).await;
        refused(&answer, 401, "Incorrect username or password");
    }
    let eleventh = http.post(LOGIN, wrong).await;
    refused(&eleventh, 429, "Too many requests");
    assert!(!eleventh.header("retry-after").is_empty());
    s.house.server.stop().await;
}

#[tokio::test]
async fn exchange() {
    let s = scene().await;
    let body = json!({ "target_app_id": "crm", "user_mobile": MOBILE });
    let unmapped = s.house.signed(&s.oa, EXCHANGE, body.clone()).await;
    refused(&unmapped, 403, "You have no active account in this app");
    s.crm.knows(&s.admin, s.zhangsan.id, "zhangsan_crm").await;
    let given = ok(s.house.signed(&s.oa, EXCHANGE, body.clone()).await);
    let ticket = given["ticket"].as_str().expect("a ticket");
    assert_eq!(
        given,
        json!({ "ticket": ticket, "redirect_url": format!("https://crm.example.com/callback?ticket={ticket}") })
    );
    assert_eq!(s.house.validate(&s.oa, ticket).await, json!({ "valid": false }));
    assert_eq!(
        s.house.validate(&s.crm, ticket).await["mapped_key"],
        "zhangsan_crm"
    );

    let mut to_a_page = body.clone();
    to_a_page["redirect_to"] = json!("https://biz.example.com/?a=1&b=2");
    let given = ok(s.house.signed(&s.oa, EXCHANGE, to_a_page.clone()).await);
    let url = given["redirect_url"].as_str().expect("an address");
    assert!(url.ends_with("&next=https://biz.example.com/?a=1%26b=2"), "{url}");
    to_a_page["redirect_to"] = json!("javascript:alert(1)");
    assert_eq!(s.house.signed(&s.oa, EXCHANGE, to_a_page).await.status, 422);

    let nobody = json!({ "target_app_id": "crm", "user_mobile": "13900139000" });
    refused(
        &s.house.signed(&s.oa, EXCHANGE, nobody).await,
        404,
        "User not found",
    );
    let nothing = json!({ "target_app_id": "hr", "user_mobile": MOBILE });
    refused(
        &s.house.signed(&s.oa, EXCHANGE, nothing).await,
        404,
        "App not found",
    );
    let hr = s.house.business(&s.admin, application("hr")).await;
    let stranger = s.house.signed(&hr, EXCHANGE, body.clone()).await;
    refused(&stranger, 404, "User not found");
    let unsigned = s.oa.http.post(EXCHANGE, body).await;
    assert_eq!(unsigned.status, 422);
    s.house.server.stop().await;
}
