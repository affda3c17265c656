//! Sending.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::people::{House, contents, messages, ok, refused, refused_with};

#[tokio::test]
async fn send() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let id = ann.create(&[&bob]).await;
    let body = json!({ "conversation_id": id, "status": 7, "type": 1, "content": "消息 \u{1f600}\n\"x\" " });
    let data = ok(ann.http.post("/send_msg", body).await);
    assert_eq!(data["MsgID"], data["MsgId"]);
    let message = bob.newest(&id).await[1].clone();
    assert_eq!(
        message,
        json!({
            "MsgId": data["MsgID"], "ConversationID": id, "FromSession": "ann", "SendTime": message["SendTime"],
            "Status": 0, "Type": 1, "Content": "消息 \u{1f600}\n\"x\" ",
        })
    );
    // Types are kept, whatever they are, and contents too, also none.
    for (kind, content) in [
        (0, "notice"),
        (8, "{}"),
        (9, "own"),
        (i64::from(i32::MAX), ""),
        (i64::from(i32::MIN), " "),
        (1, ""),
        (99, "x"),
    ] {
        let body = json!({ "conversation_id": id, "type": kind, "content": content });
        ok(ann.http.post("/send_msg", body).await);
        let last = messages(&ok(bob.ask("/get_conversation_lastone_msg", &id).await));
        assert_eq!(
            (&last[0]["Type"], &last[0]["Content"]),
            (&json!(kind), &json!(content))
        );
    }
    // All fields but the conversation may be missing.
    ok(ann.ask("/send_msg", &id).await);
    let eve = house.person("eve").await;
    let body = json!({ "conversation_id": id, "type": 1, "content": "x" });
    refused(&eve.http.post("/send_msg", body.clone()).await, 10004);
    refused(&house.stranger().post("/send_msg", body).await, 10101);
    for unknown in ["", "nothing"] {
        refused(&ann.ask("/send_msg", unknown).await, 10002);
    }
    for wrong in [
        json!({ "type": "1" }),
        json!({ "type": i64::from(i32::MAX) + 1 }),
        json!({ "type": 1.5 }),
        json!({ "content": 5 }),
        json!({ "content": {} }),
        json!({ "status": "new" }),
        json!({ "conversation_id": [] }),
        json!([1]),
    ] {
        refused(&ann.http.post("/send_msg", wrong).await, 10001);
    }
    let long = |bytes: usize| json!({ "conversation_id": id, "type": 1, "content": "x".repeat(bytes) });
    ok(ann.http.post("/send_msg", long(65_536)).await);
    refused_with(&ann.http.post("/send_msg", long(65_537)).await, 413, 10002);
    house.server.stop().await;
}

#[tokio::test]
async fn a_retry_is_answered_with_the_first_message() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let (here, there) = (ann.create(&[&bob]).await, ann.create(&[]).await);
    let send = |key: &'static str, body: Value| {
        let request = ann.http.request("POST", "/send_msg").json(&body);
        let request = if key.is_empty() {
            request
        } else {
            request.header("Idempotency-Key", key)
        };
        ann.http.fetch(request)
    };
    let body = |to: &str, content: &str| json!({ "conversation_id": to, "type": 1, "content": content });
    let first = ok(send("k1", body(&here, "once")).await);
    assert_eq!(ok(send("k1", body(&here, "once")).await), first);
    refused(&send("k1", body(&here, "other")).await, 10002);
    refused(&send("k1", body(&there, "once")).await, 10002);
    let mut with_field = body(&here, "once");
    with_field["client_msg_id"] = json!("k1");
    assert_eq!(ok(send("", with_field.clone()).await), first);
    assert_eq!(
        ok(send("k2", with_field).await),
        first,
        "the field counts before the header"
    );
    let mut long = body(&here, "x");
    long["client_msg_id"] = json!("k".repeat(257));
    refused(&send("", long).await, 10002);
    // Somebody else's key is another one.
    let request = bob.http.request("POST", "/send_msg");
    let request = request.json(&body(&here, "once")).header("Idempotency-Key", "k1");
    assert_ne!(ok(bob.http.fetch(request).await), first);
    assert_eq!(contents(&ann.newest(&here).await)[1..], ["once", "once"]);
    house.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_times_and_history_of_many_senders_have_one_order() {
    const SENDERS: usize = 20;
    const EACH: usize = 100;
    let house = House::open().await;
    let ann = house.person("ann").await;
    let id = ann.create(&[]).await;
    let mut sending = JoinSet::new();
    for name in 0..SENDERS {
        let person = house.person(&format!("s{name}")).await;
        ok(person.ask("/join_conversation", &id).await);
        let id = id.clone();
        sending.spawn(async move {
            let mut ids = Vec::new();
            // All at once, as far as the client's connections go.
            let mut own = JoinSet::new();
            for number in 0..EACH {
                let (person, id) = (person.clone(), id.clone());
                own.spawn(async move { person.say(&id, &format!("{name}:{number}")).await });
            }
            while let Some(sent) = own.join_next().await {
                ids.push(sent.expect("a sender"));
            }
            ids
        });
    }
    let sent: Vec<String> = sending.join_all().await.concat();
    let unique: BTreeSet<&String> = sent.iter().collect();
    assert_eq!(unique.len(), SENDERS * EACH);

    let mut history: Vec<Value> = Vec::new();
    let mut start = String::new();
    loop {
        let body = json!({ "conversation_id": id, "start_msg_id": start });
        let page = messages(&ok(ann.http.post("/get_conversation_msg_by_range", body).await));
        // Both ends are included, so a page begins with the last one of the page before.
        let known = usize::from(!start.is_empty());
        history.extend_from_slice(&page[known..]);
        if page.len() < 1_000 {
            break;
        }
        start = page[page.len() - 1]["MsgId"].as_str().expect("an id").to_owned();
    }
    let listed: Vec<&str> = history
        .iter()
        .skip(1)
        .map(|message| message["MsgId"].as_str().expect("an id"))
        .collect();
    assert!(listed.is_sorted_by(|a, b| a < b), "texts rise");
    let times: Vec<i64> = history
        .iter()
        .map(|message| message["SendTime"].as_i64().expect("a time"))
        .collect();
    assert!(times.is_sorted(), "times rise");
    assert!(listed.iter().copied().eq(unique.into_iter().map(String::as_str)));
    house.server.stop().await;
}
