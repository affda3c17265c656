//! What every request passes through: an id, a log line, and a net under panicking handlers.
//!
//! Queries, headers and bodies are never logged here; tokens travel in them.

use std::{
    hash::{BuildHasher, RandomState},
    panic::AssertUnwindSafe,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt as _;
use http::{HeaderName, HeaderValue, StatusCode};
use tracing::Instrument as _;

/// The header that carries the id, in requests and responses.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id taken over from a caller, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// The request's id, an extension of every request that passed [`track`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The caller's id if it sent a sane one (visible ASCII, at most 64 bytes), otherwise a new one.
    fn of(request: &Request) -> Self {
        match request.headers().get(&REQUEST_ID) {
            Some(value) if is_sane(value.as_bytes()) => Self(value.clone()),
            _ => Self::new(),
        }
    }

    /// Unique in this process, and very likely among processes.
    fn new() -> Self {
        static PREFIX: LazyLock<u32> = LazyLock::new(|| RandomState::new().hash_one(0) as u32);
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = format!("{:08x}{:08x}", *PREFIX, NEXT.fetch_add(1, Ordering::Relaxed));
        Self(HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("-")))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("-")
    }
}

fn is_sane(id: &[u8]) -> bool {
    (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

/// Middleware, outermost: gives the request its id, in a tracing span and in the response; logs the
/// outcome at debug, or at error from status 500 on; answers 500 where a handler panics.
pub async fn track(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::of(&request);
    let span = tracing::info_span!("request", id = id.as_str());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(id.clone());
    let answering = AssertUnwindSafe(next.run(request)).catch_unwind();
    let mut response = answering.instrument(span.clone()).await.unwrap_or_else(|panic| {
        let _entered = span.enter();
        tracing::error!(%method, path, panic = panic_text(&*panic), "a handler panicked");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    });
    response.headers_mut().insert(REQUEST_ID, id.0);
    let _entered = span.enter();
    let (status, micros) = (response.status().as_u16(), started.elapsed().as_micros() as u64);
    if response.status().is_server_error() {
        tracing::error!(%method, path, status, micros, "request failed");
    } else {
        tracing::debug!(%method, path, status, micros, "request answered");
    }
    response
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "no message",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_sane_ids_only() {
        assert!(is_sane(b"a"));
        assert!(is_sane(&[b'~'; 64]));
        for bad in [&b""[..], &[b'a'; 65], b"two words", b"tab\t", "é".as_bytes()] {
            assert!(!is_sane(bad), "{bad:?}");
        }
    }

    #[test]
    fn own_ids_are_sane_and_differ() {
        let (one, two) = (RequestId::new(), RequestId::new());
        assert_ne!(one, two);
        assert!(is_sane(one.as_str().as_bytes()));
        assert_ne!(one.as_str(), "-");
    }
}
