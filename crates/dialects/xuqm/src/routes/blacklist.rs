//! Routes about blocked people.

use super::Guard::User;
use super::{Route, route};
use crate::handlers::blacklist as handle;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/blacklist"),
            User,
            "1.7",
            "blacklist::people_are_blocked_listed_and_unblocked",
            handle::list,
        ),
        route(
            ("POST", "/api/im/blacklist"),
            User,
            "1.7, decision 14",
            "blacklist::people_are_blocked_listed_and_unblocked",
            handle::add,
        ),
        route(
            ("DELETE", "/api/im/blacklist"),
            User,
            "1.7",
            "blacklist::people_are_blocked_listed_and_unblocked",
            handle::remove,
        ),
        route(
            ("GET", "/api/im/blacklist/check"),
            User,
            "1.7",
            "blacklist::a_block_is_told_each_way",
            handle::check,
        ),
    ]
}
