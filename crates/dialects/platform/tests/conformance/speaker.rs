//! Apps that send messages: how they sign, and who has an account in them.

use hmac::{Hmac, KeyInit, Mac};
use parlance_core::Actor;
use parlance_core::app::NewApp;
use parlance_core::command::{CreateMapping, MappedPerson};
use parlance_core::types::DEFAULT_TENANT;
use parlance_testkit::{Answer, Http};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::people::{House, Person, ok};

/// An app that can sign.
#[derive(Clone)]
pub struct Speaker {
    pub id: i64,
    pub code: String,
    secret: String,
    http: Http,
}

impl House {
    /// Joins an app that may lead people to these origins only; to any if there are none.
    pub async fn speaker(&self, code: &str, origins: &[&str]) -> Speaker {
        let app = NewApp {
            code: code.to_owned(),
            name: format!("{code} app"),
            callback_url: format!("https://{code}.example.com/callback"),
            protocol: "SIMPLE_API".into(),
            active: true,
            redirect_origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
            ..NewApp::default()
        };
        let system = Actor::system(DEFAULT_TENANT);
        let made = self.server.core.create_app(&system, app).await.expect("an app");
        Speaker {
            id: made.listed.app.id,
            code: code.to_owned(),
            secret: made.keys.secret.clone(),
            http: self.stranger(),
        }
    }

    /// Gives a person an account in an app.
    pub async fn map(&self, app: &Speaker, person: &Person, account: &str) {
        let mapping = CreateMapping {
            app_id: app.id,
            person: MappedPerson::Id(person.id),
            mapped_key: account.to_owned(),
            mapped_email: String::new(),
            active: true,
        };
        let system = Actor::system(DEFAULT_TENANT);
        self.server
            .core
            .execute(&system, mapping)
            .await
            .expect("a mapping");
    }

    /// Two people and an app in which both have accounts: `alice_oa` and `bob_oa`.
    pub async fn office(&self) -> (Person, Person, Speaker) {
        let (alice, bob) = (self.person("alice").await, self.person("bob").await);
        let app = self.speaker("oa", &[]).await;
        self.map(&app, &alice, "alice_oa").await;
        self.map(&app, &bob, "bob_oa").await;
        (alice, bob, app)
    }
}

impl Speaker {
    fn signature(&self, seconds: i64) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("a key");
        mac.update(format!("app_id={}&timestamp={seconds}", self.code).as_bytes());
        let bytes = mac.finalize().into_bytes();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A call to send that was signed at this time.
    pub fn request(&self, seconds: i64) -> RequestBuilder {
        self.http
            .request("POST", "/api/v1/messages/")
            .header("X-App-Id", &self.code)
            .header("X-Timestamp", seconds.to_string())
            .header("X-Sign", self.signature(seconds))
    }

    /// Sends, signed now.
    pub async fn send(&self, house: &House, body: Value) -> Answer {
        let seconds = house.server.core.now() / 1_000_000;
        self.http.fetch(self.request(seconds).json(&body)).await
    }

    /// Tells one person, or everybody.
    pub async fn notify(&self, house: &House, person: Option<&Person>, text: &str) -> Value {
        let mut body = json!({ "type": "NOTIFICATION", "title": "审批通知", "content": text });
        match person {
            Some(person) => body["receiver_id"] = json!(person.id),
            None => body["is_broadcast"] = json!(true),
        }
        ok(self.send(house, body).await)
    }
}

impl Person {
    /// Writes to somebody.
    pub async fn says(&self, to: &Self, text: &str) -> Value {
        let body = json!({ "receiver_id": to.id, "type": "MESSAGE", "title": "私信", "content": text });
        ok(self.http.post("/api/v1/messages/", body).await)
    }

    /// How many messages are unread.
    pub async fn unread(&self) -> Value {
        ok(self.http.get("/api/v1/messages/unread-count").await)
    }

    /// The history with somebody.
    pub async fn history(&self, other: i64) -> Value {
        ok(self.http.get(&format!("/api/v1/messages/history/{other}")).await)
    }
}

/// The fields of this name, in order.
pub fn each(list: &Value, name: &str) -> Vec<Value> {
    let items = list.as_array().expect("a list").iter();
    items.map(|item| item[name].clone()).collect()
}
