//! WebSockets as a well-known client sees them, over real connections, plain and TLS.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use futures_util::{SinkExt as _, StreamExt as _};
use parlance_transport::{
    http::Drained,
    websocket::{Frame, Outgoing, SocketLimits},
};
use support::{TestServer, Tls};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _, protocol::CloseFrame},
};

const HANDSHAKE: &str = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

async fn plain() -> TestServer {
    TestServer::with_sockets(None, SocketLimits::default()).await
}

/// A client that has been welcomed.
async fn client(server: &TestServer) -> WebSocketStream<tokio::net::TcpStream> {
    welcomed(server.connect().await).await
}

async fn welcomed<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> WebSocketStream<S> {
    let (mut client, _) = client_async("ws://localhost/ws", stream).await.unwrap();
    assert_eq!(text(&mut client).await, "welcome");
    client
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(client: &mut WebSocketStream<S>, text: &str) {
    client.send(Message::text(text)).await.unwrap();
}

async fn text<S: AsyncRead + AsyncWrite + Unpin>(client: &mut WebSocketStream<S>) -> String {
    client
        .next()
        .await
        .unwrap()
        .unwrap()
        .into_text()
        .unwrap()
        .to_string()
}

/// The code of the close frame that comes next; then the connection must end in good order.
async fn closed<S: AsyncRead + AsyncWrite + Unpin>(client: &mut WebSocketStream<S>) -> (u16, String) {
    let Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) = client.next().await else {
        panic!("no close frame")
    };
    assert!(client.next().await.is_none());
    (code.into(), reason.to_string())
}

async fn speaks_everything<S: AsyncRead + AsyncWrite + Unpin>(client: &mut WebSocketStream<S>) {
    say(client, "你好").await;
    assert_eq!(text(client).await, "你好");
    client.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(
        client.next().await.unwrap().unwrap(),
        Message::binary(vec![1, 2, 3])
    );
    client.send(Message::Ping("are you there".into())).await.unwrap();
    assert_eq!(
        client.next().await.unwrap().unwrap(),
        Message::Pong("are you there".into())
    );
    let long = "长".repeat(80_000);
    say(client, &long).await;
    assert!(text(client).await == long);
    for n in 0..1000 {
        client.feed(Message::text(n.to_string())).await.unwrap();
    }
    client.flush().await.unwrap();
    for n in 0..1000 {
        assert_eq!(text(client).await, n.to_string());
    }
    say(client, "many 500").await;
    for n in 0..500 {
        assert_eq!(text(client).await, n.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn speaks_with_a_real_client() {
    let server = plain().await;
    speaks_everything(&mut client(&server).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn speaks_with_a_real_client_over_tls() {
    let tls = Tls::new();
    let server = TestServer::with_sockets(Some(tls.server.clone()), SocketLimits::default()).await;
    let mut client = welcomed(tls.connect(&server).await).await;
    speaks_everything(&mut client).await;
    // What speaks no TLS is turned away and disturbs nobody.
    let mut stranger = server.connect().await;
    stranger.write_all(HANDSHAKE.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stranger.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"));
    server.stop.send_replace(true);
    assert_eq!(closed(&mut client).await.0, 1001);
    assert_eq!(server.running.await.unwrap(), Drained::All);
}

#[tokio::test]
async fn a_sub_protocol_is_chosen_from_those_offered() {
    let server = plain().await;
    for (offer, chosen) in [("other, parrot", Some("parrot")), ("other", None)] {
        let mut request = "ws://localhost/ws".into_client_request().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", offer.parse().unwrap());
        match (client_async(request, server.connect().await).await, chosen) {
            (Ok((_, response)), Some(chosen)) => {
                assert_eq!(response.headers()["sec-websocket-protocol"], chosen);
            }
            // This client insists on one of its own.
            (Err(error), None) => assert!(error.to_string().contains("ubprotocol"), "{error}"),
            (outcome, _) => panic!("{offer}: {:?}", outcome.map(|(_, response)| response)),
        }
    }
}

#[tokio::test]
async fn bytes_sent_behind_the_handshake_are_not_lost() {
    let server = plain().await;
    let mut stream = server.connect().await;
    let early = [HANDSHAKE.as_bytes(), &[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']].concat();
    stream.write_all(&early).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\x81\x02hi") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
    }
    let answer = String::from_utf8_lossy(&answer).to_lowercase();
    assert!(answer.starts_with("http/1.1 101"), "{answer}");
    assert!(answer.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{answer}");
}

#[tokio::test]
async fn what_is_no_upgrade_is_refused() {
    let server = plain().await;
    let cases = [
        (HANDSHAKE.replace("Upgrade: WebSocket\r\n", ""), "426"),
        (HANDSHAKE.replace("Version: 13", "Version: 8"), "426"),
        (HANDSHAKE.replace("dGhlIHNhbXBsZSBub25jZQ==", "short"), "400"),
        (HANDSHAKE.replace("Sec-WebSocket-Key", "X-Key"), "400"),
        (
            HANDSHAKE.replace("Connection: keep-alive, Upgrade", "Connection: keep-alive"),
            "400",
        ),
    ];
    for (request, status) in cases {
        let mut stream = server.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = vec![0; 1024];
        let count = stream.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..count]).to_lowercase();
        assert!(
            answer.starts_with(&format!("http/1.1 {status}")),
            "{request}\n{answer}"
        );
        assert_eq!(
            answer.contains("sec-websocket-version: 13"),
            status == "426",
            "{answer}"
        );
    }
    server.control.until(&server.control.alive, 0).await;
}

#[tokio::test]
async fn a_close_is_answered_with_its_code() {
    let server = plain().await;
    let mut client = client(&server).await;
    let frame = CloseFrame {
        code: 4321.into(),
        reason: "enough".into(),
    };
    client.close(Some(frame)).await.unwrap();
    assert_eq!(closed(&mut client).await.0, 4321);
    server.control.until(&server.control.alive, 0).await;
}

#[tokio::test]
async fn a_lost_connection_ends_its_protocol() {
    let server = plain().await;
    let client = client(&server).await;
    server.control.until(&server.control.alive, 1).await;
    drop(client);
    server.control.until(&server.control.alive, 0).await;
}

#[tokio::test]
async fn a_dialect_closes_with_its_own_code() {
    let server = plain().await;
    let mut client = client(&server).await;
    say(&mut client, "close 4001 kicked").await;
    assert_eq!(text(&mut client).await, "bye");
    assert_eq!(closed(&mut client).await, (4001, "kicked".to_owned()));
    server.control.until(&server.control.alive, 0).await;
}

#[tokio::test]
async fn a_subscription_closes_with_its_own_code() {
    let server = plain().await;
    let mut client = client(&server).await;
    let sender = server.control.events.borrow()[0].clone();
    sender
        .send(Outgoing::Close(4002, "too slow, resume".into()))
        .await
        .unwrap();
    assert_eq!(closed(&mut client).await, (4002, "too slow, resume".to_owned()));
}

#[tokio::test]
async fn broken_frames_get_the_code_that_says_why() {
    let limits = SocketLimits {
        message_bytes_max: 1000,
        ..SocketLimits::default()
    };
    let server = TestServer::with_sockets(None, limits).await;
    let cases: [(&[u8], u16); 4] = [
        (&[0x81, 0x02, b'h', b'i'], 1002),
        (&[0xC1, 0x80, 0, 0, 0, 0], 1002),
        (&[0x81, 0x81, 0, 0, 0, 0, 0xFF], 1007),
        (&[0x82, 0xFE, 0xFF, 0xFF, 0, 0, 0, 0, 1, 2, 3], 1009),
    ];
    for (bytes, code) in cases {
        let mut client = client(&server).await;
        client.get_mut().write_all(bytes).await.unwrap();
        assert_eq!(closed(&mut client).await.0, code, "{bytes:?}");
    }
    server.control.until(&server.control.alive, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_message_is_refused_while_it_is_still_being_sent() {
    let server = plain().await;
    let (mut sink, mut stream) = client(&server).await.split();
    let sending = tokio::spawn(async move { sink.send(Message::binary(vec![0; 3 << 20])).await });
    let Some(Ok(Message::Close(Some(frame)))) = stream.next().await else {
        panic!("no close frame")
    };
    assert_eq!(u16::from(frame.code), 1009);
    sending.await.unwrap().ok();
}

#[tokio::test]
async fn work_runs_side_by_side_and_is_answered_in_order() {
    let server = plain().await;
    let mut client = client(&server).await;
    for name in ["a", "b", "c"] {
        say(&mut client, &format!("work {name}")).await;
    }
    server.control.until(&server.control.started, 3).await;
    for (count, name) in ["c", "b", "a"].into_iter().enumerate() {
        server.control.open_gate(name);
        server.control.until(&server.control.ended, count + 1).await;
        if name != "a" {
            // Nothing that was answered out of order may stand before this echo.
            say(&mut client, name).await;
            assert_eq!(text(&mut client).await, name);
        }
    }
    for name in ["a", "b", "c"] {
        assert_eq!(text(&mut client).await, name);
    }
}

#[tokio::test]
async fn steps_that_were_joined_keep_all_their_frames_and_work() {
    let server = plain().await;
    let mut client = client(&server).await;
    say(&mut client, "both a b").await;
    assert_eq!(text(&mut client).await, "one");
    assert_eq!(text(&mut client).await, "two");
    server.control.until(&server.control.started, 2).await;
    server.control.open_gate("b");
    server.control.open_gate("a");
    assert_eq!(text(&mut client).await, "a");
    assert_eq!(text(&mut client).await, "b");
}

#[tokio::test]
async fn past_the_work_limit_reading_waits() {
    let server = plain().await;
    let mut client = client(&server).await;
    for n in 0..200 {
        say(&mut client, &format!("work {n}")).await;
    }
    server.control.until(&server.control.started, 64).await;
    for n in 0..200 {
        // One finished, one started: never more than 64 at once.
        assert_eq!(*server.control.started.borrow(), (n + 64).min(200));
        server.control.open_gate(&n.to_string());
        assert_eq!(text(&mut client).await, n.to_string());
        server
            .control
            .until(&server.control.started, (n + 1 + 64).min(200))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_frame_reaches_many_sockets() {
    let server = plain().await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(client(&server).await);
    }
    let senders = server.control.events.borrow().clone();
    let sending = tokio::spawn(async move {
        for n in 0..300 {
            let frame = Frame::text(format!("event {n}"));
            for sender in &senders {
                sender.send(Outgoing::Frame(frame.clone())).await.unwrap();
            }
        }
    });
    for client in &mut clients {
        for n in 0..300 {
            assert_eq!(text(client).await, format!("event {n}"));
        }
    }
    sending.await.unwrap();
}

#[tokio::test]
async fn a_deadline_is_told_once() {
    let server = plain().await;
    let mut client = client(&server).await;
    say(&mut client, "alarm 3600000").await;
    say(&mut client, "alarm 1").await;
    assert_eq!(text(&mut client).await, "alarm");
    say(&mut client, "on").await;
    assert_eq!(text(&mut client).await, "on");
}

#[tokio::test]
async fn stopping_answers_accepted_work_then_closes_with_1001() {
    let server = plain().await;
    let mut busy = client(&server).await;
    let mut idle = client(&server).await;
    say(&mut busy, "work last").await;
    server.control.until(&server.control.started, 1).await;
    server.stop.send_replace(true);
    assert_eq!(closed(&mut idle).await.0, 1001);
    assert!(
        tokio::net::TcpStream::connect(server.address).await.is_err(),
        "accepts no more"
    );
    server.control.open_gate("last");
    assert_eq!(text(&mut busy).await, "last");
    assert_eq!(closed(&mut busy).await.0, 1001);
    assert_eq!(server.running.await.unwrap(), Drained::All);
    assert_eq!(*server.control.alive.borrow(), 0);
}
