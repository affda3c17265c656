//! Recalling, editing, deleting and answering messages.

use serde_json::{Value, json};

use crate::people::{House, Person, ok, ok_msg, refused};

fn path(id: i64, action: &str) -> String {
    format!("/api/im/message/{id}{action}")
}

/// The texts of a conversation, newest first.
async fn texts(person: &Person, conversation: i64) -> Vec<String> {
    let listed = ok(person
        .http
        .get(&format!("/api/im/message/list/{conversation}"))
        .await);
    let listed = listed.as_array().expect("an array").clone();
    let text = |m: &Value| m["content"].as_str().expect("a text").to_owned();
    listed.iter().map(text).collect()
}

#[tokio::test]
async fn recall() {
    let house = House::open().await;
    let (a, b, eve) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let conversation = house.direct(&a, &b).await;
    let id = a.say(conversation, "秘密").await;
    let late = a.say(conversation, "太晚").await;
    let quoting = json!({ "conversationId": conversation, "content": "什么？", "replyToMessageId": id });
    ok(b.http.post("/api/im/message/send", quoting).await);

    let foreign = b.http.delete(&path(id, "/recall"), json!({})).await;
    refused(&foreign, 400, 10004);
    assert_eq!(foreign.body["msg"], "无权撤回该消息");
    let stranger = eve.http.delete(&path(id, "/recall"), json!({})).await;
    refused(&stranger, 400, 10002);
    let missing = a.http.delete(&path(99, "/recall"), json!({})).await;
    refused(&missing, 400, 10003);
    assert_eq!(missing.body["msg"], "消息不存在");

    let mut socket = house.socket(&b).await;
    let mut outside = house.socket(&eve).await;
    for _ in 0..2 {
        let data = ok_msg(a.http.delete(&path(id, "/recall"), json!({})).await, "消息已撤回");
        assert!(data.is_null());
    }
    let frame = socket.expect("message_recalled").await;
    assert_eq!(
        frame["payload"],
        json!({ "messageId": id, "conversationId": conversation })
    );
    a.say(conversation, "next").await;
    let next = socket.next().await;
    assert_eq!(
        next["type"], "new_message",
        "a second recall tells nobody: {next}"
    );

    let listed = ok(b.http.get(&format!("/api/im/message/list/{conversation}")).await);
    let seen = listed
        .as_array()
        .expect("an array")
        .iter()
        .find(|m| m["id"] == id)
        .expect("its place stays");
    assert_eq!(seen["isRevoked"], true);
    assert!(seen["revokedTime"].is_string());
    assert!(!listed.to_string().contains("秘密"), "quotes lose the text too");

    house.server.clock.advance_seconds(121);
    let refusal = a.http.delete(&path(late, "/recall"), json!({})).await;
    refused(&refusal, 400, 10005);
    assert_eq!(refusal.body["msg"], "消息发送超过2分钟，无法撤回");

    // Whatever the third person heard by now, it was nothing of the two.
    outside.send(json!({ "type": "ping" })).await;
    loop {
        let frame = outside.next().await;
        assert!(!frame.to_string().contains(&id.to_string()), "{frame}");
        if frame["type"] == "pong" {
            break;
        }
    }
    house.server.stop().await;
}

#[tokio::test]
async fn edit() {
    let house = House::open().await;
    let (a, b, eve) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let conversation = house.direct(&a, &b).await;
    let id = a.say(conversation, "一").await;
    let mut socket = house.socket(&b).await;
    let edited = a
        .http
        .put(&path(id, "/edit"), json!({ "newContent": "二" }))
        .await;
    assert!(ok_msg(edited, "消息已编辑").is_null());
    let frame = socket.expect("message_update").await;
    assert_eq!(
        (&frame["data"]["content"], &frame["data"]["messageId"]),
        (&json!("二"), &json!(id))
    );
    ok(a.http
        .put(&path(id, "/edit"), json!({ "messageId": id, "content": "三" }))
        .await);
    let seen = ok(b.http.get(&path(id, "")).await);
    assert_eq!(
        (&seen["content"], &seen["isEdited"]),
        (&json!("三"), &json!(true))
    );
    assert!(seen["editTime"].is_string());

    let history = format!("/api/im/message/edit-history/{id}");
    let edits = ok(b.http.get(&history).await);
    let texts = |n: usize| (edits[n]["oldContent"].clone(), edits[n]["newContent"].clone());
    assert_eq!(texts(0), (json!("一"), json!("二")));
    assert_eq!(texts(1), (json!("二"), json!("三")));
    refused(&eve.http.get(&history).await, 400, 10002);

    let picture = json!({ "conversationId": conversation, "type": "IMAGE", "content": "/a.png" });
    let picture = ok(a.http.post("/api/im/message/send", picture).await)
        .as_i64()
        .expect("an id");
    let gone = a.say(conversation, "gone").await;
    ok(a.http.delete(&path(gone, "/recall"), json!({})).await);
    house.server.clock.advance_seconds(901);
    let fresh = a.say(conversation, "fresh").await;
    let cases = [
        (&b, fresh, "x", 10004, "无权编辑该消息"),
        (&eve, fresh, "x", 10002, "无权访问该会话的消息"),
        (&a, picture, "x", 10004, "只能编辑文本消息"),
        (&a, gone, "x", 10004, "已撤回的消息不能编辑"),
        (&a, id, "x", 10006, "消息发送超过15分钟，无法编辑"),
        (&a, fresh, " ", 10010, "消息内容不能为空"),
        (&a, 99, "x", 10003, "消息不存在"),
    ];
    for (person, id, text, code, msg) in cases {
        let refusal = person
            .http
            .put(&path(id, "/edit"), json!({ "newContent": text }))
            .await;
        refused(&refusal, 400, code);
        assert_eq!(refusal.body["msg"], msg);
    }
    assert_eq!(
        ok(a.http.get(&format!("/api/im/message/edit-history/{gone}")).await),
        json!([]),
        "a recalled message has no history"
    );
    house.server.stop().await;
}

#[tokio::test]
async fn delete() {
    let house = House::open().await;
    let (a, b, eve) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let conversation = house.direct(&a, &b).await;
    a.say(conversation, "stays").await;
    let id = a.say(conversation, "goes").await;
    let refusal = b.http.delete(&path(id, ""), json!({})).await;
    refused(&refusal, 400, 10004);
    assert_eq!(refusal.body["msg"], "无权删除该消息");
    refused(&eve.http.delete(&path(id, ""), json!({})).await, 400, 10002);

    let mut socket = house.socket(&b).await;
    assert!(ok_msg(a.http.delete(&path(id, ""), json!({})).await, "删除成功").is_null());
    assert_eq!(
        socket.expect("message_deleted").await["data"]["messageId"],
        json!(id)
    );
    assert_eq!(texts(&b, conversation).await, ["stays"]);
    refused(&a.http.delete(&path(id, ""), json!({})).await, 400, 10003);
    refused(&b.http.get(&path(id, "")).await, 400, 10003);
    let listed = ok(b.http.get("/api/im/conversation/list").await);
    assert_eq!(listed[0]["lastMessage"]["content"], "stays");
    assert_eq!(listed[0]["unreadCount"], 1);
    house.server.stop().await;
}

#[tokio::test]
async fn delete_batch() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let conversation = house.direct(&a, &b).await;
    let mut own = Vec::new();
    for n in 0..3 {
        own.push(a.say(conversation, &format!("m{n}")).await);
    }
    let foreign = b.say(conversation, "foreign").await;
    let batch = "/api/im/message/batch";
    refused(&a.http.delete(batch, json!([own[0], foreign])).await, 400, 10004);
    assert_eq!(texts(&a, conversation).await.len(), 4, "all or nothing");
    ok_msg(a.http.delete(batch, json!([own[0], own[1]])).await, "删除成功");
    ok(a.http.delete(batch, json!({ "messageIds": [own[2]] })).await);
    assert_eq!(texts(&b, conversation).await, ["foreign"]);
    refused(&a.http.delete(batch, json!([])).await, 400, 400);
    refused(&a.http.delete(batch, json!(vec![1; 101])).await, 400, 400);
    house.server.stop().await;
}

#[tokio::test]
async fn clear_own() {
    let house = House::open().await;
    let (a, b, eve) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let conversation = house.direct(&a, &b).await;
    for text in ["a1", "a2"] {
        a.say(conversation, text).await;
    }
    b.say(conversation, "b1").await;
    let clear = format!("/api/im/message/conversation/{conversation}/clear");
    refused(&eve.http.delete(&clear, json!({})).await, 400, 10002);
    ok_msg(a.http.delete(&clear, json!({})).await, "删除成功");
    assert_eq!(texts(&a, conversation).await, ["b1"]);
    assert_eq!(texts(&b, conversation).await, ["b1"]);
    house.server.stop().await;
}

#[tokio::test]
async fn reply() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person_c("carol").await,
    );
    let conversation = house.direct(&a, &b).await;
    let id = a.say(conversation, "问").await;
    let body = json!({ "messageId": id, "content": "答", "clientMsgId": "r1" });
    let answer = ok_msg(
        b.http.post("/api/im/message/reply", body.clone()).await,
        "回复成功",
    );
    let answer_id = answer.as_i64().expect("profile doc gets the id");
    assert_eq!(
        ok(b.http.post("/api/im/message/reply", body).await),
        answer,
        "a retry is the same message"
    );
    let seen = ok(a.http.get(&path(answer_id, "")).await);
    assert_eq!(seen["replyToMessageId"], json!(id));
    assert_eq!(seen["quotedMessage"]["content"], "问");
    assert_eq!(seen["messageType"], "TEXT");

    let empty = b
        .http
        .post("/api/im/message/reply", json!({ "messageId": id, "content": "" }))
        .await;
    refused(&empty, 400, 10010);
    assert_eq!(empty.body["msg"], "回复内容不能为空");
    let foreign = json!({ "messageId": id, "content": "x" });
    refused(&c.http.post("/api/im/message/reply", foreign).await, 400, 10002);
    let missing = json!({ "messageId": 7, "content": "x" });
    refused(&b.http.post("/api/im/message/reply", missing).await, 400, 10003);
    let with_c = house.direct(&a, &c).await;
    let id = a.say(with_c, "问").await;
    let object = ok(c
        .http
        .post(
            "/api/im/message/reply",
            json!({ "messageId": id, "content": "答" }),
        )
        .await);
    assert_eq!(object["content"], "答", "profile c gets the message");
    house.server.stop().await;
}
