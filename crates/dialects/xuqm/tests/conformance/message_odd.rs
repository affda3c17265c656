//! Messages and presence with what no client should send.

use parlance_dialect_xuqm::ledger;
use parlance_testkit::{Answer, Http, odd_texts, odd_values};
use serde_json::{Value, json};

use crate::house::{House, ok};
use crate::message::say;

/// Fields of bodies and queries.
const FIELDS: [&str; 19] = [
    "toId",
    "fromId",
    "targetId",
    "chatType",
    "msgType",
    "content",
    "messageId",
    "mentionedUserIds",
    "extra",
    "keyword",
    "startTime",
    "endTime",
    "beforeId",
    "page",
    "size",
    "limit",
    "offset",
    "deviceId",
    "token",
];

/// Method and path of every route of these areas.
fn routes() -> Vec<(&'static str, &'static str)> {
    let mut rows = ledger();
    rows.retain(|row| {
        row.path.starts_with("/api/im/messages") || row.path.starts_with("/api/im/internal/presence")
    });
    assert!(rows.len() >= 10, "{}", rows.len());
    rows.into_iter().map(|row| (row.method, row.path)).collect()
}

/// A path with this text in place of what it leaves open.
fn filled(path: &str, with: &str) -> String {
    let part = |part: &str| match part.starts_with('{') {
        true => with.to_owned(),
        false => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Sends, and sees that the answer is one.
async fn call(http: &Http, method: &str, path: &str, body: &Value) -> Answer {
    let answer = http.fetch(http.request(method, path).json(body)).await;
    let shown: String = format!("{method} {path} {body}").chars().take(300).collect();
    assert!(answer.status < 500, "{shown}: {}", answer.body);
    assert_eq!(answer.body["code"], answer.status, "{shown}");
    answer
}

#[tokio::test]
async fn no_odd_request_is_a_fault() {
    let house = House::open().await;
    let (admin, ann) = (house.admin().await, house.person("ann").await);
    house.person("bob").await;
    let usual = json!({ "toId": "bob", "content": "x", "keyword": "word", "token": "x" });
    for (method, path) in routes() {
        let id = say(&ann, "bob", "SINGLE", "word").await["id"].clone();
        let id = id.as_str().expect("a text");
        for odd in odd_texts()
            .iter()
            .filter(|odd| path.contains('{') && !odd.is_empty())
        {
            call(&admin.http, method, &filled(path, odd), &usual).await;
        }
        for value in odd_values() {
            for field in FIELDS {
                let mut body = usual.clone();
                body[field] = value.clone();
                call(&ann.http, method, &filled(path, id), &body).await;
            }
        }
        // The same reader reads a field of the query, so a part of the texts is enough.
        for odd in odd_texts().iter().step_by(4).filter(|odd| odd.len() < 1_000) {
            for field in FIELDS {
                let path = format!("{}?{field}={odd}", filled(path, "bob"));
                call(&ann.http, method, &path, &json!({})).await;
            }
        }
    }
    ok(&ann.http.get("/api/im/messages/history/bob").await);
    house.server.stop().await;
}
