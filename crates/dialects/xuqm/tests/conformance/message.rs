//! Sending messages, taking them back and changing them.

use parlance_core::Limits;
use parlance_core::command::{BlockUser, CreateGroup};
use parlance_dialect_xuqm::Options;
use serde_json::{Value, json};

use crate::house::{House, Person, ok, refused};
use crate::stomp::actor;

pub const SEND: &str = "/api/im/messages/send";

/// A group under this id.
pub async fn group(house: &House, owner: &Person, key: &str, members: &[&Person]) {
    let mut member_ids = Vec::new();
    for member in members {
        member_ids.push(actor(house, member).await.user_id);
    }
    let command = CreateGroup {
        group_key: Some(key.into()),
        ..CreateGroup::named(key, member_ids)
    };
    let owner = actor(house, owner).await;
    house.server.core.execute(&owner, command).await.expect("a group");
}

/// A text that somebody sends.
pub async fn say(from: &Person, to: &str, chat_type: &str, content: &str) -> Value {
    let body = json!({ "toId": to, "chatType": chat_type, "msgType": "TEXT", "content": content });
    ok(&from.http.post(SEND, body).await)
}

#[tokio::test]
async fn a_message_is_sent_once() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let body = json!({
        "messageId": "m-1", "toId": "bob", "chatType": "SINGLE", "msgType": "IMAGE", "content": "{\"url\":\"x\"}",
        "extra": { "a": [1, "二"] },
    });
    let now = house.server.core.now() / 1_000;
    let sent = ok(&ann.http.post(SEND, body.clone()).await);
    let id = sent["id"].as_str().expect("a text").to_owned();
    let expected = json!({
        "id": id, "messageId": "m-1", "fromId": "ann", "toId": "bob", "chatType": "SINGLE", "msgType": "IMAGE",
        "content": "{\"url\":\"x\"}", "status": "SENT", "mentionedUserIds": [], "extra": { "a": [1, "二"] },
        "createdAt": sent["createdAt"], "editedAt": null, "revoked": false, "revokedAt": null,
    });
    assert_eq!(sent, expected);
    assert!(id.parse::<i64>().is_ok() && sent["createdAt"].as_i64().expect("a time") >= now);
    assert_eq!(ok(&ann.http.post(SEND, body.clone()).await), sent, "a retry");
    for (field, other) in [
        ("content", json!("other")),
        ("msgType", json!("FILE")),
        ("extra", json!({ "a": 2 })),
        ("toId", json!("cid")),
    ] {
        let mut changed = body.clone();
        changed[field] = other;
        house.person("cid").await;
        refused(&ann.http.post(SEND, changed).await, 409);
    }
    let mut own = body;
    own["toId"] = json!("ann");
    assert_eq!(
        ok(&bob.http.post(SEND, own).await)["messageId"],
        "m-1",
        "ids are each sender's"
    );
    let by_query = ann
        .http
        .request("POST", &format!("{SEND}?toId=bob&content=hi&appId=ak_default"));
    let plain = ok(&ann.http.fetch(by_query).await);
    assert_eq!(
        (&plain["msgType"], &plain["messageId"]),
        (&json!("TEXT"), &plain["id"])
    );
    house.server.stop().await;
}

#[tokio::test]
async fn a_group_message_names_the_group_and_whom_it_mentions() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("ann").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    group(&house, &ann, "team-1", &[&bob]).await;
    let body = |mentioned: Value| json!({ "toId": "team-1", "chatType": "GROUP", "content": "x", "mentionedUserIds": mentioned });
    let sent = ok(&ann.http.post(SEND, body(json!(["bob", "eve", "@all"]))).await);
    assert_eq!(sent["toId"], "team-1");
    assert_eq!(sent["chatType"], "GROUP");
    assert_eq!(
        sent["mentionedUserIds"],
        json!(["@all", "bob"]),
        "only members are mentioned"
    );
    let sent = ok(&bob.http.post(SEND, body(json!("ann,all"))).await);
    assert_eq!(
        sent["mentionedUserIds"],
        json!(["ann"]),
        "members do not mention everybody"
    );
    refused(&eve.http.post(SEND, body(json!([]))).await, 403);
    house.server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let body = json!({ "toId": "bob", "content": "x" });
    let bad = [
        ("toId", Value::Null, 400),
        ("toId", json!(""), 400),
        ("toId", json!("ann"), 400),
        ("toId", json!("nobody"), 404),
        ("toId", json!("x".repeat(10_000)), 404),
        ("toId", json!({}), 400),
        ("chatType", json!("ROOM"), 400),
        ("chatType", json!("GROUP"), 404),
        ("content", Value::Null, 400),
        ("content", json!(""), 400),
        ("content", json!("  \n"), 400),
        ("content", json!({ "text": "x" }), 400),
        ("content", json!("x".repeat(65_537)), 413),
        ("msgType", json!("text"), 400),
        ("msgType", json!("CUSTOM:4"), 400),
        ("msgType", json!("X".repeat(33)), 400),
        ("messageId", json!("x".repeat(257)), 400),
        ("mentionedUserIds", json!(vec!["x"; 101]), 400),
        ("fromId", json!("bob"), 403),
        ("appKey", json!("ak_other"), 401),
    ];
    for (field, value, status) in bad {
        let mut changed = body.clone();
        changed[field] = value;
        refused(&ann.http.post(SEND, changed).await, status);
    }
    refused(&house.stranger().post(SEND, body.clone()).await, 401);
    let broken = ann.http.request("POST", SEND).body("{");
    refused(&ann.http.fetch(broken).await, 400);
    let block = BlockUser {
        user_id: actor(&house, &ann).await.user_id,
    };
    let bob = actor(&house, &bob).await;
    house.server.core.execute(&bob, block).await.expect("a block");
    refused(&ann.http.post(SEND, body).await, 403);
    let other = house.tenant("ak_other", json!({})).await;
    let far = house.person_of(&other, "far").await;
    refused(
        &far.http
            .post(SEND, json!({ "toId": "ann", "content": "x" }))
            .await,
        404,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn an_administrator_sends_past_the_rules_and_in_anybodys_name() {
    let house = House::open().await;
    let (admin, ann, bob) = (
        house.admin().await,
        house.person("ann").await,
        house.person("bob").await,
    );
    group(&house, &ann, "team", &[]).await;
    say(&admin, "team", "GROUP", "from outside").await;
    let (a, b) = (actor(&house, &ann).await, actor(&house, &bob).await);
    for (who, whom) in [(&a, &b), (&b, &a)] {
        let block = BlockUser {
            user_id: whom.user_id,
        };
        house.server.core.execute(who, block).await.expect("a block");
    }
    let body = json!({ "fromId": "ann", "toId": "bob", "content": "x" });
    let sent = ok(&admin.http.post(SEND, body.clone()).await);
    assert_eq!((&sent["fromId"], &sent["toId"]), (&json!("ann"), &json!("bob")));
    let mut nobody = body.clone();
    nobody["fromId"] = json!("nobody");
    refused(&admin.http.post(SEND, nobody).await, 404);
    let other = house.tenant("ak_other", json!({})).await;
    let far = house.person_of(&other, "admin").await;
    refused(&far.http.post(SEND, body).await, 404);
    house.server.stop().await;
}

#[tokio::test]
async fn a_revoked_message_has_no_content() {
    let limits = Limits {
        recall_window_seconds: -1,
        ..Limits::default()
    };
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("ann").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let body = json!({ "messageId": "mine", "toId": "bob", "content": "secret", "extra": "x" });
    let sent = ok(&ann.http.post(SEND, body).await);
    let path = format!("/api/im/messages/{}/revoke", sent["id"].as_str().expect("a text"));
    refused(&house.stranger().post(&path, json!({})).await, 401);
    refused(&bob.http.post(&path, json!({})).await, 403);
    refused(&eve.http.post(&path, json!({})).await, 403);
    for odd in ["1", "x", "-1", "99999999999999999999", "%00"] {
        let path = format!("/api/im/messages/{odd}/revoke");
        refused(&ann.http.post(&path, json!({})).await, 404);
    }
    let revoked = ok(&ann.http.post("/api/im/messages/mine/revoke", json!({})).await);
    assert_eq!(
        (&revoked["status"], &revoked["content"]),
        (&json!("REVOKED"), &json!(""))
    );
    assert_eq!(
        (&revoked["revoked"], &revoked["extra"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(
        ok(&ann.http.post(&path, json!({})).await),
        revoked,
        "twice is once"
    );
    house.server.stop().await;

    let late = House::with(limits, Options::default()).await;
    let (admin, ann) = (late.admin().await, late.person("ann").await);
    late.person("bob").await;
    let id = say(&ann, "bob", "SINGLE", "old").await["id"].clone();
    let path = format!("/api/im/messages/{}/revoke", id.as_str().expect("a text"));
    refused(&ann.http.post(&path, json!({})).await, 403);
    assert_eq!(ok(&admin.http.post(&path, json!({})).await)["status"], "REVOKED");
    late.server.stop().await;
}

#[tokio::test]
async fn an_edited_message_says_when() {
    let house = House::open().await;
    let (admin, ann, bob) = (
        house.admin().await,
        house.person("ann").await,
        house.person("bob").await,
    );
    let sent = say(&ann, "bob", "SINGLE", "one").await;
    let path = format!("/api/im/messages/{}", sent["id"].as_str().expect("a text"));
    let edited = ok(&ann.http.put(&path, json!({ "content": "two" })).await);
    assert_eq!(
        (&edited["content"], &edited["status"]),
        (&json!("two"), &json!("EDITED"))
    );
    assert!(edited["editedAt"].as_i64() >= sent["createdAt"].as_i64());
    refused(&house.stranger().put(&path, json!({ "content": "x" })).await, 401);
    refused(&bob.http.put(&path, json!({ "content": "x" })).await, 403);
    refused(&ann.http.put(&path, json!({})).await, 400);
    refused(&ann.http.put(&path, json!({ "content": " " })).await, 400);
    refused(
        &ann.http
            .put(&path, json!({ "content": "x".repeat(65_537) }))
            .await,
        413,
    );
    refused(
        &ann.http
            .put("/api/im/messages/1", json!({ "content": "x" }))
            .await,
        404,
    );
    let edited = ok(&admin.http.put(&path, json!({ "content": "three" })).await);
    assert_eq!(edited["fromId"], "ann");
    ok(&ann.http.post(&format!("{path}/revoke"), json!({})).await);
    refused(&ann.http.put(&path, json!({ "content": "four" })).await, 400);
    house.server.stop().await;
}
