//! A browser's own `EventSource` on the gateway API: it reconnects by its own rules, and nothing of ours helps it.

use parlance_testkit::{Browser, Http, Proxy, ServerProgram};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::{PARLANCE, VARIABLES};

/// Messages that are sent meanwhile.
const MESSAGES: usize = 1_000;
/// Times that the connection is cut.
const CUTS: usize = 20;
/// A cut comes after at most so many more bytes: some messages, and almost always in the middle of one. Half of the
/// messages between two cuts are more than this, so that each cut has come before the next is made.
const BYTES_MORE_MAX: usize = 2_000;
/// What the relay tells the browser to wait before it comes back.
const RETRY_MS: u32 = 10;

async fn call(http: &Http, path: &str, body: Value) -> Value {
    let answer = http.post(path, body).await;
    assert_eq!(answer.body["code"], 0, "{path}: {}", answer.body);
    answer.body["data"].clone()
}

async fn session(nobody: &Http, name: &str) -> Http {
    let token = call(
        nobody,
        "/inner/get_token",
        json!({ "session": name, "platform": 1 }),
    )
    .await;
    nobody.with_token(token.as_str().unwrap())
}

#[tokio::test]
async fn an_event_source_cut_twenty_times_hears_everything_once_and_in_order() {
    let seed = std::env::var("PARLANCE_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("seed {seed}; repeat with PARLANCE_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let apart = MESSAGES / CUTS;
    let cuts: Vec<usize> = (0..CUTS)
        .map(|cut| cut * apart + random.random_range(0..apart / 2))
        .collect();

    let data = tempfile::tempdir().unwrap();
    let server = ServerProgram::start(PARLANCE, data.path(), &VARIABLES);
    let proxy = Proxy::with_retry(server.address, RETRY_MS).await;
    let nobody = Http::new(server.address);
    let (ann, bob) = (session(&nobody, "ann").await, session(&nobody, "bob").await);
    let members = json!({ "conversation_type": 0, "sessions": ["ann", "bob"] });
    let made = call(&nobody, "/inner/create_conversation", members).await;
    let conversation = made["ConversationId"].as_str().unwrap();

    let mut browser = Browser::open(&format!("http://{}/", proxy.address)).await;
    let listen = format!(
        "window.opened = 0,
         window.heard = [],
         window.source = new EventSource('/notify?protoc=sse&token={}'),
         source.onopen = () => opened++,
         source.onmessage = event => heard.push([event.lastEventId, JSON.parse(event.data)]),
         0",
        bob.token()
    );
    browser.evaluate(&listen).await;
    browser.wait("opened === 1").await;
    let (mut sent, mut connections) = (Vec::new(), 1);
    for number in 0..MESSAGES {
        if cuts.contains(&number) {
            browser.wait(&format!("opened === {connections}")).await;
            proxy.cut_after(random.random_range(0..BYTES_MORE_MAX));
            connections += 1;
        }
        let body = json!({
            "conversation_id": conversation, "status": 0, "type": 1, "content": format!("message {number}"),
        });
        sent.push(call(&ann, "/send_msg", body).await["MsgID"].clone());
    }
    let last = sent.last().and_then(Value::as_str).unwrap();
    browser.wait(&format!("heard.at(-1)?.[0] === '{last}'")).await;
    let heard = browser.evaluate("heard").await;
    let heard = heard.as_array().unwrap();
    for (number, (event, id)) in heard.iter().zip(&sent).enumerate() {
        assert_eq!((&event[0], &event[1]["MsgId"]), (id, id), "message {number}");
        assert_eq!(event[1]["Content"], format!("message {number}"));
    }
    assert_eq!(heard.len(), MESSAGES);
    assert_eq!(browser.evaluate("opened").await, CUTS + 1);
    browser.evaluate("source.close()").await;
    browser.close().await;
}
