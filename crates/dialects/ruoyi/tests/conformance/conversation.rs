//! Conversations: making, listing, one's own view of them, and the older name "session".

use serde_json::{Value, json};

use crate::people::{House, ok, ok_msg, refused};

fn ids(data: &Value) -> Vec<i64> {
    data.as_array()
        .expect("an array")
        .iter()
        .map(|c| c["id"].as_i64().expect("an id"))
        .collect()
}

#[tokio::test]
async fn create() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person_c("carol").await,
    );
    let path = "/api/im/conversation/create";
    let id = ok_msg(
        a.http
            .post(path, json!({ "type": "PRIVATE", "peerUserId": b.id }))
            .await,
        "创建成功",
    );
    assert!(id.is_i64());
    assert_eq!(
        ok(a.http
            .post(path, json!({ "type": "single", "targetId": b.id }))
            .await),
        id
    );
    assert_eq!(
        ok(b.http
            .post(path, json!({ "type": "PRIVATE", "targetId": a.id }))
            .await),
        id
    );
    let object = ok(c
        .http
        .post(path, json!({ "type": "PRIVATE", "targetId": a.id }))
        .await);
    assert_eq!(
        (&object["type"], &object["targetId"]),
        (&json!("PRIVATE"), &json!(a.id))
    );

    let group = json!({ "type": "GROUP", "name": "项目组", "memberIds": [b.id, c.id] });
    let group = ok(a.http.post(path, group).await).as_i64().expect("an id");
    for person in [&a, &b, &c] {
        let list = ok(person.http.get("/api/im/conversation/list").await);
        let shown = list
            .as_array()
            .expect("an array")
            .iter()
            .find(|c| c["id"] == group)
            .expect("the group at once");
        assert_eq!(
            (&shown["type"], &shown["name"], &shown["unreadCount"]),
            (&json!("GROUP"), &json!("项目组"), &json!(0))
        );
    }
    refused(
        &a.http
            .post(path, json!({ "type": "GROUP", "memberIds": [b.id] }))
            .await,
        400,
        400,
    );
    refused(&a.http.post(path, json!({ "type": "PRIVATE" })).await, 400, 400);
    refused(
        &a.http
            .post(path, json!({ "type": "PRIVATE", "peerUserId": 999_999 }))
            .await,
        400,
        10008,
    );
    refused(&a.http.post(path, json!({ "type": "CIRCLE" })).await, 400, 400);
    house.server.stop().await;
}

#[tokio::test]
async fn list_and_filters() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("carol").await,
    );
    let (ab, ac) = (house.direct(&a, &b).await, house.direct(&a, &c).await);
    let group = json!({ "type": "GROUP", "name": "g", "memberIds": [b.id] });
    let group = ok(a.http.post("/api/im/conversation/create", group).await)
        .as_i64()
        .expect("an id");
    b.say(ab, "first").await;
    c.say(ac, "second").await;
    let list = ok(a
        .http
        .get("/api/im/conversation/list?pageNum=1&pageSize=20")
        .await);
    assert_eq!(ids(&list), [ac, ab, group], "most recently used first");
    let last = &list[1]["lastMessage"];
    assert_eq!(
        (&last["content"], &last["senderId"], &last["senderName"]),
        (&json!("first"), &json!(b.id), &json!("bob"))
    );
    assert_eq!(
        (&list[1]["name"], &list[1]["peerUserId"], &list[1]["unreadCount"]),
        (&json!("bob"), &json!(b.id), &json!(1))
    );
    assert_eq!(
        (&list[1]["pinned"], &list[1]["muted"]),
        (&json!(false), &json!(false))
    );

    ok(a.http
        .put(
            &format!("/api/im/conversation/{ab}/pinned?pinned=true"),
            json!({}),
        )
        .await);
    ok(a.http
        .put(&format!("/api/im/conversation/{ac}/muted?muted=1"), json!({}))
        .await);
    let mention =
        json!({ "conversationId": group, "content": "@alice", "mentionInfo": { "userIds": [a.id] } });
    ok(b.http.post("/api/im/message/send", mention).await);
    let photo = json!({ "conversationId": ac, "type": "IMAGE", "content": "/x.png" });
    ok(c.http.post("/api/im/message/send", photo).await);
    for (filter, expected) in [
        ("all", vec![ac, group, ab]),
        ("unread", vec![ac, group, ab]),
        ("pinned", vec![ab]),
        ("muted", vec![ac]),
        ("mention", vec![group]),
        ("@me", vec![group]),
        ("group", vec![group]),
        ("file", vec![ac]),
    ] {
        let list = ok(a
            .http
            .get(&format!("/api/im/conversation/list?filter={filter}"))
            .await);
        assert_eq!(ids(&list), expected, "{filter}");
    }
    refused(
        &a.http.get("/api/im/conversation/list?filter=nonsense").await,
        400,
        400,
    );
    refused(&house.stranger().get("/api/im/conversation/list").await, 401, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn detail_and_update() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("carol").await,
    );
    let ab = house.direct(&a, &b).await;
    let path = format!("/api/im/conversation/{ab}");
    let detail = ok(a.http.get(&path).await);
    assert_eq!((&detail["id"], &detail["memberCount"]), (&json!(ab), &json!(2)));
    assert_eq!(detail["members"].as_array().map(Vec::len), Some(2));
    ok_msg(
        a.http
            .put(&path, json!({ "isPinned": 1, "isMuted": true, "remark": "老李" }))
            .await,
        "更新成功",
    );
    let detail = ok(a.http.get(&path).await);
    assert_eq!(
        (&detail["isPinned"], &detail["isMuted"], &detail["name"]),
        (&json!(true), &json!(true), &json!("老李"))
    );
    assert_eq!(
        ok(b.http.get(&path).await)["isPinned"],
        false,
        "only the caller's own view"
    );
    refused(&c.http.get(&path).await, 400, 10002);
    refused(&c.http.put(&path, json!({ "isPinned": true })).await, 400, 10002);
    refused(&a.http.get("/api/im/conversation/12345").await, 400, 10001);
    refused(
        &a.http.put(&path, json!({ "remark": "长".repeat(300) })).await,
        400,
        413,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn pin_and_mute() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("carol").await,
    );
    let ab = house.direct(&a, &b).await;
    let pinned = |value: &str| format!("/api/im/conversation/{ab}/pinned?pinned={value}");
    let muted = |value: &str| format!("/api/im/conversation/{ab}/muted?muted={value}");
    ok_msg(a.http.put(&pinned("true"), json!({})).await, "置顶成功");
    ok_msg(a.http.put(&muted("true"), json!({})).await, "免打扰设置成功");
    let shown = &ok(a.http.get("/api/im/conversation/list").await)[0];
    assert_eq!((&shown["pinned"], &shown["muted"]), (&json!(true), &json!(true)));
    ok_msg(a.http.put(&pinned("false"), json!({})).await, "取消置顶成功");
    ok_msg(a.http.put(&muted("false"), json!({})).await, "免打扰取消成功");
    refused(&a.http.put(&pinned(""), json!({})).await, 400, 400);
    refused(&a.http.put(&pinned("maybe"), json!({})).await, 400, 400);
    refused(&c.http.put(&pinned("true"), json!({})).await, 400, 10002);
    house.server.stop().await;
}

#[tokio::test]
async fn draft() {
    let house = House::open().await;
    let (a, b) = (house.person_c("alice").await, house.person("bob").await);
    let ab = house.direct(&a, &b).await;
    let path = format!("/api/im/conversation/{ab}/draft");
    ok(a.http.put(&path, json!({ "draft": "写到一半" })).await);
    assert_eq!(
        ok(a.http.get("/api/im/conversation/list").await)[0]["draft"],
        "写到一半"
    );
    ok(a.http.put(&path, json!({ "draft": "" })).await);
    assert_eq!(ok(a.http.get("/api/im/conversation/list").await)[0]["draft"], "");
    refused(
        &a.http.put(&path, json!({ "draft": "x".repeat(1001) })).await,
        400,
        413,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn hide() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let ab = house.direct(&a, &b).await;
    b.say(ab, "before").await;
    ok_msg(
        a.http
            .delete(&format!("/api/im/conversation/{ab}"), json!({}))
            .await,
        "删除成功",
    );
    assert_eq!(ok(a.http.get("/api/im/conversation/list").await), json!([]));
    assert_eq!(ok(a.http.get("/api/im/conversation/unreadCount").await), 0);
    assert_eq!(
        ids(&ok(b.http.get("/api/im/conversation/list").await)),
        [ab],
        "only for the caller"
    );
    b.say(ab, "after").await;
    let list = ok(a.http.get("/api/im/conversation/list").await);
    assert_eq!((ids(&list), &list[0]["unreadCount"]), (vec![ab], &json!(1)));
    let history = ok(a.http.get(&format!("/api/im/message/list/{ab}")).await);
    assert_eq!(
        history.as_array().map(Vec::len),
        Some(1),
        "what came before is cleared for the caller"
    );
    assert_eq!(
        ok(b.http.get(&format!("/api/im/message/list/{ab}")).await)
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    refused(
        &a.http.delete("/api/im/conversation/777", json!({})).await,
        400,
        10001,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn unread_count() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let ab = house.direct(&a, &b).await;
    for text in ["1", "2", "3"] {
        b.say(ab, text).await;
    }
    a.say(ab, "own").await;
    assert_eq!(ok(a.http.get("/api/im/conversation/unreadCount").await), 3);
    ok_msg(
        a.http
            .put(&format!("/api/im/conversation/{ab}/markAsRead"), json!({}))
            .await,
        "标记已读成功",
    );
    assert_eq!(ok(a.http.get("/api/im/conversation/unreadCount").await), 0);
    a.say(ab, "own again").await;
    b.say(ab, "4").await;
    assert_eq!(ok(a.http.get("/api/im/conversation/unreadCount").await), 1);
    refused(
        &a.http.put("/api/im/conversation/9/markAsRead", json!({})).await,
        400,
        10001,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn search() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let ab = house.direct(&a, &b).await;
    let group = json!({ "type": "GROUP", "name": "周会通知", "memberIds": [b.id] });
    let group = ok(a.http.post("/api/im/conversation/create", group).await)
        .as_i64()
        .expect("an id");
    let path = "/api/im/conversation/search?keyword=";
    assert_eq!(ids(&ok(a.http.get(&format!("{path}BOB")).await)), [ab]);
    assert_eq!(ids(&ok(a.http.get(&format!("{path}周会")).await)), [group]);
    assert_eq!(ok(a.http.get(path).await), json!([]));
    assert_eq!(ok(a.http.get(&format!("{path}%25")).await), json!([]));
    house.server.stop().await;
}

#[tokio::test]
async fn pinned_message() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("carol").await,
    );
    let (ab, ac) = (house.direct(&a, &b).await, house.direct(&a, &c).await);
    let id = a.say(ab, "important").await;
    let elsewhere = a.say(ac, "elsewhere").await;
    ok_msg(
        b.http
            .post(&format!("/api/im/conversation/{ab}/pin/{id}"), json!({}))
            .await,
        "置顶成功",
    );
    let path = format!("/api/im/conversation/{ab}");
    assert_eq!(
        ok(a.http.get(&path).await)["pinnedMessage"]["content"],
        "important"
    );
    refused(
        &a.http
            .post(&format!("/api/im/conversation/{ab}/pin/{elsewhere}"), json!({}))
            .await,
        400,
        10003,
    );
    refused(
        &c.http
            .post(&format!("/api/im/conversation/{ab}/pin/{id}"), json!({}))
            .await,
        400,
        10002,
    );
    ok_msg(
        a.http
            .delete(&format!("/api/im/conversation/{ab}/unpin"), json!({}))
            .await,
        "取消置顶成功",
    );
    assert_eq!(ok(a.http.get(&path).await)["pinnedMessage"], Value::Null);
    house.server.stop().await;
}

#[tokio::test]
async fn legacy_session() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let ab = house.direct(&a, &b).await;
    b.say(ab, "hi").await;
    let path = format!("/api/im/session/{ab}");
    assert_eq!(ids(&ok(a.http.get("/api/im/session/list").await)), [ab]);
    assert_eq!(ok(a.http.get(&path).await)["unreadCount"], 1);
    ok(a.http.put(&format!("{path}/read"), json!({})).await);
    ok(a.http.put(&format!("{path}/pin?pinned=1"), json!({})).await);
    ok(a.http.put(&format!("{path}/mute?muted=1"), json!({})).await);
    ok(a.http.put(&path, json!({ "remark": "r" })).await);
    let shown = ok(a.http.get(&path).await);
    assert_eq!(
        (
            &shown["unreadCount"],
            &shown["pinned"],
            &shown["muted"],
            &shown["name"]
        ),
        (&json!(0), &json!(true), &json!(true), &json!("r"))
    );
    ok(a.http.delete(&path, json!({})).await);
    assert_eq!(ok(a.http.get("/api/im/session/list").await), json!([]));
    house.server.stop().await;
}

#[tokio::test]
async fn folders() {
    let house = House::open().await;
    let a = house.person("alice").await;
    assert_eq!(ok(a.http.get("/api/im/conversation/groups").await), json!([]));
    for path in ["/group", "/group/add", "/group/remove", "/group/move"] {
        ok(a.http
            .post(&format!("/api/im/conversation{path}"), json!({}))
            .await);
    }
    ok(a.http.put("/api/im/conversation/group/1", json!({})).await);
    ok(a.http.delete("/api/im/conversation/group/1", json!({})).await);
    house.server.stop().await;
}
