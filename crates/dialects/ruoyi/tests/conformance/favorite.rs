//! Favourites.

use serde_json::{Value, json};

use crate::people::{House, ok, ok_msg, refused};

#[tokio::test]
async fn keep() {
    let house = House::open().await;
    let (a, b, eve) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let conversation = house.direct(&a, &b).await;
    let id = a.say(conversation, "要点").await;
    let url = format!("/api/im/message/favorite/{id}");
    let check = format!("{url}/check");
    assert_eq!(ok(b.http.get(&check).await), false);
    let change = b.http.put(&url, json!({ "remark": "x" })).await;
    refused(&change, 400, 404);
    let query = format!("{url}?conversationId={conversation}&remark=note&tags=work,todo");
    assert!(ok_msg(b.http.post(&query, json!({})).await, "收藏成功").is_i64());
    assert_eq!(ok(b.http.get(&check).await), true);
    assert_eq!(ok(a.http.get(&check).await), false, "favourites are private");
    let twice = b.http.post(&url, json!({})).await;
    refused(&twice, 400, 400);
    assert_eq!(twice.body["msg"], "该消息已收藏");
    ok_msg(
        b.http
            .put(&url, json!({ "remark": "new", "tags": ["one", "two"] }))
            .await,
        "更新成功",
    );
    let listed = ok(b.http.get("/api/im/message/favorite/list").await);
    assert_eq!(
        (&listed[0]["remark"], &listed[0]["tags"]),
        (&json!("new"), &json!("one,two"))
    );
    for _ in 0..2 {
        ok_msg(b.http.delete(&url, json!({})).await, "取消收藏成功");
    }
    assert_eq!(ok(b.http.get(&check).await), false);
    let stranger = eve.http.post(&url, json!({})).await;
    refused(&stranger, 400, 10002);
    let elsewhere = format!("{url}?conversationId={}", conversation + 1);
    refused(&b.http.post(&elsewhere, json!({})).await, 400, 10003);
    house.server.stop().await;
}

#[tokio::test]
async fn list() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let conversation = house.direct(&a, &b).await;
    let ids = [a.say(conversation, "一").await, a.say(conversation, "二").await];
    for (id, tags) in ids.iter().zip(["work", "workshop"]) {
        ok(b.http
            .post(&format!("/api/im/message/favorite/{id}?tags={tags}"), json!({}))
            .await);
    }
    let all = ok(b.http.get("/api/im/message/favorite/list").await);
    let messages = |data: &Value| -> Vec<Value> {
        let all = data.as_array().expect("an array");
        all.iter().map(|f| f["messageId"].clone()).collect()
    };
    assert_eq!(messages(&all), [json!(ids[1]), json!(ids[0])]);
    let first = &all[0];
    assert_eq!(
        (
            &first["messageContent"],
            &first["senderName"],
            &first["conversationName"]
        ),
        (&json!("二"), &json!("alice"), &json!("alice"))
    );
    assert_eq!(first["messageType"], "TEXT");
    assert!(first["messageTime"].is_string() && first["createTime"].is_string());
    let next = format!("/api/im/message/favorite/list?lastId={}&limit=5", first["id"]);
    assert_eq!(messages(&ok(b.http.get(&next).await)), [json!(ids[0])]);
    let tagged = ok(b.http.get("/api/im/message/favorite/tag/work").await);
    assert_eq!(messages(&tagged), [json!(ids[0])]);
    let here = format!("/api/im/message/favorite/conversation/{conversation}");
    assert_eq!(messages(&ok(b.http.get(&here).await)).len(), 2);
    let elsewhere = ok(b.http.get("/api/im/message/favorite/conversation/4711").await);
    assert_eq!(elsewhere, json!([]));

    ok(a.http
        .delete(&format!("/api/im/message/{}/recall", ids[1]), json!({}))
        .await);
    let all = ok(b.http.get("/api/im/message/favorite/list").await);
    assert_eq!(all[0]["messageContent"], "[消息已撤回]");
    house.server.stop().await;
}
