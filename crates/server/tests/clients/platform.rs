//! A small world on a server with the platform API, made over HTTP as its administrator makes one: two people, an app,
//! and who they are in that app.
//!
//! Not in here: claims. They are in the files that use this world.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use parlance_testkit::{Answer, Http, Proxy, ServerProgram, Socket};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;

use crate::{ADMIN_PASSWORD, PARLANCE, VARIABLES};

/// Where the API begins.
pub(crate) const API: &str = "/api/v1";
/// The app's own name for itself; the published samples name it.
pub(crate) const APP: &str = "oa_system";
/// A person's name in the app.
pub(crate) const ZHANG_IN_APP: &str = "zhangsan_oa";
/// Another person's name in the app.
pub(crate) const LI_IN_APP: &str = "lisi_manager";

/// Somebody with an account.
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) http: Http,
}

impl Person {
    /// A socket that hears what comes for this person.
    pub(crate) async fn listen(&self, address: SocketAddr) -> Socket {
        let path = format!("{API}/ws/messages?token={}", self.http.token());
        Socket::open(address, &path).await
    }
}

/// The world. Everybody talks through the relay, so that addresses outlive a restart of the server.
pub(crate) struct World {
    pub(crate) proxy: Proxy,
    pub(crate) server: ServerProgram,
    pub(crate) data: TempDir,
    pub(crate) zhang: Person,
    pub(crate) li: Person,
    /// The app's number.
    pub(crate) app_id: i64,
    /// What it signs with.
    pub(crate) app_secret: String,
    /// Where it takes people in.
    pub(crate) callback_url: String,
}

impl World {
    pub(crate) async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = ServerProgram::start(PARLANCE, data.path(), &VARIABLES);
        let proxy = Proxy::start(server.address).await;
        let nobody = Http::new(proxy.address);
        let admin = log_in(&nobody, "admin", ADMIN_PASSWORD).await;
        let zhang = person(&admin, "13800138001", "张三", "zhangsan").await;
        let li = person(&admin, "13800138002", "李四", "lisi").await;
        let callback_url = format!("http://{}/callback", proxy.address);
        let app = json!({ "app_id": APP, "app_name": "OA系统", "callback_url": callback_url });
        let app = made(admin.post(&format!("{API}/apps/"), app).await);
        let app_id = app["id"].as_i64().unwrap();
        for (person, key) in [(&zhang, ZHANG_IN_APP), (&li, LI_IN_APP)] {
            let mapping = json!({ "user_id": person.id, "mapped_key": key });
            made(
                admin
                    .post(&format!("{API}/apps/{app_id}/mappings"), mapping)
                    .await,
            );
        }
        Self {
            app_secret: app["app_secret"].as_str().unwrap().to_owned(),
            app_id,
            callback_url,
            proxy,
            server,
            data,
            zhang,
            li,
        }
    }

    /// Stops the server in order and starts another over its data, behind the same relay.
    pub(crate) fn restart_server(&mut self) {
        self.server.restart(PARLANCE, self.data.path(), &VARIABLES);
        self.proxy.retarget(self.server.address);
    }

    /// The base of the API for a client.
    pub(crate) fn api(&self) -> String {
        format!("http://{}{API}", self.proxy.address)
    }

    /// What the app signs these parameters with, each `name=value` and in the order of names.
    pub(crate) fn sign(&self, parameters: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.app_secret.as_bytes()).unwrap();
        mac.update(parameters.as_bytes());
        let bytes = mac.finalize().into_bytes();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Sends a message in the app's name.
    pub(crate) async fn send_as_app(&self, body: Value) -> Answer {
        let timestamp = now().to_string();
        let sign = self.sign(&format!("app_id={APP}&timestamp={timestamp}"));
        self.send_signed([APP, &timestamp, &sign], body).await
    }

    /// Sends a message under this app, timestamp and signature.
    pub(crate) async fn send_signed(&self, headers: [&str; 3], body: Value) -> Answer {
        let nobody = Http::new(self.proxy.address);
        let mut request = nobody.request("POST", &format!("{API}/messages/"));
        for (name, value) in ["X-App-Id", "X-Timestamp", "X-Sign"].into_iter().zip(headers) {
            request = request.header(name, value);
        }
        nobody.fetch(request.json(&body)).await
    }

    /// Asks in the app's name whom a ticket was made for.
    pub(crate) async fn validate(&self, ticket: &str) -> Value {
        let timestamp = now();
        let sign = self.sign(&format!("app_id={APP}&ticket={ticket}&timestamp={timestamp}"));
        let body = json!({ "app_id": APP, "ticket": ticket, "timestamp": timestamp, "sign": sign });
        let path = format!("{API}/simple/validate");
        made(Http::new(self.proxy.address).post(&path, body).await)
    }
}

/// The body of an answer that must be a good one.
#[track_caller]
pub(crate) fn made(answer: Answer) -> Value {
    assert!(
        (200..300).contains(&answer.status),
        "{}: {}",
        answer.status,
        answer.body
    );
    answer.body
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

async fn log_in(nobody: &Http, name: &str, password: &str) -> Http {
    let body = json!({ "identifier": name, "password": password });
    let token = made(nobody.post(&format!("{API}/auth/login/json"), body).await);
    nobody.with_token(token["access_token"].as_str().unwrap())
}

async fn person(admin: &Http, mobile: &str, name: &str, english_name: &str) -> Person {
    let password = format!("password of {english_name}");
    let body = json!({ "mobile": mobile, "name": name, "english_name": english_name, "password": password });
    let user = made(admin.post(&format!("{API}/users/"), body).await);
    Person {
        id: user["id"].as_i64().unwrap(),
        http: log_in(admin, mobile, &password).await,
    }
}
