//! Reactions, in the ways of both client generations.

use serde_json::json;

use crate::people::{House, ok, ok_msg, refused};

#[tokio::test]
async fn toggle() {
    let house = House::open().await;
    let (a, b, eve) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let conversation = house.direct(&a, &b).await;
    let id = a.say(conversation, "hi").await;
    let mut socket = house.socket(&a).await;
    let url = format!("/api/im/message/{id}/reaction");
    let body = json!({ "emoji": "👍", "reactionType": "EMOJI" });
    let put = ok_msg(b.http.post(&url, body.clone()).await, "反应成功");
    assert_eq!(
        (&put["emoji"], &put["userId"], &put["messageId"]),
        (&json!("👍"), &json!(b.id), &json!(id))
    );
    let frame = socket.expect("reaction").await;
    assert_eq!(
        (&frame["action"], &frame["emoji"], &frame["userId"]),
        (&json!("add"), &json!("👍"), &json!(b.id))
    );
    assert!(
        ok_msg(b.http.post(&url, body).await, "已取消反应").is_null(),
        "the same sign again takes it off"
    );
    assert_eq!(socket.expect("reaction").await["action"], "remove");

    let named = json!({ "messageId": id, "emoji": "🎉" });
    ok_msg(
        b.http
            .post("/api/im/message/reaction/toggle", named.clone())
            .await,
        "反应成功",
    );
    let add = "/api/im/message/reaction/add";
    assert!(ok(b.http.post(add, named.clone()).await).is_object(), "it stays");
    refused(&eve.http.post(add, named).await, 400, 10002);
    refused(&b.http.post(&url, json!({ "emoji": "" })).await, 400, 400);
    refused(
        &b.http.post(add, json!({ "messageId": 3, "emoji": "🎉" })).await,
        400,
        10003,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn list() {
    let house = House::open().await;
    let (a, b, eve) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let conversation = house.direct(&a, &b).await;
    let id = a.say(conversation, "hi").await;
    for person in [&a, &b] {
        ok(person
            .http
            .post(
                &format!("/api/im/message/{id}/reaction"),
                json!({ "emoji": "👍" }),
            )
            .await);
    }
    let all = format!("/api/im/message/{id}/reactions");
    let listed = ok(a.http.get(&all).await);
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&listed[0]["userName"], &listed[0]["isMine"]),
        (&json!("alice"), &json!(true))
    );
    assert!(listed[0]["createTime"].is_string());
    let counted = json!([{ "emoji": "👍", "count": 2, "isMine": true, "reactionType": "" }]);
    assert_eq!(ok(b.http.get(&format!("{all}/stats")).await), counted);
    assert_eq!(
        ok(b.http.get(&format!("/api/im/message/reaction/{id}")).await),
        counted
    );
    refused(&eve.http.get(&all).await, 400, 10002);
    house.server.stop().await;
}

#[tokio::test]
async fn remove() {
    let house = House::open().await;
    let (a, b, eve) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let conversation = house.direct(&a, &b).await;
    let id = a.say(conversation, "hi").await;
    let ways = [
        format!("/api/im/message/{id}/reaction"),
        format!("/api/im/message/reaction/{id}"),
    ];
    for url in ways {
        ok(b.http
            .post(
                &format!("/api/im/message/{id}/reaction"),
                json!({ "emoji": "👍" }),
            )
            .await);
        refused(&eve.http.delete(&url, json!({})).await, 400, 10002);
        ok_msg(b.http.delete(&url, json!({})).await, "已取消反应");
        assert_eq!(
            ok(a.http.get(&format!("/api/im/message/{id}/reactions")).await),
            json!([])
        );
    }
    house.server.stop().await;
}
