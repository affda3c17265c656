//! `@stomp/stompjs` on the socket of the xuqm API: it connects, subscribes, sends with receipts and comes back after a
//! restart by its own rules, and nothing of ours helps it.

use parlance_testkit::{Http, Program, Proxy, ServerProgram};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{ADMIN_PASSWORD, PARLANCE};

/// What the default tenant signs with.
const SECRET: &str = "as_for_these_tests_only";
const VARIABLES: [(&str, &str); 2] = [
    ("PARLANCE_ADMIN_PASSWORD", ADMIN_PASSWORD),
    ("PARLANCE_APP_SECRET", SECRET),
];
const PERSONAL: &str = "/user/queue/messages";
/// Characters of a text that the client cuts into several WebSocket messages.
const LONG: usize = 20_000;

/// Somebody's client.
struct Client {
    program: Program,
    _directory: TempDir,
}

impl Client {
    async fn start(url: &str, headers: Value) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut client = Self {
            program: Program::node("stomp.mjs", directory.path()),
            _directory: directory,
        };
        client
            .tell(json!({ "command": "connect", "url": url, "headers": headers }))
            .await;
        client
    }

    async fn tell(&mut self, command: Value) {
        self.program.say(&command.to_string()).await;
    }

    async fn subscribe(&mut self, destination: &str) {
        self.tell(json!({ "command": "subscribe", "destination": destination }))
            .await;
        assert_eq!(self.until("subscribed").await, destination);
    }

    async fn send(&mut self, id: &str, content: &str) {
        let body = json!({
            "messageId": id, "toId": "bob", "chatType": "SINGLE", "msgType": "TEXT", "content": content,
        });
        self.tell(json!({ "command": "send", "destination": "/app/chat.send", "body": body }))
            .await;
        assert_eq!(self.until("sent").await, id);
    }

    /// The next thing of this kind; others are passed over.
    async fn until(&mut self, kind: &str) -> Value {
        loop {
            let happened: Value = serde_json::from_str(&self.program.line().await).unwrap();
            if !happened[kind].is_null() {
                return happened[kind].clone();
            }
        }
    }

    /// The text of the next message that is no event.
    async fn heard(&mut self) -> String {
        loop {
            let message = self.until("message").await;
            if message["event"].is_null() {
                return message["content"].as_str().unwrap().to_owned();
            }
        }
    }
}

/// A token for somebody, whose account is made. Signed by the tenant's own secret.
async fn token(nobody: &Http, uid: &str) -> String {
    let claims = json!({ "sub": uid, "exp": i64::from(i32::MAX) });
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let signature = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap();
    let answer = nobody
        .post(
            "/api/im/auth/login",
            json!({ "userId": uid, "userSig": signature }),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["data"]["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn stompjs_talks_and_comes_back_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let mut server = ServerProgram::start(PARLANCE, data.path(), &VARIABLES);
    let proxy = Proxy::start(server.address).await;
    let nobody = Http::new(proxy.address);
    let url = format!("ws://{}/ws/im", proxy.address);
    let (ann, bob) = (token(&nobody, "ann").await, token(&nobody, "bob").await);
    // One by a bearer in CONNECT, one by the address.
    let bearer = json!({ "Authorization": format!("Bearer {ann}") });
    let mut at_ann = Client::start(&url, bearer).await;
    let mut at_bob = Client::start(&format!("{url}?token={bob}"), json!({})).await;
    let connected = at_ann.until("connected").await;
    assert_eq!(connected["version"], "1.2");
    assert_eq!(connected["user-name"], "ann");
    at_bob.until("connected").await;
    at_ann.subscribe(PERSONAL).await;
    at_bob.subscribe(PERSONAL).await;

    let long = "长 text: ".repeat(LONG / 8);
    at_ann.send("1", "hello").await;
    at_ann.send("2", &long).await;
    assert_eq!(at_bob.heard().await, "hello");
    assert_eq!(at_bob.heard().await, long);

    server.restart(PARLANCE, data.path(), &VARIABLES);
    proxy.retarget(server.address);
    for client in [&mut at_ann, &mut at_bob] {
        client.until("connected").await;
        assert_eq!(client.until("subscribed").await, PERSONAL);
    }
    at_ann.send("3", "again").await;
    assert_eq!(at_bob.heard().await, "again", "nothing twice, nothing missed");

    let mut stranger = Client::start(&format!("{url}?token=nonsense"), json!({})).await;
    assert_eq!(stranger.until("error").await, "Unauthorized");
    for client in [at_ann, at_bob, stranger] {
        client.program.finish().await;
    }
    server.stop();
}
