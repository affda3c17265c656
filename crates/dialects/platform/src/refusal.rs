//! Refused calls in FastAPI's form, and the one place where core's cases become this dialect's status and text.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use parlance_core::{Error, ErrorKind};
use serde_json::{Value, json};

/// `{"detail": …}` with its HTTP status.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    detail: Value,
    retry_after: Option<String>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: Value::String(detail.into()),
            retry_after: None,
        }
    }

    /// Fields that are missing or wrong, in the list form.
    pub(crate) fn fields(problems: Vec<Value>) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            detail: Value::Array(problems),
            retry_after: None,
        }
    }

    /// Fields that are right one by one, but not together.
    pub(crate) fn rule(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// No token where one is needed.
    pub(crate) fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Not authenticated")
    }

    /// A token that is not ours, not for this dialect, expired or revoked.
    pub(crate) fn bad_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Could not validate credentials")
    }

    /// A link that we have not made, or that has ended.
    pub(crate) fn bad_link() -> Self {
        Self::new(StatusCode::FORBIDDEN, "This link is not valid, or no longer")
    }

    /// Whether nothing is wrong but that nobody has proven who calls.
    pub(crate) fn is_unauthenticated(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// A message without a button, or with one that leads elsewhere.
    pub(crate) fn no_jump() -> Self {
        Self::new(StatusCode::NOT_FOUND, "This message has no link into an app")
    }

    /// More calls than allowed.
    pub(crate) fn too_many(seconds: impl ToString) -> Self {
        Self {
            retry_after: Some(seconds.to_string()),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests")
        }
    }

    /// A body larger than the limit.
    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large")
    }

    /// A path that leads nowhere.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    /// A path that exists with other methods.
    pub(crate) fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
    }
}

impl From<ErrorKind> for Refusal {
    fn from(kind: ErrorKind) -> Self {
        Error::from(kind).into()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, detail) = meaning(error.kind);
        match error.kind {
            ErrorKind::Invalid if !error.detail.is_empty() => Self::new(status, error.detail),
            ErrorKind::Throttled => Self::too_many(error.detail),
            ErrorKind::Overloaded => Self {
                retry_after: Some("1".into()),
                ..Self::new(status, detail)
            },
            ErrorKind::Internal | ErrorKind::Unavailable => {
                tracing::error!(%error, "a call failed");
                Self::new(status, detail)
            }
            _ => Self::new(status, detail),
        }
    }
}

/// HTTP status and text of every case (platform.md decision 2, seed 001).
fn meaning(kind: ErrorKind) -> (StatusCode, &'static str) {
    use ErrorKind as Kind;
    const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
    const MISSING: StatusCode = StatusCode::NOT_FOUND;
    const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
    const CONFLICT: StatusCode = StatusCode::CONFLICT;
    match kind {
        Kind::ConversationMissing => (MISSING, "Conversation not found"),
        Kind::NotMember | Kind::MemberMissing => (FORBIDDEN, "You are not part of this conversation"),
        Kind::MessageMissing => (MISSING, "Message not found"),
        Kind::MessageForbidden => (FORBIDDEN, "This message is not yours"),
        Kind::MessageTypeForbidden => (FORBIDDEN, "A message of this type does not allow that"),
        Kind::MessageRecalled => (FORBIDDEN, "This message was recalled"),
        Kind::RecallTooLate => (FORBIDDEN, "It is too late to recall this message"),
        Kind::EditTooLate => (FORBIDDEN, "It is too late to edit this message"),
        Kind::SenderMissing => (MISSING, "Sender not found"),
        Kind::ReceiverMissing => (MISSING, "Receiver not found"),
        Kind::TargetMissing => (UNPROCESSABLE, "A receiver is required"),
        Kind::ContentEmpty => (UNPROCESSABLE, "The content is empty"),
        Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The content is too large"),
        Kind::Muted => (FORBIDDEN, "You are muted here"),
        Kind::Blocked => (FORBIDDEN, "One of you has blocked the other"),
        Kind::NotContacts => (FORBIDDEN, "Only contacts may write to each other"),
        Kind::GroupMissing => (MISSING, "Group not found"),
        Kind::RoleTooLow => (FORBIDDEN, "Not enough permissions"),
        Kind::OwnerProtected => (FORBIDDEN, "The owner cannot do this"),
        Kind::GroupFull => (CONFLICT, "The group is full"),
        Kind::UserMissing => (MISSING, "User not found"),
        Kind::UserDisabled => (FORBIDDEN, "This account is disabled"),
        Kind::Taken => (CONFLICT, "Already in use"),
        Kind::PasswordWrong => (StatusCode::UNAUTHORIZED, "Incorrect username or password"),
        Kind::ContactMissing => (MISSING, "Contact not found"),
        Kind::ContactExists => (CONFLICT, "Already a contact"),
        Kind::RequestMissing => (MISSING, "Contact request not found"),
        Kind::RequestExists => (CONFLICT, "A contact request is waiting already"),
        Kind::ItemMissing => (MISSING, "Item not found"),
        Kind::ItemExists => (CONFLICT, "It exists already"),
        Kind::FileMissing => (MISSING, "File not found"),
        Kind::IdempotencyConflict => (CONFLICT, "This Idempotency-Key was used for another message"),
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "Could not validate credentials"),
        Kind::Forbidden => (FORBIDDEN, "Not enough permissions"),
        Kind::Invalid => (UNPROCESSABLE, "A field is out of range"),
        Kind::Throttled => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        Kind::Overloaded => (StatusCode::TOO_MANY_REQUESTS, "The server is busy"),
        Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "The storage is not available"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(json!({ "detail": self.detail }))).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self
            .retry_after
            .and_then(|seconds| HeaderValue::from_str(&seconds).ok())
        {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}
