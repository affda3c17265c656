//! Routes of what happens to single messages: recall, edit, delete, reply, forward, look up, who read (B5).

use super::Guard::User;
use super::{Route, route};
use crate::handlers::{forward, message_change, message_lookup, receipt};

pub(super) fn routes() -> Vec<Route> {
    [change_routes(), look_up_routes()]
        .into_iter()
        .flatten()
        .collect()
}

fn change_routes() -> Vec<Route> {
    vec![
        route(
            ("DELETE", "/api/im/message/{messageId}/recall"),
            User,
            "4.3, B5, B6",
            "message_change::recall",
            message_change::recall,
        ),
        route(
            ("PUT", "/api/im/message/{messageId}/edit"),
            User,
            "4.4, B5, B6",
            "message_change::edit",
            message_change::edit,
        ),
        route(
            ("DELETE", "/api/im/message/{messageId}"),
            User,
            "4.9, B5",
            "message_change::delete",
            message_change::delete,
        ),
        route(
            ("DELETE", "/api/im/message/batch"),
            User,
            "B5",
            "message_change::delete_batch",
            message_change::delete_batch,
        ),
        route(
            ("DELETE", "/api/im/message/conversation/{conversationId}/clear"),
            User,
            "B5",
            "message_change::clear_own",
            message_change::clear_own,
        ),
        route(
            ("POST", "/api/im/message/reply"),
            User,
            "4.6, B5",
            "message_change::reply",
            message_change::reply,
        ),
        route(
            ("POST", "/api/im/message/forward"),
            User,
            "4.5, B5",
            "forward::forward",
            forward::forward,
        ),
        route(
            ("POST", "/api/im/message/batch-forward"),
            User,
            "B5",
            "forward::forward_batch",
            forward::forward_batch,
        ),
    ]
}

fn look_up_routes() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/message/edit-history/{messageId}"),
            User,
            "B5",
            "message_change::edit",
            message_change::edit_history,
        ),
        route(
            ("GET", "/api/im/message/{messageId}"),
            User,
            "B5",
            "message_lookup::one",
            message_lookup::one,
        ),
        route(
            ("GET", "/api/im/message/latest"),
            User,
            "B5",
            "message_lookup::latest",
            message_lookup::latest,
        ),
        route(
            ("GET", "/api/im/message/statistics"),
            User,
            "B5",
            "message_lookup::statistics",
            message_lookup::statistics,
        ),
        route(
            ("POST", "/api/im/message/typing/{conversationId}"),
            User,
            "B5",
            "message_lookup::typing",
            message_lookup::typing,
        ),
        route(
            ("GET", "/api/im/message/read/status/{id}"),
            User,
            "B5",
            "receipt::who_read",
            receipt::summary,
        ),
        route(
            ("GET", "/api/im/message/read/status/{id}/{messageId}"),
            User,
            "B5",
            "receipt::who_read",
            receipt::readers,
        ),
        route(
            ("GET", "/api/im/message/read/detail/{messageId}"),
            User,
            "B5",
            "receipt::who_read",
            receipt::detail,
        ),
    ]
}
