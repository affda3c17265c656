//! The envelope of a successful answer, and the two forms of a list.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::input::Paging;
use crate::refusal::Refusal;

/// What a handler gives.
pub(crate) type Answer<T> = Result<Reply<T>, Refusal>;

/// `{code, status, data, message}`.
#[derive(Debug, Serialize)]
pub(crate) struct Reply<T> {
    code: u16,
    status: &'static str,
    data: T,
    message: &'static str,
}

/// A success.
pub(crate) fn data<T: Serialize>(data: T) -> Answer<T> {
    Ok(Reply {
        code: StatusCode::OK.as_u16(),
        status: "0",
        data,
        message: "success",
    })
}

/// A success that has nothing to say.
pub(crate) fn done() -> Answer<()> {
    data(())
}

/// A list: a page of it when a page or size was asked for, otherwise plain.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum List<T> {
    Plain(Vec<T>),
    Page {
        content: Vec<T>,
        total: i64,
        page: i64,
        size: i64,
    },
}

/// A success with a list, of which `total` are there in all.
pub(crate) fn list<T: Serialize>(content: Vec<T>, total: i64, paging: Paging) -> Answer<List<T>> {
    data(match paging {
        Paging::Plain => List::Plain(content),
        Paging::Page { page, size } => List::Page {
            content,
            total,
            page,
            size,
        },
    })
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        axum::Json(self).into_response()
    }
}
