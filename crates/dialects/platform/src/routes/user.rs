//! People.

use crate::handlers::user as handle;
use crate::routes::Guard::{Administrator, User};
use crate::routes::{Route, route};

const ADMINISTRATION: &str = "decision 4, seed 001";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/v1/users/me"),
            User,
            "decision 3",
            "user::me",
            handle::me,
        )
        .says("Whoever calls"),
        route(
            ("GET", "/api/v1/users/search"),
            User,
            "decision 12, seed 001",
            "user::search",
            handle::search,
        )
        .says("Find people to write to"),
        route(
            ("GET", "/api/v1/users/{user_id}"),
            User,
            "3.2",
            "user::one",
            handle::one,
        )
        .says("One person"),
        route(
            ("GET", "/api/v1/users/"),
            Administrator,
            ADMINISTRATION,
            "user::list",
            handle::list,
        )
        .says("All people, page by page"),
        route(
            ("POST", "/api/v1/users/"),
            Administrator,
            ADMINISTRATION,
            "user::create",
            handle::create,
        )
        .says("Make an account"),
        route(
            ("PATCH", "/api/v1/users/{user_id}"),
            Administrator,
            "decisions 4 and 13",
            "user::update",
            handle::update,
        )
        .says("Change an account"),
        route(
            ("DELETE", "/api/v1/users/{user_id}"),
            Administrator,
            ADMINISTRATION,
            "user::delete",
            handle::delete,
        )
        .says("Delete an account"),
    ]
}
