//! The envelope of a refused call, and the one place where core's cases become this dialect's codes and texts.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use parlance_core::{Error, ErrorKind};
use serde_json::json;

use crate::reply;

/// A body that is no JSON, or a field of the wrong type.
const PARAMETER: Meaning = (StatusCode::OK, 10001, "invalid parameter");
/// Everything that the rules refuse.
const CALL_FAILED: Meaning = (StatusCode::OK, 10002, "internal service call failed");
/// An internal route, for somebody who may not call it.
const NOT_ALLOWED: Meaning = (StatusCode::OK, 10003, "not allowed request");
/// A conversation that the caller is not in.
const NOT_MEMBER: Meaning = (StatusCode::OK, 10004, "not a member of the conversation");
/// No token, or not a valid one.
const TOKEN: Meaning = (StatusCode::OK, 10101, "invalid token");
/// A way of being notified that there is not.
const DRIVER: Meaning = (StatusCode::OK, 90013, "unsupported driver");

/// HTTP status, `code` and `error`.
type Meaning = (StatusCode, u32, &'static str);

/// The same refusal with an HTTP status of its own.
const fn with_status((_, code, text): Meaning, status: StatusCode) -> Meaning {
    (status, code, text)
}

/// `{code, error}` with its HTTP status.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    meaning: Meaning,
    retry_after: Option<String>,
}

impl Refusal {
    fn new(meaning: Meaning) -> Self {
        Self {
            meaning,
            retry_after: None,
        }
    }

    /// What was sent cannot be read.
    pub(crate) fn parameter() -> Self {
        Self::new(PARAMETER)
    }

    /// The caller may not use internal routes.
    pub(crate) fn not_allowed() -> Self {
        Self::new(NOT_ALLOWED)
    }

    /// No token, or not a valid one.
    pub(crate) fn token() -> Self {
        Self::new(TOKEN)
    }

    /// There is no such way of being notified.
    pub(crate) fn driver() -> Self {
        Self::new(DRIVER)
    }

    /// More calls than allowed.
    pub(crate) fn too_many(seconds: impl ToString) -> Self {
        Self {
            meaning: with_status(CALL_FAILED, StatusCode::TOO_MANY_REQUESTS),
            retry_after: Some(seconds.to_string()),
        }
    }

    /// A body larger than the limit.
    pub(crate) fn too_large() -> Self {
        Self::new(with_status(CALL_FAILED, StatusCode::PAYLOAD_TOO_LARGE))
    }

    /// A known path with a method that it has not.
    pub(crate) fn method() -> Self {
        Self::new(with_status(PARAMETER, StatusCode::METHOD_NOT_ALLOWED))
    }
}

impl From<ErrorKind> for Refusal {
    fn from(kind: ErrorKind) -> Self {
        Error::from(kind).into()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let refusal = Self::new(meaning(error.kind));
        match error.kind {
            ErrorKind::Throttled => Self::too_many(error.detail),
            ErrorKind::Overloaded => Self::too_many(1),
            ErrorKind::Internal | ErrorKind::Unavailable => {
                tracing::error!(%error, "a call failed");
                refusal
            }
            _ => {
                tracing::debug!(%error, "a call was refused");
                refusal
            }
        }
    }
}

/// HTTP status, `code` and text of every case (gateway.md decisions 1, 2, 7 and 10, A4).
fn meaning(kind: ErrorKind) -> Meaning {
    use ErrorKind as Kind;
    match kind {
        Kind::NotMember | Kind::MemberMissing => NOT_MEMBER,
        Kind::Unauthenticated => TOKEN,
        Kind::TooLarge => with_status(CALL_FAILED, StatusCode::PAYLOAD_TOO_LARGE),
        Kind::Throttled | Kind::Overloaded => with_status(CALL_FAILED, StatusCode::TOO_MANY_REQUESTS),
        Kind::Unavailable => with_status(CALL_FAILED, StatusCode::SERVICE_UNAVAILABLE),
        Kind::Internal => with_status(CALL_FAILED, StatusCode::INTERNAL_SERVER_ERROR),
        Kind::ConversationMissing
        | Kind::MessageMissing
        | Kind::MessageForbidden
        | Kind::MessageTypeForbidden
        | Kind::MessageRecalled
        | Kind::RecallTooLate
        | Kind::EditTooLate
        | Kind::SenderMissing
        | Kind::ReceiverMissing
        | Kind::TargetMissing
        | Kind::ContentEmpty
        | Kind::Muted
        | Kind::Blocked
        | Kind::NotContacts
        | Kind::GroupMissing
        | Kind::RoleTooLow
        | Kind::OwnerProtected
        | Kind::GroupFull
        | Kind::UserMissing
        | Kind::UserDisabled
        | Kind::Taken
        | Kind::PasswordWrong
        | Kind::ContactMissing
        | Kind::ContactExists
        | Kind::RequestMissing
        | Kind::RequestExists
        | Kind::ItemMissing
        | Kind::ItemExists
        | Kind::FileMissing
        | Kind::IdempotencyConflict
        | Kind::Forbidden
        | Kind::Invalid => CALL_FAILED,
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, text) = self.meaning;
        let mut response = reply::json_line(status, &json!({ "code": code, "error": text }));
        if let Some(seconds) = self
            .retry_after
            .and_then(|seconds| HeaderValue::from_str(&seconds).ok())
        {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}
