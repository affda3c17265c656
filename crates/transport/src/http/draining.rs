//! How a handler that waits learns that the server stops.
//!
//! A request that is merely slow is let finish; one that waits for something to happen has to be told.

use std::{convert::Infallible, sync::Arc};

use axum::extract::FromRequestParts;
use http::request::Parts;
use tokio::sync::watch;

/// Tells whether the server stops, to handlers that ask for it. Held on to beyond the request and its answer it
/// would keep the server waiting, for as long as [`super::ServerLimits::drain_seconds_max`].
#[derive(Clone, Debug)]
pub struct Draining(Option<Arc<watch::Receiver<bool>>>);

impl Draining {
    /// Follows the server's signal. One for each connection, so that requests of different connections share
    /// nothing.
    pub(crate) fn new(signal: watch::Receiver<bool>) -> Self {
        Self(Some(Arc::new(signal)))
    }

    /// Of a server that never stops.
    #[cfg(test)]
    pub(crate) fn never() -> Self {
        Self(None)
    }

    /// Whether the server has begun to stop. Who asks at each wake-up needs no waker of its own: every connection is
    /// woken when the server stops.
    pub fn has_begun(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|signal| *signal.borrow() || signal.has_changed().is_err())
    }

    /// Waits until the server stops. Never ends in a request that came through no [`super::Server`].
    pub async fn begun(&self) {
        let Some(signal) = &self.0 else {
            return std::future::pending().await;
        };
        // An error means that the server is gone, which stops its requests as well.
        let _ = watch::Receiver::clone(signal).wait_for(|stop| *stop).await;
    }
}

impl<S: Sync> FromRequestParts<S> for Draining {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or(Self(None)))
    }
}
