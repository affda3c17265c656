//! Single messages, the newest ones, totals, "is typing".

use serde_json::{Value, json};

use crate::people::{House, ok, ok_msg, refused};

#[tokio::test]
async fn one() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person_c("bob").await);
    let eve = house.person("eve").await;
    let conversation = house.direct(&a, &b).await;
    let id = b.say(conversation, "hi").await;
    let url = format!("/api/im/message/{id}");
    let seen = ok(a.http.get(&url).await);
    assert_eq!((&seen["id"], &seen["isSelf"]), (&json!(id), &json!(false)));
    assert!(seen.get("reactions").is_none(), "profile doc stays as published");
    let read = json!({ "conversationId": conversation, "messageIds": [id] });
    ok(a.http.put("/api/im/message/read", read).await);
    ok(a.http
        .post(&format!("{url}/reaction"), json!({ "emoji": "👍" }))
        .await);
    let own = ok(b.http.get(&url).await);
    assert_eq!(own["reactions"][0]["emoji"], "👍");
    assert_eq!(
        own["readStatus"],
        json!({ "readCount": 1, "totalCount": 1, "unreadCount": 0, "readPercent": 100, "allRead": true })
    );
    let listed = ok(b.http.get(&format!("/api/im/message/list/{conversation}")).await);
    assert_eq!(listed[0]["readStatus"]["readCount"], 1);
    refused(&eve.http.get(&url).await, 400, 10002);
    for odd in ["0", "-1", "abc", "99999999999999999999", "%F0%9F%98%80"] {
        refused(&a.http.get(&format!("/api/im/message/{odd}")).await, 400, 10003);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn latest() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("carol").await,
    );
    let (ab, ac) = (house.direct(&a, &b).await, house.direct(&a, &c).await);
    b.say(ab, "1").await;
    c.say(ac, "2").await;
    b.say(ab, "3").await;
    let texts = |data: Value| -> Vec<Value> {
        let all = data.as_array().expect("an array").clone();
        all.iter().map(|m| m["content"].clone()).collect()
    };
    assert_eq!(
        texts(ok(a.http.get("/api/im/message/latest?limit=2").await)),
        ["3", "2"]
    );
    assert_eq!(texts(ok(c.http.get("/api/im/message/latest").await)), ["2"]);
    house.server.stop().await;
}

#[tokio::test]
async fn statistics() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let conversation = house.direct(&a, &b).await;
    let id = a.say(conversation, "1").await;
    a.say(conversation, "2").await;
    ok(b.http
        .post(&format!("/api/im/message/favorite/{id}"), json!({}))
        .await);
    assert_eq!(
        ok(b.http.get("/api/im/message/statistics").await),
        json!({
            "conversationCount": 1, "totalCount": 2, "unreadCount": 2, "favoriteCount": 1, "unreadMentionCount": 0,
        })
    );
    house.server.stop().await;
}

#[tokio::test]
async fn typing() {
    let house = House::open().await;
    let (a, b, eve) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let conversation = house.direct(&a, &b).await;
    let mut socket = house.socket(&b).await;
    let url = format!("/api/im/message/typing/{conversation}?typing=true");
    ok_msg(a.http.post(&url, json!({})).await, "操作成功");
    let frame = socket.expect("typing").await;
    assert_eq!(
        (&frame["userId"], &frame["isTyping"]),
        (&json!(a.id), &json!(true))
    );
    refused(&eve.http.post(&url, json!({})).await, 400, 10002);
    house.server.stop().await;
}
