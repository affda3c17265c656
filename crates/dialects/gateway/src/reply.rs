//! The envelope of a successful answer.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::refusal::Refusal;

/// What a handler gives.
pub(crate) type Answer<T> = Result<Reply<T>, Refusal>;

/// `{code:0, data}`.
#[derive(Debug, Serialize)]
pub(crate) struct Reply<T> {
    code: u32,
    data: T,
}

/// A success.
pub(crate) fn data<T: Serialize>(data: T) -> Answer<T> {
    Ok(Reply { code: 0, data })
}

/// What a handler gives whose answer lends from what it has read.
pub(crate) type Line = Result<Response, Refusal>;

/// A success, written at once.
pub(crate) fn line(data: &impl Serialize) -> Line {
    Ok(Reply { code: 0, data }.into_response())
}

/// An answer that is one line of JSON, as every answer of the dialect is.
pub(crate) fn json_line(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(mut line) => {
            line.push(b'\n');
            (status, [(header::CONTENT_TYPE, "application/json")], line).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        json_line(StatusCode::OK, &self)
    }
}
