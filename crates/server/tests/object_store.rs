//! The built program with its files in an object store: a real one, of other authors, that checks every signature.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails there"
)]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use parlance_testkit::multipart::{Form, Part};
use parlance_testkit::{Answer, Http, ServerProgram};
use parlance_transport::http::{Server, ServerLimits, load_tls};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::ServiceExt;

const BUCKET: &str = "files-of-people";
const ACCESS_KEY: &str = "public-half";
const SECRET_KEY: &str = "open-sesame-open";
const PASSWORD: &str = "correct horse battery";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and the rest of a picture";

/// How long a command may take that ends by itself. Only a failing test ever waits this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// An object store over a directory.
struct ObjectStore {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl ObjectStore {
    /// Serves what lies in `root`, at this port or a free one; over TLS with a certificate and its key.
    async fn start(root: &Path, port: u16, tls: Option<(&Path, &Path)>) -> Self {
        fs::create_dir_all(root.join(BUCKET)).unwrap();
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).unwrap());
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
        let answer = move |request: Request| answer(service.clone(), request);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, shutdown) = watch::channel(false);
        let server = Server {
            listeners: vec![listener],
            router: Router::new().fallback(answer),
            tls: tls.map(|(certificate, key)| load_tls(certificate, key).unwrap()),
            limits: ServerLimits::default(),
            shutdown,
        };
        let serving = tokio::spawn(async move {
            server.run().await;
        });
        Self {
            address,
            stop,
            serving,
        }
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        self.serving.await.unwrap();
    }
}

async fn answer(service: S3Service, request: Request) -> Response {
    // This store would make the bucket; others say what Amazon says.
    if !request.uri().path().starts_with(&format!("/{BUCKET}/")) {
        let body = "<Error><Code>NoSuchBucket</Code><Message>The bucket does not exist</Message></Error>";
        return (StatusCode::NOT_FOUND, body).into_response();
    }
    match service.oneshot(request).await {
        Ok(response) => response.map(Body::new),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Settings for a server with its files at this endpoint.
fn settings(endpoint: &str) -> Vec<(&'static str, String)> {
    vec![
        ("PARLANCE_ADMIN_PASSWORD", PASSWORD.to_owned()),
        ("PARLANCE_FILES__STORE", "s3".to_owned()),
        ("PARLANCE_FILES__S3__ENDPOINT", endpoint.to_owned()),
        ("PARLANCE_FILES__S3__BUCKET", BUCKET.to_owned()),
        ("PARLANCE_FILES__S3__ACCESS_KEY", ACCESS_KEY.to_owned()),
        ("PARLANCE_FILES__S3__SECRET_KEY", SECRET_KEY.to_owned()),
    ]
}

fn start(data: &Path, settings: &[(&str, String)]) -> ServerProgram {
    let variables: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    ServerProgram::start(env!("CARGO_BIN_EXE_parlance"), data, &variables)
}

/// Runs a command that ends by itself.
async fn run(words: &[&str], data: &Path, settings: &[(&str, String)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlance"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PARLANCE_") {
            command.env_remove(name);
        }
    }
    let settings = settings.iter().map(|(name, value)| (*name, value.as_str()));
    let ended = command
        .args(words)
        .arg("--data-dir")
        .arg(data)
        .envs(settings)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    timeout(PATIENCE, ended).await.expect("an end").unwrap()
}

/// The administrator, logged in to the dialect platform.
async fn platform(server: &ServerProgram) -> Http {
    let http = Http::new(server.address);
    let body = json!({ "username": "admin", "password": PASSWORD });
    let issued = http.post("/api/v1/auth/login/json", body).await;
    http.with_token(issued.body["access_token"].as_str().unwrap())
}

/// The administrator, logged in to the dialect ruoyi.
async fn ruoyi(server: &ServerProgram) -> Http {
    let http = Http::new(server.address);
    let body = json!({ "username": "admin", "password": PASSWORD });
    let issued = http.post("/api/auth/login", body).await;
    http.with_token(issued.body["data"]["token"].as_str().unwrap())
}

async fn post(http: &Http, path: &str, name: &str, bytes: &[u8]) -> Answer {
    let form = Form::new().part("file", Part::bytes(bytes.to_vec()).file_name(name.to_owned()));
    http.fetch(http.request("POST", path).multipart(form)).await
}

async fn upload(http: &Http, name: &str, bytes: &[u8]) -> Value {
    let answer = post(http, "/api/v1/messages/upload", name, bytes).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body
}

/// Fetches a whole address without a token.
async fn fetch(url: &str) -> Answer {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    Http::new(host.parse().unwrap()).get(&format!("/{path}")).await
}

fn files_below(directory: &Path) -> usize {
    let Ok(entries) = fs::read_dir(directory) else {
        return 0;
    };
    let count = |path: &Path| if path.is_dir() { files_below(path) } else { 1 };
    entries.map(|entry| count(&entry.unwrap().path())).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_to_the_bucket_and_links_lead_there() {
    let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = ObjectStore::start(root.path(), 0, None).await;
    let endpoint = format!("http://{}", store.address);
    let server = start(data.path(), &settings(&endpoint));
    let admin = platform(&server).await;

    let picture = upload(&admin, "猫.png", PNG).await;
    let url = picture["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{endpoint}/{BUCKET}/kept/")), "{url}");
    let got = fetch(url).await;
    assert_eq!((got.status, got.bytes.as_slice()), (200, PNG));
    assert_eq!(got.header("content-type"), "image/png");
    assert!(got.header("content-disposition").starts_with("inline; "));
    assert!(
        got.header("content-disposition")
            .ends_with("filename*=UTF-8''%E7%8C%AB.png")
    );

    let page = upload(&admin, "a.html", b"<script>alert(1)</script>").await;
    let page_url = page["url"].as_str().unwrap();
    assert!(page_url.contains("response-content-type=application%2Foctet-stream"));
    let got = fetch(page_url).await;
    assert_eq!(got.header("content-type"), "application/octet-stream");
    assert!(got.header("content-disposition").starts_with("attachment; "));

    for changed in [
        url.split('?').next().unwrap().to_owned(),
        url.replace(
            "response-content-type=image%2Fpng",
            "response-content-type=text%2Fhtml",
        ),
        url.replace("X-Amz-Expires=3", "X-Amz-Expires=9"),
        format!("{url}0"),
    ] {
        let refused = fetch(&changed).await.status;
        assert!((400..404).contains(&refused), "{refused} {changed}");
    }

    // Longer than two parts.
    let long: Vec<u8> = (0..20 * 1024 * 1024_u32).map(|n| (n % 251) as u8).collect();
    let film = upload(&admin, "long.bin", &long).await;
    assert!(fetch(film["url"].as_str().unwrap()).await.bytes == long);
    assert_eq!(
        files_below(&data.path().join("files")),
        0,
        "nothing stays on the disk"
    );
    server.stop();
    store.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_passes_on_what_lies_there_and_erases_it() {
    let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = ObjectStore::start(root.path(), 0, None).await;
    let settings = settings(&format!("http://{}", store.address));
    let server = start(data.path(), &settings);
    let admin = ruoyi(&server).await;
    let file = post(&admin, "/api/im/file/upload", "a.png", PNG).await.body["data"].clone();
    let path = file["fileUrl"].as_str().unwrap().to_owned();
    server.stop();

    let server = start(data.path(), &settings);
    let admin = ruoyi(&server).await;
    let whole = admin.get(&path).await;
    assert_eq!((whole.status, whole.bytes.as_slice()), (200, PNG));
    for (range, status, bytes) in [
        ("bytes=1-3", 206, &PNG[1..4]),
        ("bytes=-4", 206, &PNG[PNG.len() - 4..]),
    ] {
        let request = admin.request("GET", &path).header("range", range);
        let part = admin.fetch(request).await;
        assert_eq!((part.status, part.bytes.as_slice()), (status, bytes));
    }
    assert_eq!(Http::new(server.address).get(&path).await.status, 401);

    let kept = root.path().join(BUCKET).join("kept");
    assert_eq!(files_below(&kept), 1);
    let id = file["fileId"].as_i64().unwrap();
    let deleted = admin.delete(&format!("/api/im/file/{id}"), json!({})).await;
    assert_eq!(deleted.body["code"], 200);
    assert_eq!(files_below(&kept), 0);
    server.stop();
    store.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_is_no_reason_to_be_away() {
    let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = ObjectStore::start(root.path(), 0, None).await;
    let port = store.address.port();
    let settings = settings(&format!("http://{}", store.address));
    store.stop().await;

    let server = start(data.path(), &settings);
    let admin = platform(&server).await;
    let refused = post(&admin, "/api/v1/messages/upload", "a.png", PNG).await;
    assert_eq!(refused.status, 503, "{:?}", refused.body);
    assert_eq!(admin.get("/api/v1/users/me").await.status, 200);
    let doctor = run(&["doctor"], data.path(), &settings).await;
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert_eq!(doctor.status.code(), Some(2));
    assert!(
        said.contains("fail  the object store cannot be reached: "),
        "{said}"
    );

    let store = ObjectStore::start(root.path(), port, None).await;
    upload(&admin, "a.png", PNG).await;
    let doctor = run(&["doctor"], data.path(), &settings).await;
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(
        said.contains(&format!(
            "ok    the object store keeps files in the bucket {BUCKET}"
        )),
        "{said}"
    );
    server.stop();
    store.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_says_no_is_told_at_the_start() {
    let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = ObjectStore::start(root.path(), 0, None).await;
    let right = settings(&format!("http://{}", store.address));
    for (name, value, told) in [
        (
            "PARLANCE_FILES__S3__BUCKET",
            "another-bucket",
            "there is no such bucket",
        ),
        (
            "PARLANCE_FILES__S3__SECRET_KEY",
            "sesame-shut",
            "the key is not known, or not allowed to",
        ),
        (
            "PARLANCE_FILES__S3__ACCESS_KEY",
            "nobody",
            "the key is not known, or not allowed to",
        ),
    ] {
        let mut wrong = right.clone();
        wrong.retain(|(other, _)| *other != name);
        wrong.push((name, value.to_owned()));
        let ended = run(&["serve", "--listen", "127.0.0.1:0"], data.path(), &wrong).await;
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(!ended.status.success());
        assert!(
            said.contains(&format!("the object store refuses to keep files: {told}")),
            "{said}"
        );
        assert!(
            said.contains("check files.s3.bucket") && !said.contains("sesame"),
            "{said}"
        );
    }
    store.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_may_speak_tls() {
    let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (root.path().join("certificate.pem"), root.path().join("key.pem"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let store = ObjectStore::start(root.path(), 0, Some((&certificate, &key))).await;
    let endpoint = format!("https://localhost:{}", store.address.port());
    let mut settings = settings(&endpoint);
    // Where the system's trusted certificates are read from.
    settings.push(("SSL_CERT_FILE", certificate.display().to_string()));
    let server = start(data.path(), &settings);
    let picture = upload(&platform(&server).await, "a.png", PNG).await;
    let url = picture["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{endpoint}/{BUCKET}/kept/")), "{url}");
    assert_eq!(files_below(&root.path().join(BUCKET).join("kept")), 1);
    server.stop();
    store.stop().await;
}
