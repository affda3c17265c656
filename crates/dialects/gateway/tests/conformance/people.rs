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
