//! What takes time or a stubborn peer: full buffers, stalled writes, handshakes that never end. The
//! socket is a pipe in memory and the clock is the test's, so nothing here waits or guesses.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use parlance_transport::websocket::{Frame, Outgoing, SocketLimits, pump};
use support::{Control, Parrot};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

const PIPE_BYTES: usize = 4096;
const EVENT_BYTES: usize = 10_000;

struct Socket {
    peer: DuplexStream,
    control: Control,
    events: mpsc::Sender<Outgoing>,
    pump: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

fn socket(limits: SocketLimits) -> Socket {
    let (peer, ours) = duplex(PIPE_BYTES);
    let control = Control::new();
    let (stop, shutdown) = watch::channel(false);
    let pump = pump::spawn(ours, &[], Parrot::new(&control), Arc::new(limits), shutdown);
    let events = control.events.borrow()[0].clone();
    Socket {
        peer,
        control,
        events,
        pump,
        stop,
    }
}

async fn client(peer: DuplexStream) -> WebSocketStream<DuplexStream> {
    let mut client = WebSocketStream::from_raw_socket(peer, Role::Client, None).await;
    assert_eq!(client.next().await.unwrap().unwrap(), Message::text("welcome"));
    client
}

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
    frame.extend(payload);
    frame
}

/// Lets the paused clock go on; it does so at once when, and only when, every task waits.
async fn pass(duration: Duration) {
    timeout(duration, std::future::pending::<()>()).await.unwrap_err();
}

/// Sends events until the pump takes no more; returns how many it took.
async fn fill(events: &mpsc::Sender<Outgoing>) -> usize {
    let frame = Frame::binary(vec![7; EVENT_BYTES]);
    let mut taken = 0;
    while timeout(
        Duration::from_secs(1),
        events.send(Outgoing::Frame(frame.clone())),
    )
    .await
    .is_ok()
    {
        taken += 1;
    }
    taken
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_holds_a_bounded_number_of_bytes() {
    let socket = socket(SocketLimits {
        pending_bytes_max: 100_000,
        ..SocketLimits::default()
    });
    let taken = fill(&socket.events).await;
    let most = (100_000 + PIPE_BYTES) / EVENT_BYTES + 3;
    assert!((10..=most).contains(&taken), "{taken}");
    // Once it reads on, everything arrives, in order and whole.
    let mut client = client(socket.peer).await;
    for _ in 0..taken {
        assert_eq!(
            client.next().await.unwrap().unwrap(),
            Message::binary(vec![7; EVENT_BYTES])
        );
    }
    client.send(Message::text("on")).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::text("on"));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_reads_its_answers_is_read_no_more() {
    let mut socket = socket(SocketLimits {
        pending_bytes_max: 20_000,
        ..SocketLimits::default()
    });
    let message = masked(0x82, &[1; 100]);
    let mut sent = 0;
    while timeout(Duration::from_secs(1), socket.peer.write_all(&message))
        .await
        .is_ok()
    {
        sent += message.len();
        assert!(sent < 1_000_000, "nothing stops the flood");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stalled_socket_is_dropped() {
    let socket = socket(SocketLimits {
        pending_bytes_max: 20_000,
        ..SocketLimits::default()
    });
    let started = Instant::now();
    fill(&socket.events).await;
    socket.pump.await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 30);
    assert_eq!(*socket.control.alive.borrow(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_but_living_reader_is_kept() {
    let mut socket = socket(SocketLimits {
        pending_bytes_max: 20_000,
        ..SocketLimits::default()
    });
    fill(&socket.events).await;
    let mut buffer = vec![0; 2000];
    for _ in 0..6 {
        pass(Duration::from_secs(20)).await;
        socket.peer.read_exact(&mut buffer).await.unwrap();
    }
    assert!(!socket.pump.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_close_that_is_never_answered_ends_after_two_seconds() {
    let mut socket = socket(SocketLimits::default());
    let started = Instant::now();
    socket
        .peer
        .write_all(&masked(0x81, b"close 4001 gone"))
        .await
        .unwrap();
    socket.pump.await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 2);
    let mut received = Vec::new();
    socket.peer.read_to_end(&mut received).await.unwrap();
    assert!(received.ends_with(b"\x88\x06\x0F\xA1gone"), "{received:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_peer_that_keeps_sending_is_cut_off() {
    let mut socket = socket(SocketLimits::default());
    socket.peer.write_all(&[0xFF; 100]).await.unwrap();
    let started = Instant::now();
    while socket.peer.write_all(&[0xFF; 100]).await.is_ok() {
        pass(Duration::from_millis(10)).await;
    }
    socket.pump.await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_comes_behind_a_close_is_ignored() {
    let mut socket = socket(SocketLimits::default());
    let bytes = [masked(0x81, b"first"), masked(0x88, &[]), masked(0x81, b"second")].concat();
    socket.peer.write_all(&bytes).await.unwrap();
    let mut received = Vec::new();
    socket.peer.read_to_end(&mut received).await.unwrap();
    assert_eq!(received, b"\x81\x07welcome\x81\x05first\x88\x00");
    socket.pump.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_cut_by_our_close_does_not_break_the_handshake() {
    let mut socket = socket(SocketLimits::default());
    socket
        .peer
        .write_all(&masked(0x01, b"unfinished "))
        .await
        .unwrap();
    let (head, tail) = (masked(0x80, b"business"), masked(0x88, b"\x03\xE9"));
    socket.peer.write_all(&head[..9]).await.unwrap();
    pass(Duration::from_millis(1)).await;
    socket.stop.send_replace(true);
    let started = Instant::now();
    socket
        .peer
        .write_all(&[&head[9..], &tail].concat())
        .await
        .unwrap();
    let mut received = Vec::new();
    socket.peer.read_to_end(&mut received).await.unwrap();
    assert!(received.starts_with(b"\x81\x07welcome\x88"), "{received:?}");
    assert_eq!(received[11..13], 1001_u16.to_be_bytes());
    assert_eq!(
        started.elapsed().as_secs(),
        0,
        "the peer's close ended it, no timer"
    );
    socket.pump.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_socket_opened_during_the_stop_is_closed_at_once() {
    let started = Instant::now();
    let (peer, ours) = duplex(PIPE_BYTES);
    let control = Control::new();
    let (_stop, shutdown) = watch::channel(true);
    let limits = Arc::new(SocketLimits::default());
    let pump = pump::spawn(ours, &[], Parrot::new(&control), limits, shutdown);
    let mut client = WebSocketStream::from_raw_socket(peer, Role::Client, None).await;
    let Some(Ok(Message::Close(Some(frame)))) = client.next().await else {
        panic!("no close frame")
    };
    assert_eq!(u16::from(frame.code), 1001);
    assert!(client.next().await.is_none());
    pump.await.unwrap();
    assert_eq!(
        started.elapsed(),
        Duration::ZERO,
        "the peer's answer ended it, no timer"
    );
}

#[tokio::test(start_paused = true)]
async fn work_that_never_ends_does_not_hold_up_the_stop() {
    let socket = socket(SocketLimits::default());
    let mut client = client(socket.peer).await;
    client.send(Message::text("work forever")).await.unwrap();
    socket.control.until(&socket.control.started, 1).await;
    let started = Instant::now();
    socket.stop.send_replace(true);
    let Some(Ok(Message::Close(Some(frame)))) = client.next().await else {
        panic!("no close frame")
    };
    assert_eq!(u16::from(frame.code), 1001);
    assert!(client.next().await.is_none());
    socket.pump.await.unwrap();
    assert!(
        started.elapsed() <= Duration::from_secs(6),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(*socket.control.ended.borrow(), 0);
}

#[tokio::test(start_paused = true)]
async fn accepted_work_outlives_its_socket() {
    let socket = socket(SocketLimits::default());
    let mut client = client(socket.peer).await;
    client.send(Message::text("work orphan")).await.unwrap();
    socket.control.until(&socket.control.started, 1).await;
    drop(client);
    // By then the pump has seen that the peer is gone.
    pass(Duration::from_secs(1)).await;
    assert_eq!(*socket.control.ended.borrow(), 0);
    socket.control.open_gate("orphan");
    socket.pump.await.unwrap();
    assert_eq!(*socket.control.ended.borrow(), 1);
}

#[tokio::test(start_paused = true)]
async fn deadlines_move_and_pass() {
    let socket = socket(SocketLimits::default());
    let mut client = client(socket.peer).await;
    let started = Instant::now();
    for millis in ["1000", "5000", "3000"] {
        client
            .send(Message::text(format!("alarm {millis}")))
            .await
            .unwrap();
    }
    assert_eq!(client.next().await.unwrap().unwrap(), Message::text("alarm"));
    assert_eq!(started.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_busy_socket_leaves_its_turn_to_others() {
    let mut socket = socket(SocketLimits::default());
    // Far more messages than one turn handles, all there before the pump runs.
    let many: Vec<u8> = (0..500).flat_map(|_| masked(0x81, b"x")).collect();
    socket.peer.write_all(&many).await.unwrap();
    let mut received = vec![0; 9 + 500 * 3];
    socket.peer.read_exact(&mut received).await.unwrap();
    assert!(received[9..].chunks(3).all(|frame| frame == b"\x81\x01x"));
    drop(socket.peer);
    socket.pump.await.unwrap();
}
