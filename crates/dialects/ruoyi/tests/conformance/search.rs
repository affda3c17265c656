//! Search in messages, and among people, groups and files.

use serde_json::{Value, json};

use crate::file::{form, post_form};
use crate::group::group;
use crate::people::{House, Person, ok, refused};

async fn search(person: &Person, body: Value) -> Value {
    ok(person.http.post("/api/im/message/search", body).await)
}

fn ids(found: &Value) -> Vec<i64> {
    let items = found["items"].as_array().expect("items");
    items
        .iter()
        .map(|item| item["id"].as_i64().expect("an id"))
        .collect()
}

#[tokio::test]
async fn messages() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("alice").await,
        house.person_c("bob").await,
        house.person("eve").await,
    );
    let here = house.direct(&ann, &bob).await;
    let elsewhere = house.direct(&ann, &eve).await;
    let first = ann.say(here, "明天下午开会，讨论 Project X 的进度").await;
    let second = bob.say(here, "会议").await;
    let third = ann.say(elsewhere, "会议改期了 100%").await;

    let found = search(&bob, json!({ "keyword": "开会" })).await;
    assert_eq!(
        (
            &found["total"],
            &found["pageNum"],
            &found["pageSize"],
            &found["totalPages"]
        ),
        (&json!(1), &json!(1), &json!(20), &json!(1))
    );
    let item = &found["items"][0];
    for (field, value) in [
        ("id", json!(first)),
        ("conversationId", json!(here)),
        ("conversationName", json!("alice")),
        ("senderId", json!(ann.id)),
        ("senderName", json!("alice")),
        ("senderAvatar", json!("/avatar/default.png")),
        ("type", json!("TEXT")),
        ("content", json!("明天下午开会，讨论 Project X 的进度")),
        ("highlightSnippet", json!("明天下午开会，讨论 Project X 的进度")),
        ("isSelf", json!(false)),
    ] {
        assert_eq!(item[field], value, "{field}");
    }
    assert_eq!(item["sendTime"].as_str().map(str::len), Some(19));

    let all = json!({ "keyword": "会议" });
    assert_eq!(
        ids(&search(&ann, all.clone()).await),
        [third, second],
        "newest first"
    );
    assert_eq!(
        ids(&search(&bob, all.clone()).await),
        [second],
        "not from elsewhere"
    );
    assert!(ids(&search(&house.person("stranger").await, all).await).is_empty());
    for (keyword, hit) in [("会", 3), ("project x", 1), ("0%", 1), ("%", 1), ("没有的词", 0)] {
        let found = search(&ann, json!({ "keyword": keyword })).await;
        assert_eq!(found["total"], hit, "{keyword}");
    }
    let by_query = ann
        .http
        .get("/api/im/message/search?keyword=%E4%BC%9A%E8%AE%AE&pageNum=2&pageSize=1")
        .await;
    let by_query = ok(by_query);
    assert_eq!(ids(&by_query), [second]);
    assert_eq!(
        (&by_query["total"], &by_query["totalPages"]),
        (&json!(2), &json!(2))
    );
}

#[tokio::test]
async fn what_changes_is_found_as_it_is_now() {
    let house = House::open().await;
    let (ann, bob) = (house.person("alice").await, house.person("bob").await);
    let here = house.direct(&ann, &bob).await;
    let (secret, wrong, doomed) = (
        ann.say(here, "秘密一").await,
        ann.say(here, "秘密二").await,
        ann.say(here, "秘密三").await,
    );
    let delete = async |path: String| ok(ann.http.fetch(ann.http.request("DELETE", &path)).await);
    delete(format!("/api/im/message/{secret}/recall")).await;
    delete(format!("/api/im/message/{doomed}")).await;
    let edit = json!({ "newContent": "公开" });
    ok(ann.http.put(&format!("/api/im/message/{wrong}/edit"), edit).await);
    for includes_revoked in [false, true] {
        let body = json!({ "keyword": "秘密", "includeRevoked": includes_revoked });
        assert_eq!(search(&bob, body).await["total"], 0);
    }
    assert_eq!(ids(&search(&bob, json!({ "keyword": "公开" })).await), [wrong]);
}

#[tokio::test]
async fn message_filters() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let (here, elsewhere) = (house.direct(&ann, &bob).await, house.direct(&ann, &eve).await);
    let whole = ann.say(here, "报告").await;
    let part = bob.say(here, "年度报告").await;
    let other = eve.say(elsewhere, "报告在哪").await;
    for (name, value, expected) in [
        ("conversationId", json!(here), vec![part, whole]),
        ("conversationId", json!(0), vec![other, part, whole]),
        ("senderId", json!(bob.id), vec![part]),
        ("messageType", json!("text"), vec![other, part, whole]),
        ("messageType", json!("IMAGE"), vec![]),
        ("exactMatch", json!(true), vec![whole]),
        ("includeRevoked", json!(true), vec![other, part, whole]),
        ("startTime", json!("2020-01-01"), vec![other, part, whole]),
        ("startTime", json!("2999-01-01 00:00:00"), vec![]),
        ("endTime", json!("2020-01-01"), vec![]),
        ("endTime", json!("2999-01-01"), vec![other, part, whole]),
        ("pageSize", json!(2), vec![other, part]),
        ("pageNum", json!(2), vec![]),
    ] {
        let mut body = json!({ "keyword": "报告" });
        body[name] = value.clone();
        assert_eq!(ids(&search(&ann, body).await), expected, "{name} = {value}");
    }
    let post = |body: Value| ann.http.post("/api/im/message/search", body);
    for body in [
        json!({}),
        json!({ "keyword": "  " }),
        json!({ "keyword": "长".repeat(101) }),
        json!({ "keyword": "报告", "startTime": "yesterday" }),
        json!({ "keyword": "报告", "pageNum": "one" }),
    ] {
        refused(&post(body).await, 400, 400);
    }
    let body = json!({ "keyword": "报告", "conversationId": elsewhere });
    let foreign = bob.http.post("/api/im/message/search", body).await;
    refused(&foreign, 400, 10002);
    let missing = json!({ "keyword": "报告", "conversationId": 987_654 });
    refused(&post(missing).await, 400, 10001);
    refused(
        &house
            .stranger()
            .post("/api/im/message/search", json!({ "keyword": "报告" }))
            .await,
        401,
        401,
    );
}

/// A house where the word can be found in a message, a name, a group and a file.
async fn house_of_cats() -> (House, Person, Person, i64, i64) {
    let house = House::open().await;
    let (ann, bob) = (house.person("alice").await, house.person("catlover").await);
    let group_id = group(&ann, "Cat club", &[&bob]).await;
    let here = house.direct(&ann, &bob).await;
    let message = bob.say(here, "my cat sleeps").await;
    let upload = form("file", "big cat.txt", b"meow");
    ok(post_form(&ann, "/api/im/file/upload", upload).await);
    (house, ann, bob, group_id, message)
}

#[tokio::test]
async fn by_kind() {
    let (house, ann, bob, group_id, message) = house_of_cats().await;
    let get = async |kind: &str| ok(ann.http.get(&format!("/api/im/search/{kind}?keyword=cat")).await);
    let found = get("messages").await;
    assert_eq!(found["messages"][0]["id"], message);
    assert_eq!(found["messages"][0]["conversationName"], "catlover");
    assert_eq!(
        found["counts"],
        json!({ "messages": 1, "contacts": 0, "groups": 0, "files": 0, "workbench": 0 })
    );
    assert_eq!(found["groups"], json!([]));

    let found = get("contacts").await;
    let person = &found["contacts"][0];
    assert_eq!(
        (&person["userId"], &person["userName"]),
        (&json!(bob.id), &json!("catlover"))
    );
    assert_eq!(
        (&person["isFriend"], &person["nickname"]),
        (&json!(false), &json!("catlover"))
    );

    let found = get("groups").await;
    let hit = &found["groups"][0];
    assert_eq!(
        (&hit["groupId"], &hit["groupName"]),
        (&json!(group_id), &json!("Cat club"))
    );
    assert_eq!(hit["memberCount"], 2);

    let found = get("files").await;
    let hit = &found["files"][0];
    assert_eq!(
        (&hit["fileName"], &hit["uploaderName"]),
        (&json!("big cat.txt"), &json!("alice"))
    );
    assert_eq!(hit["conversationId"], Value::Null);
    let others = ok(bob.http.get("/api/im/search/files?keyword=cat").await);
    assert_eq!(
        others["files"],
        json!([]),
        "not sent to anybody, so nobody else finds it"
    );
    let here = house.direct(&ann, &bob).await;
    let content = json!({ "fileUrl": hit["fileUrl"], "fileName": "big cat.txt" }).to_string();
    let body = json!({ "conversationId": here, "type": "FILE", "content": content });
    ok(ann.http.post("/api/im/message/send", body).await);
    let others = ok(bob.http.get("/api/im/search/files?keyword=cat").await);
    let hit = &others["files"][0];
    assert_eq!(
        (&hit["conversationId"], &hit["conversationName"]),
        (&json!(here), &json!("alice"))
    );
    for kind in ["messages", "contacts", "groups", "files", "global"] {
        refused(
            &ann.http.get(&format!("/api/im/search/{kind}?keyword=")).await,
            400,
            400,
        );
    }
}

#[tokio::test]
async fn everything() {
    let (_house, ann, _bob, _group, message) = house_of_cats().await;
    let all = ok(ann.http.get("/api/im/search/global?keyword=CAT").await);
    assert_eq!(all["keyword"], "CAT");
    assert_eq!(
        all["counts"],
        json!({ "messages": 1, "contacts": 1, "groups": 1, "files": 1, "workbench": 0 })
    );
    assert_eq!(all["workbenchItems"], json!([]));
    let body = json!({ "keyword": "cat", "searchType": "MESSAGE", "pageNum": 1, "pageSize": 50 });
    let some = ok(ann.http.post("/api/im/search/global", body).await);
    assert_eq!(some["messages"][0]["id"], message);
    assert_eq!((&some["groups"], &some["files"]), (&json!([]), &json!([])));
    let odd = json!({ "keyword": "cat", "searchType": "DOGS" });
    refused(&ann.http.post("/api/im/search/global", odd).await, 400, 400);
}

#[tokio::test]
async fn hot_keywords() {
    let house = House::open().await;
    let (ann, bob) = (house.person("alice").await, house.person("bob").await);
    for keyword in ["会议", "报告", "会议"] {
        search(&ann, json!({ "keyword": keyword })).await;
    }
    let mine = ok(ann.http.get("/api/im/search/hot-keywords").await);
    assert_eq!(mine, json!(["会议", "报告"]));
    let others = ok(bob.http.get("/api/im/search/hot-keywords").await);
    assert_eq!(others, json!([]), "what others look for is nobody's business");
}
