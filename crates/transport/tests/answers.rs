//! What a handler learns of its answer and of its waiting client, over real connections, plain and TLS.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    middleware::map_response,
    response::{IntoResponse as _, Response},
    routing::get,
};
use futures_util::stream;
use http::StatusCode;
use parlance_transport::http::{
    Drained, Draining, ServerLimits,
    written::{Fate, watch},
};
use rustls::ServerConfig;
use support::{Control, TestServer, Tls};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::{mpsc, watch as signal},
};

/// More than all buffers between a server and a client that does not read.
const LARGE_BYTES: usize = 64 << 20;

type Fates = mpsc::UnboundedSender<Fate>;

/// The answer, whose fate is told to the test.
fn told(mut answer: Response, fates: &Fates) -> Response {
    let (fate, fates) = (watch(&mut answer), fates.clone());
    tokio::spawn(async move { fates.send(fate.await) });
    answer
}

fn router(fates: Fates) -> Router {
    let small = |State(fates): State<Fates>| async move { told("small".into_response(), &fates) };
    let large =
        |State(fates): State<Fates>| async move { told(vec![b'x'; LARGE_BYTES].into_response(), &fates) };
    let empty =
        |State(fates): State<Fates>| async move { told(StatusCode::NO_CONTENT.into_response(), &fates) };
    let pieces = |State(fates): State<Fates>| async move {
        let pieces = ["a", "b", "c"].map(|piece| Ok::<_, Infallible>(Bytes::from_static(piece.as_bytes())));
        told(Body::from_stream(stream::iter(pieces)).into_response(), &fates)
    };
    let stripped = |State(fates): State<Fates>| async move {
        told((StatusCode::NOT_MODIFIED, "never sent").into_response(), &fates)
    };
    let replaced = get(small).layer(map_response(|_: Response| async { "another" }));
    Router::new()
        .route("/small", get(small))
        .route("/large", get(large))
        .route("/empty", get(empty))
        .route("/pieces", get(pieces))
        .route("/stripped", get(stripped))
        .route("/replaced", replaced)
        .with_state(fates)
}

async fn serve(tls: Option<Arc<ServerConfig>>) -> (TestServer, mpsc::UnboundedReceiver<Fate>) {
    let (fates, told) = mpsc::unbounded_channel();
    let server = TestServer::start(router(fates), tls, ServerLimits::default(), Control::new()).await;
    (server, told)
}

async fn ask(client: &mut (impl AsyncWrite + Unpin), method: &str, path: &str, headers: &str) {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    client.flush().await.unwrap();
}

async fn beginning(client: &mut (impl AsyncRead + Unpin)) {
    let mut status = [0; 12];
    client.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
}

const LAST: &str = "Connection: close\r\n";

#[tokio::test]
async fn an_answer_that_the_client_has_was_written() {
    let (server, mut fates) = serve(None).await;
    for (path, body) in [
        ("/small", "\r\n\r\nsmall"),
        ("/pieces", "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"),
        ("/empty", "\r\n\r\n"),
    ] {
        let mut client = server.connect().await;
        ask(&mut client, "GET", path, LAST).await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with(body), "{path}: {answer}");
        assert_eq!(fates.recv().await, Some(Fate::Written), "{path}");
    }
}

#[tokio::test]
async fn an_answer_on_a_kept_connection_is_known_before_the_next_request() {
    let (server, mut fates) = serve(None).await;
    let mut client = server.connect().await;
    for _ in 0..3 {
        ask(&mut client, "GET", "/small", "").await;
        assert_eq!(fates.recv().await, Some(Fate::Written));
    }
    ask(&mut client, "GET", "/small", "").await;
    ask(&mut client, "GET", "/empty", "").await;
    ask(&mut client, "GET", "/small", LAST).await;
    let mut answers = String::new();
    client.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers.matches("HTTP/1.1").count(), 6, "{answers}");
    for _ in 0..3 {
        assert_eq!(fates.recv().await, Some(Fate::Written));
    }
}

#[tokio::test]
async fn an_answer_without_its_body_or_replaced_by_another_is_lost() {
    let (server, mut fates) = serve(None).await;
    for (method, path) in [("HEAD", "/small"), ("GET", "/stripped"), ("GET", "/replaced")] {
        let mut client = server.connect().await;
        ask(&mut client, method, path, LAST).await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(
            !answer.ends_with("small") && !answer.ends_with("never sent"),
            "{answer}"
        );
        assert_eq!(fates.recv().await, Some(Fate::Lost), "{method} {path}");
    }
}

/// Nothing is known while the client does not read; then what it did decides.
async fn large_answers<C: AsyncRead + AsyncWrite + Unpin>(
    mut reading: C,
    mut leaving: C,
    mut fates: mpsc::UnboundedReceiver<Fate>,
) {
    ask(&mut reading, "GET", "/large", LAST).await;
    beginning(&mut reading).await;
    // The rest cannot have been written: there is no room for it between the two.
    assert!(fates.try_recv().is_err());
    let mut rest = Vec::new();
    reading.read_to_end(&mut rest).await.unwrap();
    assert!(rest.len() > LARGE_BYTES && rest.ends_with(b"xxx"));
    assert_eq!(fates.recv().await, Some(Fate::Written));

    ask(&mut leaving, "GET", "/large", LAST).await;
    beginning(&mut leaving).await;
    assert!(fates.try_recv().is_err());
    drop(leaving);
    assert_eq!(fates.recv().await, Some(Fate::Lost));
}

#[tokio::test]
async fn a_large_answer_is_written_when_its_last_byte_is() {
    let (server, fates) = serve(None).await;
    large_answers(server.connect().await, server.connect().await, fates).await;
}

#[tokio::test]
async fn a_large_answer_over_tls_is_written_when_its_last_byte_is() {
    let tls = Tls::new();
    let (server, fates) = serve(Some(tls.server.clone())).await;
    large_answers(tls.connect(&server).await, tls.connect(&server).await, fates).await;
}

/// A handler that waits for something that never happens, or for the end of the server.
struct Waiting {
    came: signal::Sender<usize>,
    went: signal::Sender<usize>,
}

async fn wait(State(waiting): State<Arc<Waiting>>, draining: Draining) -> StatusCode {
    struct Gone(Arc<Waiting>);
    impl Drop for Gone {
        fn drop(&mut self) {
            self.0.went.send_modify(|went| *went += 1);
        }
    }
    waiting.came.send_modify(|came| *came += 1);
    let _gone = Gone(waiting);
    assert!(!draining.has_begun());
    draining.begun().await;
    assert!(draining.has_begun());
    StatusCode::NO_CONTENT
}

async fn waiting() -> (TestServer, Arc<Waiting>) {
    let waiting = Arc::new(Waiting {
        came: signal::Sender::new(0),
        went: signal::Sender::new(0),
    });
    let router = Router::new().route("/", get(wait)).with_state(waiting.clone());
    let server = TestServer::with_router(router, ServerLimits::default()).await;
    (server, waiting)
}

async fn until(counter: &signal::Sender<usize>, count: usize) {
    counter.subscribe().wait_for(|now| *now == count).await.unwrap();
}

#[tokio::test]
async fn a_handler_is_dropped_when_its_waiting_client_leaves() {
    let (server, waiting) = waiting().await;
    let mut client = server.connect().await;
    ask(&mut client, "GET", "/", "").await;
    until(&waiting.came, 1).await;
    assert_eq!(*waiting.went.borrow(), 0);
    drop(client);
    until(&waiting.went, 1).await;
}

#[tokio::test]
async fn a_waiting_handler_answers_at_once_when_the_server_stops() {
    let (server, waiting) = waiting().await;
    let mut client = server.connect().await;
    ask(&mut client, "GET", "/", "").await;
    until(&waiting.came, 1).await;
    server.stop.send_replace(true);
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert_eq!(server.running.await.unwrap(), Drained::All);
}

#[tokio::test]
async fn a_waiting_handler_answers_when_the_servers_owner_is_gone() {
    let (server, waiting) = waiting().await;
    let mut client = server.connect().await;
    ask(&mut client, "GET", "/", "").await;
    until(&waiting.came, 1).await;
    drop(server.stop);
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert_eq!(server.running.await.unwrap(), Drained::All);
}
