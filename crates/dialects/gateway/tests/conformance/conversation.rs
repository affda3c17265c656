//! Conversations: made, joined, left, looked at.

use serde_json::{Value, json};

use crate::people::{House, Person, both_ids, contents, ok, refused, whole};

/// What the server says first, to the letter.
pub const OPENING: &str = "您已加入对话 ";

async fn joined(person: &Person) -> Vec<String> {
    let data = ok(person.http.post("/get_joined_conversation", json!({})).await);
    let list = data["Conversations"].as_array().expect("a list");
    let text = |id: &Value| id.as_str().expect("an id").to_owned();
    list.iter().map(text).collect()
}

async fn is_in(person: &Person, conversation: &str) -> bool {
    let data = ok(person.ask("/check_joined_conversation", conversation).await);
    data["Joined"].as_bool().expect("a flag")
}

#[tokio::test]
async fn create() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let body = json!({ "conversation_type": 15, "sessions": ["bob", "ann", "bob"], "name": "plans" });
    let data = ok(ann.http.post("/create_conversation", body).await);
    let id = both_ids(&data);
    assert_eq!(data.as_object().expect("an object").len(), 2);
    assert!(is_in(&ann, &id).await && is_in(&bob, &id).await);
    let notice = bob.newest(&id).await;
    assert_eq!(contents(&notice), [OPENING]);
    whole(&notice[0]);
    assert_eq!(
        (
            &notice[0]["FromSession"],
            &notice[0]["Type"],
            &notice[0]["Status"]
        ),
        (&json!("ann"), &json!(0), &json!(0))
    );
    assert_eq!(notice[0]["ConversationID"], json!(id));
    let detail = ok(ann.ask("/get_conversation_detail", &id).await);
    assert_eq!(detail["ConversationType"], 15);

    for body in [
        json!({}),
        json!({ "conversation_type": null, "sessions": null, "name": "" }),
    ] {
        both_ids(&ok(ann.http.post("/create_conversation", body).await));
    }
    for kind in [json!(16), json!(-1), json!(1_000_000), json!(u64::MAX)] {
        let body = json!({ "conversation_type": kind });
        refused(&ann.http.post("/create_conversation", body).await, 10002);
    }
    for kind in [json!("1"), json!(1.5), json!([]), json!(1e30)] {
        let body = json!({ "conversation_type": kind });
        refused(&ann.http.post("/create_conversation", body).await, 10001);
    }
    for sessions in [
        json!(["bob", "nobody"]),
        json!([""]),
        json!(["x".repeat(129)]),
        json!(vec!["bob"; 10_001]),
    ] {
        let body = json!({ "sessions": sessions });
        refused(&ann.http.post("/create_conversation", body).await, 10002);
    }
    for body in [
        json!({ "sessions": "bob" }),
        json!({ "sessions": [1] }),
        json!([]),
    ] {
        refused(&ann.http.post("/create_conversation", body).await, 10001);
    }
    refused(
        &ann.http
            .post("/create_conversation", json!({ "name": "n".repeat(256) }))
            .await,
        10002,
    );
    refused(
        &house.stranger().post("/create_conversation", json!({})).await,
        10101,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn join() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let id = ann.create(&[]).await;
    ann.say(&id, "before").await;
    refused(&bob.ask("/get_conversation_last_30_msg", &id).await, 10004);
    for _ in 0..2 {
        let data = ok(bob.ask("/join_conversation", &id).await);
        assert_eq!(both_ids(&data), id);
    }
    assert_eq!(joined(&bob).await, [id.as_str()], "twice is one membership");
    assert_eq!(contents(&bob.newest(&id).await), [OPENING, "before"]);
    bob.say(&id, "hello").await;
    for unknown in [
        "",
        "87ba7679-b682-47e7-8499-0385dda22b66",
        &id.to_uppercase(),
        &id.replace('-', ""),
    ] {
        refused(&bob.ask("/join_conversation", unknown).await, 10002);
    }
    refused(
        &bob.http
            .post("/join_conversation", json!({ "conversation_id": 7 }))
            .await,
        10001,
    );
    refused(
        &house
            .stranger()
            .post("/join_conversation", json!({ "conversation_id": id }))
            .await,
        10101,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn leave() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let id = ann.create(&[&bob]).await;
    let gone = json!({ "ConversationId": id, "ConversationID": id, "Failed": [] });
    for _ in 0..2 {
        // The one who made it may go too, and whoever has gone may go again.
        assert_eq!(ok(ann.ask("/leave_conversation", &id).await), gone);
    }
    assert!(!is_in(&ann, &id).await && is_in(&bob, &id).await);
    assert!(joined(&ann).await.is_empty());
    for path in [
        "/get_conversation_last_30_msg",
        "/get_conversation_lastone_msg",
        "/get_conversation_msg_by_range",
        "/get_conversation_30msg_after_the_id",
        "/get_conversation_30msg_before_the_id",
        "/get_conversation_detail",
        "/get_lastone_msgid",
        "/send_msg",
    ] {
        refused(&ann.ask(path, &id).await, 10004);
    }
    bob.say(&id, "alone").await;
    ok(bob.ask("/leave_conversation", &id).await);
    // Nobody is left, and still it is there for whoever knows it.
    ok(ann.ask("/join_conversation", &id).await);
    assert_eq!(contents(&ann.newest(&id).await), [OPENING, "alone"]);
    refused(&ann.ask("/leave_conversation", "nothing").await, 10002);
    house.server.stop().await;
}

#[tokio::test]
async fn check_joined() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let id = ann.create(&[]).await;
    assert!(is_in(&ann, &id).await && !is_in(&bob, &id).await);
    refused(&bob.ask("/check_joined_conversation", "nothing").await, 10002);
    refused(&bob.ask("/check_joined_conversation", "").await, 10002);
    house.server.stop().await;
}

#[tokio::test]
async fn joined_conversations_are_a_list_of_ids_whatever_the_body_is() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    assert!(joined(&bob).await.is_empty());
    let first = ann.create(&[&bob]).await;
    let second = ann.create(&[&bob]).await;
    assert_eq!(joined(&bob).await.len(), 2);
    bob.say(&first, "newest").await;
    let mine = joined(&bob).await;
    assert_eq!(mine, [first, second], "the last used one is first");
    let path = "/get_joined_conversation";
    for request in [
        bob.http.request("GET", path),
        bob.http.request("POST", path),
        bob.http.request("POST", path).body("no JSON"),
        bob.http.request("POST", path).body(r#"{"SessionId":"ann"}"#),
    ] {
        let data = ok(bob.http.fetch(request).await);
        assert_eq!(data, json!({ "Conversations": mine }));
    }
    refused(&house.stranger().get(path).await, 10101);
    house.server.stop().await;
}

#[tokio::test]
async fn detail() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let id = ann.create(&[]).await;
    let empty = json!({
        "ConversationID": id, "LastMsgID": null, "LastSendTime": null, "IsDelete": false,
        "ConversationType": 0, "LastSendSession": null, "IsArchive": false,
    });
    assert_eq!(ok(ann.ask("/get_conversation_detail", &id).await), empty);
    let said = ann.say(&id, "hello").await;
    let message = ann.newest(&id).await[1].clone();
    let filled = json!({
        "ConversationID": id, "LastMsgID": said, "LastSendTime": message["SendTime"], "IsDelete": false,
        "ConversationType": 0, "LastSendSession": "ann", "IsArchive": false,
    });
    assert_eq!(ok(ann.ask("/get_conversation_detail", &id).await), filled);
    refused(&bob.ask("/get_conversation_detail", &id).await, 10004);
    refused(&bob.ask("/get_conversation_detail", "nothing").await, 10002);
    house.server.stop().await;
}

#[tokio::test]
async fn last_id() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let id = ann.create(&[]).await;
    let last = ok(ann.ask("/get_lastone_msgid", &id).await);
    assert_eq!(last, json!({ "MsgId": "" }), "the notice does not count");
    let said = ann.say(&id, "hello").await;
    assert_eq!(
        ok(ann.ask("/get_lastone_msgid", &id).await),
        json!({ "MsgId": said })
    );
    refused(&bob.ask("/get_lastone_msgid", &id).await, 10004);
    refused(&bob.ask("/get_lastone_msgid", "nothing").await, 10002);
    house.server.stop().await;
}
