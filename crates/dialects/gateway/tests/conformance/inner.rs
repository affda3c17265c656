//! Routes under `/inner`.

use serde_json::{Value, json};

use parlance_core::account::{Login, LoginName, TokenRequest};
use parlance_core::command::SetUserStatus;
use parlance_core::types::{AccountStatus, DEFAULT_TENANT};
use parlance_core::{Actor, ErrorKind};

use crate::people::{House, ok, refused};

#[tokio::test]
async fn get_token() {
    let house = House::open().await;
    let http = house.stranger();
    let token = ok(http
        .post(
            "/inner/get_token",
            json!({ "session": "50864896-8136-4a43-8a48-1d3325a7f78f", "platform": 1 }),
        )
        .await);
    let (actor, claims) = house
        .server
        .core
        .authenticate(token.as_str().expect("a token"), "gateway")
        .await
        .expect("a good token");
    assert_eq!(
        (
            claims.sub.as_str(),
            claims.profile.as_str(),
            claims.exp - claims.iat
        ),
        ("50864896-8136-4a43-8a48-1d3325a7f78f", "1", 86_400)
    );
    let again = house.person_on(&claims.sub, 255).await;
    assert_eq!(again.session, claims.sub);
    let (same, claims) = house
        .server
        .core
        .authenticate(again.http.token(), "gateway")
        .await
        .expect("a good token");
    assert_eq!((same.user_id, claims.profile.as_str()), (actor.user_id, "255"));

    for platform in [
        json!(256),
        json!(-1),
        json!("1"),
        json!(1.5),
        json!([]),
        json!(true),
    ] {
        let answer = http
            .post(
                "/inner/get_token",
                json!({ "session": "a", "platform": platform }),
            )
            .await;
        refused(&answer, 10001);
    }
    for session in [json!(1), json!({}), json!([])] {
        let answer = http
            .post("/inner/get_token", json!({ "session": session, "platform": 1 }))
            .await;
        refused(&answer, 10001);
    }
    for body in [json!([]), json!("a"), json!(7), Value::Null] {
        refused(&http.post("/inner/get_token", body).await, 10001);
    }
    for session in ["", "a b", "a\u{0}", &"长".repeat(129)] {
        let answer = http
            .post("/inner/get_token", json!({ "session": session, "platform": 1 }))
            .await;
        refused(&answer, 10002);
    }
    ok(http
        .post(
            "/inner/get_token",
            json!({ "session": "长".repeat(128), "platform": 0 }),
        )
        .await);
    ok(http.post("/inner/get_token", json!({ "session": "a" })).await);
    ok(http
        .post(
            "/inner/get_token",
            json!({ "session": "a", "platform": null, "more": [1] }),
        )
        .await);
    house.server.stop().await;
}

#[tokio::test]
async fn a_disabled_account_gets_no_token_and_its_old_one_is_void() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    refused(&ann.http.get("/notify").await, 90013);
    let core = &house.server.core;
    let (actor, _) = core
        .authenticate(ann.http.token(), "gateway")
        .await
        .expect("a token");
    let disable = SetUserStatus {
        user_id: actor.user_id,
        status: AccountStatus::Disabled,
    };
    core.execute(&Actor::system(DEFAULT_TENANT), disable)
        .await
        .expect("done");
    refused(&ann.http.get("/notify").await, 10101);
    let answer = house
        .stranger()
        .post("/inner/get_token", json!({ "session": "ann", "platform": 1 }))
        .await;
    refused(&answer, 10002);
    house.server.stop().await;
}

#[tokio::test]
async fn a_session_made_here_cannot_be_logged_into_by_password() {
    let house = House::open().await;
    house.person("ann").await;
    for password in ["", "ann", "123456"] {
        let login = Login {
            tenant_id: DEFAULT_TENANT,
            name: LoginName::Uid("ann".into()),
            password: password.into(),
            address: house.server.address.ip(),
        };
        let request = TokenRequest {
            dialect: "ruoyi",
            profile: "",
        };
        let refused = house
            .server
            .core
            .login(login, request)
            .await
            .expect_err("no log-in");
        assert_eq!(refused.kind, ErrorKind::PasswordWrong);
    }
    house.server.stop().await;
}
