//! Forwarding one or many messages.

use serde_json::{Value, json};

use crate::people::{House, Person, ok, ok_msg, refused};

async fn newest(person: &Person, conversation: i64) -> Value {
    let listed = ok(person
        .http
        .get(&format!("/api/im/message/list/{conversation}?limit=1"))
        .await);
    listed[0].clone()
}

#[tokio::test]
async fn forward() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("carol").await,
    );
    let (ab, ac) = (house.direct(&a, &b).await, house.direct(&a, &c).await);
    let id = b.say(ab, "原文").await;
    let url = "/api/im/message/forward";
    let plain = json!({ "messageId": id, "toConversationId": ac });
    let sent = ok_msg(a.http.post(url, plain).await, "转发成功");
    let seen = newest(&c, ac).await;
    assert_eq!(seen["id"], sent);
    assert_eq!(seen["content"], "[转发消息]\n原文");
    assert_eq!(seen["forwardFromMessageId"], json!(id));

    let noted = json!({ "messageId": id, "targetConversationId": ac, "content": "看" });
    ok(a.http.post(url, noted).await);
    assert_eq!(newest(&c, ac).await["content"], "看\n\n[转发消息]原文");

    let picture = json!({ "conversationId": ab, "type": "IMAGE", "content": "/uploads/a.png" });
    let picture = ok(b.http.post("/api/im/message/send", picture).await);
    let to_user = json!({ "messageId": picture, "toUserId": c.id, "content": "图" });
    let sent = ok(a.http.post(url, to_user).await);
    let listed = ok(c.http.get(&format!("/api/im/message/list/{ac}?limit=2")).await);
    assert_eq!(listed[0]["content"], "图", "the note of a picture follows it");
    assert_eq!(
        (&listed[1]["id"], &listed[1]["messageType"], &listed[1]["content"]),
        (&sent, &json!("IMAGE"), &json!("/uploads/a.png"))
    );

    let many = json!({ "messageId": id, "targetConversationIds": [ab, ac] });
    ok(a.http.post(url, many).await);
    assert_eq!(newest(&b, ab).await["content"], "[转发消息]\n原文");

    let hidden = json!({ "messageId": id, "toConversationId": ac });
    let refusal = c.http.post(url, hidden).await;
    refused(&refusal, 400, 10002);
    assert_eq!(refusal.body["msg"], "无权访问该会话的消息");
    refused(&a.http.post(url, json!({ "messageId": id })).await, 400, 10009);
    refused(
        &a.http
            .post(url, json!({ "messageId": 5, "toConversationId": ac }))
            .await,
        400,
        10003,
    );
    ok(b.http
        .delete(&format!("/api/im/message/{id}/recall"), json!({}))
        .await);
    let recalled = json!({ "messageId": id, "toConversationId": ac });
    refused(&a.http.post(url, recalled).await, 400, 10004);
    house.server.stop().await;
}

#[tokio::test]
async fn forward_batch() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person_c("bob").await);
    let c = house.person("carol").await;
    let (ab, ac) = (house.direct(&a, &b).await, house.direct(&a, &c).await);
    let ids = [b.say(ab, "一").await, b.say(ab, "二").await];
    let url = "/api/im/message/batch-forward";
    let each = json!({ "messageIds": ids, "toConversationIds": [ac] });
    let sent = ok_msg(a.http.post(url, each).await, "转发成功");
    assert_eq!(sent.as_array().map(Vec::len), Some(2));
    assert_eq!(newest(&c, ac).await["content"], "[转发消息]\n二");

    let combined =
        json!({ "messageIds": ids, "toConversationIds": [ac], "isCombine": true, "title": "聊天记录" });
    let sent = ok(a.http.post(url, combined).await);
    let seen = newest(&c, ac).await;
    assert_eq!(sent, json!([seen["id"]]));
    assert_eq!(seen["messageType"], "COMBINE_FORWARD");
    let content: Value = serde_json::from_str(seen["content"].as_str().expect("a text")).expect("JSON");
    assert_eq!(content["title"], "聊天记录");
    assert_eq!(content["messages"][0]["content"], "一");
    assert_eq!(content["messages"][1]["senderName"], "bob");
    refused(
        &a.http
            .post(url, json!({ "messageIds": [], "toConversationIds": [ac] }))
            .await,
        400,
        400,
    );
    house.server.stop().await;
}
