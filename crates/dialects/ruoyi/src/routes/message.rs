//! Routes under `/api/im/message`.

use super::Guard::User;
use super::{Route, route};
use crate::handlers::message;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/im/message/send"),
            User,
            "4.1, B5",
            "message::send",
            message::send,
        ),
        route(
            ("GET", "/api/im/message/list/{conversationId}"),
            User,
            "4.2, B5",
            "message::list",
            message::list,
        ),
        route(
            ("PUT", "/api/im/message/read"),
            User,
            "4.7, B5",
            "message::mark_read",
            message::mark_read,
        ),
        route(
            ("PUT", "/api/im/message/mark-read"),
            User,
            "B5",
            "message::mark_read",
            message::mark_read,
        ),
        route(
            ("GET", "/api/im/message/unread/count"),
            User,
            "4.10, B5",
            "message::unread",
            message::unread_total,
        ),
        route(
            ("GET", "/api/im/message/unread/count/{conversationId}"),
            User,
            "B5",
            "message::unread",
            message::unread_in,
        ),
        route(
            ("GET", "/api/im/message/unread/conversation/{conversationId}"),
            User,
            "B5",
            "message::unread",
            message::unread_in,
        ),
    ]
}
