//! Tokens and signatures.

use parlance_core::account::{BadSignature, CheckedSignature, Issued, SignedFor};
use parlance_core::types::{AccountRole, Timestamp};
use serde::Serialize;

/// Milliseconds since 1970, as this dialect writes every time.
pub(crate) fn millis(at: Timestamp) -> i64 {
    at / 1_000
}

/// A token that somebody got (1.3).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireLogin {
    token: String,
    expires_at: i64,
    user_id: String,
    app_key: String,
    admin: bool,
}

impl WireLogin {
    pub(crate) fn new(issued: Issued, app_key: &str) -> Self {
        Self {
            token: issued.token,
            expires_at: millis(issued.expires_at),
            admin: AccountRole::of(&issued.user.role) >= AccountRole::Admin,
            user_id: issued.user.uid,
            app_key: app_key.to_owned(),
        }
    }
}

/// A signature that was made for somebody.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireSignature {
    user_id: String,
    user_sig: String,
    expires_at: i64,
}

impl WireSignature {
    pub(crate) fn new(user_id: String, signed: SignedFor) -> Self {
        Self {
            user_id,
            user_sig: signed.signature,
            expires_at: millis(signed.expires_at),
        }
    }
}

/// What a signature is worth.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireChecked {
    valid: bool,
    user_id: String,
    expires_at: Option<i64>,
    reason: Option<&'static str>,
}

impl WireChecked {
    /// The outcome for the person whom it should be for.
    pub(crate) fn new(user_id: String, checked: Result<CheckedSignature, BadSignature>) -> Self {
        let (expires_at, reason) = match checked {
            Ok(signed) if signed.uid == user_id => (Some(millis(signed.expires_at)), None),
            Ok(_) => (None, Some("for another user")),
            Err(bad) => (None, Some(reason(bad))),
        };
        Self {
            valid: reason.is_none(),
            user_id,
            expires_at,
            reason,
        }
    }
}

/// Why a signature is worth nothing.
pub(crate) fn reason(bad: BadSignature) -> &'static str {
    match bad {
        BadSignature::Malformed => "malformed",
        BadSignature::Foreign => "for another app",
        BadSignature::Forged => "forged",
        BadSignature::Expired => "expired",
    }
}
