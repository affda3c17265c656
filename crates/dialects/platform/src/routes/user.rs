//! People.

use crate::handlers::user as handle;
use crate::routes::Guard::User;
use crate::routes::{Route, route};

pub(super) fn routes() -> Vec<Route> {
    vec![route(
        ("GET", "/api/v1/users/me"),
        User,
        "decision 3",
        "user::me",
        handle::me,
    )]
}
