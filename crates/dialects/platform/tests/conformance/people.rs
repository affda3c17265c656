//! A server with the dialect on it, and people who have logged in.

use std::time::Duration;

use axum::Router;
use parlance_core::account::NewAccount;
use parlance_core::types::{AccountRole, DEFAULT_TENANT};
use parlance_core::{Actor, Core, Limits};
use parlance_dialect_platform::{Options, router};
use parlance_testkit::{Answer, Http, TestServer};
use serde_json::{Value, json};

/// The password of everybody.
pub const PASSWORD: &str = "123456";

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

    pub async fn with_options(options: Options) -> Self {
        Self {
            server: TestServer::start(|core| router(core, options)).await,
        }
    }

    /// A house whose sockets must not be silent for this long.
    pub async fn impatient(silence: Duration) -> Self {
        let options = Options {
            socket_silence_max: silence,
            ..Options::default()
        };
        Self {
            server: TestServer::start(|core| router(core, options)).await,
        }
    }

    /// Nobody in particular.
    pub fn stranger(&self) -> Http {
        Http::new(self.server.address)
    }

    /// Makes an account with this text id, and logs in. The text id is its name too.
    pub async fn person(&self, uid: &str) -> Person {
        self.ranked(uid, AccountRole::User).await
    }

    /// The same for somebody of the highest rank.
    pub async fn administrator(&self, uid: &str) -> Person {
        self.ranked(uid, AccountRole::SuperAdmin).await
    }

    pub async fn ranked(&self, uid: &str, role: AccountRole) -> Person {
        let account = NewAccount {
            uid: uid.to_owned(),
            name: uid.to_owned(),
            password: Some(PASSWORD.to_owned()),
            role,
            ..NewAccount::default()
        };
        self.account(account).await
    }

    /// Makes this account and logs in with its text id.
    pub async fn account(&self, account: NewAccount) -> Person {
        let uid = account.uid.clone();
        let system = Actor::system(DEFAULT_TENANT);
        let id = self
            .server
            .core
            .create_user(&system, account)
            .await
            .expect("an account");
        Person {
            id,
            http: self.login(&uid).await,
        }
    }

    /// Logs in again, with a token of its own.
    pub async fn login(&self, name: &str) -> Http {
        let answer = self.try_login(name, PASSWORD).await;
        let token = ok(answer)["access_token"].as_str().expect("a token").to_owned();
        self.stranger().with_token(token)
    }

    pub async fn try_login(&self, name: &str, password: &str) -> Answer {
        let body = json!({ "username": name, "password": password });
        self.stranger().post("/api/v1/auth/login/json", body).await
    }
}

/// The value of a success.
#[track_caller]
pub fn ok(answer: Answer) -> Value {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body
}

/// Checks a refusal whole: HTTP status and text.
#[track_caller]
pub fn refused(answer: &Answer, status: u16, detail: &str) {
    assert_eq!(
        (answer.status, &answer.body),
        (status, &json!({ "detail": detail }))
    );
    let challenge = if status == 401 { "Bearer" } else { "" };
    assert_eq!(answer.header("www-authenticate"), challenge);
}

/// Checks the list form of a refusal: what is said of each wrong field, in the order of the fields.
#[track_caller]
pub fn wrong_fields(answer: &Answer, expected: Value) {
    assert_eq!(
        (answer.status, &answer.body),
        (422, &json!({ "detail": expected }))
    );
}
