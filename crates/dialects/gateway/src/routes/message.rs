//! Routes about messages.

use super::Guard::Token;
use super::{Route, route};
use crate::handlers::{history, message};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("POST", "/send_msg"),
            Token,
            "A6, decisions 2, 5 and 7",
            "message::send",
            message::send,
        ),
        route(
            ("POST", "/get_conversation_msg_by_range"),
            Token,
            "A6, decision 4",
            "history::range",
            history::range,
        ),
        route(
            ("POST", "/get_conversation_last_30_msg"),
            Token,
            "A6",
            "history::last_page",
            history::last_page,
        ),
        route(
            ("POST", "/get_conversation_lastone_msg"),
            Token,
            "A6",
            "history::last",
            history::last,
        ),
        route(
            ("POST", "/get_conversation_30msg_after_the_id"),
            Token,
            "A6",
            "history::after",
            history::after,
        ),
        route(
            ("POST", "/get_conversation_30msg_before_the_id"),
            Token,
            "A6",
            "history::before",
            history::before,
        ),
    ]
}
