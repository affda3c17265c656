//! What a handler gives: the value itself as JSON, without an envelope.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::refusal::Refusal;

/// What a handler gives.
pub(crate) type Answer<T> = Result<Json<T>, Refusal>;

/// The answer to a call that went well.
pub(crate) fn ok<T>(value: T) -> Answer<T> {
    Ok(Json(value))
}

/// The same from a route that clients should leave behind.
pub(crate) struct Deprecated<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Deprecated<T> {
    fn into_response(self) -> Response {
        ([("deprecation", "true")], Json(self.0)).into_response()
    }
}
