//! Messages between ids, both ends included.

use serde_json::{Value, json};

use crate::conversation::OPENING;
use crate::people::{House, Person, contents, messages, ok, refused};

/// A conversation with the opening and so many messages: its id, and theirs.
async fn filled(ann: &Person, count: usize) -> (String, Vec<String>) {
    let conversation = ann.create(&[]).await;
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(ann.say(&conversation, &number.to_string()).await);
    }
    (conversation, ids)
}

async fn found(person: &Person, path: &str, body: Value) -> Vec<Value> {
    messages(&ok(person.http.post(path, body).await))
}

/// The numbers from `first` to before `end` as texts.
fn numbers(first: usize, end: usize) -> Vec<String> {
    (first..end).map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn range() {
    const PATH: &str = "/get_conversation_msg_by_range";
    let house = House::open().await;
    let ann = house.person("ann").await;
    let (conversation, ids) = filled(&ann, 6).await;
    let range = |start: &str, end: &str, desc: bool| {
        let body = json!({
            "conversation_id": conversation, "start_msg_id": start, "end_msg_id": end, "desc": desc,
        });
        found(&ann, PATH, body)
    };
    let seen = range(&ids[1], &ids[4], false).await;
    assert_eq!(contents(&seen), ["1", "2", "3", "4"], "both ends are in");
    assert_eq!(seen[0]["MsgId"], json!(ids[1]));
    let seen = range(&ids[1], &ids[4], true).await;
    assert_eq!(contents(&seen), ["4", "3", "2", "1"]);
    assert_eq!(contents(&range(&ids[2], &ids[2], false).await), ["2"]);
    assert!(range(&ids[4], &ids[1], false).await.is_empty());
    assert_eq!(contents(&range(&ids[4], "", false).await), ["4", "5"]);
    assert_eq!(contents(&range("", &ids[0], false).await), [OPENING, "0"]);
    assert_eq!(range("", "", false).await.len(), 7);
    // An id of no message, here of another conversation, is a place in time all the same.
    let (elsewhere, other) = filled(&ann, 1).await;
    ann.say(&conversation, "6").await;
    assert_eq!(contents(&range(&other[0], "", false).await), ["6"]);
    let body = json!({ "conversation_id": elsewhere, "start_msg_id": ids[0], "end_msg_id": ids[5] });
    assert!(found(&ann, PATH, body).await.is_empty());
    for odd in ["x", "EDCZL-SY32-243Y-VW", "edczl-sy32-243y-vwq", "0", "..", "\0"] {
        for (start, end) in [(odd, ""), ("", odd)] {
            let body = json!({ "conversation_id": conversation, "start_msg_id": start, "end_msg_id": end });
            refused(&ann.http.post(PATH, body).await, 10001);
        }
    }
    for wrong in [json!({ "desc": "true" }), json!({ "start_msg_id": 1 })] {
        refused(&ann.http.post(PATH, wrong).await, 10001);
    }
    refused(&house.person("eve").await.ask(PATH, &conversation).await, 10004);
    refused(&ann.ask(PATH, "nothing").await, 10002);
    house.server.stop().await;
}

#[tokio::test]
async fn a_range_has_the_first_thousand_in_the_order_asked_for() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let (conversation, _) = filled(&ann, 1_004).await;
    let body = |desc: bool| json!({ "conversation_id": conversation, "desc": desc });
    let up = found(&ann, "/get_conversation_msg_by_range", body(false)).await;
    assert_eq!(contents(&up)[1..], numbers(0, 999));
    let down = found(&ann, "/get_conversation_msg_by_range", body(true)).await;
    let mut expected = numbers(4, 1_004);
    expected.reverse();
    assert_eq!(contents(&down), expected);
    house.server.stop().await;
}

#[tokio::test]
async fn before() {
    const PATH: &str = "/get_conversation_30msg_before_the_id";
    let house = House::open().await;
    let ann = house.person("ann").await;
    let (conversation, ids) = filled(&ann, 40).await;
    let page = |id: &str, desc: bool| {
        let body = json!({ "conversation_id": conversation, "msg_id": id, "desc": desc });
        found(&ann, PATH, body)
    };
    let seen = page(&ids[35], false).await;
    assert_eq!(contents(&seen), numbers(6, 36), "the given one is the last");
    let seen = page(&ids[35], true).await;
    assert_eq!((&seen[0]["Content"], seen.len()), (&json!("35"), 30));
    assert_eq!(contents(&page(&ids[1], false).await), [OPENING, "0", "1"]);
    assert_eq!(contents(&page("", false).await), numbers(10, 40));
    let body = json!({ "conversation_id": conversation, "msg_id": "odd" });
    refused(&ann.http.post(PATH, body).await, 10001);
    refused(&house.person("eve").await.ask(PATH, &conversation).await, 10004);
    house.server.stop().await;
}

#[tokio::test]
async fn after() {
    const PATH: &str = "/get_conversation_30msg_after_the_id";
    let house = House::open().await;
    let ann = house.person("ann").await;
    let (conversation, ids) = filled(&ann, 40).await;
    let page = |id: &str, desc: bool| {
        let body = json!({ "conversation_id": conversation, "msg_id": id, "desc": desc });
        found(&ann, PATH, body)
    };
    let seen = page(&ids[3], false).await;
    assert_eq!(contents(&seen), numbers(3, 33), "the given one is the first");
    let seen = page(&ids[3], true).await;
    assert_eq!(
        (&seen[0]["Content"], &seen[29]["Content"]),
        (&json!("32"), &json!("3"))
    );
    assert_eq!(contents(&page(&ids[38], false).await), ["38", "39"]);
    assert_eq!(contents(&page("", false).await)[..2], [OPENING, "0"]);
    let body = json!({ "conversation_id": conversation, "msg_id": "odd" });
    refused(&ann.http.post(PATH, body).await, 10001);
    refused(&house.person("eve").await.ask(PATH, &conversation).await, 10004);
    house.server.stop().await;
}

#[tokio::test]
async fn last_page() {
    const PATH: &str = "/get_conversation_last_30_msg";
    let house = House::open().await;
    let ann = house.person("ann").await;
    let (conversation, _) = filled(&ann, 31).await;
    assert_eq!(contents(&ann.newest(&conversation).await), numbers(1, 31));
    let body = json!({ "conversation_id": conversation, "desc": true });
    let seen = found(&ann, PATH, body).await;
    assert_eq!(
        (&seen[0]["Content"], &seen[29]["Content"]),
        (&json!("30"), &json!("1"))
    );
    refused(&house.person("eve").await.ask(PATH, &conversation).await, 10004);
    refused(&ann.ask(PATH, "nothing").await, 10002);
    house.server.stop().await;
}

#[tokio::test]
async fn last() {
    const PATH: &str = "/get_conversation_lastone_msg";
    let house = House::open().await;
    let ann = house.person("ann").await;
    let (conversation, ids) = filled(&ann, 2).await;
    let seen = messages(&ok(ann.ask(PATH, &conversation).await));
    assert_eq!((seen.len(), &seen[0]["MsgId"]), (1, &json!(ids[1])));
    let fresh = ann.create(&[]).await;
    let seen = messages(&ok(ann.ask(PATH, &fresh).await));
    assert_eq!(contents(&seen), [OPENING]);
    refused(&house.person("eve").await.ask(PATH, &conversation).await, 10004);
    refused(&ann.ask(PATH, "nothing").await, 10002);
    house.server.stop().await;
}
