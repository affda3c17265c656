//! Sending, listing, reading.

use serde_json::json;

use crate::people::{House, ok, ok_msg, refused};

#[tokio::test]
async fn send() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person_c("carol").await,
    );
    let conversation = house.direct(&a, &b).await;
    let body =
        json!({ "conversationId": conversation, "type": "text", "content": "你好", "clientMsgId": "t1" });
    let first = ok_msg(
        a.http.post("/api/im/message/send", body.clone()).await,
        "发送成功",
    );
    assert!(first.is_i64(), "profile doc gets the id");
    assert_eq!(
        ok(a.http.post("/api/im/message/send", body).await),
        first,
        "a retry is the same message"
    );
    let conflict =
        json!({ "conversationId": conversation, "type": "TEXT", "content": "x", "clientMsgId": "t1" });
    refused(&a.http.post("/api/im/message/send", conflict).await, 409, 409);

    let object = ok(c
        .http
        .post(
            "/api/im/message/send",
            json!({ "receiverId": a.id, "content": "hi" }),
        )
        .await);
    assert_eq!(object["content"], "hi", "profile c gets the message");
    assert_eq!(object["messageType"], "TEXT");

    let cases = [
        (
            &c,
            json!({ "conversationId": conversation, "content": "x" }),
            10002,
        ),
        (&a, json!({ "conversationId": 999_999, "content": "x" }), 10001),
        (&a, json!({ "receiverId": 999_999, "content": "x" }), 10008),
        (&a, json!({ "content": "x" }), 10009),
        (
            &a,
            json!({ "conversationId": conversation, "content": "" }),
            10010,
        ),
        (
            &a,
            json!({ "conversationId": conversation, "content": "x", "replyToMessageId": 5 }),
            10003,
        ),
        (
            &a,
            json!({ "conversationId": conversation, "content": "x".repeat(70_000) }),
            413,
        ),
        (&a, json!({ "conversationId": "abc", "content": "x" }), 400),
    ];
    for (person, body, code) in cases {
        refused(&person.http.post("/api/im/message/send", body).await, 400, code);
    }
    refused(
        &house.stranger().post("/api/im/message/send", json!({})).await,
        401,
        401,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn list() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person_c("bob").await);
    let outsider = house.person("eve").await;
    let conversation = house.direct(&a, &b).await;
    let mut ids = Vec::new();
    for n in 0..25 {
        ids.push(a.say(conversation, &format!("m{n}")).await);
    }
    let path = format!("/api/im/message/list/{conversation}");
    let listed = |data: serde_json::Value| -> Vec<i64> {
        data.as_array()
            .expect("an array")
            .iter()
            .map(|m| m["id"].as_i64().expect("an id"))
            .collect()
    };
    let newest: Vec<i64> = ids.iter().rev().take(20).copied().collect();
    assert_eq!(
        listed(ok(a.http.get(&path).await)),
        newest,
        "profile doc: newest first"
    );
    let oldest_first: Vec<i64> = ids[5..].to_vec();
    assert_eq!(
        listed(ok(b.http.get(&path).await)),
        oldest_first,
        "profile c: oldest first"
    );
    let second = ok(a.http.get(&format!("{path}?lastId={}&limit=3", ids[5])).await);
    assert_eq!(listed(second), [ids[4], ids[3], ids[2]]);
    let between = ok(a
        .http
        .get(&format!("{path}?lastMessageId={}&pageSize=2", ids[3] + 1))
        .await);
    assert_eq!(
        listed(between),
        [ids[3], ids[2]],
        "an id of no message has its place too"
    );

    let first = &ok(a.http.get(&path).await)[0];
    for field in [
        "senderName",
        "senderAvatar",
        "messageType",
        "content",
        "createTime",
    ] {
        assert!(first[field].is_string(), "{field}");
    }
    assert_eq!(first["isSelf"], true);
    assert_eq!(
        (&first["isRevoked"], &first["isEdited"]),
        (&json!(false), &json!(false))
    );
    assert!(first["replyToMessageId"].is_null() && first["quotedMessage"].is_null());

    refused(&outsider.http.get(&path).await, 400, 10002);
    refused(&a.http.get("/api/im/message/list/-1").await, 400, 10001);
    refused(&a.http.get("/api/im/message/list/%F0%9F%98%80").await, 400, 10001);
    house.server.stop().await;
}

#[tokio::test]
async fn mark_read() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let conversation = house.direct(&a, &b).await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(a.say(conversation, &format!("m{n}")).await);
    }
    let unread = format!("/api/im/message/unread/count/{conversation}");
    assert_eq!(ok(b.http.get(&unread).await), 5);
    assert_eq!(ok(a.http.get(&unread).await), 0, "own messages are never unread");
    let exactly = json!({ "conversationId": conversation, "messageIds": [ids[2], ids[4], 77] });
    ok_msg(b.http.put("/api/im/message/read", exactly).await, "已标记为已读");
    assert_eq!(ok(b.http.get(&unread).await), 3, "exactly the listed ones");
    let gap = json!({ "conversationId": conversation, "messageIds": [ids[0], ids[1]] });
    ok(b.http.put("/api/im/message/mark-read", gap).await);
    assert_eq!(ok(b.http.get(&unread).await), 1);
    let query = format!(
        "/api/im/message/read?conversationId={conversation}&lastReadMessageId={}",
        ids[4]
    );
    ok(b.http.put(&query, json!({})).await);
    assert_eq!(ok(b.http.get(&unread).await), 0);
    ok(b.http
        .put(
            &format!(
                "/api/im/message/read?conversationId={conversation}&lastReadMessageId={}",
                ids[1]
            ),
            json!({}),
        )
        .await);
    assert_eq!(ok(b.http.get(&unread).await), 0, "a cursor never moves back");
    refused(
        &b.http
            .put("/api/im/message/read", json!({ "messageIds": [1] }))
            .await,
        400,
        400,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn unread() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("carol").await,
    );
    let (ab, cb) = (house.direct(&a, &b).await, house.direct(&c, &b).await);
    a.say(ab, "1").await;
    a.say(ab, "2").await;
    c.say(cb, "3").await;
    b.say(ab, "own").await;
    assert_eq!(ok(b.http.get("/api/im/message/unread/count").await), 3);
    assert_eq!(ok(b.http.get("/api/im/conversation/unreadCount").await), 3);
    assert_eq!(
        ok(b.http
            .get(&format!("/api/im/message/unread/conversation/{ab}"))
            .await),
        2
    );
    refused(&b.http.get("/api/im/message/unread/count/4711").await, 400, 10001);
    house.server.stop().await;
}
