//! Apps that are joined to a house: how an administrator makes them, and how they sign.

use hmac::{Hmac, KeyInit, Mac};
use parlance_testkit::{Answer, Http};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::people::{House, Person, ok};

/// An app as its own developers know it.
#[derive(Clone)]
pub struct Business {
    /// Its number.
    pub id: i64,
    /// What it calls itself.
    pub code: String,
    pub secret: String,
    pub access_token: String,
    /// Calls without a token of a person.
    pub http: Http,
}

/// What an administrator sends to join an app: its callback address is `https://CODE.example.com/callback`.
pub fn application(code: &str) -> Value {
    json!({
        "app_id": code, "app_name": format!("{code} app"),
        "callback_url": format!("https://{code}.example.com/callback"),
    })
}

impl House {
    /// Joins an app.
    pub async fn business(&self, admin: &Person, body: Value) -> Business {
        let made = ok(admin.http.post("/api/v1/apps/", body).await);
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        Business {
            id: made["id"].as_i64().expect("a number"),
            code: text("app_id"),
            secret: text("app_secret"),
            access_token: text("access_token"),
            http: self.stranger(),
        }
    }

    /// The time in seconds, by the server's clock.
    pub fn seconds(&self) -> i64 {
        self.server.core.now() / 1_000_000
    }

    /// Calls as this app with a body that it has signed now.
    pub async fn signed(&self, by: &Business, path: &str, body: Value) -> Answer {
        let body = by.sign(body, self.seconds());
        by.http.post(path, body).await
    }

    /// What a ticket is worth to this app.
    pub async fn validate(&self, by: &Business, ticket: &str) -> Value {
        let body = json!({ "ticket": ticket });
        ok(self.signed(by, "/api/v1/simple/validate", body).await)
    }
}

impl Business {
    /// Gives a person an account in the app; the number of the mapping.
    pub async fn knows(&self, admin: &Person, user_id: i64, mapped_key: &str) -> i64 {
        let path = format!("/api/v1/apps/{}/mappings", self.id);
        let body = json!({ "user_id": user_id, "mapped_key": mapped_key });
        ok(admin.http.post(&path, body).await)["id"]
            .as_i64()
            .expect("a number")
    }

    /// The signature of a text.
    pub fn signature(&self, text: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("a key");
        mac.update(text.as_bytes());
        let bytes = mac.finalize().into_bytes();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A body with name, time and signature.
    pub fn sign(&self, mut body: Value, seconds: i64) -> Value {
        body["app_id"] = json!(self.code);
        body["timestamp"] = json!(seconds);
        body["sign"] = json!(self.signature(&joined(&body)));
        body
    }
}

/// All fields but the signature, as they are signed.
pub fn joined(body: &Value) -> String {
    let fields = body.as_object().expect("an object").iter();
    let mut pairs: Vec<String> = fields
        .filter(|(name, _)| *name != "sign")
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}={text}"),
            other => format!("{name}={other}"),
        })
        .collect();
    pairs.sort();
    pairs.join("&")
}

/// The ticket in an address.
pub fn ticket_in(address: &Value) -> String {
    let address = address.as_str().expect("an address");
    let (_, rest) = address.split_once("ticket=").expect("a ticket");
    rest.split(['&', '#']).next().unwrap_or_default().to_owned()
}
