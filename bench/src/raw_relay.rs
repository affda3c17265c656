//! `raw-relay`: the least that a WebSocket server can do for the loads of this crate, in a process of its own so that
//! its CPU is told apart. It relays every message to the others in a room and acknowledges it; it checks nobody and
//! stores nothing. A task and a channel for each connection; a frame is encoded once and shared; frames that wait
//! are joined into one write. This is the limit that Parlance's figures are compared with, not a server to use.

use std::collections::HashMap;
use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use crate::failure::{Context as _, Outcome, fail};
use crate::frame::{self, CLOSE, TEXT};
use crate::scan::{Scanner, leading_number};

/// Frames that may wait for one connection; a connection with more is given up.
const WAITING_FRAMES_MAX: usize = 1_024;
/// Frames joined into one write.
const JOINED_FRAMES_MAX: usize = 64;
/// The largest upgrade request, in bytes.
const REQUEST_BYTES_MAX: usize = 8 * 1_024;
/// The start of a connection's read buffer, in bytes.
const READ_BYTES: usize = 2 * 1_024;
/// What precedes the address on standard output.
pub(crate) const LISTENING: &str = "listening ";

/// The answer to the fixed key that this crate's client sends; no other client is served.
const UPGRADE_ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: 9nJXAOZzjdJeLZAzZEN8191lb3w=\r\n\r\n";

/// A name as long as those of the users that this crate makes.
const SENDER: &str = "b1700000000_000001";

type Outbox = mpsc::Sender<Bytes>;

#[derive(Debug, Default)]
struct Room {
    members: RwLock<Vec<(u64, Outbox)>>,
}

#[derive(Debug, Default)]
struct Relay {
    rooms: Mutex<HashMap<u64, Arc<Room>>>,
    next_id: AtomicU64,
}

/// Listens on a loopback port, prints it, and relays until standard input ends, which it does with the parent.
pub(crate) async fn serve() -> Outcome<()> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    println!("{LISTENING}{}", listener.local_addr()?);
    let (ended, parent_gone) = oneshot::channel();
    std::thread::spawn(move || {
        // Either way of ending means that nobody is left to serve.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    tokio::select! {
        accepted = accept(listener) => accepted,
        _ = parent_gone => Ok(()),
    }
}

/// Serves every connection of a listener.
pub(crate) async fn accept(listener: TcpListener) -> Outcome<()> {
    let relay = Arc::new(Relay::default());
    loop {
        let (stream, _) = listener.accept().await?;
        let relay = Arc::clone(&relay);
        tokio::spawn(async move {
            if let Err(error) = connection(stream, &relay).await {
                eprintln!("raw relay: {error}");
            }
        });
    }
}

async fn connection(mut stream: TcpStream, relay: &Relay) -> Outcome<()> {
    stream.set_nodelay(true)?;
    let room = read_upgrade(&mut stream).await?;
    let room = Arc::clone(relay.rooms.lock().entry(room).or_default());
    let own = relay.next_id.fetch_add(1, Ordering::Relaxed);
    let (outbox, waiting) = mpsc::channel(WAITING_FRAMES_MAX);
    room.members.write().push((own, outbox.clone()));
    // A member already: whoever sees the answer can be sent to.
    stream.write_all(UPGRADE_ANSWER).await?;
    stream.write_all(&encode(r#"{"type":"connected"}"#)).await?;
    let (reading, writing) = stream.into_split();
    let writer = tokio::spawn(write(writing, waiting));
    let read = read(reading, relay, &room, own, outbox).await;
    room.members.write().retain(|(member, _)| *member != own);
    writer.abort();
    read
}

/// Reads the upgrade request and returns the room, which is the whole token.
async fn read_upgrade(stream: &mut TcpStream) -> Outcome<u64> {
    let mut request = Vec::with_capacity(READ_BYTES);
    while memchr::memmem::find(&request, b"\r\n\r\n").is_none() {
        if request.len() > REQUEST_BYTES_MAX || stream.read_buf(&mut request).await? == 0 {
            return fail("an upgrade request has no end");
        }
    }
    let token = memchr::memmem::find(&request, b"token=").map(|at| &request[at + b"token=".len()..]);
    let Some((room, _)) = token.and_then(leading_number) else {
        return fail("an upgrade request names no room");
    };
    Ok(room)
}

async fn read(
    mut stream: OwnedReadHalf,
    relay: &Relay,
    room: &Room,
    own: u64,
    outbox: Outbox,
) -> Outcome<()> {
    let scanner = Scanner::new();
    let mut buffer = Vec::with_capacity(READ_BYTES);
    loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
        let mut start = 0;
        while let Some(found) = frame::decode(&mut buffer[start..])? {
            let payload = &buffer[start + found.payload.start..start + found.payload.end];
            match found.opcode {
                TEXT => pass_on(&scanner, payload, relay, room, own, &outbox)?,
                CLOSE => return Ok(()),
                _ => {}
            }
            start += found.payload.end;
        }
        buffer.drain(..start);
    }
}

fn pass_on(
    scanner: &Scanner,
    payload: &[u8],
    relay: &Relay,
    room: &Room,
    own: u64,
    outbox: &Outbox,
) -> Outcome<()> {
    let (Some(content), Some(client_id)) = (scanner.content(payload), scanner.client_id(payload)) else {
        return fail("a message without content or client message id");
    };
    let id = relay.next_id.fetch_add(1, Ordering::Relaxed);
    let (content, client_id) = (std::str::from_utf8(content)?, std::str::from_utf8(client_id)?);
    // The fields that the published document gives a pushed message, so that both move as many bytes.
    let delivery = encode(&format!(
        r#"{{"type":"new_message","payload":{{"id":{id},"conversationId":{own},"senderId":{own},"senderName":"{SENDER}","senderAvatar":"/avatar/default.png","messageType":"TEXT","content":"{content}","replyToMessageId":null,"quotedMessage":null,"createTime":"2026-01-09 10:00:00","seq":{id},"isSelf":false}},"timestamp":1767924000000}}"#
    ));
    let ack = encode(&format!(
        r#"{{"type":"message_ack","clientMsgId":"{client_id}","messageId":{id},"timestamp":0}}"#
    ));
    for (member, outbox) in room.members.read().iter() {
        // A full queue loses the message here; the generator, which bounds what is under way, will report it.
        if *member != own {
            let _ = outbox.try_send(delivery.clone());
        }
    }
    outbox
        .try_send(ack)
        .context(|| "a sender does not read its acknowledgements".to_owned())
}

fn encode(json: &str) -> Bytes {
    let mut out = Vec::with_capacity(json.len() + 4);
    frame::encode_server(&mut out, TEXT, json.as_bytes());
    Bytes::from(out)
}

async fn write(mut stream: OwnedWriteHalf, mut waiting: mpsc::Receiver<Bytes>) -> Outcome<()> {
    let mut frames = Vec::new();
    let mut joined = Vec::new();
    while waiting.recv_many(&mut frames, JOINED_FRAMES_MAX).await > 0 {
        if let [only] = frames.as_slice() {
            stream.write_all(only).await?;
        } else {
            joined.clear();
            frames.iter().for_each(|frame| joined.extend_from_slice(frame));
            stream.write_all(&joined).await?;
        }
        frames.clear();
    }
    Ok(())
}
