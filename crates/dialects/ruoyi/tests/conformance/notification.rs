//! Notifications.

use serde_json::{Value, json};

use crate::people::{House, Person, ok, ok_msg, refused};

/// Three people ask for contact; the ids of what that told, newest first.
async fn told(house: &House, person: &Person) -> Vec<i64> {
    for name in ["xavier", "yvonne", "zoe"] {
        let other = house.person(name).await;
        let body = json!({ "targetUserId": person.id, "message": "你好" });
        ok(other.http.post("/api/im/contact/request/send", body).await);
    }
    ids(person, "").await
}

async fn ids(person: &Person, query: &str) -> Vec<i64> {
    let list = ok(person
        .http
        .get(&format!("/api/im/notification/list{query}"))
        .await);
    let list = list.as_array().expect("an array");
    list.iter()
        .map(|one| one["id"].as_i64().expect("an id"))
        .collect()
}

async fn unread(person: &Person) -> Value {
    ok(person.http.get("/api/im/notification/unread/count").await)
}

#[tokio::test]
async fn list_and_detail() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person_c("bob").await);
    let all = told(&house, &a).await;
    assert_eq!(all.len(), 3);
    let one = ok(a.http.get(&format!("/api/im/notification/{}", all[0])).await);
    let request = ok(a.http.get("/api/im/contact/request/received").await)[0].clone();
    for (field, value) in [
        ("receiverId", json!(a.id)),
        ("type", json!("SYSTEM")),
        ("title", json!("好友申请")),
        ("content", json!("zoe请求添加您为好友：你好")),
        ("relatedId", request["id"].clone()),
        ("relatedType", json!("FRIEND_REQUEST")),
        ("isRead", json!(false)),
        ("readTime", Value::Null),
    ] {
        assert_eq!(one[field], value, "{field}");
    }
    assert!(one["createTime"].is_string());
    let path = format!("/api/im/contact/request/{}/handle?approved=true", request["id"]);
    ok(a.http.post(&path, json!({})).await);
    let zoe = house.login("/api/auth", "zoe").await;
    let approved = ok(zoe.http.get("/api/im/notification/list").await);
    assert_eq!(
        (&approved[0]["title"], &approved[0]["relatedId"]),
        (&json!("好友申请已通过"), &json!(a.id))
    );

    assert_eq!(ids(&a, "?type=SYSTEM").await, all);
    assert_eq!(ids(&a, "?type=friend_request").await, all);
    assert_eq!(ids(&a, "?type=").await, all);
    for other in ["?type=MESSAGE", "?type=APPROVAL", "?type=%00"] {
        assert!(ids(&a, other).await.is_empty(), "{other}");
    }
    refused(
        &b.http.get(&format!("/api/im/notification/{}", all[0])).await,
        400,
        404,
    );
    for id in ["0", "x", "-5", "99999999999999999999"] {
        refused(&a.http.get(&format!("/api/im/notification/{id}")).await, 400, 404);
    }
    refused(&house.stranger().get("/api/im/notification/list").await, 401, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn from_groups() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let group = json!({ "type": "GROUP", "name": "项目组", "memberIds": [b.id] });
    let conversation = ok(a.http.post("/api/im/conversation/create", group).await);
    let message = json!({
        "conversationId": conversation, "type": "TEXT", "content": "@bob 秘密", "mentionInfo": { "userIds": [b.id] },
    });
    let message = ok(a.http.post("/api/im/message/send", message).await);
    let told = ok(b.http.get("/api/im/notification/list").await);
    let seen = |one: &Value| {
        ["type", "title", "content", "relatedId", "relatedType"].map(|field| one[field].clone())
    };
    let mentioned = ["MESSAGE", "有人@您", "alice在消息中提到了您"].map(Value::from);
    assert_eq!(seen(&told[0])[..3], mentioned);
    assert_eq!(seen(&told[0])[3..], [message, json!("MESSAGE")]);
    let joined = ["SYSTEM", "加入群聊", "您已加入群聊「项目组」"].map(Value::from);
    assert_eq!(seen(&told[1])[..3], joined);
    assert_eq!(seen(&told[1])[3..], [conversation, json!("GROUP")]);
    assert!(ids(&a, "").await.is_empty());
    assert_eq!(ids(&b, "?type=MESSAGE").await.len(), 1);
    house.server.stop().await;
}

#[tokio::test]
async fn read() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let all = told(&house, &a).await;
    assert_eq!((unread(&a).await, unread(&b).await), (json!(3), json!(0)));
    let path = format!("/api/im/notification/{}/read", all[1]);
    ok_msg(a.http.put(&path, json!({})).await, "标记已读成功");
    ok(a.http.put(&path, json!({})).await);
    assert_eq!(unread(&a).await, 2);
    let shown = ok(a.http.get(&format!("/api/im/notification/{}", all[1])).await);
    assert_eq!(shown["isRead"], true);
    assert!(shown["readTime"].is_string());
    refused(&b.http.put(&path, json!({})).await, 400, 404);
    ok_msg(
        b.http.put("/api/im/notification/read/all", json!({})).await,
        "全部标记已读成功",
    );
    assert_eq!(unread(&a).await, 2);
    ok(a.http.put("/api/im/notification/read/all", json!({})).await);
    assert_eq!(unread(&a).await, 0);
    house.server.stop().await;
}

#[tokio::test]
async fn delete() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let all = told(&house, &a).await;
    let path = format!("/api/im/notification/{}", all[0]);
    refused(&b.http.delete(&path, json!({})).await, 400, 404);
    ok(b.http.delete("/api/im/notification/batch", json!(all)).await);
    ok_msg(
        b.http.delete("/api/im/notification/clear", json!({})).await,
        "清空成功",
    );
    assert_eq!(ids(&a, "").await, all, "only one's own");
    ok_msg(a.http.delete(&path, json!({})).await, "删除成功");
    refused(&a.http.delete(&path, json!({})).await, 400, 404);
    ok_msg(
        a.http
            .delete("/api/im/notification/batch", json!([all[0], all[1]]))
            .await,
        "批量删除成功",
    );
    assert_eq!(ids(&a, "").await, [all[2]]);
    refused(
        &a.http.delete("/api/im/notification/batch", json!({})).await,
        400,
        400,
    );
    refused(
        &a.http
            .delete("/api/im/notification/batch", json!(vec![1; 1_001]))
            .await,
        400,
        400,
    );
    ok(a.http.delete("/api/im/notification/clear", json!({})).await);
    assert!(ids(&a, "").await.is_empty());
    house.server.stop().await;
}
