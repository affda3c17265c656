//! Finding messages, and saying what was read.

use serde_json::{Value, json};

use crate::people::{House, ok, refused};
use crate::speaker::each;

const ALL: &str = "/api/v1/messages/";

#[tokio::test]
async fn conversations_of_people_and_apps() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    assert_eq!(
        ok(alice.http.get("/api/v1/messages/conversations").await),
        json!([])
    );
    let image = json!({
        "receiver_id": bob.id, "type": "MESSAGE", "content_type": "IMAGE", "title": "t",
        "content": "https://cdn.example.com/a.png",
    });
    let sent = ok(alice.http.post(ALL, image).await);
    oa.notify(&house, None, "all").await;
    let newest = oa.notify(&house, Some(&bob), "您有一条待审批任务").await;
    let list = ok(bob.http.get("/api/v1/messages/conversations").await);
    let expected = json!([
        {
            "user_id": -oa.id, "username": "oa", "full_name": "oa app", "unread_count": 2,
            "last_message": "您有一条待审批任务", "last_message_type": "TEXT", "updated_at": newest["created_at"],
            "is_system": true, "app_id": oa.id, "app_name": "oa app",
        },
        {
            "user_id": alice.id, "username": "alice", "full_name": "alice", "unread_count": 1,
            "last_message": "[IMAGE]", "last_message_type": "IMAGE", "updated_at": sent["created_at"],
            "is_system": false, "app_id": null, "app_name": null,
        },
    ]);
    assert_eq!(list, expected);
    let with_bob = ok(alice.http.get("/api/v1/messages/conversations").await);
    assert_eq!(
        each(&with_bob, "unread_count"),
        [json!(1), json!(0)],
        "own messages are never unread"
    );
    house.server.stop().await;
}

#[tokio::test]
async fn history_is_newest_first_and_only_mine() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    let eve = house.person("eve").await;
    for text in ["1", "2", "3", "4", "5"] {
        alice.says(&bob, text).await;
    }
    let page = |query: &str| {
        let path = format!("/api/v1/messages/history/{}{query}", alice.id);
        let http = bob.http.clone();
        async move { each(&ok(http.get(&path).await), "content") }
    };
    assert_eq!(page("").await, ["5", "4", "3", "2", "1"]);
    assert_eq!(page("?skip=1&limit=2").await, ["4", "3"]);
    assert!(page("?skip=5").await.is_empty() && page("?skip=9223372036854775807").await.is_empty());
    for query in ["?limit=0", "?limit=201", "?skip=-1", "?limit=x"] {
        let path = format!("/api/v1/messages/history/{}{query}", alice.id);
        assert_eq!(bob.http.get(&path).await.status, 422, "{query}");
    }
    assert_eq!(bob.http.get("/api/v1/messages/history/x").await.status, 422);

    oa.notify(&house, Some(&alice), "a1").await;
    oa.notify(&house, None, "all").await;
    oa.notify(&house, Some(&alice), "a2").await;
    oa.notify(&house, Some(&bob), "b1").await;
    assert_eq!(each(&alice.history(-oa.id).await, "content"), ["a2", "all", "a1"]);
    assert_eq!(each(&bob.history(-oa.id).await, "content"), ["b1", "all"]);
    for other in [
        alice.id,
        bob.id,
        eve.id,
        987_654_321,
        0,
        -987_654_321,
        i64::MAX,
        i64::MIN,
    ] {
        assert_eq!(eve.history(other).await, json!([]), "{other}");
    }
    assert_eq!(each(&eve.history(-oa.id).await, "content"), ["all"]);
    assert_eq!(bob.unread().await, 7, "reading history changes nothing");
    house.server.stop().await;
}

#[tokio::test]
async fn everything_that_was_sent_to_me() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    let first = alice.says(&bob, "1").await;
    bob.says(&alice, "mine").await;
    oa.notify(&house, Some(&bob), "2").await;
    oa.notify(&house, None, "3").await;
    oa.notify(&house, Some(&alice), "hers").await;
    let list = |query: &str| {
        let path = format!("{ALL}{query}");
        let http = bob.http.clone();
        async move { each(&ok(http.get(&path).await), "content") }
    };
    assert_eq!(list("").await, ["3", "2", "1"]);
    assert_eq!(list("?skip=1&limit=1").await, ["2"]);
    ok(bob
        .http
        .put(&format!("{ALL}{}/read", first["id"]), Value::Null)
        .await);
    assert_eq!(list("?unread_only=true").await, ["3", "2"]);
    assert_eq!(list("?unread_only=false").await, ["3", "2", "1"]);
    assert_eq!(bob.http.get(&format!("{ALL}?limit=201")).await.status, 422);
    assert_eq!(bob.http.get(&format!("{ALL}?skip=100001")).await.status, 422);
    house.server.stop().await;
}

#[tokio::test]
async fn the_unread_count_is_a_bare_number() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    assert_eq!(bob.unread().await, 0);
    alice.says(&bob, "1").await;
    oa.notify(&house, None, "2").await;
    let answer = bob.http.get("/api/v1/messages/unread-count").await;
    assert_eq!(answer.bytes, b"2");
    house.server.stop().await;
}

#[tokio::test]
async fn one_message_is_read_by_its_receiver() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    let eve = house.person("eve").await;
    let direct = alice.says(&bob, "1").await;
    let notice = oa.notify(&house, Some(&bob), "2").await;
    let broadcast = oa.notify(&house, None, "3").await;
    let late = house.person("late").await;
    let read = |id: &Value| format!("{ALL}{id}/read");
    for (message, others) in [
        (&direct, vec![&alice, &eve]),
        (&notice, vec![&alice, &eve]),
        (&broadcast, vec![&late]),
    ] {
        for other in others {
            let answer = other.http.put(&read(&message["id"]), Value::Null).await;
            refused(&answer, 403, "This message is not yours");
        }
        let now = ok(bob.http.put(&read(&message["id"]), Value::Null).await);
        assert_eq!(
            (&now["is_read"], &now["updated_count"]),
            (&json!(true), &json!(1))
        );
        let again = ok(bob.http.put(&read(&message["id"]), Value::Null).await);
        assert_eq!(
            (&again["read_at"], &again["updated_count"]),
            (&now["read_at"], &json!(0))
        );
    }
    assert_eq!(bob.unread().await, 0);
    let seen = &alice.history(bob.id).await[0];
    assert_eq!((&seen["is_read"], &seen["id"]), (&json!(true), &direct["id"]));
    assert_eq!(seen["read_at"], bob.history(alice.id).await[0]["read_at"]);
    refused(
        &bob.http.put(&read(&json!(1)), Value::Null).await,
        404,
        "Message not found",
    );
    house.server.stop().await;
}

#[tokio::test]
async fn one_conversation_is_read_at_once() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    let crm = house.speaker("crm", &[]).await;
    let read = |other: i64| {
        let path = format!("/api/v1/messages/history/{other}/read-all");
        let http = bob.http.clone();
        async move { ok(http.put(&path, Value::Null).await)["updated_count"].clone() }
    };
    alice.says(&bob, "1").await;
    alice.says(&bob, "2").await;
    oa.notify(&house, Some(&bob), "3").await;
    oa.notify(&house, None, "4").await;
    crm.notify(&house, Some(&bob), "5").await;
    assert_eq!(read(alice.id).await, 2);
    assert_eq!(read(alice.id).await, 0);
    assert_eq!(read(-oa.id).await, 2);
    oa.notify(&house, None, "6").await;
    assert_eq!(read(0).await, 2, "of every app");
    assert_eq!(bob.unread().await, 0);
    assert_eq!(alice.unread().await, 2, "her own broadcasts are still there");
    for nobody in [bob.id, 987_654_321, -987_654_321, i64::MIN] {
        assert_eq!(read(nobody).await, 0);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn everything_is_read_at_once() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    alice.says(&bob, "1").await;
    oa.notify(&house, None, "2").await;
    let answer = bob.http.put("/api/v1/messages/read-all", Value::Null).await;
    assert_eq!(answer.header("deprecation"), "true");
    assert_eq!(ok(answer), json!({ "updated_count": 2 }));
    assert_eq!(bob.unread().await, 0);
    assert_eq!(alice.unread().await, 1);
    house.server.stop().await;
}

#[tokio::test]
async fn nothing_of_it_is_answered_without_a_token() {
    let house = House::open().await;
    for (method, path) in [
        ("GET", ALL),
        ("GET", "/api/v1/messages/conversations"),
        ("GET", "/api/v1/messages/unread-count"),
        ("GET", "/api/v1/messages/history/1"),
        ("PUT", "/api/v1/messages/history/1/read-all"),
        ("PUT", "/api/v1/messages/read-all"),
        ("PUT", "/api/v1/messages/1/read"),
        ("GET", "/api/v1/messages/1/callback-url"),
    ] {
        let http = house.stranger();
        refused(
            &http.fetch(http.request(method, path)).await,
            401,
            "Not authenticated",
        );
    }
    house.server.stop().await;
}
