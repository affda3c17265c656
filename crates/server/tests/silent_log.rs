//! What must never be in a log, whatever its level: keys, tokens, tickets and passwords.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use parlance_testkit::{Answer, Http};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

/// A server that writes its log at the lowest level into a file. Killed when dropped.
struct Server(Child, SocketAddr);

impl Server {
    fn start(data: &Path, log: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_parlance"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .env("PARLANCE_ADMIN_PASSWORD", PASSWORD)
            .env("RUST_LOG", "trace")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.find_map(|line| Some(line.unwrap().split_once("http://")?.1.to_owned()));
        Self(child, url.unwrap().parse().unwrap())
    }

    /// Asks it to stop, and waits until it has.
    fn stop(mut self) {
        let pid = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", "TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ok(answer: Answer) -> Value {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn ticket_in(url: &str) -> String {
    url.split_once("ticket=").unwrap().1.to_owned()
}

#[tokio::test]
async fn keys_tokens_tickets_and_passwords_are_in_no_log_line() {
    let directory = tempfile::tempdir().unwrap();
    let (data, log) = (directory.path().join("data"), directory.path().join("log"));
    let server = Server::start(&data, &log);
    let stranger = Http::new(server.1);
    let login = json!({ "identifier": "admin", "password": PASSWORD });
    let token = text(&ok(stranger.post("/api/v1/simple/login", login).await)["access_token"]);
    let admin = stranger.with_token(token.clone());
    let app = json!({ "app_id": "oa", "app_name": "OA", "callback_url": "https://oa.example.com/" });
    let app = ok(admin.post("/api/v1/apps/", app).await);
    let me = ok(admin.get("/api/v1/users/me").await)["id"].clone();
    let mapping = json!({ "user_id": me, "mapped_key": "admin" });
    ok(admin
        .post(&format!("/api/v1/apps/{}/mappings", app["id"]), mapping)
        .await);
    let rotated = format!("/api/v1/apps/{}/rotate-secret", app["id"]);
    let rotated = ok(admin.post(&rotated, json!({})).await);

    let given = ok(admin
        .post("/api/v1/simple/sso-login", json!({ "app_id": "oa" }))
        .await);
    let jump = format!("/api/v1/simple/sso/jump?app_id=oa&token={token}");
    let jump = stranger.get(&jump).await;
    assert_eq!(jump.status, 302);
    let tickets = [
        ticket_in(&text(&given["redirect_url"])),
        ticket_in(jump.header("location")),
    ];
    let wrong = json!({
        "app_id": "oa", "ticket": tickets[0], "timestamp": 1, "sign": rotated["app_secret"],
    });
    assert_eq!(stranger.post("/api/v1/simple/validate", wrong).await.status, 401);
    let people = stranger.request("GET", "/api/v1/apps/mapping/users");
    let people = people.header("X-App-Access-Token", text(&app["access_token"]));
    ok(stranger.fetch(people).await);
    server.stop();

    let log = fs::read_to_string(log).unwrap();
    assert!(
        log.contains("/api/v1/simple/sso-login"),
        "the log tells of the calls"
    );
    let [first, second] = tickets;
    let secrets = [
        PASSWORD.to_owned(),
        token,
        text(&app["app_secret"]),
        text(&app["access_token"]),
        text(&rotated["app_secret"]),
        first,
        second,
    ];
    for line in log.lines() {
        for secret in &secrets {
            assert!(!line.contains(secret.as_str()), "{line}");
        }
    }
}
