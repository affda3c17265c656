//! The HTTP server as a client on the wire sees it: limits, ids, panics, stopping.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{
    io::Write,
    path::Path,
    sync::{Arc, Mutex},
};

use axum::{
    Extension, Router,
    body::Bytes,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use futures_util::future::join_all;
use http::StatusCode;
use parlance_transport::http::{
    BodyLimit, Drained, PeerAddr, RequestId, ServerLimits, body_limit, load_tls, request_id,
};
use support::TestServer;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
};

/// Sends `request` and reads until the server hangs up.
async fn exchange(server: &TestServer, request: &str) -> String {
    let mut stream = server.connect().await;
    stream.write_all(request.as_bytes()).await.unwrap();
    rest(&mut stream).await
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

fn get_request(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n")
}

async fn serve(router: Router) -> TestServer {
    TestServer::with_router(router, ServerLimits::default()).await
}

fn too_large() -> Response {
    (StatusCode::PAYLOAD_TOO_LARGE, "in the dialect's words").into_response()
}

async fn length(body: Bytes) -> String {
    body.len().to_string()
}

fn limited() -> Router {
    let limit = BodyLimit {
        bytes_max: 3_000_000,
        refuse: too_large,
    };
    Router::new()
        .route("/", post(length))
        .layer(from_fn_with_state(limit, body_limit))
}

#[tokio::test]
async fn handlers_see_the_peer() {
    let handler = |Extension(PeerAddr(peer)): Extension<PeerAddr>| async move { peer.to_string() };
    let server = serve(Router::new().route("/", get(handler))).await;
    let mut stream = server.connect().await;
    stream.write_all(get_request("/", "").as_bytes()).await.unwrap();
    assert!(
        rest(&mut stream)
            .await
            .ends_with(&stream.local_addr().unwrap().to_string())
    );
}

#[tokio::test]
async fn a_body_announced_as_too_large_is_not_read() {
    let server = serve(limited()).await;
    // Nothing follows the head: the answer must not wait for it.
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000001\r\n\r\n";
    let answer = exchange(&server, head).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.ends_with("in the dialect's words"), "{answer}");
    let expecting = head.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
    assert!(exchange(&server, &expecting).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunked_body_is_refused_once_it_is_too_large() {
    let server = serve(limited()).await;
    let (mut reader, mut writer) = server.connect().await.into_split();
    let sending = tokio::spawn(async move {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        writer.write_all(head.as_bytes()).await?;
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        for _ in 0..46 {
            writer.write_all(chunk.as_bytes()).await?;
        }
        // Never finished: the refusal does not wait for the end.
        Ok::<_, std::io::Error>(writer)
    });
    let mut answer = vec![0; 1000];
    let count = reader.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..count]);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.ends_with("in the dialect's words"), "{answer}");
    drop(sending.await.unwrap());
}

#[tokio::test]
async fn a_body_within_the_limit_passes_also_beyond_axums_own() {
    let server = serve(limited()).await;
    let body = "x".repeat(3_000_000);
    let request =
        format!("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3000000\r\n\r\n{body}");
    assert!(exchange(&server, &request).await.ends_with("\r\n3000000"));
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";
    assert!(exchange(&server, chunked).await.ends_with("\r\n7"));
}

#[tokio::test]
async fn heads_are_bounded() {
    let server = serve(Router::new().route("/", get(|| async { "ok" }))).await;
    let long = format!("X-Long: {}\r\n", "x".repeat(17 * 1024));
    assert!(
        exchange(&server, &get_request("/", &long))
            .await
            .starts_with("HTTP/1.1 431")
    );
    let many: String = (0..70).map(|n| format!("X-{n}: 1\r\n")).collect();
    assert!(
        exchange(&server, &get_request("/", &many))
            .await
            .starts_with("HTTP/1.1 431")
    );
    let fine = format!("X-Long: {}\r\n", "x".repeat(15 * 1024));
    assert!(
        exchange(&server, &get_request("/", &fine))
            .await
            .starts_with("HTTP/1.1 200")
    );
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let limits = ServerLimits {
        header_seconds_max: 1,
        ..ServerLimits::default()
    };
    let server = TestServer::with_router(Router::new(), limits).await;
    let answer = exchange(&server, "GET / HTTP/1.1\r\nHost:").await;
    assert!(!answer.contains("200"), "{answer}");
    assert_eq!(
        exchange(&server, "").await,
        "",
        "nor may a connection stay silent"
    );
    let kept = exchange(&server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(
        kept.starts_with("HTTP/1.1 404"),
        "a kept connection does not idle for ever: {kept}"
    );
}

#[tokio::test]
async fn past_the_connection_limit_newcomers_wait_for_a_place() {
    let limits = ServerLimits {
        connections_max: 1,
        ..ServerLimits::default()
    };
    let server = TestServer::with_router(Router::new().route("/", get(|| async { "ok" })), limits).await;
    let mut first = server.connect().await;
    first
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut buffer = [0; 12];
    first.read_exact(&mut buffer).await.unwrap();
    assert_eq!(&buffer, b"HTTP/1.1 200");
    let mut second = server.connect().await;
    second.write_all(get_request("/", "").as_bytes()).await.unwrap();
    // While the first holds the only place it is served again, and the second is not.
    first
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    rest(&mut first).await;
    drop(first);
    assert!(rest(&mut second).await.starts_with("HTTP/1.1 200"));
    let all = join_all((0..20).map(|_| exchange(&server, "GET / HTTP/1.0\r\n\r\n"))).await;
    assert!(all.iter().all(|answer| answer.starts_with("HTTP/1.0 200")));
}

#[tokio::test]
async fn ids_are_taken_over_or_made() {
    let handler = |Extension(id): Extension<RequestId>| async move { id.as_str().to_owned() };
    let server = serve(
        Router::new()
            .route("/", get(handler))
            .layer(from_fn(request_id::track)),
    )
    .await;
    let answer = exchange(&server, &get_request("/", "X-Request-Id: abc-1\r\n")).await;
    assert!(
        answer.contains("x-request-id: abc-1\r\n") && answer.ends_with("abc-1"),
        "{answer}"
    );
    for bad in [
        "",
        "X-Request-Id: two words\r\n",
        &format!("X-Request-Id: {}\r\n", "a".repeat(65)),
    ] {
        let answer = exchange(&server, &get_request("/", bad)).await;
        let (_, id) = answer.rsplit_once("\r\n\r\n").unwrap();
        assert_eq!(id.len(), 16, "{answer}");
        assert!(answer.contains(&format!("x-request-id: {id}\r\n")), "{answer}");
    }
    let missing = exchange(&server, &get_request("/missing", "")).await;
    assert!(
        missing.starts_with("HTTP/1.1 404") && missing.contains("x-request-id: "),
        "{missing}"
    );
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .filter(|line| line.contains("request"))
            .map(str::to_owned)
            .collect()
    }
}

#[tokio::test]
async fn panics_become_a_logged_500_and_queries_are_never_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // One thread runs the whole test, so its default subscriber hears everything.
    let _guard = tracing::subscriber::set_default(subscriber);
    async fn fails() -> &'static str {
        panic!("boom")
    }
    let router = Router::new()
        .route("/panic", get(fails))
        .route("/fine", get(|| async { "ok" }));
    let server = serve(router.layer(from_fn(request_id::track))).await;
    let mut stream = server.connect().await;
    let both = format!(
        "GET /panic?token=secret HTTP/1.1\r\nHost: a\r\nX-Request-Id: id-1\r\n\r\n{}",
        get_request("/fine?token=secret", "X-Request-Id: id-2\r\n")
    );
    stream.write_all(both.as_bytes()).await.unwrap();
    let answers = rest(&mut stream).await;
    assert!(
        answers.starts_with("HTTP/1.1 500") && answers.contains("HTTP/1.1 200"),
        "{answers}"
    );
    assert!(answers.contains("x-request-id: id-1"), "{answers}");
    let lines = log.lines();
    assert!(lines.iter().all(|line| !line.contains("secret")), "{lines:?}");
    let has = |words: &[&str]| {
        lines
            .iter()
            .any(|line| words.iter().all(|word| line.contains(word)))
    };
    assert!(has(&["ERROR", "id-1", "/panic", "boom"]), "{lines:?}");
    assert!(
        has(&["ERROR", "id-1", "GET", "/panic", "status=500", "micros="]),
        "{lines:?}"
    );
    assert!(
        has(&["DEBUG", "id-2", "GET", "/fine", "status=200", "micros="]),
        "{lines:?}"
    );
}

#[tokio::test]
async fn stopping_finishes_requests_and_drops_idle_connections() {
    let (arrived, leave) = (watch::Sender::new(false), watch::Sender::new(false));
    let (here, gate) = (arrived.clone(), leave.clone());
    let slow = move || async move {
        here.send_replace(true);
        gate.subscribe().wait_for(|open| *open).await.unwrap();
        "finished"
    };
    let server = serve(
        Router::new()
            .route("/slow", get(slow))
            .route("/", get(|| async { "ok" })),
    )
    .await;
    let mut silent = server.connect().await;
    let mut kept = server.connect().await;
    kept.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    kept.read_exact(&mut [0; 12]).await.unwrap();
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    arrived.subscribe().wait_for(|arrived| *arrived).await.unwrap();
    server.stop.send_replace(true);
    assert_eq!(rest(&mut silent).await, "");
    rest(&mut kept).await;
    leave.send_replace(true);
    assert!(rest(&mut busy).await.ends_with("finished"));
    assert_eq!(server.running.await.unwrap(), Drained::All);
}

#[tokio::test]
async fn what_does_not_end_in_time_is_counted() {
    let limits = ServerLimits {
        drain_seconds_max: 0,
        ..ServerLimits::default()
    };
    let arrived = watch::Sender::new(false);
    let here = arrived.clone();
    let stuck = move || async move {
        here.send_replace(true);
        std::future::pending::<String>().await
    };
    let server = TestServer::with_router(Router::new().route("/", get(stuck)), limits).await;
    let mut stream = server.connect().await;
    stream.write_all(get_request("/", "").as_bytes()).await.unwrap();
    arrived.subscribe().wait_for(|arrived| *arrived).await.unwrap();
    drop(server.stop);
    assert_eq!(server.running.await.unwrap(), Drained::Left(1));
}

#[test]
fn unusable_tls_files_are_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let made = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (one, other) = (made(), made());
    let file = |name: &str, text: String| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let certificate = file("cert.pem", one.cert.pem());
    let key = file("key.pem", one.signing_key.serialize_pem());
    let foreign_key = file("other.pem", other.signing_key.serialize_pem());
    let empty = file("empty.pem", String::new());
    assert!(load_tls(&certificate, &key).is_ok());
    let problem = |certificate: &Path, key: &Path| load_tls(certificate, key).unwrap_err().to_string();
    let missing = dir.path().join("missing.pem");
    assert!(problem(&missing, &key).contains("missing.pem: cannot be read"));
    assert!(problem(&empty, &key).contains("empty.pem: holds no certificate"));
    assert!(problem(&key, &key).contains("key.pem: holds no certificate"));
    assert!(problem(&certificate, &empty).contains("empty.pem: holds no private key"));
    assert!(problem(&certificate, &certificate).contains("cert.pem: holds no private key"));
    assert!(problem(&certificate, &foreign_key).contains("other.pem: does not go with the certificate"));
}
