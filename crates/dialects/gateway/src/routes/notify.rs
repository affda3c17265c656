//! The route that messages are pushed through.

use super::Guard::Token;
use super::{Route, route};
use crate::handlers::notify;

pub(super) fn routes() -> Vec<Route> {
    vec![route(
        ("GET", "/notify"),
        Token,
        "A9, decisions 3 and 8",
        "notify::a_socket_has_every_message_of_every_member_and_nothing_else",
        notify::open,
    )]
}
