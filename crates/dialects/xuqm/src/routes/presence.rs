//! Routes by which the operator's own systems ask who is here.

use super::Guard::Inner;
use super::{Route, route};
use crate::handlers::presence as handle;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/im/internal/presence/resolve-token"),
            Inner,
            "1.7",
            "presence::a_token_is_resolved",
            handle::resolve_token,
        ),
        route(
            ("GET", "/api/im/internal/presence/users/{userId}"),
            Inner,
            "1.7, decision 15",
            "presence::somebody_is_here_or_not",
            handle::of_user,
        ),
    ]
}
