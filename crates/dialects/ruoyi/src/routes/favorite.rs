//! Routes of favourites (B5).

use super::Guard::User;
use super::{Route, route};
use crate::handlers::favorite;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/im/message/favorite/{messageId}"),
            User,
            "B5",
            "favorite::keep",
            favorite::add,
        ),
        route(
            ("PUT", "/api/im/message/favorite/{messageId}"),
            User,
            "B5",
            "favorite::keep",
            favorite::update,
        ),
        route(
            ("DELETE", "/api/im/message/favorite/{messageId}"),
            User,
            "B5",
            "favorite::keep",
            favorite::remove,
        ),
        route(
            ("GET", "/api/im/message/favorite/{messageId}/check"),
            User,
            "B5",
            "favorite::keep",
            favorite::check,
        ),
        route(
            ("GET", "/api/im/message/favorite/list"),
            User,
            "B5",
            "favorite::list",
            favorite::list,
        ),
        route(
            ("GET", "/api/im/message/favorite/conversation/{conversationId}"),
            User,
            "B5",
            "favorite::list",
            favorite::of_conversation,
        ),
        route(
            ("GET", "/api/im/message/favorite/tag/{tag}"),
            User,
            "B5",
            "favorite::list",
            favorite::tagged,
        ),
    ]
}
