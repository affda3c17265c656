//! The envelope of a successful answer.

use std::borrow::Cow;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::refusal::Refusal;

/// What a handler gives.
pub(crate) type Answer<T = serde_json::Value> = Result<Reply<T>, Refusal>;

/// `{code:200, msg, data, timestamp, success:true}`.
#[derive(Debug, Serialize)]
pub(crate) struct Reply<T> {
    code: u16,
    msg: Cow<'static, str>,
    data: T,
    timestamp: i64,
    success: bool,
}

/// The answer to a read.
pub(crate) fn data<T: Serialize>(data: T) -> Answer<T> {
    said("success", data)
}

/// The answer to an action that has something to give back.
pub(crate) fn said<T: Serialize>(msg: impl Into<Cow<'static, str>>, data: T) -> Answer<T> {
    Ok(Reply {
        code: 200,
        msg: msg.into(),
        data,
        timestamp: now_ms(),
        success: true,
    })
}

/// The answer to an action: `data` is null.
pub(crate) fn done(msg: &'static str) -> Answer<()> {
    said(msg, ())
}

/// Milliseconds since 1970, for `timestamp` fields.
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}
