//! Who has read a message.

use serde_json::json;

use crate::people::{House, ok, refused};

#[tokio::test]
async fn who_read() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("carol").await,
    );
    let eve = house.person("eve").await;
    let body = json!({ "type": "GROUP", "name": "项目组", "memberIds": [b.id, c.id] });
    let team = ok(a.http.post("/api/im/conversation/create", body).await);
    let team = team.as_i64().expect("an id");
    let id = a.say(team, "通知").await;
    let readers = format!("/api/im/message/read/status/{team}/{id}");
    assert_eq!(ok(a.http.get(&readers).await), json!([]));
    ok(b.http
        .put(&format!("/api/im/conversation/{team}/markAsRead"), json!({}))
        .await);
    let read = ok(a.http.get(&readers).await);
    assert_eq!(read.as_array().map(Vec::len), Some(1));
    assert_eq!(read[0]["userId"], json!(b.id));
    assert!(read[0]["readTime"].is_string());

    let summary = format!("/api/im/message/read/status/{id}");
    assert_eq!(
        ok(a.http.get(&summary).await),
        json!({ "readCount": 1, "totalCount": 2, "unreadCount": 1, "readPercent": 50, "allRead": false })
    );
    let detail = format!("/api/im/message/read/detail/{id}");
    let seen = ok(c.http.get(&detail).await);
    assert_eq!(
        (&seen["totalCount"], &seen["readCount"], &seen["unreadCount"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(seen["readUsers"][0]["nickname"], "bob");
    assert_eq!(seen["unreadUsers"][0]["userId"], json!(c.id));
    assert!(seen["unreadUsers"][0]["readTime"].is_null());
    let next = ok(a.http.get(&format!("{detail}?lastUserId={}", c.id)).await);
    assert_eq!(
        (&next["readUsers"], &next["unreadUsers"]),
        (&json!([]), &json!([]))
    );

    for url in [&readers, &summary, &detail] {
        refused(&eve.http.get(url).await, 400, 10002);
    }
    let elsewhere = format!("/api/im/message/read/status/{}/{id}", team + 1);
    refused(&a.http.get(&elsewhere).await, 400, 10003);
    house.server.stop().await;
}
