//! Routes under `/api/im/notification`.

use super::Guard::User;
use super::{Route, route};
use crate::handlers::notification;

const SECTION: &str = "B7 notices";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/notification/list"),
            User,
            SECTION,
            "notification::list_and_detail",
            notification::list,
        ),
        route(
            ("GET", "/api/im/notification/unread/count"),
            User,
            SECTION,
            "notification::read",
            notification::unread_count,
        ),
        route(
            ("PUT", "/api/im/notification/read/all"),
            User,
            SECTION,
            "notification::read",
            notification::read_all,
        ),
        route(
            ("DELETE", "/api/im/notification/batch"),
            User,
            SECTION,
            "notification::delete",
            notification::delete_batch,
        ),
        route(
            ("DELETE", "/api/im/notification/clear"),
            User,
            SECTION,
            "notification::delete",
            notification::clear,
        ),
        route(
            ("GET", "/api/im/notification/{id}"),
            User,
            SECTION,
            "notification::list_and_detail",
            notification::detail,
        ),
        route(
            ("PUT", "/api/im/notification/{id}/read"),
            User,
            SECTION,
            "notification::read",
            notification::read,
        ),
        route(
            ("DELETE", "/api/im/notification/{id}"),
            User,
            SECTION,
            "notification::delete",
            notification::delete,
        ),
    ]
}
