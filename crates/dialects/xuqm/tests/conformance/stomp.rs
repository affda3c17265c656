//! A STOMP client of the tests' own making, over a real WebSocket.

use parlance_core::Actor;
use parlance_testkit::Socket;
use serde_json::{Value, json};

use crate::house::{House, Person};

/// The personal queue.
pub const PERSONAL: &str = "/user/queue/messages";

/// A frame of the server.
#[derive(Clone, Debug)]
pub struct Frame {
    pub command: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Frame {
    fn of(text: &str) -> Self {
        let text = text.strip_suffix('\0').expect("a NUL at the end");
        let (head, body) = text.split_once("\n\n").expect("an empty line");
        let (command, headers) = head.split_once('\n').unwrap_or((head, ""));
        let split = |line: &str| {
            line.split_once(':')
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        Self {
            command: command.to_owned(),
            headers: headers
                .lines()
                .map(|line| split(line).expect("a header"))
                .collect(),
            body: body.to_owned(),
        }
    }

    /// A header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(given, _)| given == name);
        found.map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// A client's frame as text.
pub fn text(command: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{command}\n");
    for (name, value) in headers {
        text += &format!("{name}:{value}\n");
    }
    text + "\n" + body + "\0"
}

/// A client on a socket.
pub struct Stomp {
    pub socket: Socket,
    receipts: u32,
}

impl Stomp {
    /// A socket on which nothing was said yet.
    pub async fn open(house: &House, query: &str) -> Self {
        let path = format!("/ws/im{query}");
        let (socket, _) = Socket::open_with(house.server.address, &path, "v12.stomp").await;
        Self { socket, receipts: 0 }
    }

    /// Somebody's socket, connected.
    pub async fn connect(house: &House, person: &Person) -> Self {
        let mut stomp = Self::open(house, &format!("?token={}", person.http.token())).await;
        stomp
            .say("CONNECT", &[("accept-version", "1.2"), ("heart-beat", "0,0")], "")
            .await;
        stomp.expect("CONNECTED").await;
        stomp
    }

    /// Somebody's socket that hears the personal queue as `sub-1`.
    pub async fn listen(house: &House, person: &Person) -> Self {
        let mut stomp = Self::connect(house, person).await;
        stomp.subscribe("sub-1", PERSONAL).await;
        stomp
    }

    pub async fn say(&mut self, command: &str, headers: &[(&str, &str)], body: &str) {
        self.socket.send_text(&text(command, headers, body)).await;
    }

    /// Says something and waits for its receipt, the next frame.
    pub async fn ask(&mut self, command: &str, headers: &[(&str, &str)], body: &str) -> Frame {
        self.receipts += 1;
        let receipt = format!("r-{}", self.receipts);
        let mut headers = headers.to_vec();
        headers.push(("receipt", &receipt));
        self.say(command, &headers, body).await;
        let frame = self.expect("RECEIPT").await;
        assert_eq!(frame.header("receipt-id"), receipt);
        frame
    }

    pub async fn subscribe(&mut self, id: &str, destination: &str) {
        self.ask("SUBSCRIBE", &[("id", id), ("destination", destination)], "")
            .await;
    }

    /// Sends to a destination, without a receipt.
    pub async fn send(&mut self, destination: &str, body: Value) {
        let headers = [("destination", destination), ("content-type", "application/json")];
        self.say("SEND", &headers, &body.to_string()).await;
    }

    /// Sends a text to somebody, and waits until it is stored; gives the message's id.
    pub async fn text_to(&mut self, to: &str, chat_type: &str, content: &str) -> String {
        let body = json!({ "messageId": content, "toId": to, "chatType": chat_type, "msgType": "TEXT", "content": content });
        let receipt = self
            .ask("SEND", &[("destination", "/app/chat.send")], &body.to_string())
            .await;
        receipt.header("message-id").to_owned()
    }

    /// The next frame that does not say who came or went: nobody is told that at a time a test could name.
    pub async fn next(&mut self) -> Frame {
        loop {
            let frame = self.any().await;
            if !frame.body.starts_with("{\"event\":\"PRESENCE\"") {
                return frame;
            }
        }
    }

    async fn any(&mut self) -> Frame {
        Frame::of(&self.socket.next_text().await)
    }

    /// The next news of somebody's coming or going.
    pub async fn presence(&mut self) -> Value {
        loop {
            let frame = self.any().await;
            if frame.body.contains("PRESENCE") {
                return frame.json();
            }
        }
    }

    /// The next frame, which must be of this command.
    pub async fn expect(&mut self, command: &str) -> Frame {
        let frame = self.next().await;
        assert_eq!(frame.command, command, "{frame:?}");
        frame
    }

    /// The next frame, which must be a message and no event.
    pub async fn message(&mut self) -> (Frame, Value) {
        let frame = self.expect("MESSAGE").await;
        let body = frame.json();
        assert!(body["event"].is_null(), "{body}");
        (frame, body)
    }

    /// The next frame, which must be this event.
    pub async fn event(&mut self, event: &str) -> Value {
        let frame = self.expect("MESSAGE").await;
        let body = frame.json();
        assert_eq!(body["event"], event, "{body}");
        assert_eq!(frame.header("destination"), PERSONAL);
        body
    }

    /// The refusal of what was just sent.
    pub async fn refusal(&mut self, code: u16) -> Value {
        let body = self.event("SEND_FAILED").await;
        assert_eq!(body["code"], code, "{body}");
        assert!(
            body["message"].as_str().is_some_and(|text| !text.is_empty()),
            "{body}"
        );
        body
    }

    /// Nothing has come: the answer to something harmless is the next frame.
    pub async fn nothing_came(&mut self) {
        self.ask("ACK", &[("id", "none")], "").await;
    }

    /// The error and the close that end a connection.
    pub async fn thrown_out(&mut self) -> Frame {
        let error = self.expect("ERROR").await;
        let (code, _) = self.socket.next_text_or_close().await.expect_err("the close");
        assert_eq!(code, 1008);
        error
    }
}

/// Somebody as the core knows them, for what no route offers yet.
pub async fn actor(house: &House, person: &Person) -> Actor {
    let known = house.server.core.authenticate(person.http.token(), "xuqm").await;
    known.expect("a good token").0
}
