//! Announcements of a group.

use serde_json::{Value, json};

use crate::group::group;
use crate::people::{House, Person, ok, ok_msg, refused};

const BASE: &str = "/api/im/group/announcement";

async fn post(person: &Person, group: i64, content: &str) -> i64 {
    let body = json!({ "groupId": group, "content": content, "type": 1, "isPinned": false });
    ok_msg(person.http.post(BASE, body).await, "公告发布成功")
        .as_i64()
        .expect("an id")
}

async fn contents(person: &Person, list: &str, group: i64) -> Vec<Value> {
    let list = ok_msg(
        person.http.get(&format!("{BASE}/{list}/{group}")).await,
        "success",
    );
    list.as_array()
        .expect("a list")
        .iter()
        .map(|note| note["content"].clone())
        .collect()
}

#[tokio::test]
async fn post_and_read() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bobby").await,
        house.person("carol").await,
    );
    let id = group(&a, "team", &[&b]).await;
    let latest = format!("{BASE}/latest/{id}");
    assert_eq!(ok(b.http.get(&latest).await), Value::Null);
    let first = post(&a, id, "第一条").await;
    let body = json!({ "groupId": id, "content": "second", "type": "SYSTEM", "isPinned": true });
    let second = ok(a.http.post(BASE, body).await);
    assert_eq!(contents(&b, "list", id).await, [json!("second"), json!("第一条")]);
    assert_eq!(contents(&b, "valid", id).await.len(), 2);
    assert_eq!(contents(&b, "pinned", id).await, [json!("second")]);
    let shown = ok(b.http.get(&latest).await);
    let expected = json!({
        "id": second, "groupId": id, "senderId": a.id, "senderName": "alice",
        "senderAvatar": "/avatar/default.png", "publisherName": "alice", "content": "second", "type": "SYSTEM",
        "isPinned": 1, "pinned": true, "status": 1, "canEdit": false, "canDelete": false,
        "createTime": shown["createTime"], "publishTime": shown["createTime"], "updateTime": shown["createTime"],
    });
    assert_eq!(shown, expected);
    let list = ok(a.http.get(&format!("{BASE}/list/{id}")).await);
    assert_eq!((&list[1]["id"], &list[1]["type"]), (&json!(first), &json!(1)));
    assert_eq!(
        (&list[1]["canEdit"], &list[1]["isPinned"]),
        (&json!(true), &json!(0))
    );

    for list in ["list", "valid", "latest", "pinned"] {
        refused(&c.http.get(&format!("{BASE}/{list}/{id}")).await, 400, 10002);
        refused(&a.http.get(&format!("{BASE}/{list}/999999")).await, 400, 404);
    }
    refused(
        &b.http
            .post(BASE, json!({ "groupId": id, "content": "mine" }))
            .await,
        400,
        403,
    );
    refused(
        &c.http
            .post(BASE, json!({ "groupId": id, "content": "mine" }))
            .await,
        400,
        10002,
    );
    refused(&a.http.post(BASE, json!({ "content": "x" })).await, 400, 400);
    refused(
        &a.http.post(BASE, json!({ "groupId": id, "content": " " })).await,
        400,
        400,
    );
    refused(
        &a.http
            .post(BASE, json!({ "groupId": id, "content": "长".repeat(5_001) }))
            .await,
        400,
        413,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn edit_pin_recall_delete() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bobby").await,
        house.person("carol").await,
    );
    let id = group(&a, "team", &[&b]).await;
    let (first, second) = (post(&a, id, "first").await, post(&a, id, "second").await);
    let edit = format!("{BASE}/{first}?content=%E6%94%B9");
    let pin = |flag: &str| format!("{BASE}/pin/{first}?isPinned={flag}");
    let recall = format!("{BASE}/recall/{first}");
    let gone = format!("{BASE}/{second}");
    for (person, code) in [(&b, 403), (&c, 404)] {
        for path in [&edit, &pin("1"), &recall] {
            refused(&person.http.put(path, Value::Null).await, 400, code);
        }
        refused(&person.http.delete(&gone, Value::Null).await, 400, code);
    }
    assert_eq!(
        ok_msg(a.http.put(&edit, Value::Null).await, "公告编辑成功"),
        Value::Null
    );
    assert_eq!(contents(&b, "list", id).await, [json!("second"), json!("改")]);
    ok_msg(a.http.put(&pin("1"), Value::Null).await, "公告已置顶");
    assert_eq!(contents(&b, "pinned", id).await, [json!("改")]);
    ok_msg(a.http.put(&pin("0"), Value::Null).await, "已取消置顶");
    assert!(contents(&b, "pinned", id).await.is_empty());
    refused(
        &a.http.put(&format!("{BASE}/pin/{first}"), Value::Null).await,
        400,
        400,
    );
    refused(
        &a.http.put(&format!("{BASE}/{first}"), Value::Null).await,
        400,
        400,
    );

    ok_msg(a.http.put(&recall, Value::Null).await, "公告已撤回");
    ok_msg(a.http.put(&recall, Value::Null).await, "公告已撤回");
    assert_eq!(contents(&a, "list", id).await, [json!("second")]);
    refused(&a.http.put(&edit, Value::Null).await, 400, 404);
    ok_msg(a.http.delete(&gone, Value::Null).await, "公告删除成功");
    refused(&a.http.delete(&gone, Value::Null).await, 400, 404);
    assert!(contents(&b, "list", id).await.is_empty());
    house.server.stop().await;
}
