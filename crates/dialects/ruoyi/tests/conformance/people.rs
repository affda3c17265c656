//! A server with the dialect on it, and people who have registered and logged in.

use axum::Router;
use parlance_core::{Core, Limits};
use parlance_dialect_ruoyi::{Options, router};
use parlance_testkit::{Answer, Http, Socket, TestServer};
use serde_json::{Value, json};

/// A server that speaks the dialect.
pub struct House {
    pub server: TestServer,
}

/// Somebody with a token.
#[derive(Clone)]
pub struct Person {
    pub id: i64,
    pub http: Http,
}

fn build(core: Core) -> Router {
    router(core, Options::default())
}

impl House {
    pub async fn open() -> Self {
        Self {
            server: TestServer::start(build).await,
        }
    }

    pub async fn with_limits(limits: Limits) -> Self {
        Self {
            server: TestServer::with_limits(limits, build).await,
        }
    }

    /// Stops the server and starts it again over the same data, at another address.
    pub async fn restart(self) -> Self {
        Self {
            server: self.server.restart(build).await,
        }
    }

    /// The same person at the address where the server is now, with the token that they have.
    pub fn again(&self, person: &Person) -> Person {
        Person {
            id: person.id,
            http: self.stranger().with_token(person.http.token()),
        }
    }

    /// Nobody in particular.
    pub fn stranger(&self) -> Http {
        Http::new(self.server.address)
    }

    /// Registers and logs in at `/api/auth`: profile doc.
    pub async fn person(&self, username: &str) -> Person {
        self.person_at("/api/auth", username).await
    }

    /// Registers and logs in at `/api/im/auth`: profile c.
    pub async fn person_c(&self, username: &str) -> Person {
        self.person_at("/api/im/auth", username).await
    }

    async fn person_at(&self, prefix: &str, username: &str) -> Person {
        let account = json!({ "username": username, "password": "123456", "nickname": username });
        let made = self
            .stranger()
            .post(&format!("{prefix}/register"), account.clone())
            .await;
        assert_eq!(made.status, 200, "{:?}", made.body);
        self.login(prefix, username).await
    }

    /// Logs in again, with a token of its own.
    pub async fn login(&self, prefix: &str, username: &str) -> Person {
        let account = json!({ "username": username, "password": "123456" });
        let answer = self.stranger().post(&format!("{prefix}/login"), account).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let token = answer.body["data"]["token"].as_str().expect("a token");
        let id = answer.body["data"]["userInfo"]["id"].as_i64().expect("an id");
        Person {
            id,
            http: self.stranger().with_token(token),
        }
    }

    /// Opens the socket of somebody and reads its greeting.
    pub async fn socket(&self, person: &Person) -> Socket {
        let mut socket = Socket::open(
            self.server.address,
            &format!("/ws/im?token={}", person.http.token()),
        )
        .await;
        assert_eq!(socket.next().await["type"], "connected");
        socket
    }

    /// The direct conversation of two people.
    pub async fn direct(&self, a: &Person, b: &Person) -> i64 {
        let body = json!({ "type": "PRIVATE", "peerUserId": b.id });
        let answer = a.http.post("/api/im/conversation/create", body).await;
        let data = ok(answer);
        data.as_i64()
            .or_else(|| data["id"].as_i64())
            .expect("a conversation id")
    }
}

impl Person {
    /// Sends a text and gives its id.
    pub async fn say(&self, conversation_id: i64, text: &str) -> i64 {
        let body = json!({ "conversationId": conversation_id, "type": "TEXT", "content": text });
        let data = ok(self.http.post("/api/im/message/send", body).await);
        data.as_i64()
            .or_else(|| data["id"].as_i64())
            .expect("a message id")
    }
}

/// The data of a success, whose envelope is checked whole.
#[track_caller]
pub fn ok(answer: Answer) -> Value {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["code"], 200, "{:?}", answer.body);
    assert_eq!(answer.body["success"], true);
    assert!(answer.body["timestamp"].is_i64() && answer.body["msg"].is_string());
    answer.body["data"].clone()
}

/// The data and text of a success.
#[track_caller]
pub fn ok_msg(answer: Answer, msg: &str) -> Value {
    assert_eq!(answer.body["msg"], msg, "{:?}", answer.body);
    ok(answer)
}

/// Checks a refusal whole: HTTP status and `code`.
#[track_caller]
pub fn refused(answer: &Answer, status: u16, code: i64) {
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (status, &json!(code)),
        "{:?}",
        answer.body
    );
    assert_eq!(answer.body["data"], Value::Null);
    assert!(answer.body["msg"].as_str().is_some_and(|msg| !msg.is_empty()));
}
