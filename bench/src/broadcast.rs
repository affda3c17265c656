//! `broadcast`: an app of the platform dialect tells everybody something. Many accounts that are away, and many people
//! who are connected: how long the send takes, how long until the last one who is connected has it, and what that costs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::account::run_name;
use crate::connection::Connection;
use crate::failure::{Outcome, fail};
use crate::http::{HttpClient, Request};
use crate::latency::{Latency, Percentiles};
use crate::process::{Memory, allow_open_files};
use crate::progress::Progress;
use crate::server::ADMIN_PASSWORD;
use crate::span::Mark;
use crate::target::Target;

/// Accounts that one run may make.
const ACCOUNTS_MAX: usize = 5_000_000;
/// People who may be connected.
const CONNECTED_MAX: usize = 20_000;
/// Broadcasts of one run.
const BROADCASTS_MAX: u64 = 10_000;
/// Calls under way at once while accounts are made, and while people log in.
const CALLS_AT_ONCE: usize = 8;
/// Broadcasts before the measured span.
const WARMUP: u64 = 3;
/// How often progress is looked at.
const PROGRESS_POLL: std::time::Duration = std::time::Duration::from_millis(20);
/// The password of everybody who logs in.
const PASSWORD: &str = "bench-Pass-1";
/// The first mobile number; every account has its own.
const FIRST_MOBILE: u64 = 13_000_000_000;

/// The shape of a broadcast load.
#[derive(Debug, Clone, Args)]
pub(crate) struct BroadcastLoad {
    /// Accounts that exist, those that are connected counted in
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) accounts: usize,
    /// People who are connected, one socket each
    #[arg(long, default_value_t = 10_000)]
    pub(crate) connected: usize,
    /// Broadcasts in the measured span, one after the other
    #[arg(long, default_value_t = 50)]
    pub(crate) broadcasts: u64,
    /// Content of each, in bytes
    #[arg(long, default_value_t = 100)]
    pub(crate) bytes: usize,
}

impl BroadcastLoad {
    fn check(&self) -> Outcome<()> {
        if self.connected > CONNECTED_MAX || self.accounts > ACCOUNTS_MAX || self.accounts <= self.connected {
            return fail(format!(
                "--connected is at most {CONNECTED_MAX}, --accounts more than that and at most {ACCOUNTS_MAX}"
            ));
        }
        if self.broadcasts == 0 || self.broadcasts > BROADCASTS_MAX || self.bytes == 0 {
            return fail(format!(
                "--broadcasts is 1 to {BROADCASTS_MAX}, --bytes at least 1"
            ));
        }
        Ok(())
    }
}

/// What `broadcast` found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BroadcastReport {
    /// Accounts.
    pub(crate) accounts: usize,
    /// Sockets.
    pub(crate) connected: usize,
    /// Seconds it took to make an account over HTTP, all together.
    pub(crate) making_accounts_seconds: f64,
    /// From the request to its answer.
    pub(crate) send: Percentiles,
    /// From the request to the last socket.
    pub(crate) last_socket: Percentiles,
    /// Server CPU for each delivery to a socket, in microseconds.
    pub(crate) server_cpu_us_per_delivery: Option<f64>,
    /// The generator's own CPU for each delivery, in microseconds.
    pub(crate) generator_cpu_us_per_delivery: Option<f64>,
    /// From asking for the conversation list of somebody who was away to its answer.
    pub(crate) list: Percentiles,
    /// Server memory at the end.
    pub(crate) server_memory: Option<Memory>,
    /// Frames that were lost, doubled or out of order.
    pub(crate) faults: u64,
}

/// Runs the load and verifies that each socket gets each broadcast once and in order, and that people who were away
/// have all of them unread.
///
/// # Errors
/// A refused call, a broken connection, or a stall.
pub(crate) async fn run(target: &Target, load: &BroadcastLoad) -> Outcome<BroadcastReport> {
    load.check()?;
    allow_open_files(load.connected as u64 + 200)?;
    let admin = log_in(
        &mut HttpClient::open(target.address).await?,
        "admin",
        ADMIN_PASSWORD,
    )
    .await?;
    let begun = Instant::now();
    make_accounts(target.address, &admin, load).await?;
    let making_accounts_seconds = begun.elapsed().as_secs_f64();
    let app = App::make(target.address, &admin).await?;
    let tokens = log_in_all(target.address, load.connected + 1).await?;
    let crowd = Crowd::connect(target, &tokens[..load.connected]).await?;

    let mut sender = app.sender(target.address).await?;
    let (send, last_socket) = (Latency::new()?, Latency::new()?);
    let mut start = Mark::now(target, 0)?;
    for number in 0..WARMUP + load.broadcasts {
        if number == WARMUP {
            send.clear();
            last_socket.clear();
            start = Mark::now(target, crowd.delivered())?;
        }
        let at = Instant::now();
        crowd.expect(number + 1);
        sender.broadcast(number, load.bytes).await?;
        send.record(at.elapsed());
        crowd.complete().await?;
        last_socket.record(at.elapsed());
    }
    let span = start.until(&Mark::now(target, crowd.delivered())?);
    let list = read_lists(target, &tokens[load.connected], WARMUP + load.broadcasts).await?;
    Ok(BroadcastReport {
        accounts: load.accounts,
        connected: load.connected,
        making_accounts_seconds,
        send: send.percentiles(),
        last_socket: last_socket.percentiles(),
        server_cpu_us_per_delivery: span.cpu_us_each,
        generator_cpu_us_per_delivery: span.generator_us_each,
        list,
        server_memory: target.memory()?,
        faults: crowd.faults().await?,
    })
}

/// One call that must succeed.
async fn call(client: &mut HttpClient, request: &Request<'_>, headers: &str) -> Outcome<Value> {
    let answer = client.request_with(request, headers).await?;
    if !(200..300).contains(&answer.status) {
        return fail(format!(
            "{} {} answered {}: {}",
            request.method,
            request.path,
            answer.status,
            String::from_utf8_lossy(&answer.body)
        ));
    }
    answer.json()
}

fn post<'a>(path: &'a str, token: Option<&'a str>, body: &'a str) -> Request<'a> {
    Request {
        method: "POST",
        path,
        token,
        body,
    }
}

async fn log_in(client: &mut HttpClient, name: &str, password: &str) -> Outcome<String> {
    let body = json!({"identifier": name, "password": password}).to_string();
    let answer = call(client, &post("/api/v1/auth/login/json", None, &body), "").await?;
    match answer["access_token"].as_str() {
        Some(token) => Ok(token.to_owned()),
        None => fail("the log-in answer has no access_token"),
    }
}

fn mobile(index: usize) -> String {
    (FIRST_MOBILE + index as u64).to_string()
}

/// Makes the accounts; those who will be connected, and one more to read lists, get a password.
async fn make_accounts(address: SocketAddr, admin: &str, load: &BroadcastLoad) -> Outcome<()> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..CALLS_AT_ONCE {
        let (next, admin, load) = (Arc::clone(&next), admin.to_owned(), load.clone());
        tasks.spawn(async move {
            let mut client = HttpClient::open(address).await?;
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= load.accounts {
                    return Outcome::Ok(());
                }
                let mut body = json!({"mobile": mobile(index), "name": format!("bench {index}")});
                if index <= load.connected {
                    body["password"] = PASSWORD.into();
                }
                let body = body.to_string();
                call(&mut client, &post("/api/v1/users/", Some(&admin), &body), "").await?;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

async fn log_in_all(address: SocketAddr, count: usize) -> Outcome<Vec<String>> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..CALLS_AT_ONCE {
        let next = Arc::clone(&next);
        tasks.spawn(async move {
            let mut client = HttpClient::open(address).await?;
            let mut share = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return Outcome::Ok(share);
                }
                share.push((index, log_in(&mut client, &mobile(index), PASSWORD).await?));
            }
        });
    }
    let mut tokens = Vec::with_capacity(count);
    while let Some(share) = tasks.join_next().await {
        tokens.extend(share??);
    }
    tokens.sort_unstable_by_key(|(index, _)| *index);
    Ok(tokens.into_iter().map(|(_, token)| token).collect())
}

/// The conversation lists of somebody who was away, which must have all of the broadcasts unread.
async fn read_lists(target: &Target, token: &str, broadcasts: u64) -> Outcome<Percentiles> {
    let mut client = HttpClient::open(target.address).await?;
    let list = Latency::new()?;
    let request = Request {
        method: "GET",
        path: "/api/v1/messages/conversations",
        token: Some(token),
        body: "",
    };
    for _ in 0..100 {
        let at = Instant::now();
        let answer = call(&mut client, &request, "").await?;
        list.record(at.elapsed());
        if answer[0]["unread_count"].as_u64() != Some(broadcasts) {
            return fail(format!("{broadcasts} broadcasts, and the list says {answer}"));
        }
    }
    Ok(list.percentiles())
}

/// An app and its secret.
struct App {
    code: String,
    secret: String,
}

impl App {
    async fn make(address: SocketAddr, admin: &str) -> Outcome<Self> {
        let code = format!("bench_{}", run_name());
        let body = json!({"app_id": code, "app_name": "Bench", "callback_url": "http://127.0.0.1/callback"});
        let mut client = HttpClient::open(address).await?;
        let made = call(
            &mut client,
            &post("/api/v1/apps/", Some(admin), &body.to_string()),
            "",
        )
        .await?;
        match made["app_secret"].as_str() {
            Some(secret) => Ok(Self {
                code,
                secret: secret.to_owned(),
            }),
            None => fail("the answer to a new app has no app_secret"),
        }
    }

    async fn sender(self, address: SocketAddr) -> Outcome<Sender> {
        Ok(Sender {
            client: HttpClient::open(address).await?,
            app: self,
        })
    }

    /// The headers that prove a call at this time to be the app's.
    fn headers(&self) -> Outcome<String> {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes())?;
        mac.update(format!("app_id={}&timestamp={seconds}", self.code).as_bytes());
        let sign: String = mac
            .finalize()
            .into_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(format!(
            "X-App-Id: {}\r\nX-Timestamp: {seconds}\r\nX-Sign: {sign}\r\n",
            self.code
        ))
    }
}

struct Sender {
    client: HttpClient,
    app: App,
}

impl Sender {
    async fn broadcast(&mut self, number: u64, bytes: usize) -> Outcome<()> {
        let body = json!({
            "type": "NOTIFICATION", "is_broadcast": true, "title": title(number), "content": "x".repeat(bytes),
        });
        let headers = self.app.headers()?;
        call(
            &mut self.client,
            &post("/api/v1/messages/", None, &body.to_string()),
            &headers,
        )
        .await?;
        Ok(())
    }
}

fn title(number: u64) -> String {
    format!("bench-{number:06}")
}

/// The number in the title of a pushed broadcast.
fn number_in(text: &[u8]) -> Option<u64> {
    const MARK: &[u8] = b"\"title\":\"bench-";
    let start = memchr::memmem::find(text, MARK)? + MARK.len();
    std::str::from_utf8(text.get(start..start + 6)?)
        .ok()?
        .parse()
        .ok()
}

/// How far all sockets together have come.
#[derive(Default)]
struct Shared {
    delivered: AtomicU64,
    wanted: AtomicU64,
    complete: Notify,
}

struct Crowd {
    shared: Arc<Shared>,
    sockets: Vec<JoinHandle<Outcome<u64>>>,
    faults: Arc<AtomicU64>,
}

impl Crowd {
    async fn connect(target: &Target, tokens: &[String]) -> Outcome<Self> {
        let shared = Arc::new(Shared::default());
        let faults = Arc::new(AtomicU64::new(0));
        let mut sockets = Vec::with_capacity(tokens.len());
        for (index, token) in tokens.iter().enumerate() {
            let path = format!("/api/v1/ws/messages?token={token}");
            let connection = Connection::open_at(target.address, &path, index).await?;
            sockets.push(tokio::spawn(receive(
                connection,
                Arc::clone(&shared),
                Arc::clone(&faults),
            )));
        }
        Ok(Self {
            shared,
            sockets,
            faults,
        })
    }

    fn delivered(&self) -> u64 {
        self.shared.delivered.load(Ordering::SeqCst)
    }

    /// Says that this many broadcasts are to reach every socket.
    fn expect(&self, broadcasts: u64) {
        let wanted = broadcasts * self.sockets.len() as u64;
        self.shared.wanted.store(wanted, Ordering::SeqCst);
    }

    /// Waits until they have.
    async fn complete(&self) -> Outcome<()> {
        let mut progress = Progress::new();
        while self.delivered() < self.shared.wanted.load(Ordering::SeqCst) {
            tokio::select! {
                () = self.shared.complete.notified() => {}
                () = tokio::time::sleep(PROGRESS_POLL) => progress.check(self.delivered())?,
            }
        }
        Ok(())
    }

    /// Hangs up, and gives what was wrong.
    async fn faults(self) -> Outcome<u64> {
        for socket in self.sockets {
            if socket.is_finished() {
                socket.await??;
            } else {
                socket.abort();
            }
        }
        Ok(self.faults.load(Ordering::SeqCst))
    }
}

async fn receive(mut connection: Connection, shared: Arc<Shared>, faults: Arc<AtomicU64>) -> Outcome<u64> {
    let mut next = 0;
    loop {
        connection
            .receive(|text| {
                if number_in(text) != Some(next) {
                    faults.fetch_add(1, Ordering::SeqCst);
                }
                next += 1;
                let delivered = shared.delivered.fetch_add(1, Ordering::SeqCst) + 1;
                if delivered == shared.wanted.load(Ordering::SeqCst) {
                    shared.complete.notify_one();
                }
                Ok(())
            })
            .await?;
        connection.forget_buffer();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pushed_broadcast_is_recognised() {
        let frame = json!({"type": "NEW_MESSAGE", "data": {"title": title(42), "content": "x"}}).to_string();
        assert_eq!(number_in(frame.as_bytes()), Some(42));
        assert_eq!(
            number_in(br#"{"type":"NEW_MESSAGE","data":{"title":"other"}}"#),
            None
        );
        assert_eq!(number_in(br#"{"title":"bench-00"#), None);
    }

    #[test]
    fn a_call_is_signed_as_published() {
        let app = App {
            code: "oa".into(),
            secret: "s".into(),
        };
        let headers = app.headers().unwrap();
        assert!(headers.starts_with("X-App-Id: oa\r\nX-Timestamp: "), "{headers}");
        let sign = headers.trim_end().rsplit(' ').next().unwrap();
        assert!(sign.len() == 64 && sign.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
