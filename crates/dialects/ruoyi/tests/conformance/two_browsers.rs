//! A whole conversation as two browsers have it, with the seed's exact objects; a third person sees nothing of it, and
//! a restart of the server takes nothing away.

use parlance_testkit::Socket;
use serde_json::{Value, json};

use crate::people::{House, Person, ok, ok_msg};

/// Checks that an object has these fields with these values; a field that is `*` only has to be a time.
#[track_caller]
fn has(object: &Value, expected: Value) {
    for (field, value) in expected.as_object().expect("an object") {
        let found = object
            .get(field)
            .unwrap_or_else(|| panic!("no {field} in {object}"));
        if value == "*" {
            let time = found.as_str().expect("a time");
            assert_eq!((time.len(), &time[10..11]), (19, " "), "{field}: {time}");
        } else {
            assert_eq!(found, value, "{field} of {object}");
        }
    }
}

/// Two people who talk, their sockets, and somebody else who watches.
struct Scene {
    house: House,
    a: Person,
    b: Person,
    c: Person,
    at_a: Socket,
    at_b: Socket,
    at_c: Socket,
    conversation: i64,
}

impl Scene {
    async fn open() -> Self {
        let house = House::open().await;
        let (a, b, c) = (
            house.person("alice").await,
            house.person("bob").await,
            house.person("carol").await,
        );
        let at_a = house.socket(&a).await;
        let at_c = house.socket(&c).await;
        let body = json!({ "type": "PRIVATE", "peerUserId": b.id });
        let made = ok_msg(a.http.post("/api/im/conversation/create", body).await, "创建成功");
        let conversation = made.as_i64().expect("a number");
        let at_b = house.socket(&b).await;
        Self {
            house,
            a,
            b,
            c,
            at_a,
            at_b,
            at_c,
            conversation,
        }
    }

    /// B comes online, both type and chat; gives the ids of A's and B's message.
    async fn chat(&mut self) -> (i64, i64) {
        let online = self.at_a.expect("online").await;
        has(&online, json!({ "userId": self.b.id, "data": true }));
        let payload = json!({ "conversationId": self.conversation, "isTyping": true });
        self.at_a
            .send(json!({ "type": "typing", "payload": payload }))
            .await;
        let typing = json!({
            "type": "typing", "conversationId": self.conversation, "userId": self.a.id, "isTyping": true,
        });
        assert_eq!(self.at_b.expect("typing").await, typing);

        let payload = json!({
            "conversationId": self.conversation, "messageType": "TEXT", "content": "你好", "clientMsgId": "temp_1",
        });
        self.at_a
            .send(json!({ "type": "message", "payload": payload }))
            .await;
        let ack = self.at_a.expect("message_ack").await;
        has(&ack, json!({ "clientMsgId": "temp_1" }));
        let first = ack["messageId"].as_i64().expect("an id");
        let pushed = self.at_b.expect("new_message").await;
        has(
            &pushed["payload"],
            json!({
                "id": first, "conversationId": self.conversation, "senderId": self.a.id, "senderName": "alice",
                "senderAvatar": "/avatar/default.png", "messageType": "TEXT", "content": "你好",
                "replyToMessageId": null, "quotedMessage": null, "createTime": "*",
            }),
        );

        let body = json!({ "messageId": first, "content": "你也好" });
        let reply = self.b.http.post("/api/im/message/reply", body).await;
        let second = ok_msg(reply, "回复成功").as_i64().expect("a number");
        let pushed = self.at_a.expect("new_message").await;
        has(
            &pushed["payload"],
            json!({ "id": second, "replyToMessageId": first, "content": "你也好" }),
        );
        let quoted = json!({
            "id": first, "type": "TEXT", "content": "你好", "senderName": "alice", "sendTime": "*", "isFile": false,
        });
        has(&pushed["payload"]["quotedMessage"], quoted);
        (first, second)
    }

    /// B's list shows an unread message, B reads it, A is told.
    async fn read(&mut self, first: i64) {
        let listed = ok(self.b.http.get("/api/im/conversation/list").await);
        assert_eq!(listed.as_array().map(Vec::len), Some(1));
        let expected = json!({
            "id": self.conversation, "type": "PRIVATE", "name": "alice", "avatar": "/avatar/default.png",
            "unreadCount": 1, "pinned": false, "muted": false, "createTime": "*", "updateTime": "*",
        });
        has(&listed[0], expected);
        let last = json!({
            "content": "你也好", "senderId": self.b.id, "senderName": "bob", "messageType": "TEXT", "createTime": "*",
        });
        has(&listed[0]["lastMessage"], last);
        let body = json!({ "conversationId": self.conversation, "messageIds": [first] });
        ok_msg(
            self.b.http.put("/api/im/message/read", body).await,
            "已标记为已读",
        );
        let receipt = self.at_a.expect("read_receipt").await;
        let payload =
            json!({ "conversationId": self.conversation, "userId": self.b.id, "messageIds": [first] });
        assert_eq!(receipt["payload"], payload);
        assert_eq!(ok(self.b.http.get("/api/im/message/unread/count").await), 0);
    }

    /// A edits the first message and recalls another one; gives the recalled one.
    async fn change(&mut self, first: i64) -> i64 {
        let body = json!({ "newContent": "你好啊" });
        let edited = self
            .a
            .http
            .put(&format!("/api/im/message/{first}/edit"), body)
            .await;
        ok_msg(edited, "消息已编辑");
        let update = self.at_b.expect("message_update").await;
        has(
            &update["data"],
            json!({ "messageId": first, "content": "你好啊", "isEdited": 1 }),
        );

        let body = json!({ "conversationId": self.conversation, "type": "TEXT", "content": "说错了" });
        let sent = self.a.http.post("/api/im/message/send", body).await;
        let wrong = ok_msg(sent, "发送成功").as_i64().expect("a number");
        assert_eq!(self.at_b.expect("new_message").await["payload"]["id"], wrong);
        let recalled = self
            .a
            .http
            .delete(&format!("/api/im/message/{wrong}/recall"), json!({}))
            .await;
        ok_msg(recalled, "消息已撤回");
        let frame = self.at_b.expect("message_recalled").await;
        let payload = json!({ "messageId": wrong, "conversationId": self.conversation });
        assert_eq!(frame["payload"], payload);
        wrong
    }

    /// C's socket had nothing but what C has done; nor do lists and search show C anything.
    async fn nothing_seen(&mut self) {
        let path = format!("/api/im/message/list/{}", self.conversation);
        assert_eq!(self.c.http.get(&path).await.body["code"], 10002);
        assert_eq!(ok(self.c.http.get("/api/im/conversation/list").await), json!([]));
        let found = self
            .c
            .http
            .post("/api/im/message/search", json!({ "keyword": "你好" }))
            .await;
        assert_eq!(ok(found)["total"], 0);
        // Whatever was sent to C before the answer to this comes before it.
        self.at_c.send(json!({ "type": "ping" })).await;
        assert_eq!(self.at_c.next().await["type"], "pong");
    }
}

/// What A sees of the conversation, newest first.
async fn history(a: &Person, conversation: i64) -> Value {
    ok(a.http
        .get(&format!("/api/im/message/list/{conversation}?limit=20"))
        .await)
}

#[tokio::test]
async fn they_chat_and_a_restart_keeps_all() {
    let mut scene = Scene::open().await;
    let (first, second) = scene.chat().await;
    scene.read(first).await;
    let wrong = scene.change(first).await;
    scene.nothing_seen().await;

    let before = history(&scene.a, scene.conversation).await;
    let ids: Vec<&Value> = before
        .as_array()
        .expect("an array")
        .iter()
        .map(|m| &m["id"])
        .collect();
    assert_eq!(ids, [&json!(wrong), &json!(second), &json!(first)]);
    has(
        &before[0],
        json!({ "isRevoked": true, "revokedTime": "*", "isSelf": true }),
    );
    assert!(!before[0].to_string().contains("说错了"), "{}", before[0]);
    let expected = json!({
        "id": first, "conversationId": scene.conversation, "senderId": scene.a.id, "senderName": "alice",
        "senderAvatar": "/avatar/default.png", "messageType": "TEXT", "content": "你好啊", "isSelf": true,
        "isRevoked": false, "isEdited": true, "replyToMessageId": null, "quotedMessage": null, "createTime": "*",
        "editTime": "*", "revokedTime": null,
    });
    has(&before[2], expected);

    let Scene { house, a, b, .. } = scene;
    let house = house.restart().await;
    let (a, b) = (house.again(&a), house.again(&b));
    assert_eq!(history(&a, scene.conversation).await, before);
    assert_eq!(ok(b.http.get("/api/im/message/unread/count").await), 0);
    let mut at_b = house.socket(&b).await;
    let after = a.say(scene.conversation, "还在吗").await;
    assert!(after > wrong);
    assert_eq!(at_b.expect("new_message").await["payload"]["id"], after);
    house.server.stop().await;
}
