//! The way from an HTTP request to a WebSocket (RFC 6455 section 4.2).
//!
//! Who may connect is not decided here: a dialect checks its caller before it accepts.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};

use super::{
    protocol::Protocol,
    pump::{self, SocketLimits},
};
use crate::stream::Stream;

/// Appended to the client's key before hashing (RFC 6455 section 1.3).
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// A client's key is this many random bytes, in base64.
const KEY_BYTES: usize = 16;

/// Why a request cannot become a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradeError {
    /// The request does not ask for a WebSocket at all.
    NotRequested,
    /// It asks for a version other than 13.
    Version,
    /// It asks for a WebSocket, but not in the way RFC 6455 prescribes.
    Malformed(&'static str),
}

impl UpgradeError {
    /// The status RFC 6455 and RFC 9110 name for this error: 400 or 426.
    pub fn status(self) -> StatusCode {
        match self {
            Self::NotRequested | Self::Version => StatusCode::UPGRADE_REQUIRED,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl std::fmt::Display for UpgradeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotRequested => "this address speaks WebSocket; connect with a WebSocket client",
            Self::Version => "only WebSocket version 13 is spoken here",
            Self::Malformed(what) => what,
        })
    }
}

impl std::error::Error for UpgradeError {}

impl IntoResponse for UpgradeError {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.to_string()).into_response();
        if self.status() == StatusCode::UPGRADE_REQUIRED {
            let headers = response.headers_mut();
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        response
    }
}

/// A request that may become a WebSocket. Dropping it refuses the upgrade.
#[derive(Debug)]
pub struct Upgrade {
    upgraded: OnUpgrade,
    accept: HeaderValue,
    offered: Vec<String>,
}

impl Upgrade {
    /// Checks the request's headers and takes hold of its connection.
    ///
    /// # Errors
    /// [`UpgradeError`]; the caller answers in its dialect's form or with the error itself.
    pub fn from_parts(parts: &mut Parts) -> Result<Self, UpgradeError> {
        let headers = &parts.headers;
        if !has_token(headers, header::UPGRADE, "websocket") {
            return Err(UpgradeError::NotRequested);
        }
        if parts.method != Method::GET {
            return Err(UpgradeError::Malformed("a WebSocket is opened with GET"));
        }
        if !has_token(headers, header::CONNECTION, "upgrade") {
            return Err(UpgradeError::Malformed(
                "the Connection header does not say upgrade",
            ));
        }
        if headers
            .get(header::SEC_WEBSOCKET_VERSION)
            .is_none_or(|version| version != "13")
        {
            return Err(UpgradeError::Version);
        }
        let accept = headers
            .get(header::SEC_WEBSOCKET_KEY)
            .and_then(|key| accept_of(key.as_bytes()))
            .ok_or(UpgradeError::Malformed(
                "Sec-WebSocket-Key is not 16 bytes in base64",
            ))?;
        let offered = tokens(headers, header::SEC_WEBSOCKET_PROTOCOL)
            .map(str::to_owned)
            .collect();
        let upgraded = parts
            .extensions
            .remove::<OnUpgrade>()
            .ok_or(UpgradeError::Malformed("this connection cannot be upgraded"))?;
        Ok(Self {
            upgraded,
            accept,
            offered,
        })
    }

    /// The sub-protocols the client offers, its favourite first.
    pub fn offered(&self) -> &[String] {
        &self.offered
    }

    /// Answers 101 and serves `protocol` on the connection in a task of its own, once the answer is
    /// written. `chosen` is one of [`Upgrade::offered`], if any fits; one that is not is left out.
    pub fn accept<P: Protocol>(
        self,
        chosen: Option<&str>,
        protocol: P,
        limits: Arc<SocketLimits>,
    ) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(chosen) = chosen.filter(|chosen| self.offered.iter().any(|offer| offer == chosen))
            && let Ok(value) = HeaderValue::from_str(chosen)
        {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, value);
        }
        tokio::spawn(serve(self.upgraded, protocol, limits));
        response
    }
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = UpgradeError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, UpgradeError> {
        Self::from_parts(parts)
    }
}

/// Takes the bare connection out of hyper and hands it to a pump. The pump is a task of its own, so
/// that what was needed to get here does not live as long as the socket.
async fn serve<P: Protocol>(upgraded: OnUpgrade, protocol: P, limits: Arc<SocketLimits>) {
    let upgraded = match upgraded.await {
        Ok(upgraded) => upgraded,
        Err(error) => return tracing::debug!(%error, "the client left before its upgrade"),
    };
    let Ok(parts) = upgraded.downcast::<TokioIo<Stream>>() else {
        return tracing::error!("upgrade refused: the connection is not served by this crate's Server");
    };
    let stream = parts.io.into_inner().upgraded();
    let shutdown = stream.shutdown();
    pump::spawn(stream, &parts.read_buf, protocol, limits, shutdown);
}

fn accept_of(key: &[u8]) -> Option<HeaderValue> {
    if BASE64.decode(key).ok()?.len() != KEY_BYTES {
        return None;
    }
    let digest = Sha1::new().chain_update(key).chain_update(KEY_SUFFIX).finalize();
    HeaderValue::from_str(&BASE64.encode(digest)).ok()
}

/// The comma-separated tokens of every header called `name`.
fn tokens(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

fn has_token(headers: &HeaderMap, name: header::HeaderName, wanted: &str) -> bool {
    tokens(headers, name).any(|token| token.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_the_key_of_the_rfc() {
        let accept = accept_of(b"dGhlIHNhbXBsZSBub25jZQ==").unwrap();
        assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(accept_of(b"c2hvcnQ="), None);
        assert_eq!(accept_of(b"not base64"), None);
    }
}
