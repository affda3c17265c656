//! Routes of messages: sending, changing, reading on and catching up.

use super::Guard::User;
use super::{Route, route};
use crate::handlers::{history, message as handle};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/im/messages/send"),
            User,
            "1.7, decisions 3 and 5",
            "message::a_message_is_sent_once",
            handle::send,
        ),
        route(
            ("POST", "/api/im/messages/{id}/revoke"),
            User,
            "1.7, decision 3",
            "message::a_revoked_message_has_no_content",
            handle::revoke,
        ),
        route(
            ("PUT", "/api/im/messages/{id}"),
            User,
            "1.7",
            "message::an_edited_message_says_when",
            handle::edit,
        ),
        route(
            ("GET", "/api/im/messages/history/{toId}"),
            User,
            "1.7",
            "history::a_conversation_is_read_in_parts",
            history::with_person,
        ),
        route(
            ("GET", "/api/im/messages/group-history/{groupId}"),
            User,
            "1.7",
            "history::a_group_is_read_by_its_members",
            history::of_group,
        ),
        route(
            ("GET", "/api/im/messages/search"),
            User,
            "1.7",
            "history::messages_are_found_by_keyword",
            history::search,
        ),
        route(
            ("GET", "/api/im/messages/offline/count"),
            User,
            "1.7, decision 8",
            "offline::a_device_is_given_what_it_has_missed",
            history::count_missed,
        ),
        route(
            ("POST", "/api/im/messages/offline"),
            User,
            "decisions 8 and 16",
            "offline::a_device_is_given_what_it_has_missed",
            history::missed,
        ),
    ]
}
