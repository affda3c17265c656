//! What was acknowledged survives `kill -9`: a real server is killed again and again in the middle of a load, and
//! what it has said to have kept is compared with what it still has.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parlance_testkit::{Http, ServerProgram, Socket};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// Times that the server is killed.
const KILLS: usize = 50;
/// Pairs of people, each with a conversation of its own.
const PAIRS: usize = 6;
/// Messages that one sender sends ahead of their acknowledgements.
const WINDOW: usize = 16;
/// The kill comes after between one and this many acknowledgements of a round.
const ACKS_MAX: usize = 600;

fn start(data: &Path) -> ServerProgram {
    ServerProgram::start(env!("CARGO_BIN_EXE_parlance"), data, &[])
}

/// A sender with what it knows.
#[derive(Clone)]
struct Sender {
    name: usize,
    token: String,
    conversation: i64,
    next: usize,
    /// Sent without an answer yet, by number: sent again after the restart.
    open: BTreeSet<usize>,
    /// Acknowledged: number to message id.
    kept: BTreeMap<usize, i64>,
}

impl Sender {
    fn frame(&self, number: usize) -> Value {
        json!({ "type": "message", "payload": {
            "conversationId": self.conversation,
            "content": format!("{}:{number}", self.name),
            "clientMsgId": format!("c{number}"),
        } })
    }

    /// Sends until the connection breaks.
    async fn run(
        mut self,
        address: SocketAddr,
        acks: Arc<AtomicUsize>,
        enough: Arc<Notify>,
        most: usize,
    ) -> Self {
        // Others may have brought the kill about before this one was connected.
        let path = format!("/ws/im?token={}", self.token);
        let Some(mut socket) = Socket::try_open(address, &path).await else {
            return self;
        };
        for number in self.open.clone() {
            if socket.try_send(&self.frame(number)).await.is_err() {
                return self;
            }
        }
        loop {
            while self.open.len() < WINDOW {
                let number = self.next;
                self.next += 1;
                self.open.insert(number);
                if socket.try_send(&self.frame(number)).await.is_err() {
                    return self;
                }
            }
            let Ok(frame) = socket.next_or_close().await else {
                return self;
            };
            if frame["type"] == "message_ack" {
                let number = frame["clientMsgId"].as_str().unwrap()[1..].parse().unwrap();
                let id = frame["messageId"].as_i64().unwrap();
                self.open.remove(&number);
                let known = self.kept.insert(number, id);
                assert!(
                    known.is_none_or(|known| known == id),
                    "an acknowledgement changed its mind"
                );
                if acks.fetch_add(1, Ordering::Relaxed) + 1 == most {
                    enough.notify_one();
                }
            }
            assert_ne!(frame["type"], "message_error", "{frame}");
        }
    }
}

async fn account(http: &Http, name: &str) -> (String, i64) {
    let body = json!({ "username": name, "password": "crash-test-1" });
    http.post("/api/auth/register", body.clone()).await;
    let data = http.post("/api/auth/login", body).await.body["data"].clone();
    (
        data["token"].as_str().unwrap().to_owned(),
        data["userInfo"]["id"].as_i64().unwrap(),
    )
}

async fn senders(address: SocketAddr) -> Vec<Sender> {
    let http = Http::new(address);
    let mut senders = Vec::new();
    for name in 0..PAIRS {
        let (token, _) = account(&http, &format!("from{name}")).await;
        let (_, peer) = account(&http, &format!("to{name}")).await;
        let body = json!({ "type": "PRIVATE", "peerUserId": peer });
        let made = http
            .with_token(&token)
            .post("/api/im/conversation/create", body)
            .await;
        let conversation = made.body["data"].as_i64().unwrap();
        senders.push(Sender {
            name,
            token,
            conversation,
            next: 0,
            open: BTreeSet::new(),
            kept: BTreeMap::new(),
        });
    }
    senders
}

/// All messages of a conversation, newest first.
async fn stored(http: &Http, conversation: i64) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let last = all
            .last()
            .map_or(String::new(), |message| format!("&lastId={}", message["id"]));
        let page = http
            .get(&format!("/api/im/message/list/{conversation}?limit=100{last}"))
            .await;
        let page = page.body["data"].as_array().unwrap().clone();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

async fn check(address: SocketAddr, sender: &Sender, seed: u64) {
    let all = stored(&Http::new(address).with_token(&sender.token), sender.conversation).await;
    let by_content: BTreeMap<&str, i64> = all
        .iter()
        .map(|m| (m["content"].as_str().unwrap(), m["id"].as_i64().unwrap()))
        .collect();
    assert_eq!(
        by_content.len(),
        all.len(),
        "a message is there twice, seed {seed}"
    );
    for (number, id) in &sender.kept {
        let content = format!("{}:{number}", sender.name);
        assert_eq!(
            by_content.get(content.as_str()),
            Some(id),
            "acknowledged {content} is lost, seed {seed}"
        );
    }
    let seqs: Vec<i64> = all.iter().rev().map(|m| m["seq"].as_i64().unwrap()).collect();
    assert_eq!(
        seqs,
        (1..=all.len() as i64).collect::<Vec<_>>(),
        "seqs have a gap, seed {seed}"
    );
    assert!(
        all.windows(2)
            .all(|pair| pair[0]["id"].as_i64() > pair[1]["id"].as_i64()),
        "ids run with seqs"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_kill_9() {
    let seed = std::env::var("PARLANCE_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("seed {seed}; repeat with PARLANCE_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let directory = tempfile::tempdir().unwrap();
    let server = start(directory.path());
    let mut all = senders(server.address).await;
    server.kill();
    for _ in 0..KILLS {
        let server = start(directory.path());
        let (acks, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let most = random.random_range(1..=ACKS_MAX);
        let running: Vec<_> = all
            .drain(..)
            .map(|sender| {
                tokio::spawn(sender.run(server.address, Arc::clone(&acks), Arc::clone(&enough), most))
            })
            .collect();
        enough.notified().await;
        server.kill();
        for task in running {
            all.push(task.await.unwrap());
        }
    }
    let server = start(directory.path());
    let mut acknowledged = 0;
    for sender in &all {
        check(server.address, sender, seed).await;
        acknowledged += sender.kept.len();
    }
    assert!(acknowledged > KILLS, "the load was a load");
    server.kill();
}
