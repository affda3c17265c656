//! Clients for tests: JSON over HTTP, JSON frames over WebSocket.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use parlance_transport::http::use_ring;
use reqwest::Method;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long a test waits for something that must come. Only a failing test ever waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// An HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body as JSON; null if it is none.
    pub body: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// A header as text; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }
}

/// A caller with or without a token.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl Http {
    /// Nobody in particular. A redirect is an answer like any other, and not followed.
    ///
    /// # Panics
    /// When the machine cannot make a client.
    #[expect(clippy::expect_used, reason = "a test cannot go on without its client")]
    pub fn new(address: SocketAddr) -> Self {
        use_ring();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // Tests speak plain HTTP; reading the system's certificates would cost each client ten milliseconds.
            .tls_certs_only([]);
        Self {
            client: client.build().expect("a client"),
            base: format!("http://{address}"),
            token: None,
        }
    }

    /// The same with a token.
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self {
            token: Some(token.into()),
            ..self.clone()
        }
    }

    /// The token, or an empty text.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// A request to be filled further.
    ///
    /// # Panics
    /// When `method` is no HTTP method.
    #[expect(clippy::expect_used, reason = "a wrong method is a mistake of the test")]
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse::<Method>().expect("an HTTP method");
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// The same caller, whose requests share no connection with others.
    pub(crate) fn on_its_own(&self) -> Self {
        Self {
            client: reqwest::Client::new(),
            ..self.clone()
        }
    }

    /// Sends a request and reads the answer.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn fetch(&self, request: reqwest::RequestBuilder) -> Answer {
        self.fetch_within(request, PATIENCE).await
    }

    /// The same for an answer that takes its time.
    #[expect(clippy::expect_used, reason = "a server that does not answer fails the test")]
    pub(crate) async fn fetch_within(&self, request: reqwest::RequestBuilder, patience: Duration) -> Answer {
        let response = tokio::time::timeout(patience, request.send())
            .await
            .expect("an answer in time");
        let response = response.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("a body");
        Answer {
            status,
            headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
            bytes: bytes.into(),
        }
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Answer {
        self.fetch(self.request("GET", path)).await
    }

    /// `POST path` with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.fetch(self.request("POST", path).json(&body)).await
    }

    /// `PUT path` with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.fetch(self.request("PUT", path).json(&body)).await
    }

    /// `DELETE path` with a JSON body.
    pub async fn delete(&self, path: &str, body: Value) -> Answer {
        self.fetch(self.request("DELETE", path).json(&body)).await
    }
}

/// A WebSocket that speaks JSON.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Opens a socket at `path`, query included.
    ///
    /// # Panics
    /// When the server refuses the upgrade.
    #[expect(clippy::expect_used, reason = "a refused upgrade fails the test")]
    pub async fn open(address: SocketAddr, path: &str) -> Self {
        Self::try_open(address, path).await.expect("an upgrade")
    }

    /// Opens a socket that offers these sub-protocols, and gives the one that the server chose.
    ///
    /// # Panics
    /// When the server refuses the upgrade.
    #[expect(clippy::expect_used, reason = "a refused upgrade fails the test")]
    pub async fn open_with(address: SocketAddr, path: &str, protocols: &str) -> (Self, Option<String>) {
        let mut request = format!("ws://{address}{path}")
            .into_client_request()
            .expect("an address");
        let offered = protocols.parse().expect("a header");
        request.headers_mut().insert("Sec-WebSocket-Protocol", offered);
        let opened = tokio_tungstenite::connect_async(request).await;
        let (stream, response) = opened.expect("an upgrade");
        let chosen = response.headers().get("Sec-WebSocket-Protocol");
        let chosen = chosen.and_then(|chosen| chosen.to_str().ok()).map(str::to_owned);
        (Self { stream }, chosen)
    }

    /// Opens a socket on a server that may be gone.
    pub async fn try_open(address: SocketAddr, path: &str) -> Option<Self> {
        let opened = tokio_tungstenite::connect_async(format!("ws://{address}{path}")).await;
        opened.ok().map(|(stream, _)| Self { stream })
    }

    /// Sends a frame.
    ///
    /// # Panics
    /// When the socket is gone.
    pub async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    /// Sends a frame on a socket that may be gone.
    ///
    /// # Errors
    /// When it is gone.
    pub async fn try_send(&mut self, frame: &Value) -> Result<(), ()> {
        self.stream
            .send(Message::text(frame.to_string()))
            .await
            .map_err(|_| ())
    }

    /// Sends text as it is.
    ///
    /// # Panics
    /// When the socket is gone.
    #[expect(clippy::expect_used, reason = "a lost socket fails the test")]
    pub async fn send_text(&mut self, text: &str) {
        self.stream
            .send(Message::text(text))
            .await
            .expect("a live socket");
    }

    /// Sends bytes as a binary message.
    ///
    /// # Panics
    /// When the socket is gone.
    #[expect(clippy::expect_used, reason = "a lost socket fails the test")]
    pub async fn send_binary(&mut self, bytes: &[u8]) {
        self.stream
            .send(Message::binary(bytes.to_vec()))
            .await
            .expect("a live socket");
    }

    /// The next text as it came, which need not be JSON.
    ///
    /// # Panics
    /// When none comes, or the socket closes.
    pub async fn next_text(&mut self) -> String {
        match self.next_text_or_close().await {
            Ok(text) => text,
            Err((code, reason)) => panic!("the socket was closed: {code} {reason}"),
        }
    }

    /// The next text as it came, or the code and reason of the close.
    ///
    /// # Errors
    /// The close; 1006 when the connection just ended.
    ///
    /// # Panics
    /// When neither comes.
    #[expect(clippy::expect_used, reason = "silence fails the test")]
    pub async fn next_text_or_close(&mut self) -> Result<String, (u16, String)> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.stream.next())
                .await
                .expect("a frame in time");
            match next {
                Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Message::Close(Some(close)))) => {
                    return Err((close.code.into(), close.reason.to_string()));
                }
                Some(Ok(Message::Close(None)) | Err(_)) | None => return Err((1006, String::new())),
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next frame of this type; others are passed over.
    ///
    /// # Panics
    /// When none comes, or the socket closes.
    pub async fn expect(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The next frame.
    ///
    /// # Panics
    /// When none comes, or the socket closes.
    pub async fn next(&mut self) -> Value {
        match self.next_or_close().await {
            Ok(frame) => frame,
            Err((code, reason)) => panic!("the socket was closed: {code} {reason}"),
        }
    }

    /// The next frame, or the code and reason of the close.
    ///
    /// # Errors
    /// The close; 1006 when the connection just ended.
    ///
    /// # Panics
    /// When neither comes.
    #[expect(clippy::expect_used, reason = "what is no JSON fails the test")]
    pub async fn next_or_close(&mut self) -> Result<Value, (u16, String)> {
        let text = self.next_text_or_close().await?;
        Ok(serde_json::from_str(&text).expect("JSON"))
    }

    /// Waits for a ping; frames before it are passed over.
    ///
    /// # Panics
    /// When none comes, or the socket closes.
    #[expect(clippy::expect_used, reason = "silence fails the test")]
    pub async fn pinged(&mut self) {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.stream.next())
                .await
                .expect("a ping in time");
            match next {
                Some(Ok(Message::Ping(_))) => return,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => panic!("the socket was closed"),
            }
        }
    }

    /// Waits for the close and gives its code and reason; frames before it are passed over.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Err(close) = self.next_or_close().await {
                return close;
            }
        }
    }

    /// Hangs up without a word, as a lost network does.
    pub fn cut(self) {
        drop(self.stream);
    }

    /// Closes politely.
    pub async fn close(mut self) {
        let _ = self.stream.close(None).await;
    }
}
