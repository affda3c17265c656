//! Routes under `/api/im/contact`.

use super::Guard::User;
use super::{Route, route};
use crate::handlers::contact;

const SECTION: &str = "B7 contact";

pub(super) fn routes() -> Vec<Route> {
    [friends(), groups(), requests()].into_iter().flatten().collect()
}

fn friends() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/contact/list"),
            User,
            SECTION,
            "contact::list_and_detail",
            contact::list,
        ),
        route(
            ("GET", "/api/im/contact/search"),
            User,
            SECTION,
            "contact::search",
            contact::search,
        ),
        route(
            ("GET", "/api/im/contact/{id}"),
            User,
            SECTION,
            "contact::list_and_detail",
            contact::detail,
        ),
        route(
            ("PUT", "/api/im/contact/{id}"),
            User,
            SECTION,
            "contact::update_and_delete",
            contact::update,
        ),
        route(
            ("DELETE", "/api/im/contact/{id}"),
            User,
            SECTION,
            "contact::update_and_delete",
            contact::delete,
        ),
        route(
            ("PUT", "/api/im/contact/{id}/block"),
            User,
            SECTION,
            "contact::block",
            contact::set_blocked,
        ),
    ]
}

fn groups() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/contact/grouped"),
            User,
            SECTION,
            "contact::groups",
            contact::grouped,
        ),
        route(
            ("GET", "/api/im/contact/group/list"),
            User,
            SECTION,
            "contact::groups",
            contact::group_list,
        ),
        route(
            ("PUT", "/api/im/contact/group/move"),
            User,
            SECTION,
            "contact::groups",
            contact::move_to_group,
        ),
        route(
            ("PUT", "/api/im/contact/group/{name}"),
            User,
            SECTION,
            "contact::groups",
            contact::rename_group,
        ),
        route(
            ("DELETE", "/api/im/contact/group/{name}"),
            User,
            SECTION,
            "contact::groups",
            contact::delete_group,
        ),
    ]
}

fn requests() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/im/contact/request/send"),
            User,
            SECTION,
            "contact::requests",
            contact::send_request,
        ),
        route(
            ("GET", "/api/im/contact/request/received"),
            User,
            SECTION,
            "contact::requests",
            contact::received,
        ),
        route(
            ("GET", "/api/im/contact/request/sent"),
            User,
            SECTION,
            "contact::requests",
            contact::sent,
        ),
        route(
            ("POST", "/api/im/contact/request/{id}/handle"),
            User,
            SECTION,
            "contact::requests",
            contact::handle_request,
        ),
    ]
}
