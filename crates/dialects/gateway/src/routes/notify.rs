//! The route that messages are pushed through.

use super::Guard::Token;
use super::{Route, route};
use crate::handlers::notify;

pub(super) fn routes() -> Vec<Route> {
    vec![route(
        ("GET", "/notify"),
        Token,
        "A9",
        "notify::unsupported_driver",
        notify::open,
    )]
}
