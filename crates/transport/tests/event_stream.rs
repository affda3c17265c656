//! Server-sent events as a client on the wire sees them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Bytes, response::Response, routing::get};
use parlance_transport::http::{
    Drained, Draining, EventSource, ServerLimits, event_stream, event_stream::KEEP_ALIVE,
};
use support::{Control, TestServer, Tls};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    sync::{mpsc, watch},
};

/// Gives what the test sends, and tells when it is dropped.
struct Told {
    pieces: mpsc::Receiver<&'static str>,
    alive: watch::Sender<usize>,
}

impl Drop for Told {
    fn drop(&mut self) {
        self.alive.send_modify(|alive| *alive -= 1);
    }
}

impl EventSource for Told {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let polled = self.pieces.poll_recv(cx);
        polled.map(|piece| piece.map(|piece| Bytes::from_static(piece.as_bytes())))
    }
}

/// A server whose streams give what the test sends, and the senders of its streams.
struct Streams {
    server: TestServer,
    senders: mpsc::UnboundedReceiver<mpsc::Sender<&'static str>>,
    alive: watch::Sender<usize>,
}

impl Streams {
    async fn new(keep_alive: Duration, tls: Option<&Tls>) -> Self {
        let (opened, senders) = mpsc::unbounded_channel();
        let alive = watch::Sender::new(0);
        let counter = alive.clone();
        let open = move |draining: Draining| async move {
            let (sender, pieces) = mpsc::channel(16);
            counter.send_modify(|alive| *alive += 1);
            opened.send(sender).unwrap();
            let source = Told {
                pieces,
                alive: counter,
            };
            event_stream(source, keep_alive, draining)
        };
        let tls = tls.map(|tls| tls.server.clone());
        let router = Router::new().route("/", get(open));
        let server = TestServer::start(router, tls, ServerLimits::default(), Control::new()).await;
        Self {
            server,
            senders,
            alive,
        }
    }

    async fn open(&mut self) -> (TcpStream, mpsc::Sender<&'static str>) {
        let mut client = self.server.connect().await;
        let sender = self.ask(&mut client).await;
        (client, sender)
    }

    async fn ask<C: AsyncRead + AsyncWrite + Unpin>(&mut self, client: &mut C) -> mpsc::Sender<&'static str> {
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        client.flush().await.unwrap();
        let head = until(client, "\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        for header in [
            "content-type: text/event-stream\r\n",
            "cache-control: no-cache\r\n",
            "x-accel-buffering: no\r\n",
            "transfer-encoding: chunked\r\n",
        ] {
            assert!(head.contains(header), "{head}");
        }
        self.senders.recv().await.unwrap()
    }
}

/// Reads up to and including `end`.
async fn until(client: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut read = String::new();
    while !read.ends_with(end) {
        read.push(char::from(client.read_u8().await.unwrap()));
    }
    read
}

async fn rest(client: &mut (impl AsyncRead + Unpin)) -> String {
    let mut rest = String::new();
    client.read_to_string(&mut rest).await.unwrap();
    rest
}

#[tokio::test]
async fn the_head_comes_at_once_and_each_piece_when_it_is_there() {
    let mut streams = Streams::new(KEEP_ALIVE, None).await;
    let (mut client, sender) = streams.open().await;
    for piece in ["id: 1\ndata: a\n\n", "id: 2\ndata: 消息\n\n"] {
        sender.send(piece).await.unwrap();
        let mut chunk = vec![0; format!("{:X}\r\n{piece}\r\n", piece.len()).len()];
        client.read_exact(&mut chunk).await.unwrap();
        assert_eq!(
            String::from_utf8(chunk).unwrap(),
            format!("{:X}\r\n{piece}\r\n", piece.len())
        );
    }
    drop(sender);
    assert_eq!(
        until(&mut client, "0\r\n\r\n").await,
        "0\r\n\r\n",
        "the end of the source ends the answer"
    );
}

#[tokio::test]
async fn silence_is_filled_with_comments() {
    let mut streams = Streams::new(Duration::from_millis(5), None).await;
    let (mut client, sender) = streams.open().await;
    for _ in 0..3 {
        assert_eq!(until(&mut client, ":\n\n\r\n").await, "3\r\n:\n\n\r\n");
    }
    sender.send("data: a\n\n").await.unwrap();
    until(&mut client, "data: a\n\n").await;
    until(&mut client, ":\n\n\r\n").await;
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_source_with_it() {
    let mut streams = Streams::new(KEEP_ALIVE, None).await;
    let (client, sender) = streams.open().await;
    let (_other, _kept) = streams.open().await;
    streams
        .alive
        .subscribe()
        .wait_for(|alive| *alive == 2)
        .await
        .unwrap();
    drop(client);
    // Nothing is sent: the loss is noticed all the same.
    sender.closed().await;
    streams
        .alive
        .subscribe()
        .wait_for(|alive| *alive == 1)
        .await
        .unwrap();
}

#[tokio::test]
async fn stopping_ends_streams_in_good_order() {
    let mut streams = Streams::new(KEEP_ALIVE, None).await;
    let (mut silent, _kept) = streams.open().await;
    let (mut spoken, sender) = streams.open().await;
    sender.send("data: a\n\n").await.unwrap();
    until(&mut spoken, "data: a\n\n\r\n").await;
    streams.server.stop.send_replace(true);
    assert_eq!(rest(&mut silent).await, "0\r\n\r\n");
    assert_eq!(rest(&mut spoken).await, "0\r\n\r\n");
    assert_eq!(streams.server.running.await.unwrap(), Drained::All);
    assert_eq!(*streams.alive.borrow(), 0);
}

#[tokio::test]
async fn streams_go_over_tls_as_well() {
    let tls = Tls::new();
    let mut streams = Streams::new(KEEP_ALIVE, Some(&tls)).await;
    let mut client = tls.connect(&streams.server).await;
    let sender = streams.ask(&mut client).await;
    sender.send("data: a\n\n").await.unwrap();
    until(&mut client, "data: a\n\n\r\n").await;
    streams.server.stop.send_replace(true);
    assert_eq!(rest(&mut client).await, "0\r\n\r\n");
    assert_eq!(streams.server.running.await.unwrap(), Drained::All);
}

/// Bytes of a piece of [`Endless`].
const PIECE_BYTES: usize = 16 * 1024;
/// More than all buffers between a server and a client that does not read.
const BUFFERS_BYTES: usize = 32 << 20;

/// Always has something to say.
struct Endless(Arc<AtomicUsize>);

impl EventSource for Endless {
    fn poll_next(&mut self, _cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.0.fetch_add(PIECE_BYTES, Ordering::Relaxed);
        Poll::Ready(Some(Bytes::from_static(&[b'x'; PIECE_BYTES])))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_not_asked_for_more_than_the_client_takes() {
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = taken.clone();
    let open = move |draining: Draining| async move { endless(counter, draining) };
    let router = Router::new().route("/", get(open));
    let server = TestServer::with_router(router, ServerLimits::default()).await;
    let mut client = server.connect().await;
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut buffer = vec![0; 1 << 20];
    let mut received = 0;
    while received < 4 * BUFFERS_BYTES {
        received += client.read(&mut buffer).await.unwrap();
        let ahead = taken.load(Ordering::Relaxed).saturating_sub(received);
        assert!(
            ahead < BUFFERS_BYTES,
            "{ahead} bytes were taken that nobody has read"
        );
    }
    drop(client);
    server.stop.send_replace(true);
    assert_eq!(server.running.await.unwrap(), Drained::All);
}

fn endless(taken: Arc<AtomicUsize>, draining: Draining) -> Response {
    event_stream(Endless(taken), KEEP_ALIVE, draining)
}
