//! Routes that search: `/api/im/message/search` and `/api/im/search`.

use super::Guard::User;
use super::{Route, route};
use crate::handlers::search;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/im/message/search"),
            User,
            "4.8, B5",
            "search::messages",
            search::messages,
        ),
        route(
            ("GET", "/api/im/message/search"),
            User,
            "B5",
            "search::messages",
            search::messages,
        ),
        route(
            ("GET", "/api/im/search/global"),
            User,
            "B7",
            "search::everything",
            search::everything,
        ),
        route(
            ("POST", "/api/im/search/global"),
            User,
            "B7",
            "search::everything",
            search::everything,
        ),
        route(
            ("GET", "/api/im/search/messages"),
            User,
            "B7",
            "search::by_kind",
            search::only_messages,
        ),
        route(
            ("GET", "/api/im/search/contacts"),
            User,
            "B7",
            "search::by_kind",
            search::only_contacts,
        ),
        route(
            ("GET", "/api/im/search/groups"),
            User,
            "B7",
            "search::by_kind",
            search::only_groups,
        ),
        route(
            ("GET", "/api/im/search/files"),
            User,
            "B7",
            "search::by_kind",
            search::only_files,
        ),
        route(
            ("GET", "/api/im/search/hot-keywords"),
            User,
            "B7",
            "search::hot_keywords",
            search::recent,
        ),
    ]
}
