//! Routes of reactions (B5).

use super::Guard::User;
use super::{Route, route};
use crate::handlers::reaction;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/im/message/{messageId}/reaction"),
            User,
            "B5",
            "reaction::toggle",
            reaction::toggle_on,
        ),
        route(
            ("DELETE", "/api/im/message/{messageId}/reaction"),
            User,
            "B5",
            "reaction::remove",
            reaction::remove,
        ),
        route(
            ("GET", "/api/im/message/{messageId}/reactions"),
            User,
            "B5",
            "reaction::list",
            reaction::list,
        ),
        route(
            ("GET", "/api/im/message/{messageId}/reactions/stats"),
            User,
            "B5",
            "reaction::list",
            reaction::counts,
        ),
        route(
            ("POST", "/api/im/message/reaction/toggle"),
            User,
            "B5",
            "reaction::toggle",
            reaction::toggle,
        ),
        route(
            ("POST", "/api/im/message/reaction/add"),
            User,
            "B5",
            "reaction::toggle",
            reaction::add,
        ),
        route(
            ("GET", "/api/im/message/reaction/{messageId}"),
            User,
            "B5",
            "reaction::list",
            reaction::counts,
        ),
        route(
            ("DELETE", "/api/im/message/reaction/{messageId}"),
            User,
            "B5",
            "reaction::remove",
            reaction::remove,
        ),
    ]
}
