//! Routes under `/inner`, for the operator's own systems.

use super::Guard::Inner;
use super::{Route, route};
use crate::handlers::inner;

pub(super) fn routes() -> Vec<Route> {
    vec![route(
        ("POST", "/inner/get_token"),
        Inner,
        "A3, decision 10",
        "inner::get_token",
        inner::get_token,
    )]
}
