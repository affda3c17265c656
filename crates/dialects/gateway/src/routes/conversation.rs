//! Routes about conversations.

use super::Guard::Token;
use super::{Route, route};
use crate::handlers::conversation as handle;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("POST", "/create_conversation"),
            Token,
            "A6, decision 6",
            "conversation::create",
            handle::create,
        ),
        route(
            ("POST", "/join_conversation"),
            Token,
            "A6, decisions 2 and 11",
            "conversation::join",
            handle::join,
        ),
        route(
            ("POST", "/leave_conversation"),
            Token,
            "A5, A6",
            "conversation::leave",
            handle::leave,
        ),
        route(
            ("POST", "/check_joined_conversation"),
            Token,
            "A6",
            "conversation::check_joined",
            handle::check_joined,
        ),
        route(
            ("POST", "/get_joined_conversation"),
            Token,
            "A6, decision 9",
            "conversation::joined_conversations_are_a_list_of_ids_whatever_the_body_is",
            handle::joined,
        ),
        route(
            ("GET", "/get_joined_conversation"),
            Token,
            "A2",
            "conversation::joined_conversations_are_a_list_of_ids_whatever_the_body_is",
            handle::joined,
        ),
        route(
            ("POST", "/get_conversation_detail"),
            Token,
            "A5, decision 2",
            "conversation::detail",
            handle::detail,
        ),
        route(
            ("POST", "/get_lastone_msgid"),
            Token,
            "A6, decision 2",
            "conversation::last_id",
            handle::last_id,
        ),
    ]
}
