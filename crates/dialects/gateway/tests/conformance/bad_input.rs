//! Every route with odd bodies and ids: an answer in the dialect's own form, never a fault.

use parlance_dialect_gateway::ledger;
use serde_json::{Value, json};

use crate::people::House;

/// Ids and names that nobody would think of.
fn odd_texts() -> Vec<String> {
    let mut odd: Vec<String> = [
        "",
        " ",
        "..",
        "../../etc/passwd",
        "\0",
        "'; DROP TABLE messages; --",
        "%00%ff",
        "\u{1f600}\u{200d}\u{1f600}",
        "-1",
        "9223372036854775808",
        "null",
        "87ba7679-b682-47e7-8499-0385dda22b66",
        "ZZZZZ-ZZZZ-ZZZZ-ZZZ",
        "22222-2222-2222-222",
    ]
    .map(str::to_owned)
    .to_vec();
    odd.push("x".repeat(10_000));
    odd.push("长".repeat(10_000));
    odd
}

fn odd_values() -> Vec<Value> {
    let mut odd: Vec<Value> = odd_texts().into_iter().map(Value::from).collect();
    odd.extend([
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!([]),
        json!([null]),
        json!([[[]]]),
        json!({}),
        json!({ "a": { "b": [] } }),
        json!(["", "\0", "a b"]),
    ]);
    odd
}

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
        for value in odd_values() {
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
