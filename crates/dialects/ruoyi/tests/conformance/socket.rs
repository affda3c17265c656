//! The WebSocket: who may be on it, every frame in both directions, and who must not see what.

use parlance_testkit::Socket;
use serde_json::{Value, json};

use crate::people::{House, ok};

fn frame(kind: &str, payload: Value) -> Value {
    json!({ "type": kind, "payload": payload })
}

/// Sends a marker to oneself through the log, and checks that `kind` did not come before it.
async fn nothing_of(socket: &mut Socket, kind: &str, marker: i64) {
    loop {
        let next = socket.next().await;
        assert_ne!(next["type"], kind, "{next}");
        if next["payload"]["id"] == marker || next["data"]["id"] == marker {
            return;
        }
    }
}

#[tokio::test]
async fn send_and_receive() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person_c("carol").await,
    );
    let eve = house.person("eve").await;
    let conversation = house.direct(&a, &b).await;
    let with_c = house.direct(&a, &c).await;
    let with_eve = house.direct(&a, &eve).await;
    let a2 = house.login("/api/auth", "alice").await;
    let mut at_a = house.socket(&a).await;
    let mut at_a2 = house.socket(&a2).await;
    let (mut at_b, mut at_c, mut at_eve) = (
        house.socket(&b).await,
        house.socket(&c).await,
        house.socket(&eve).await,
    );

    let body = json!({ "conversationId": conversation, "messageType": "TEXT", "content": "你好", "clientMsgId": "t1" });
    at_a.send(frame("message", body.clone())).await;
    let ack = at_a.expect("message_ack").await;
    assert_eq!(ack["clientMsgId"], "t1");
    assert!(ack["timestamp"].is_i64());
    let got = at_b.expect("new_message").await;
    let payload = &got["payload"];
    assert_eq!(payload["id"], ack["messageId"]);
    assert_eq!(payload["conversationId"], conversation);
    assert_eq!(
        (&payload["senderId"], &payload["senderName"]),
        (&json!(a.id), &json!("alice"))
    );
    assert_eq!(
        (&payload["messageType"], &payload["content"]),
        (&json!("TEXT"), &json!("你好"))
    );
    assert!(payload["replyToMessageId"].is_null() && payload["quotedMessage"].is_null());
    assert!(
        payload["createTime"]
            .as_str()
            .is_some_and(|time| time.len() == 19)
    );
    assert_eq!(payload["isSelf"], false);
    let echo = at_a2.expect("new_message").await;
    assert_eq!(
        echo["payload"]["isSelf"], true,
        "the sender's other socket gets an echo"
    );

    at_a.send(frame("message", body)).await;
    assert_eq!(
        at_a.expect("message_ack").await["messageId"],
        ack["messageId"],
        "a retry is the same message"
    );

    at_a.send(json!({ "type": "message", "sessionId": with_c, "content": "flat" }))
        .await;
    let got = at_c.expect("message").await;
    assert_eq!(
        (&got["data"]["content"], &got["data"]["type"]),
        (&json!("flat"), &json!("TEXT"))
    );
    at_a.send(json!({ "type": "image", "conversationId": with_c, "content": "/x.png" }))
        .await;
    assert_eq!(at_c.expect("message").await["data"]["messageType"], "IMAGE");

    let by_rest = a.say(conversation, "by rest").await;
    assert_eq!(at_a.expect("new_message").await["payload"]["isSelf"], true);
    assert_eq!(at_b.expect("new_message").await["payload"]["id"], by_rest);

    let only_hers = a.say(with_eve, "for eve").await;
    nothing_of(&mut at_eve, "no frame", only_hers).await;

    for (body, code) in [
        (
            json!({ "content": "x", "clientMsgId": "e1" }),
            "MISSING_CONVERSATION_ID",
        ),
        (
            json!({ "conversationId": 999_999, "content": "x", "clientMsgId": "e2" }),
            "SAVE_FAILED",
        ),
        (
            json!({ "conversationId": conversation, "content": "", "clientMsgId": "e3" }),
            "SAVE_FAILED",
        ),
        (
            json!({ "conversationId": [1], "content": "x", "clientMsgId": "e4" }),
            "PROCESS_ERROR",
        ),
    ] {
        at_a.send(frame("message", body.clone())).await;
        let error = at_a.expect("message_error").await;
        assert_eq!(
            (&error["errorCode"], &error["clientMsgId"]),
            (&json!(code), &body["clientMsgId"])
        );
        assert!(error["errorMessage"].is_string());
    }
    house.server.stop().await;
}

#[tokio::test]
async fn auth_frames() {
    let house = House::open().await;
    let a = house.person("alice").await;
    let address = house.server.address;

    let mut bad = Socket::open(address, "/ws/im?token=nonsense").await;
    let (code, reason) = bad.closed().await;
    assert_eq!(code, 1003);
    assert!(!reason.is_empty());

    let mut late = Socket::open(address, "/ws/im").await;
    assert_eq!(late.next().await["type"], "auth_required");
    late.send(frame("typing", json!({ "conversationId": 1 }))).await;
    assert_eq!(late.next().await["type"], "error");
    late.send(json!({ "type": "auth", "token": a.http.token(), "userId": a.id }))
        .await;
    let response = late.next().await;
    assert_eq!(
        (&response["type"], &response["success"]),
        (&json!("auth_response"), &json!(true))
    );
    assert_eq!(response["userId"], a.id);
    assert_eq!(late.next().await["type"], "connected");

    let mut wrong = Socket::open(address, "/ws/im").await;
    wrong.next().await;
    wrong
        .send(json!({ "type": "auth", "data": { "token": "nonsense" } }))
        .await;
    assert_eq!(wrong.expect("auth_response").await["success"], false);
    assert_eq!(wrong.closed().await.0, 1003);

    // A first frame with `data` chooses profile c, whatever the token says.
    let b = house.person("bob").await;
    let conversation = house.direct(&a, &b).await;
    let mut at_b = house.socket(&b).await;
    at_b.send(json!({ "type": "auth", "data": { "token": b.http.token() } }))
        .await;
    assert_eq!(at_b.expect("auth_response").await["success"], true);
    a.say(conversation, "to c").await;
    assert_eq!(at_b.expect("message").await["data"]["content"], "to c");
    house.server.stop().await;
}

#[tokio::test]
async fn a_log_out_closes_the_sockets_of_that_token_only() {
    let house = House::open().await;
    let a = house.person("alice").await;
    let a2 = house.login("/api/auth", "alice").await;
    let (mut first, mut second) = (house.socket(&a).await, house.socket(&a2).await);
    ok(a.http.post("/api/auth/logout", json!({})).await);
    assert_eq!(first.closed().await.0, 1003);
    second.send(json!({ "type": "ping" })).await;
    assert_eq!(second.expect("pong").await["type"], "pong");
    assert_eq!(a.http.get("/api/im/conversation/list").await.status, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn typing_reaches_the_others_only() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person_c("carol").await,
    );
    let (ab, ac) = (house.direct(&a, &b).await, house.direct(&a, &c).await);
    let mut at_a = house.socket(&a).await;
    let (mut at_b, mut at_c) = (house.socket(&b).await, house.socket(&c).await);
    at_a.send(frame("typing", json!({ "conversationId": ab, "isTyping": true })))
        .await;
    let typing = at_b.expect("typing").await;
    let shape = json!({ "type": "typing", "conversationId": ab, "userId": a.id, "isTyping": true });
    assert_eq!(typing, shape, "exactly the seed's frame");
    at_a.send(json!({ "type": "typing", "data": { "sessionId": ac, "isTyping": false } }))
        .await;
    let typing = at_c.expect("typing").await;
    assert_eq!(
        (&typing["data"]["isTyping"], &typing["isTyping"]),
        (&json!(false), &json!(false))
    );
    // C is not in the other conversation; a frame there is passed over, and so is nobody's.
    at_c.send(frame("typing", json!({ "conversationId": ab, "isTyping": true })))
        .await;
    at_c.send(frame(
        "message",
        json!({ "conversationId": ac, "content": "after" }),
    ))
    .await;
    let after = at_c.expect("message_ack").await["messageId"]
        .as_i64()
        .expect("an id");
    nothing_of(&mut at_a, "typing", after).await;
    house.server.stop().await;
}

#[tokio::test]
async fn ping() {
    let house = House::open().await;
    let a = house.person("alice").await;
    let mut socket = house.socket(&a).await;
    for ping in [
        json!({ "type": "ping" }),
        json!({ "type": "ping", "data": { "timestamp": 1 } }),
    ] {
        socket.send(ping).await;
        let pong = socket.expect("pong").await;
        assert!(pong["timestamp"].is_i64());
    }
    house.server.stop().await;
}

#[tokio::test]
async fn read_receipt() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person_c("carol").await,
    );
    let (ab, cb) = (house.direct(&a, &b).await, house.direct(&c, &b).await);
    let (mut at_a, mut at_b, mut at_c) = (
        house.socket(&a).await,
        house.socket(&b).await,
        house.socket(&c).await,
    );
    let (one, two) = (a.say(ab, "1").await, a.say(ab, "2").await);
    at_b.send(frame(
        "read",
        json!({ "conversationId": ab, "messageIds": [one, two] }),
    ))
    .await;
    let receipt = at_a.expect("read_receipt").await;
    let payload = json!({ "conversationId": ab, "userId": b.id, "messageIds": [one, two] });
    assert_eq!(receipt["payload"], payload);
    assert!(receipt["timestamp"].is_i64());

    let three = c.say(cb, "3").await;
    ok(b.http
        .put(&format!("/api/im/conversation/{cb}/markAsRead"), json!({}))
        .await);
    let read = at_c.expect("read").await;
    assert_eq!(
        (&read["lastReadMessageId"], &read["data"]["userId"]),
        (&json!(three), &json!(b.id))
    );
    let marker = b.say(ab, "marker").await;
    nothing_of(&mut at_b, "read_receipt", marker).await;
    nothing_of(&mut at_a, "read_receipt", marker).await;
    house.server.stop().await;
}

#[tokio::test]
async fn presence() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person_c("carol").await,
    );
    let stranger = house.person("dave").await;
    house.direct(&a, &b).await;
    house.direct(&c, &b).await;
    let (mut at_a, mut at_c) = (house.socket(&a).await, house.socket(&c).await);
    let mut at_stranger = house.socket(&stranger).await;
    let at_b = house.socket(&b).await;
    let online = at_a.expect("online").await;
    assert_eq!((&online["userId"], &online["data"]), (&json!(b.id), &json!(true)));
    assert_eq!(at_c.expect("online").await["data"]["online"], true);
    at_b.cut();
    let offline = at_a.expect("online").await;
    assert_eq!(
        (&offline["userId"], &offline["data"]),
        (&json!(b.id), &json!(false))
    );
    assert_eq!(
        at_c.expect("offline").await["data"],
        json!({ "userId": b.id, "online": false, "timestamp": offline["timestamp"] })
    );
    let own = house.direct(&stranger, &a).await;
    let marker = stranger.say(own, "marker").await;
    nothing_of(&mut at_stranger, "online", marker).await;
    house.server.stop().await;
}

#[tokio::test]
async fn recall_and_edit() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person_c("carol").await,
    );
    let (ab, ac) = (house.direct(&a, &b).await, house.direct(&a, &c).await);
    let (mut at_b, mut at_c) = (house.socket(&b).await, house.socket(&c).await);
    let (to_b, to_c) = (a.say(ab, "one").await, a.say(ac, "two").await);
    for (id, socket, key) in [(to_b, &mut at_b, "payload"), (to_c, &mut at_c, "data")] {
        ok(a.http
            .put(
                &format!("/api/im/message/{id}/edit"),
                json!({ "newContent": "changed" }),
            )
            .await);
        let update = socket.expect("message_update").await;
        assert_eq!(
            (&update["data"]["messageId"], &update["data"]["content"]),
            (&json!(id), &json!("changed"))
        );
        assert_eq!(update["data"]["isEdited"], 1);
        assert_eq!(update[key], update["data"]);
    }
    ok(a.http
        .delete(&format!("/api/im/message/{to_b}/recall"), json!({}))
        .await);
    let recalled = at_b.expect("message_recalled").await;
    assert_eq!(
        recalled["payload"],
        json!({ "messageId": to_b, "conversationId": ab })
    );
    ok(a.http
        .delete(&format!("/api/im/message/{to_c}/recall"), json!({}))
        .await);
    let recalled = at_c.expect("recall").await;
    assert_eq!(
        (&recalled["messageId"], &recalled["data"]["userId"]),
        (&json!(to_c), &json!(a.id))
    );
    let gone = a.say(ab, "gone").await;
    ok(a.http.delete(&format!("/api/im/message/{gone}"), json!({})).await);
    assert_eq!(at_b.expect("message_deleted").await["payload"]["messageId"], gone);
    house.server.stop().await;
}

#[tokio::test]
async fn reaction() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let ab = house.direct(&a, &b).await;
    let id = a.say(ab, "nice").await;
    let mut at_a = house.socket(&a).await;
    ok(b.http
        .post(
            &format!("/api/im/message/{id}/reaction"),
            json!({ "emoji": "👍" }),
        )
        .await);
    let reaction = at_a.expect("reaction").await;
    assert_eq!(
        (&reaction["action"], &reaction["emoji"]),
        (&json!("add"), &json!("👍"))
    );
    assert_eq!(
        (&reaction["messageId"], &reaction["userId"]),
        (&json!(id), &json!(b.id))
    );
    house.server.stop().await;
}

#[tokio::test]
async fn delivered_and_call() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person_c("bob").await);
    let stranger = house.person("dave").await;
    let ab = house.direct(&a, &b).await;
    let (mut at_a, mut at_b) = (house.socket(&a).await, house.socket(&b).await);
    let mut at_stranger = house.socket(&stranger).await;
    let id = a.say(ab, "here").await;
    at_b.send(json!({ "type": "delivered", "data": { "messageId": id } }))
        .await;
    at_stranger
        .send(json!({ "type": "call", "data": { "toUserId": b.id, "sdp": "no" } }))
        .await;
    at_a.send(json!({ "type": "call", "data": { "toUserId": b.id, "sdp": "offer" } }))
        .await;
    let call = at_b.expect("call").await;
    assert_eq!(
        (&call["data"]["sdp"], &call["data"]["fromUserId"]),
        (&json!("offer"), &json!(a.id))
    );
    house.server.stop().await;
}

#[tokio::test]
async fn frames_that_are_merely_wrong_cost_nothing() {
    let house = House::open().await;
    let a = house.person("alice").await;
    let mut socket = house.socket(&a).await;
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let long = format!(
        r#"{{"type":"message","payload":{{"content":"{}"}}}}"#,
        "x".repeat(200_000)
    );
    for text in [
        "",
        "null",
        "[]",
        "{}",
        "7",
        "\"ping\"",
        "{\"type\":5}",
        "{\"type\":null}",
        "{\"type\":\"\\u0000\"}",
        "{",
        "{\"type\":\"message\"}",
        "{\"type\":\"message\",\"payload\":[]}",
        "{\"type\":\"message\",\"payload\":null}",
        "{\"type\":\"read\",\"payload\":{\"conversationId\":\"..\",\"messageIds\":\"😀\"}}",
        "{\"type\":\"read\",\"payload\":{\"conversationId\":1e400}}",
        "{\"type\":\"typing\",\"payload\":{}}",
        "{\"type\":\"delivered\",\"payload\":{\"messageId\":-1}}",
        "{\"type\":\"call\",\"payload\":{\"toUserId\":0}}",
        "{\"type\":\"auth\"}",
        "{\"type\":\"auth\",\"data\":{\"token\":7}}",
        "{\"type\":\"😀\",\"payload\":{\"a\":1}}",
        &deep,
        &long,
    ] {
        socket.send_text(text).await;
    }
    socket.send(json!({ "type": "ping" })).await;
    assert_eq!(socket.expect("pong").await["userId"], a.id);
    house.server.stop().await;
}
