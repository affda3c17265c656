//! Routes under `/inner`.

use serde_json::{Value, json};

use parlance_core::account::{Login, LoginName, TokenRequest};
use parlance_core::command::SetUserStatus;
use parlance_core::types::{AccountStatus, DEFAULT_TENANT};
use parlance_core::{Actor, ErrorKind};

use crate::conversation::OPENING;
use crate::people::{House, both_ids, contents, messages, ok, refused};

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

#[tokio::test]
async fn create_conversation() {
    const PATH: &str = "/inner/create_conversation";
    let house = House::open().await;
    let http = house.stranger();
    let ann = house.person("ann").await;
    let body = json!({ "conversation_type": 3, "sessions": ["ann", "new", "new"] });
    let id = both_ids(&ok(http.post(PATH, body).await));
    let seen = ann.newest(&id).await;
    assert_eq!(contents(&seen), [OPENING]);
    assert_eq!(
        (&seen[0]["FromSession"], &seen[0]["Type"]),
        (&json!(""), &json!(0))
    );
    let new = house.person("new").await;
    assert_eq!(contents(&new.newest(&id).await), [OPENING]);
    new.say(&id, "hello").await;
    for body in [
        json!({ "conversation_type": 16, "sessions": ["ann"] }),
        json!({ "conversation_type": 0, "sessions": [] }),
        json!({ "sessions": ["ann", ""] }),
        json!({ "sessions": ["ann", "x".repeat(129)] }),
        json!({}),
    ] {
        refused(&http.post(PATH, body).await, 10002);
    }
    for body in [
        json!({ "sessions": "ann" }),
        json!({ "sessions": [1] }),
        json!("x"),
    ] {
        refused(&http.post(PATH, body).await, 10001);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn join_conversation() {
    const PATH: &str = "/inner/join_conversation";
    let house = House::open().await;
    let http = house.stranger();
    let ann = house.person("ann").await;
    let id = ann.create(&[]).await;
    let body = json!({ "conversation_id": id, "sessions": ["ann", "bob", "eve"] });
    for _ in 0..2 {
        assert_eq!(both_ids(&ok(http.post(PATH, body.clone()).await)), id);
    }
    for session in ["bob", "eve"] {
        let person = house.person(session).await;
        assert_eq!(contents(&person.newest(&id).await), [OPENING]);
    }
    ok(http
        .post(PATH, json!({ "conversation_id": id, "sessions": [] }))
        .await);
    let unknown = json!({ "conversation_id": "nothing", "sessions": ["never"] });
    refused(&http.post(PATH, unknown).await, 10002);
    let wrong = json!({ "conversation_id": id, "sessions": ["never", "a b"] });
    refused(&http.post(PATH, wrong).await, 10002);
    let never = json!({ "sessions": ["never"] });
    refused(&ann.http.post("/create_conversation", never).await, 10002);
    refused(&http.post(PATH, json!({ "conversation_id": 1 })).await, 10001);
    house.server.stop().await;
}

#[tokio::test]
async fn kickout_conversation() {
    const PATH: &str = "/inner/kickout_conversation";
    let house = House::open().await;
    let http = house.stranger();
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let id = ann.create(&[&bob]).await;
    let kick = |sessions: &[&str]| json!({ "conversation_id": id, "sessions": sessions });
    let gone = json!({ "ConversationId": id, "ConversationID": id, "Failed": [] });
    // The owner goes like anybody else; who is not in, and who does not exist, is passed over.
    for _ in 0..2 {
        let answer = http.post(PATH, kick(&["ann", "nobody"])).await;
        assert_eq!(ok(answer), gone);
    }
    refused(&ann.ask("/get_conversation_last_30_msg", &id).await, 10004);
    refused(&ann.ask("/send_msg", &id).await, 10004);
    bob.say(&id, "alone").await;
    assert_eq!(ok(http.post(PATH, kick(&["bob"])).await), gone);
    refused(&bob.ask("/send_msg", &id).await, 10004);
    let joined = json!({ "Joined": false });
    assert_eq!(ok(bob.ask("/check_joined_conversation", &id).await), joined);
    ok(bob.ask("/join_conversation", &id).await);
    assert_eq!(contents(&bob.newest(&id).await), [OPENING, "alone"]);
    let unknown = json!({ "conversation_id": "nothing", "sessions": ["bob"] });
    refused(&http.post(PATH, unknown).await, 10002);
    refused(&http.post(PATH, kick(&[""])).await, 10002);
    refused(&http.post(PATH, json!({ "sessions": 1 })).await, 10001);
    house.server.stop().await;
}

#[tokio::test]
async fn set_archive_conversations() {
    const PATH: &str = "/inner/set_archive_conversations";
    let house = House::open().await;
    let http = house.stranger();
    let ann = house.person("ann").await;
    let (here, there) = (ann.create(&[]).await, ann.create(&[]).await);
    let set = |archived: bool| {
        let body = json!({ "conversation_ids": [here, "nothing", there], "is_archive": archived });
        http.post(PATH, body)
    };
    for archived in [true, true, false] {
        assert_eq!(ok(set(archived).await), json!({ "Failed": ["nothing"] }));
        for id in [&here, &there] {
            let detail = ok(ann.ask("/get_conversation_detail", id).await);
            assert_eq!(detail["IsArchive"], archived);
        }
        // It is a mark and nothing else.
        ann.say(&here, "still").await;
    }
    assert_eq!(
        messages(&ok(ann.ask("/get_conversation_last_30_msg", &here).await)).len(),
        4
    );
    assert_eq!(ok(http.post(PATH, json!({})).await), json!({ "Failed": [] }));
    let many = json!({ "conversation_ids": vec![""; 1_001] });
    refused(&http.post(PATH, many).await, 10002);
    refused(&http.post(PATH, json!({ "is_archive": 1 })).await, 10001);
    refused(&http.post(PATH, json!({ "conversation_ids": "x" })).await, 10001);
    house.server.stop().await;
}
