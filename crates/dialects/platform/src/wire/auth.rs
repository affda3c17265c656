//! Tokens, and the answer to what has nothing else to say.

use parlance_core::account::Issued;
use parlance_core::types::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A token as OAuth 2 gives it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct WireToken {
    access_token: String,
    /// Always `bearer`.
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
}

impl WireToken {
    pub(crate) fn new(issued: Issued, now: Timestamp) -> Self {
        Self {
            access_token: issued.token,
            token_type: "bearer",
            expires_in: ((issued.expires_at - now).max(0) + 999_999) / 1_000_000,
        }
    }
}

/// It is done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Done)]
pub(crate) struct WireDone {
    message: &'static str,
}

impl WireDone {
    pub(crate) fn new(message: &'static str) -> Self {
        Self { message }
    }
}
