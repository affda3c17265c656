//! Who may not write in a group.

use serde_json::{Value, json};

use crate::group::group;
use crate::people::{House, Person, ok, ok_msg, refused};

const BASE: &str = "/api/im/group/mute";

async fn muted(asking: &Person, group: i64, who: &Person) -> Value {
    ok(asking.http.get(&format!("{BASE}/check/{group}/{}", who.id)).await)
}

fn text(group: i64) -> Value {
    json!({ "conversationId": group, "type": "TEXT", "content": "hello" })
}

#[tokio::test]
async fn everybody() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bobby").await,
        house.person("carol").await,
    );
    let id = group(&a, "team", &[&b]).await;
    let all = format!("{BASE}/all/{id}");
    assert_eq!(ok_msg(b.http.get(&all).await, "success"), json!(false));
    refused(
        &b.http.put(&format!("{all}?allMuted=true"), Value::Null).await,
        400,
        403,
    );
    refused(&a.http.put(&all, Value::Null).await, 400, 400);
    ok_msg(
        a.http.put(&format!("{all}?allMuted=true"), Value::Null).await,
        "已开启全员禁言",
    );
    assert_eq!(ok(b.http.get(&all).await), json!(true));
    assert_eq!(
        (muted(&b, id, &b).await, muted(&b, id, &a).await),
        (json!(true), json!(false))
    );
    assert_eq!(
        ok(b.http.get(&format!("/api/im/group/{id}")).await)["allMuted"],
        true
    );
    refused(&b.http.post("/api/im/message/send", text(id)).await, 400, 403);
    a.say(id, "quiet please").await;
    ok_msg(
        a.http.put(&all, json!({ "allMuted": false })).await,
        "已关闭全员禁言",
    );
    b.say(id, "thanks").await;
    refused(&c.http.get(&all).await, 400, 10002);
    refused(&a.http.get(&format!("{BASE}/all/999999")).await, 400, 404);
    house.server.stop().await;
}

#[tokio::test]
async fn by_minutes() {
    let house = House::open().await;
    let (a, b, c) = (
        house.person("alice").await,
        house.person("bobby").await,
        house.person("carol").await,
    );
    let id = group(&a, "team", &[&b]).await;
    let one = format!("{BASE}/member/{id}/{}", b.id);
    let end = format!("{BASE}/endTime/{id}/{}", b.id);
    assert_eq!(
        (muted(&b, id, &b).await, ok(b.http.get(&end).await)),
        (json!(false), Value::Null)
    );
    ok_msg(
        a.http.post(&format!("{one}?muteDuration=10"), Value::Null).await,
        "成员已禁言",
    );
    assert_eq!(muted(&b, id, &b).await, json!(true));
    assert_eq!(
        ok(b.http.get(&end).await).as_str().map(str::len),
        Some("2026-01-09 10:00:00".len())
    );
    assert_eq!(
        ok(b.http.get(&format!("/api/im/group/{id}")).await)["isMuted"],
        true
    );
    let list = ok(a.http.get(&format!("/api/im/group/{id}/members")).await);
    assert_eq!(
        (&list[1]["isMuted"], &list[1]["muteEndTime"]),
        (&json!(true), &ok(b.http.get(&end).await))
    );
    refused(&b.http.post("/api/im/message/send", text(id)).await, 400, 403);

    // Leaving and coming back does not help; waiting does.
    ok(b.http
        .post(&format!("/api/im/group/{id}/quit"), Value::Null)
        .await);
    ok(a.http
        .post(&format!("/api/im/group/{id}/members"), json!([b.id]))
        .await);
    refused(&b.http.post("/api/im/message/send", text(id)).await, 400, 403);
    house.server.clock.advance_seconds(9 * 60);
    refused(&b.http.post("/api/im/message/send", text(id)).await, 400, 403);
    house.server.clock.advance_seconds(60);
    b.say(id, "back").await;
    assert_eq!(muted(&a, id, &b).await, json!(false));

    ok(a.http.post(&one, json!({ "muteDuration": "5" })).await);
    ok_msg(a.http.delete(&one, Value::Null).await, "已解除禁言");
    b.say(id, "free").await;

    for wrong in [
        "",
        "?muteDuration=0",
        "?muteDuration=-5",
        "?muteDuration=x",
        "?muteDuration=9223372036854775807",
    ] {
        refused(
            &a.http.post(&format!("{one}{wrong}"), Value::Null).await,
            400,
            400,
        );
    }
    refused(
        &a.http
            .post(
                &format!("{BASE}/member/{id}/{}?muteDuration=1", a.id),
                Value::Null,
            )
            .await,
        400,
        403,
    );
    refused(
        &a.http
            .post(
                &format!("{BASE}/member/{id}/{}?muteDuration=1", c.id),
                Value::Null,
            )
            .await,
        400,
        10002,
    );
    refused(
        &b.http
            .post(
                &format!("{BASE}/member/{id}/{}?muteDuration=1", a.id),
                Value::Null,
            )
            .await,
        400,
        403,
    );
    refused(&b.http.delete(&one, Value::Null).await, 400, 403);
    refused(
        &a.http.get(&format!("{BASE}/check/{id}/{}", c.id)).await,
        400,
        10002,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn by_seconds() {
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bobby").await);
    let id = group(&a, "team", &[&b]).await;
    let path = format!("/api/im/group/{id}/mute/{}", b.id);
    ok_msg(
        a.http.put(&format!("{path}?duration=60"), Value::Null).await,
        "禁言成功",
    );
    house.server.clock.advance_seconds(50);
    refused(&b.http.post("/api/im/message/send", text(id)).await, 400, 403);
    house.server.clock.advance_seconds(10);
    b.say(id, "back").await;
    ok(a.http.put(&format!("{path}?duration=3600"), Value::Null).await);
    ok_msg(a.http.put(&path, Value::Null).await, "取消禁言成功");
    b.say(id, "free").await;
    refused(
        &a.http.put(&format!("{path}?duration=0"), Value::Null).await,
        400,
        400,
    );
    refused(&b.http.put(&path, Value::Null).await, 400, 403);
    house.server.stop().await;
}
