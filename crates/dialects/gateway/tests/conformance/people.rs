//! A server with the dialect on it, and people who have a token.

use axum::Router;
use parlance_core::Core;
use parlance_dialect_gateway::{Options, router};
use parlance_testkit::{Answer, Http, TestServer};
use serde_json::{Value, json};

/// The platform of somebody for whom it does not matter.
const PLATFORM: u8 = 1;

/// A server that speaks the dialect.
pub struct House {
    pub server: TestServer,
}

/// Somebody with a token.
#[derive(Clone)]
pub struct Person {
    pub session: String,
    pub http: Http,
}

impl House {
    pub async fn open() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let build = |core: Core| -> Router { router(core, options) };
        Self {
            server: TestServer::start(build).await,
        }
    }

    /// Stops the server and starts it again over the same data, at another address.
    pub async fn restart(self) -> Self {
        let build = |core: Core| -> Router { router(core, Options::default()) };
        Self {
            server: self.server.restart(build).await,
        }
    }

    /// The same person at the address where the server is now, with the token that they have.
    pub fn again(&self, person: &Person) -> Person {
        Person {
            session: person.session.clone(),
            http: self.stranger().with_token(person.http.token()),
        }
    }

    /// Nobody in particular.
    pub fn stranger(&self) -> Http {
        Http::new(self.server.address)
    }

    /// Somebody with a token, who is made if they are new.
    pub async fn person(&self, session: &str) -> Person {
        self.person_on(session, PLATFORM).await
    }

    /// The same on a platform.
    pub async fn person_on(&self, session: &str, platform: u8) -> Person {
        let body = json!({ "session": session, "platform": platform });
        let token = ok(self.stranger().post("/inner/get_token", body).await);
        Person {
            session: session.to_owned(),
            http: self.stranger().with_token(token.as_str().expect("a token")),
        }
    }
}

impl Person {
    /// Makes a conversation with these people and gives its id.
    pub async fn create(&self, others: &[&Person]) -> String {
        let sessions: Vec<&str> = others.iter().map(|other| other.session.as_str()).collect();
        let body = json!({ "conversation_type": 0, "sessions": sessions });
        both_ids(&ok(self.http.post("/create_conversation", body).await))
    }

    /// Sends a text and gives its id.
    pub async fn say(&self, conversation: &str, text: &str) -> String {
        let body = json!({ "conversation_id": conversation, "type": 1, "content": text });
        let data = ok(self.http.post("/send_msg", body).await);
        data["MsgID"].as_str().expect("an id").to_owned()
    }

    /// Asks something about one conversation.
    pub async fn ask(&self, path: &str, conversation: &str) -> Answer {
        self.http
            .post(path, json!({ "conversation_id": conversation }))
            .await
    }

    /// The newest 30 messages, oldest first.
    pub async fn newest(&self, conversation: &str) -> Vec<Value> {
        messages(&ok(self.ask("/get_conversation_last_30_msg", conversation).await))
    }

    /// The path of a stream of this person's.
    pub fn notify(&self, query: &str) -> String {
        format!("/notify?token={}&{query}", self.http.token())
    }
}

/// The id of an answer that spells it in both ways.
#[track_caller]
pub fn both_ids(data: &Value) -> String {
    assert_eq!(data["ConversationId"], data["ConversationID"]);
    let id = data["ConversationId"].as_str().expect("an id");
    assert_eq!(id.len(), 36, "{id}");
    id.to_owned()
}

/// The messages of an answer.
#[track_caller]
pub fn messages(data: &Value) -> Vec<Value> {
    assert_eq!(
        data.as_object().expect("an object").keys().collect::<Vec<_>>(),
        ["Msg"]
    );
    let list = data["Msg"].as_array().expect("a list").clone();
    list.iter().for_each(whole);
    list
}

/// Checks that a message has its seven fields and no other.
#[track_caller]
pub fn whole(message: &Value) {
    let fields = message.as_object().expect("an object");
    let mut names: Vec<&str> = fields.keys().map(String::as_str).collect();
    names.sort_unstable();
    let known = [
        "Content",
        "ConversationID",
        "FromSession",
        "MsgId",
        "SendTime",
        "Status",
        "Type",
    ];
    assert_eq!(names, known);
    let id = message["MsgId"].as_str().expect("an id");
    assert_eq!((id.len(), id.split('-').count()), (19, 4), "{id}");
    let time = message["SendTime"].as_i64().expect("a time");
    assert_eq!(time.to_string().len(), 16, "microseconds");
}

/// The contents of messages.
pub fn contents(messages: &[Value]) -> Vec<&str> {
    let content = |message| -> &str {
        let message: &Value = message;
        message["Content"].as_str().expect("a text")
    };
    messages.iter().map(content).collect()
}

/// The data of a success, whose envelope is checked whole.
#[track_caller]
pub fn ok(answer: Answer) -> Value {
    let said = String::from_utf8_lossy(&answer.bytes).into_owned();
    assert_eq!(answer.status, 200, "{said}");
    let fields = answer.body.as_object().expect("an object");
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["code", "data"], "{said}");
    assert_eq!(fields["code"], 0);
    assert!(said.ends_with('\n') && !said.trim_end().contains('\n'), "{said}");
    assert_eq!(answer.header("content-type"), "application/json");
    fields["data"].clone()
}

/// Checks a refusal whole.
#[track_caller]
pub fn refused(answer: &Answer, code: i64) {
    refused_with(answer, 200, code);
}

/// Checks a refusal whole that has an HTTP status of its own.
#[track_caller]
pub fn refused_with(answer: &Answer, status: u16, code: i64) {
    let said = String::from_utf8_lossy(&answer.bytes).into_owned();
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (status, &json!(code)),
        "{said}"
    );
    let text = match code {
        10001 => "invalid parameter",
        10002 => "internal service call failed",
        10003 => "not allowed request",
        10004 => "not a member of the conversation",
        10101 => "invalid token",
        90013 => "unsupported driver",
        _ => "no code of this dialect",
    };
    assert_eq!(answer.body, json!({ "code": code, "error": text }));
    assert!(said.ends_with('\n'), "{said}");
}
