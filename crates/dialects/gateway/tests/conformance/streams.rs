//! One conversation read in three ways at once, while connections break and the server restarts: everybody has every
//! message once and in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parlance_testkit::{Events, Http, Socket};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::people::{House, Person, whole};

/// Messages sent.
const MESSAGES: usize = 1_000;
/// Times that each reader's connection breaks.
const CUTS: usize = 20;
/// How long the whole may take. Only a failing test ever waits this long.
const PATIENCE: Duration = Duration::from_secs(180);

/// Where the server is now, and how often it has been restarted.
type Place = watch::Receiver<(usize, SocketAddr)>;

/// A reader: what it has got so far, and when it loses its connection.
struct Reader {
    token: String,
    place: Place,
    /// The last message that it has.
    last: String,
    seen: Vec<(String, usize)>,
    /// Numbers of messages after which the connection breaks, rising.
    cuts: Vec<usize>,
    dice: StdRng,
}

impl Reader {
    fn new(person: &Person, place: &Place, last: &str, seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut cuts: Vec<usize> = (0..CUTS).map(|_| dice.random_range(0..MESSAGES)).collect();
        cuts.sort_unstable();
        Self {
            token: person.http.token().to_owned(),
            place: place.clone(),
            last: last.to_owned(),
            seen: Vec::new(),
            cuts,
            dice,
        }
    }

    fn is_done(&self) -> bool {
        self.seen.len() >= MESSAGES
    }

    fn take(&mut self, message: &Value) {
        whole(message);
        self.last = message["MsgId"].as_str().expect("an id").to_owned();
        let number = message["Content"].as_str().expect("a text");
        self.seen
            .push((self.last.clone(), number.parse().expect("a number")));
    }

    /// Whether the connection breaks now.
    fn breaks(&mut self) -> bool {
        let breaks = self.cuts.first().is_some_and(|cut| *cut < self.seen.len());
        if breaks {
            self.cuts.remove(0);
        }
        breaks
    }

    fn path(&self, query: &str) -> String {
        format!("/notify?token={}&{query}", self.token)
    }

    /// Waits for the server after the one of this number.
    async fn restarted(&mut self, known: usize) {
        let newer = self.place.wait_for(|(number, _)| *number > known).await;
        newer.expect("another server");
    }

    fn server(&self) -> (usize, SocketAddr) {
        *self.place.borrow()
    }

    async fn by_socket(mut self) -> Vec<(String, usize)> {
        while !self.is_done() {
            let (number, address) = self.server();
            let path = self.path(&format!("protoc=ws&last_msg_id={}", self.last));
            let Some(mut socket) = Socket::try_open(address, &path).await else {
                self.restarted(number).await;
                continue;
            };
            loop {
                match socket.next_or_close().await {
                    Ok(message) => self.take(&message),
                    Err(_) => break self.restarted(number).await,
                }
                if self.is_done() || self.breaks() {
                    break socket.cut();
                }
            }
        }
        self.seen
    }

    async fn by_stream(mut self) -> Vec<(String, usize)> {
        while !self.is_done() {
            let (number, address) = self.server();
            let request = Http::new(address).request("GET", &self.path("protoc=sse"));
            let request = request.header("Last-Event-ID", &self.last);
            let Some(mut stream) = Events::try_open(request).await else {
                self.restarted(number).await;
                continue;
            };
            loop {
                let Ok(event) = stream.next_or_end().await else {
                    break self.restarted(number).await;
                };
                self.take(&serde_json::from_str(&event.data).expect("JSON"));
                assert_eq!(event.id, self.last);
                if self.is_done() || self.breaks() {
                    break;
                }
            }
        }
        self.seen
    }

    /// Says how far it has come only after its connection broke, when an answer may have been lost on its way.
    async fn by_polls(mut self) -> Vec<(String, usize)> {
        let mut sure = false;
        while !self.is_done() {
            let (number, address) = self.server();
            let query = if sure {
                "protoc=poll".to_owned()
            } else {
                format!("protoc=poll&last_msg_id={}", self.last)
            };
            let request = Http::new(address).request("GET", &self.path(&query));
            let polling = async {
                let response = request.send().await.ok()?;
                let status = response.status().as_u16();
                Some((status, response.bytes().await.ok()?))
            };
            if self.breaks() {
                // Let go of somewhere between the first byte sent and the last one received.
                let patience = Duration::from_micros(self.dice.random_range(0..3_000));
                if tokio::time::timeout(patience, polling).await.is_ok() {
                    // It came in time and is thrown away all the same.
                }
                sure = false;
                continue;
            }
            match polling.await {
                Some((200, body)) => {
                    self.take(&serde_json::from_slice(&body).expect("JSON"));
                    sure = true;
                }
                Some((204, _)) => {}
                Some((status, body)) => panic!("{status} {}", String::from_utf8_lossy(&body)),
                None => {
                    sure = false;
                    self.restarted(number).await;
                }
            }
        }
        self.seen
    }
}

/// Sends the numbers one after the other; each again until it is acknowledged.
async fn writer(
    token: String,
    conversation: String,
    mut place: Place,
    sent: Arc<AtomicUsize>,
) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < MESSAGES {
        let number = ids.len().to_string();
        let (server, address) = *place.borrow();
        let body = json!({
            "conversation_id": conversation, "type": 1, "content": number, "client_msg_id": number,
        });
        let http = Http::new(address).with_token(token.as_str());
        let answer = http.request("POST", "/send_msg").json(&body).send().await;
        let answer = match answer {
            Ok(answer) => answer.bytes().await.ok(),
            Err(_) => None,
        };
        let Some(answer) = answer else {
            let newer = place.wait_for(|(number, _)| *number > server).await;
            newer.expect("another server");
            continue;
        };
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        // While it stops, a server may say that it cannot keep anything any more.
        if let Some(id) = answer["data"]["MsgID"].as_str() {
            ids.push(id.to_owned());
            sent.fetch_add(1, Ordering::Relaxed);
        }
    }
    ids
}

async fn three_ways(seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut house = House::open().await;
    let ann = house.person("ann").await;
    let conversation = ann.create(&[]).await;
    let first = ann.newest(&conversation).await[0].clone();
    let first = first["MsgId"].as_str().expect("an id");
    let (moved, place) = watch::channel((0, house.server.address));
    let mut reader = || Reader::new(&ann, &place, first, dice.random());
    let (socket, stream, polls) = (reader(), reader(), reader());
    let (socket, stream, polls) = (
        tokio::spawn(socket.by_socket()),
        tokio::spawn(stream.by_stream()),
        tokio::spawn(polls.by_polls()),
    );
    let sent = Arc::new(AtomicUsize::new(0));
    let token = ann.http.token().to_owned();
    let writing = tokio::spawn(writer(token, conversation, place, Arc::clone(&sent)));
    let restart_at = dice.random_range(MESSAGES / 4..MESSAGES / 2);
    while sent.load(Ordering::Relaxed) < restart_at {
        tokio::task::yield_now().await;
    }
    house = house.restart().await;
    moved.send_replace((1, house.server.address));

    let ids = writing.await.expect("a writer");
    for (name, reading) in [("socket", socket), ("stream", stream), ("polls", polls)] {
        let seen = reading.await.expect("a reader");
        let numbers: Vec<usize> = seen.iter().map(|(_, number)| *number).collect();
        assert!(
            numbers.iter().copied().eq(0..MESSAGES),
            "{name}, seed {seed}: {numbers:?}"
        );
        let own: Vec<&String> = seen.iter().map(|(id, _)| id).collect();
        assert!(
            own.iter().is_sorted() && own.iter().copied().eq(ids.iter()),
            "{name}"
        );
    }
    house.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_conversation_in_three_ways() {
    let seed = rand::random();
    // Shown when the test fails.
    println!("seed {seed}");
    tokio::time::timeout(PATIENCE, three_ways(seed))
        .await
        .expect("all of it in time");
}
