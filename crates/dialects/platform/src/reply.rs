//! What a handler gives: the value itself as JSON, without an envelope.

use axum::Json;

use crate::refusal::Refusal;

/// What a handler gives.
pub(crate) type Answer<T> = Result<Json<T>, Refusal>;

/// The answer to a call that went well.
pub(crate) fn ok<T>(value: T) -> Answer<T> {
    Ok(Json(value))
}
