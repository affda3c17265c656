//! Routes under `/inner`, for the operator's own systems.

use super::Guard::Inner;
use super::{Route, route};
use crate::handlers::inner;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("POST", "/inner/get_token"),
            Inner,
            "A3, decision 10",
            "inner::get_token",
            inner::get_token,
        ),
        route(
            ("POST", "/inner/create_conversation"),
            Inner,
            "A5, A6",
            "inner::create_conversation",
            inner::create_conversation,
        ),
        route(
            ("POST", "/inner/join_conversation"),
            Inner,
            "A5, A6",
            "inner::join_conversation",
            inner::join_conversation,
        ),
        route(
            ("POST", "/inner/kickout_conversation"),
            Inner,
            "A5, A6",
            "inner::kickout_conversation",
            inner::kickout_conversation,
        ),
        route(
            ("POST", "/inner/set_archive_conversations"),
            Inner,
            "A5, decision 2",
            "inner::set_archive_conversations",
            inner::set_archive_conversations,
        ),
    ]
}
