//! Routes of mentions (B5).

use super::Guard::User;
use super::{Route, route};
use crate::handlers::mention;

pub(super) fn routes() -> Vec<Route> {
    [unread_routes(), other_routes()].into_iter().flatten().collect()
}

fn unread_routes() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/message/mention/unread"),
            User,
            "B5",
            "mention::unread",
            mention::unread,
        ),
        route(
            ("GET", "/api/im/message/mention/unread/count"),
            User,
            "B5",
            "mention::unread",
            mention::unread_count,
        ),
        route(
            ("PUT", "/api/im/message/{messageId}/mention/read"),
            User,
            "B5",
            "mention::unread",
            mention::read_one,
        ),
        route(
            ("PUT", "/api/im/message/mention/read/batch"),
            User,
            "B5",
            "mention::unread",
            mention::read_batch,
        ),
        route(
            ("GET", "/api/im/mention/unread"),
            User,
            "B5",
            "mention::unread",
            mention::unread,
        ),
        route(
            ("GET", "/api/im/mention/unread/count"),
            User,
            "B5",
            "mention::unread",
            mention::unread_count,
        ),
        route(
            ("PUT", "/api/im/mention/{messageId}/read"),
            User,
            "B5",
            "mention::unread",
            mention::read_one,
        ),
        route(
            ("PUT", "/api/im/mention/read/batch"),
            User,
            "B5",
            "mention::unread",
            mention::read_batch,
        ),
    ]
}

fn other_routes() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/mention/users/{conversationId}"),
            User,
            "B5",
            "mention::users",
            mention::users,
        ),
        route(
            ("GET", "/api/im/mention/can-mention-all/{conversationId}"),
            User,
            "B5",
            "mention::users",
            mention::can_mention_all,
        ),
    ]
}
