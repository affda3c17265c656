//! HTTP written by hand, for what a well-behaved client would never send.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::Answer;

/// How long an answer may take. Only a failing test ever waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection that is opened again when the server has closed it.
pub struct RawHttp {
    address: SocketAddr,
    stream: Option<BufStream<TcpStream>>,
}

/// What is sent as it stands.
#[derive(Clone, Default)]
pub struct RawRequest<'a> {
    /// Method.
    pub method: &'a str,
    /// Path with its query.
    pub path: &'a str,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<&'a str>,
    /// Other header lines, each with its line end.
    pub headers: &'a str,
    /// What follows the head.
    pub body: &'a [u8],
    /// A length to announce instead of the body's own.
    pub announced: Option<u64>,
}

impl RawHttp {
    /// To a server; nothing is opened yet.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
        }
    }

    /// Sends a request and reads the answer.
    ///
    /// # Panics
    /// When there is none, as after a panic of the server.
    pub async fn send(&mut self, request: &RawRequest<'_>) -> Answer {
        let bytes = request.bytes();
        let reused = self.stream.is_some();
        if let Some(answer) = self.attempt(&bytes).await {
            return answer;
        }
        // A kept connection may have been closed between two requests; a fresh one may not.
        assert!(reused, "no answer to {} {}", request.method, request.path);
        let answer = self.attempt(&bytes).await;
        answer.unwrap_or_else(|| panic!("no answer to {} {}", request.method, request.path))
    }

    #[expect(
        clippy::expect_used,
        reason = "a server that cannot be reached fails the test"
    )]
    async fn attempt(&mut self, bytes: &[u8]) -> Option<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufStream::new(TcpStream::connect(self.address).await.expect("a connection")),
        };
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let _ = stream.flush().await;
        let (answer, keep) = timeout(PATIENCE, read(&mut stream)).await.ok()??;
        if keep {
            self.stream = Some(stream);
        }
        Some(answer)
    }
}

impl RawRequest<'_> {
    fn bytes(&self) -> Vec<u8> {
        let Self {
            method,
            path,
            headers,
            body,
            ..
        } = self;
        let length = self.announced.unwrap_or(body.len() as u64);
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}");
        if !headers.contains("Transfer-Encoding") {
            head.push_str(&format!("Content-Length: {length}\r\n"));
        }
        if let Some(token) = self.token {
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }
}

/// The answer, and whether the connection can be used again.
async fn read(stream: &mut BufStream<TcpStream>) -> Option<(Answer, bool)> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let status: u16 = line.split(' ').nth(1)?.parse().ok()?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
            None => break,
        }
    }
    let header = |name: &str| {
        headers
            .iter()
            .find_map(|(known, value)| (known == name).then_some(value.as_str()))
    };
    let length = header("content-length").and_then(|length| length.parse::<usize>().ok());
    let mut bytes = Vec::new();
    match length {
        Some(length) => {
            bytes.resize(length, 0);
            stream.read_exact(&mut bytes).await.ok()?;
        }
        None if header("transfer-encoding").is_some() => {
            while !bytes.ends_with(b"0\r\n\r\n") {
                bytes.push(stream.read_u8().await.ok()?);
            }
        }
        None => {}
    }
    let keep = length.is_some() && header("connection") != Some("close");
    let answer = Answer {
        status,
        headers: Default::default(),
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
        bytes,
    };
    Some((answer, keep))
}
