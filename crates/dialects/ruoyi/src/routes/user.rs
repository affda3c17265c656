//! Routes under `/api/im/user`; the picture belongs to files.

use super::Guard::User;
use super::{Route, route};
use crate::handlers::user;

const SECTION: &str = "B7 user";

pub(super) fn routes() -> Vec<Route> {
    [people(), changes()].into_iter().flatten().collect()
}

fn people() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/user/info"),
            User,
            SECTION,
            "user::info",
            user::info,
        ),
        route(
            ("GET", "/api/im/user/list"),
            User,
            SECTION,
            "user::list_and_search",
            user::list,
        ),
        route(
            ("GET", "/api/im/user/search"),
            User,
            SECTION,
            "user::list_and_search",
            user::search,
        ),
        route(
            ("GET", "/api/im/user/batch"),
            User,
            SECTION,
            "user::batch",
            user::batch,
        ),
        route(
            ("GET", "/api/im/user/friends/{id}"),
            User,
            SECTION,
            "user::friends",
            user::friends,
        ),
        route(
            ("GET", "/api/im/user/{id}"),
            User,
            SECTION,
            "user::info",
            user::detail,
        ),
    ]
}

fn changes() -> Vec<Route> {
    vec![
        route(
            ("PUT", "/api/im/user/changeStatus"),
            User,
            SECTION,
            "user::change_status",
            user::change_status,
        ),
        route(
            ("PUT", "/api/im/user/{id}"),
            User,
            SECTION,
            "user::update",
            user::update,
        ),
        route(
            ("DELETE", "/api/im/user/{id}"),
            User,
            SECTION,
            "user::create_and_delete",
            user::delete,
        ),
        route(
            ("PUT", "/api/im/user/{id}/password"),
            User,
            SECTION,
            "user::change_password",
            user::change_password,
        ),
        route(
            ("POST", "/api/im/user"),
            User,
            SECTION,
            "user::create_and_delete",
            user::create,
        ),
    ]
}
