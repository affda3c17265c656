//! A keep-alive HTTP/1.1 client that is cheap and takes one request at a time. It reads answers with a
//! `Content-Length`, which every JSON answer of the server has; it follows no redirects and speaks no TLS.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::connection::connect;
use crate::failure::{Context as _, Outcome, fail};

/// The most header fields in an answer.
const HEADERS_MAX: usize = 64;
/// The largest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// One connection to the server.
#[derive(Debug)]
pub(crate) struct HttpClient {
    address: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// One request, without its address.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    /// `GET`, `POST`, …
    pub(crate) method: &'static str,
    /// Path and query, already escaped.
    pub(crate) path: &'a str,
    /// The bearer token, if any.
    pub(crate) token: Option<&'a str>,
    /// The JSON body, empty for none.
    pub(crate) body: &'a str,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The whole body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Outcome<Value> {
        serde_json::from_slice(&self.body).context(|| format!("answer {} is no JSON", self.status))
    }
}

struct Head {
    status: u16,
    head_bytes: usize,
    body_bytes: usize,
}

impl HttpClient {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Outcome<HttpClient> {
        Ok(HttpClient {
            address,
            stream: connect(address, 0).await?,
            buffer: Vec::new(),
        })
    }

    /// Sends a request and reads its answer, whatever the status.
    pub(crate) async fn request(&mut self, request: &Request<'_>) -> Outcome<Answer> {
        self.request_with(request, "").await
    }

    /// The same with more header lines, each with its line end.
    pub(crate) async fn request_with(&mut self, request: &Request<'_>, headers: &str) -> Outcome<Answer> {
        let text = self.head_and_body(request, headers);
        self.stream.write_all(text.as_bytes()).await?;
        let head = loop {
            if let Some(head) = parse_head(&self.buffer)? {
                break head;
            }
            self.read_more().await?;
        };
        let end = head.head_bytes + head.body_bytes;
        while self.buffer.len() < end {
            self.read_more().await?;
        }
        let body = self.buffer[head.head_bytes..end].to_vec();
        self.buffer.drain(..end);
        Ok(Answer {
            status: head.status,
            body,
        })
    }

    /// Sends a request that must be answered with HTTP 200, and returns `data` of the JSON answer.
    ///
    /// # Errors
    /// Another status; the error carries the server's `msg`.
    pub(crate) async fn data(&mut self, request: &Request<'_>) -> Outcome<Value> {
        let answer = self.request(request).await?;
        let mut json = answer.json()?;
        if answer.status != 200 {
            return fail(format!(
                "{} {} answered {}: {}",
                request.method, request.path, answer.status, json["msg"]
            ));
        }
        Ok(json["data"].take())
    }

    fn head_and_body(&self, request: &Request<'_>, headers: &str) -> String {
        let Request {
            method, path, body, ..
        } = request;
        let authorization = request
            .token
            .map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
        let content = if body.is_empty() {
            String::new()
        } else {
            format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            )
        };
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{authorization}{headers}{content}\r\n{body}",
            self.address
        )
    }

    async fn read_more(&mut self) -> Outcome<()> {
        if self.buffer.len() > ANSWER_BYTES_MAX {
            return fail(format!("an answer is larger than {ANSWER_BYTES_MAX} bytes"));
        }
        self.buffer.reserve(16 * 1024);
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return fail("the server closed an HTTP connection in the middle of an answer");
        }
        Ok(())
    }
}

fn parse_head(buffer: &[u8]) -> Outcome<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head_bytes) = response.parse(buffer)? else {
        return Ok(None);
    };
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.trim().parse().ok());
    match length {
        Some(body_bytes) if body_bytes <= ANSWER_BYTES_MAX => Ok(Some(Head {
            status: response.code.unwrap_or_default(),
            head_bytes,
            body_bytes,
        })),
        _ => fail("an HTTP answer has no usable Content-Length; this client reads no other form"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let whole = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 12\r\n\r\n{\"code\":400}";
        assert!(parse_head(&whole[..20]).unwrap().is_none());
        let head = parse_head(whole).unwrap().unwrap();
        assert_eq!((head.status, head.body_bytes), (400, 12));
        assert_eq!(&whole[head.head_bytes..], b"{\"code\":400}");
    }

    #[test]
    fn an_answer_without_a_length_is_refused() {
        assert!(parse_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
