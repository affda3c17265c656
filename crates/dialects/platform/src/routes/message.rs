//! Messages.

use crate::handlers::message as handle;
use crate::handlers::send::send;
use crate::routes::Guard::{Public, User};
use crate::routes::{Route, route};

pub(super) fn routes() -> Vec<Route> {
    let mut lines = vec![
        // A person's token or an app's signature, which the handler's first argument looks at.
        route(
            ("POST", "/api/v1/messages/"),
            Public,
            "seed 3.1, decisions 8, 14, 15",
            "send::a_message_is_answered_as_it_was_sent",
            send,
        ),
        route(
            ("GET", "/api/v1/messages/"),
            User,
            "decision 5",
            "message::everything_that_was_sent_to_me",
            handle::list,
        ),
        route(
            ("GET", "/api/v1/messages/conversations"),
            User,
            "seed 4.1",
            "message::conversations_of_people_and_apps",
            handle::conversations,
        ),
        route(
            ("GET", "/api/v1/messages/unread-count"),
            User,
            "3.2",
            "message::the_unread_count_is_a_bare_number",
            handle::unread_count,
        ),
        route(
            ("GET", "/api/v1/messages/history/{other_user_id}"),
            User,
            "seed 4.2",
            "message::history_is_newest_first_and_only_mine",
            handle::history,
        ),
    ];
    lines.extend(reading());
    lines
}

fn reading() -> Vec<Route> {
    vec![
        route(
            ("PUT", "/api/v1/messages/history/{other_user_id}/read-all"),
            User,
            "3.2",
            "message::one_conversation_is_read_at_once",
            handle::read_with,
        ),
        route(
            ("PUT", "/api/v1/messages/read-all"),
            User,
            "seed 4.1, decision 5",
            "message::everything_is_read_at_once",
            handle::read_all,
        ),
        route(
            ("PUT", "/api/v1/messages/{message_id}/read"),
            User,
            "3.2",
            "message::one_message_is_read_by_its_receiver",
            handle::read_one,
        ),
        route(
            ("GET", "/api/v1/messages/{message_id}/callback-url"),
            User,
            "seed 3.2, decision 8",
            "callback::only_the_receiver_gets_a_way_into_the_app",
            handle::callback_url,
        ),
    ]
}
