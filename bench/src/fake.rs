//! A small server for this crate's own tests: as much of the ruoyi dialect as the generator uses, over a store of
//! vectors, with faults on demand. It must never share code with the real server.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::frame::{self, TEXT};

/// What a fake does to one message of each conversation: the one with this number, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    Lose(usize),
    Double(usize),
    /// Delivered after its successor.
    Delay(usize),
    /// Acknowledged under another id than it is delivered under.
    Rename(usize),
    Refuse(usize),
}

#[derive(Debug, Default)]
struct State {
    /// User names; a user's id is the index + 1 and its token the id's decimal text.
    users: Vec<String>,
    conversations: Vec<Conversation>,
    sockets: HashMap<u64, Vec<mpsc::UnboundedSender<Bytes>>>,
    last_id: u64,
}

#[derive(Debug)]
struct Conversation {
    kind: String,
    members: Vec<u64>,
    /// Id, sender, content.
    messages: Vec<(u64, u64, String)>,
    delayed: Option<Bytes>,
}

#[derive(Debug, Clone)]
struct Fake {
    state: Arc<Mutex<State>>,
    fault: Fault,
}

/// Starts a fake on a loopback port; it ends with the test's runtime.
pub(crate) async fn start(fault: Fault) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let fake = Fake {
        state: Arc::default(),
        fault,
    };
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(fake.clone().connection(stream));
        }
    });
    address
}

impl Fake {
    async fn connection(self, mut stream: TcpStream) {
        let mut buffer = Vec::new();
        while let Some(end) = read_head(&mut stream, &mut buffer).await {
            let head = String::from_utf8(buffer.drain(..end).collect()).unwrap();
            let path = head.split(' ').nth(1).unwrap().to_owned();
            if let Some(token) = path.strip_prefix("/ws/im?token=") {
                let user = token.parse().unwrap();
                return self.socket(stream, user).await;
            }
            let length = field(&head, "Content-Length: ").map_or(0, |length| length.parse().unwrap());
            while buffer.len() < length {
                assert_ne!(stream.read_buf(&mut buffer).await.unwrap(), 0);
            }
            let body: Vec<u8> = buffer.drain(..length).collect();
            let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let user = field(&head, "Authorization: Bearer ").map_or(0, |token| token.parse().unwrap());
            let (status, data) = self.answer(&path, user, &body);
            let text = json!({"code": status, "msg": "", "data": data}).to_string();
            let answer = format!(
                "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{text}",
                text.len()
            );
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn answer(&self, path: &str, user: u64, body: &Value) -> (u16, Value) {
        let mut state = self.state.lock();
        match path.split('?').next().unwrap() {
            "/api/auth/register" => state.register(body["username"].as_str().unwrap()),
            "/api/auth/login" => {
                let name = body["username"].as_str().unwrap();
                let id = state.users.iter().position(|user| user == name).unwrap() + 1;
                (200, json!({"token": id.to_string(), "userInfo": {"id": id}}))
            }
            "/api/im/conversation/create" => (200, json!(state.create(user, body))),
            "/api/im/conversation/list" => {
                let own = state
                    .conversations
                    .iter()
                    .filter(|found| found.members.contains(&user));
                (200, own.map(|found| json!({"type": found.kind})).collect())
            }
            "/api/im/message/search" => (200, state.search(user, body)),
            page if page.starts_with("/api/im/message/list/") => {
                let id: usize = page.rsplit('/').next().unwrap().parse().unwrap();
                (200, state.page(id, query(path, "lastId"), query(path, "limit")))
            }
            _ => (404, Value::Null),
        }
    }

    async fn socket(self, mut stream: TcpStream, user: u64) {
        let (outbox, mut waiting) = mpsc::unbounded_channel::<Bytes>();
        self.state
            .lock()
            .sockets
            .entry(user)
            .or_default()
            .push(outbox.clone());
        stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
            .await
            .unwrap();
        outbox
            .send(encode(&json!({"type": "connected", "userId": user})))
            .unwrap();
        let mut buffer = Vec::new();
        loop {
            tokio::select! {
                frame = waiting.recv() => {
                    if stream.write_all(&frame.unwrap()).await.is_err() { return }
                }
                read = stream.read_buf(&mut buffer) => {
                    if !read.is_ok_and(|count| count > 0) { return }
                    while let Some(found) = frame::decode(&mut buffer).unwrap() {
                        let text: Value = serde_json::from_slice(&buffer[found.payload.clone()]).unwrap();
                        buffer.drain(..found.payload.end);
                        self.frame(user, &text, &outbox);
                    }
                }
            }
        }
    }

    fn frame(&self, user: u64, text: &Value, outbox: &mpsc::UnboundedSender<Bytes>) {
        if text["type"] == "ping" {
            outbox.send(encode(&json!({"type": "pong"}))).unwrap();
            return;
        }
        let payload = &text["payload"];
        let mut state = self.state.lock();
        state.last_id += 1;
        let id = state.last_id;
        let index = payload["conversationId"].as_u64().unwrap() as usize - 1;
        let number = state.conversations[index].messages.len();
        let content = payload["content"].as_str().unwrap().to_owned();
        state.conversations[index].messages.push((id, user, content));
        if self.fault == Fault::Refuse(number) {
            let refusal = json!({"type": "message_error", "clientMsgId": payload["clientMsgId"]});
            outbox.send(encode(&refusal)).unwrap();
            return;
        }
        let shown = if self.fault == Fault::Rename(number) {
            id + 1_000_000
        } else {
            id
        };
        let ack = json!({"type": "message_ack", "clientMsgId": payload["clientMsgId"], "messageId": shown});
        outbox.send(encode(&ack)).unwrap();
        let delivery = encode(&json!({"type": "new_message", "payload": {
            "id": id, "conversationId": index + 1, "messageType": "TEXT", "content": payload["content"]
        }}));
        self.deliver(&mut state, index, number, user, delivery);
    }

    fn deliver(&self, state: &mut State, index: usize, number: usize, sender: u64, delivery: Bytes) {
        let mut frames = vec![delivery];
        match self.fault {
            Fault::Lose(at) if at == number => frames.clear(),
            Fault::Double(at) if at == number => frames.push(frames[0].clone()),
            Fault::Delay(at) if at == number => {
                state.conversations[index].delayed = frames.pop();
            }
            _ => frames.extend(state.conversations[index].delayed.take()),
        }
        for member in &state.conversations[index].members {
            for outbox in state
                .sockets
                .get(member)
                .into_iter()
                .flatten()
                .filter(|_| *member != sender)
            {
                for frame in &frames {
                    // A closed socket is gone; nobody waits for its messages.
                    let _ = outbox.send(frame.clone());
                }
            }
        }
    }
}

impl State {
    fn register(&mut self, name: &str) -> (u16, Value) {
        if self.users.iter().any(|user| user == name) {
            return (400, Value::Null);
        }
        self.users.push(name.to_owned());
        (200, json!(self.users.len()))
    }

    fn create(&mut self, user: u64, body: &Value) -> usize {
        let others = body["memberIds"]
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![body["peerUserId"].clone()]);
        let mut members: Vec<u64> = others.iter().map(|id| id.as_u64().unwrap()).collect();
        members.push(user);
        members.sort_unstable();
        let kind = body["type"].as_str().unwrap().to_owned();
        let same = |found: &Conversation| kind == "PRIVATE" && found.kind == kind && found.members == members;
        if let Some(index) = self.conversations.iter().position(same) {
            return index + 1;
        }
        self.conversations.push(Conversation {
            kind,
            members,
            messages: Vec::new(),
            delayed: None,
        });
        self.conversations.len()
    }

    fn page(&self, conversation: usize, before: Option<u64>, limit: Option<u64>) -> Value {
        let messages = self.conversations[conversation - 1].messages.iter().rev();
        let older = messages.filter(|(id, ..)| before.is_none_or(|before| *id < before));
        older
            .take(limit.unwrap() as usize)
            .map(|(id, _, content)| json!({"id": id, "content": content}))
            .collect()
    }

    fn search(&self, user: u64, body: &Value) -> Value {
        let word = body["keyword"].as_str().unwrap();
        let own = self
            .conversations
            .iter()
            .filter(|found| found.members.contains(&user));
        let hits: Vec<Value> = own
            .flat_map(|found| &found.messages)
            .filter(|(_, _, content)| content.contains(word))
            .map(|(id, _, content)| json!({"id": id, "content": content}))
            .collect();
        json!({"total": hits.len(), "items": hits.iter().take(20).collect::<Vec<_>>()})
    }
}

async fn read_head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<usize> {
    loop {
        if let Some(end) = memchr::memmem::find(buffer, b"\r\n\r\n") {
            return Some(end + 4);
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name))
}

fn query(path: &str, name: &str) -> Option<u64> {
    let (_, query) = path.split_once('?')?;
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

fn encode(json: &Value) -> Bytes {
    let mut out = Vec::new();
    frame::encode_server(&mut out, TEXT, json.to_string().as_bytes());
    Bytes::from(out)
}
