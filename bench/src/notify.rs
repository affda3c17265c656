//! `notify`: one conversation of the gateway dialect with many readers, by WebSocket, by server-sent events and by
//! polling, one after the other on the same server. One message at a time: the next is sent when every reader has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use memchr::memmem::Finder;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::account::run_name;
use crate::connection::connect;
use crate::failure::{Outcome, fail};
use crate::http::{HttpClient, Request};
use crate::process::allow_open_files;
use crate::span::{Mark, Span};
use crate::target::Target;

/// The most readers; the server's own default limit of a conversation.
const READERS_MAX: usize = 10_000;
/// The most messages of one way.
const MESSAGES_MAX: u64 = 100_000;
/// Messages before the measured span; they fill caches and grow buffers.
const WARMUP_MESSAGES: u64 = 20;
/// How long every reader may take to have one message.
const DELIVERY_WAIT_MAX: Duration = Duration::from_secs(20);
/// How much is asked of a socket in one read, in bytes.
const READ_BYTES: usize = 16 * 1024;
/// What every message has once, however it is wrapped.
const MARK: &[u8] = b"\"MsgId\":\"";

/// The shape of the load.
#[derive(Debug, Clone, Args)]
pub(crate) struct NotifyLoad {
    /// Readers of each way
    #[arg(long, default_value_t = 100)]
    readers: usize,
    /// Messages of each way in the measured span
    #[arg(long, default_value_t = 300)]
    messages: u64,
    /// Content of each message, in bytes
    #[arg(long, default_value_t = 100)]
    bytes: usize,
}

/// How a reader is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Nobody reads: what sending alone costs.
    None,
    Socket,
    Stream,
    Poll,
}

/// What one way costs.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WayReport {
    /// The way.
    way: &'static str,
    /// Messages in the span.
    messages: u64,
    /// Deliveries in the span.
    deliveries: u64,
    /// Deliveries a second.
    deliveries_per_second: f64,
    /// Server CPU for each message, its delivery included, in microseconds.
    server_cpu_us_per_message: Option<f64>,
    /// Server CPU for each delivery, without what sending alone costs, in microseconds.
    server_cpu_us_per_delivery: Option<f64>,
    /// The generator's own CPU for each delivery, in microseconds.
    generator_cpu_us_per_delivery: Option<f64>,
}

/// What `notify` found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotifyReport {
    /// Readers of each way.
    readers: usize,
    /// One after the other.
    ways: Vec<WayReport>,
}

/// How many deliveries there were, and who waits for more.
#[derive(Debug, Default)]
struct Delivered {
    count: AtomicU64,
    goal: AtomicU64,
    reached: Notify,
}

impl Delivered {
    fn add(&self, count: u64) {
        // Sequentially consistent, because the sender writes `goal` and then reads `count`.
        let now = self.count.fetch_add(count, Ordering::SeqCst) + count;
        if now >= self.goal.load(Ordering::SeqCst) {
            self.reached.notify_one();
        }
    }

    async fn wait(&self, goal: u64) -> Outcome<()> {
        self.goal.store(goal, Ordering::SeqCst);
        let waiting = async {
            while self.count.load(Ordering::SeqCst) < goal {
                self.reached.notified().await;
            }
        };
        match tokio::time::timeout(DELIVERY_WAIT_MAX, waiting).await {
            Ok(()) => Ok(()),
            Err(_) => fail(format!(
                "{} deliveries came of {goal}",
                self.count.load(Ordering::SeqCst)
            )),
        }
    }
}

/// Runs the load in every way.
///
/// # Errors
/// A connection failed, or a message did not reach everybody.
pub(crate) async fn run(target: &Target, load: &NotifyLoad) -> Outcome<NotifyReport> {
    if load.readers == 0 || load.readers > READERS_MAX || load.messages == 0 || load.messages > MESSAGES_MAX {
        return fail(format!(
            "--readers must be 1 to {READERS_MAX}, --messages 1 to {MESSAGES_MAX}"
        ));
    }
    allow_open_files(load.readers as u64 + 100)?;
    let mut ways = Vec::new();
    let mut sending_us = None;
    for way in [Way::None, Way::Socket, Way::Stream, Way::Poll] {
        let span = one(target, load, way).await?;
        if way == Way::None {
            sending_us = span.cpu_us_each;
        }
        ways.push(report(load, way, &span, sending_us));
    }
    Ok(NotifyReport {
        readers: load.readers,
        ways,
    })
}

fn report(load: &NotifyLoad, way: Way, span: &Span, sending_us: Option<f64>) -> WayReport {
    let readers = if way == Way::None { 0 } else { load.readers };
    let each = readers.max(1) as f64;
    let delivering = span.cpu_us_each.zip(sending_us).filter(|_| readers > 0);
    WayReport {
        way: match way {
            Way::None => "nobody reads",
            Way::Socket => "ws",
            Way::Stream => "sse",
            Way::Poll => "poll",
        },
        messages: span.count,
        deliveries: span.count * readers as u64,
        deliveries_per_second: span.per_second * readers as f64,
        server_cpu_us_per_message: span.cpu_us_each,
        server_cpu_us_per_delivery: delivering.map(|(all, sending)| (all - sending) / each),
        generator_cpu_us_per_delivery: span.generator_us_each.map(|all| all / each),
    }
}

/// One way, from new sessions to its span. What is counted in the span are messages.
async fn one(target: &Target, load: &NotifyLoad, way: Way) -> Outcome<Span> {
    let prefix = format!("n{}{way:?}", run_name());
    let mut client = HttpClient::open(target.address).await?;
    let sessions: Vec<String> = (0..=load.readers)
        .map(|number| format!("{prefix}{number}"))
        .collect();
    let made = post(
        &mut client,
        "/inner/create_conversation",
        None,
        &json!({ "sessions": sessions }),
    )
    .await?;
    let conversation = made["ConversationId"].as_str().unwrap_or_default().to_owned();
    let sender = token(&mut client, &sessions[0]).await?;
    let body = json!({ "conversation_id": conversation, "type": 1, "content": "x".repeat(load.bytes) });
    let first = post(&mut client, "/send_msg", Some(&sender), &body).await?;
    let first = first["MsgID"].as_str().unwrap_or_default();

    let delivered = Arc::new(Delivered::default());
    let mut readers = JoinSet::new();
    for (index, session) in sessions[1..].iter().enumerate().filter(|_| way != Way::None) {
        let token = token(&mut client, session).await?;
        let (delivered, address) = (Arc::clone(&delivered), target.address);
        match way {
            Way::Poll => {
                let (client, first) = (HttpClient::open(address).await?, first.to_owned());
                readers.spawn(poll(client, token, first, delivered));
            }
            _ => {
                let stream = open(target, way, &token, index).await?;
                readers.spawn(count(stream, delivered));
            }
        }
    }
    let each = if way == Way::None { 0 } else { load.readers as u64 };
    let mut sent = 0;
    let mut start = Mark::now(target, 0)?;
    while sent < WARMUP_MESSAGES + load.messages {
        if sent == WARMUP_MESSAGES {
            start = Mark::now(target, sent)?;
        }
        post(&mut client, "/send_msg", Some(&sender), &body).await?;
        sent += 1;
        delivered.wait(sent * each).await?;
    }
    let end = Mark::now(target, sent)?;
    let came = delivered.count.load(Ordering::SeqCst);
    if came != sent * each {
        return fail(format!("{came} deliveries came of {}", sent * each));
    }
    readers.abort_all();
    Ok(start.until(&end))
}

async fn token(client: &mut HttpClient, session: &str) -> Outcome<String> {
    let body = json!({ "session": session, "platform": 1 });
    let data = post(client, "/inner/get_token", None, &body).await?;
    Ok(data.as_str().unwrap_or_default().to_owned())
}

async fn post(client: &mut HttpClient, path: &str, token: Option<&str>, body: &Value) -> Outcome<Value> {
    let request = Request {
        method: "POST",
        path,
        token,
        body: &body.to_string(),
    };
    let data = client.data(&request).await?;
    if data.is_null() {
        return fail(format!("{path} was refused"));
    }
    Ok(data)
}

/// Opens a socket or a stream and reads the head of its answer: from then on the server delivers to it.
async fn open(target: &Target, way: Way, token: &str, index: usize) -> Outcome<TcpStream> {
    let (protoc, headers) = match way {
        Way::Socket => (
            "ws",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: cGFybGFuY2UtYmVuY2gtMQ==\r\n",
        ),
        _ => ("sse", "Accept: text/event-stream\r\n"),
    };
    let mut stream = connect(target.address, index).await?;
    let host = target.address;
    let request =
        format!("GET /notify?protoc={protoc}&token={token} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    // Byte by byte, so that nothing of what follows is taken away.
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(stream)
}

/// Counts the messages that come, wherever their bytes are cut.
async fn count(mut stream: TcpStream, delivered: Arc<Delivered>) -> Outcome<()> {
    let finder = Finder::new(MARK);
    let mut buffer = Vec::with_capacity(READ_BYTES);
    while stream.read_buf(&mut buffer).await? > 0 {
        let (mut found, mut end) = (0, 0);
        for at in finder.find_iter(&buffer) {
            found += 1;
            end = at + MARK.len();
        }
        // Kept is what may be the beginning of a mark.
        let kept = end.max(buffer.len().saturating_sub(MARK.len() - 1));
        buffer.drain(..kept);
        delivered.add(found);
    }
    fail("the server closed a connection")
}

/// Polls for ever. The first poll says where to begin.
async fn poll(
    mut client: HttpClient,
    token: String,
    first: String,
    delivered: Arc<Delivered>,
) -> Outcome<()> {
    let mut path = format!("/notify?protoc=poll&last_msg_id={first}");
    loop {
        let answer = client
            .request(&Request {
                method: "GET",
                path: &path,
                token: Some(&token),
                body: "",
            })
            .await?;
        if answer.status != 200 || !answer.body.starts_with(b"{\"MsgId\"") {
            return fail(format!("a poll was answered {}", answer.status));
        }
        "/notify?protoc=poll".clone_into(&mut path);
        delivered.add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sending_costs_is_not_counted_as_delivery() {
        let load = NotifyLoad {
            readers: 10,
            messages: 5,
            bytes: 1,
        };
        let span = Span {
            seconds: 1.0,
            count: 5,
            per_second: 5.0,
            cpu_us_each: Some(150.0),
            generator_us_each: Some(100.0),
        };
        let found = report(&load, Way::Stream, &span, Some(50.0));
        assert_eq!(found.server_cpu_us_per_delivery, Some(10.0));
        assert_eq!((found.deliveries, found.deliveries_per_second), (50, 50.0));
        let found = report(&load, Way::None, &span, Some(150.0));
        assert_eq!((found.server_cpu_us_per_delivery, found.deliveries), (None, 0));
    }
}
