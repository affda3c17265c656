//! Every route with odd bodies and ids: an answer in the dialect's own form, never a fault.

use parlance_dialect_gateway::ledger;
use parlance_testkit::odd_values;
use serde_json::{Value, json};

use crate::people::House;

/// Ids that look like good ones.
const IDS: [&str; 3] = [
    "87ba7679-b682-47e7-8499-0385dda22b66",
    "ZZZZZ-ZZZZ-ZZZZ-ZZZ",
    "22222-2222-2222-222",
];

const FIELDS: [&str; 15] = [
    "conversation_id",
    "conversation_ids",
    "conversation_type",
    "client_msg_id",
    "content",
    "desc",
    "end_msg_id",
    "is_archive",
    "msg_id",
    "name",
    "platform",
    "session",
    "sessions",
    "start_msg_id",
    "type",
];

#[tokio::test]
async fn nothing_a_client_sends_is_a_fault() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let mine = ann.create(&[]).await;
    for row in ledger().into_iter().filter(|row| row.method == "POST") {
        for value in odd_values().into_iter().chain(IDS.map(Value::from)) {
            // Each field odd, in a conversation that there is; and all of them.
            let mut all = json!({});
            for field in FIELDS {
                let mut body = json!({ "conversation_id": mine });
                body[field] = value.clone();
                all[field] = value.clone();
                check(row.path, &body, &ann.http.post(row.path, body.clone()).await);
            }
            check(row.path, &all, &ann.http.post(row.path, all.clone()).await);
        }
        for text in [
            "",
            "{",
            "nul",
            "{\"a\":1}}",
            "\u{feff}{}",
            "[[[[",
            "{\"type\":1e999}",
        ] {
            let request = ann.http.request("POST", row.path).body(text);
            check(row.path, &json!(text), &ann.http.fetch(request).await);
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let request = ann.http.request("POST", row.path).body(deep);
        check(row.path, &json!("deep"), &ann.http.fetch(request).await);
        let request = ann.http.request("POST", row.path).body(vec![0xff; 100]);
        check(row.path, &json!("bytes"), &ann.http.fetch(request).await);
    }
    house.server.stop().await;
}

#[track_caller]
fn check(path: &str, body: &Value, answer: &parlance_testkit::Answer) {
    let shown: String = body.to_string().chars().take(200).collect();
    assert!(
        matches!(answer.status, 200 | 413),
        "{path} {shown}: {}",
        answer.status
    );
    let code = answer.body["code"].as_i64();
    assert!(
        matches!(code, Some(0 | 10001 | 10002 | 10004)),
        "{path} {shown}: {}",
        answer.body
    );
    assert_eq!(code == Some(0), answer.body.get("error").is_none());
    assert_eq!(code == Some(0), answer.body.get("data").is_some());
}
