//! The envelope of a refused call, and the one place where core's cases become this dialect's codes.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use parlance_core::{Error, ErrorKind};
use parlance_transport::websocket::UpgradeError;
use serde_json::json;

/// `{code, status, data, message}` with the same number as HTTP status.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    retry_after: Option<String>,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            retry_after: None,
        }
    }

    /// What was sent cannot be understood, or something is missing.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// No token, not a valid one, or not one of this app.
    pub(crate) fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    /// Not for this caller.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// There is nothing at this path.
    pub(crate) fn missing() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing at this path")
    }

    /// Nothing can be sent to, or heard from, this destination.
    pub(crate) fn missing_destination() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such destination")
    }

    /// A request that cannot become a WebSocket.
    pub(crate) fn upgrade(error: UpgradeError) -> Self {
        Self::new(error.status(), error.to_string())
    }

    /// A known path with a method that it has not.
    pub(crate) fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "this path has another method")
    }

    /// More calls than allowed.
    pub(crate) fn too_many(seconds: impl ToString) -> Self {
        Self {
            retry_after: Some(seconds.to_string()),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too many requests: slow down")
        }
    }

    /// A body larger than the limit.
    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large")
    }
}

impl From<ErrorKind> for Refusal {
    fn from(kind: ErrorKind) -> Self {
        Error::from(kind).into()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, text) = meaning(error.kind);
        match error.kind {
            ErrorKind::Throttled => return Self::too_many(error.detail),
            ErrorKind::Overloaded => return Self::too_many(1),
            ErrorKind::Internal | ErrorKind::Unavailable => tracing::error!(%error, "a call failed"),
            _ => tracing::debug!(%error, "a call was refused"),
        }
        let shown =
            matches!(error.kind, ErrorKind::Invalid | ErrorKind::TooLarge) && !error.detail.is_empty();
        Self::new(status, if shown { error.detail } else { text.to_owned() })
    }
}

/// HTTP status and text of every case (xuqm.md 1.2).
fn meaning(kind: ErrorKind) -> (StatusCode, &'static str) {
    use ErrorKind as Kind;
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    const NO: StatusCode = StatusCode::FORBIDDEN;
    const GONE: StatusCode = StatusCode::NOT_FOUND;
    const CLASH: StatusCode = StatusCode::CONFLICT;
    match kind {
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "the token or signature is not valid"),
        Kind::PasswordWrong => (StatusCode::UNAUTHORIZED, "the password does not match"),
        Kind::NotMember => (NO, "not a member"),
        Kind::MessageForbidden => (NO, "the message is somebody else's"),
        Kind::RecallTooLate => (NO, "the time to recall is over"),
        Kind::EditTooLate => (NO, "the time to edit is over"),
        Kind::SenderMissing => (NO, "the sender's account is not active"),
        Kind::Muted => (NO, "muted"),
        Kind::Blocked => (NO, "blocked"),
        Kind::NotContacts => (NO, "only friends may write to each other"),
        Kind::RoleTooLow => (NO, "the role does not allow it"),
        Kind::OwnerProtected => (NO, "the owner cannot do this or have it done"),
        Kind::UserDisabled => (NO, "the account is disabled"),
        Kind::Forbidden => (NO, "not allowed"),
        Kind::ConversationMissing => (GONE, "no such conversation"),
        Kind::MessageMissing => (GONE, "no such message"),
        Kind::MemberMissing => (GONE, "the person is not a member"),
        Kind::GroupMissing => (GONE, "no such group"),
        Kind::UserMissing | Kind::ReceiverMissing => (GONE, "no such user"),
        Kind::ContactMissing => (GONE, "not a friend"),
        Kind::RequestMissing => (GONE, "no such request"),
        Kind::ItemMissing | Kind::FileMissing => (GONE, "there is no such thing"),
        Kind::MessageTypeForbidden => (BAD, "the message is not of a type that allows it"),
        Kind::MessageRecalled => (BAD, "the message was revoked"),
        Kind::TargetMissing => (BAD, "a receiver is missing"),
        Kind::ContentEmpty => (BAD, "the content is empty"),
        Kind::GroupFull => (BAD, "the group is full"),
        Kind::Invalid => (BAD, "a field is missing or out of range"),
        Kind::Taken => (CLASH, "the id is taken"),
        Kind::ContactExists | Kind::RequestExists | Kind::ItemExists => (CLASH, "it exists already"),
        Kind::IdempotencyConflict => (CLASH, "the messageId was used with other content"),
        Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too large"),
        Kind::Throttled | Kind::Overloaded => (StatusCode::TOO_MANY_REQUESTS, "too many requests: slow down"),
        Kind::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the server cannot store anything now",
        ),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "a fault of the server"),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({
            "code": self.status.as_u16(),
            "status": "1",
            "data": null,
            "message": self.message,
        });
        let mut response = (self.status, Json(body)).into_response();
        let seconds = self
            .retry_after
            .and_then(|seconds| HeaderValue::from_str(&seconds).ok());
        if let Some(seconds) = seconds {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}
