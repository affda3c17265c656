//! Routes under `/api/im/config`: settings, and the list of blocked people.

use super::Guard::User;
use super::{Route, route};
use crate::handlers::{config, contact};

const SECTION: &str = "B7 settings";

pub(super) fn routes() -> Vec<Route> {
    [settings(), blocks()].into_iter().flatten().collect()
}

fn settings() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/config"),
            User,
            SECTION,
            "config::settings",
            config::general,
        ),
        route(
            ("PUT", "/api/im/config"),
            User,
            SECTION,
            "config::settings",
            config::save_general,
        ),
        route(
            ("GET", "/api/im/config/notification"),
            User,
            SECTION,
            "config::settings",
            config::notification,
        ),
        route(
            ("PUT", "/api/im/config/notification"),
            User,
            SECTION,
            "config::settings",
            config::save_notification,
        ),
        route(
            ("GET", "/api/im/config/privacy"),
            User,
            SECTION,
            "config::settings",
            config::privacy,
        ),
        route(
            ("PUT", "/api/im/config/privacy"),
            User,
            SECTION,
            "config::settings",
            config::save_privacy,
        ),
        route(
            ("GET", "/api/im/config/shortcut"),
            User,
            SECTION,
            "config::settings",
            config::shortcut,
        ),
        route(
            ("PUT", "/api/im/config/shortcut"),
            User,
            SECTION,
            "config::settings",
            config::save_shortcut,
        ),
    ]
}

fn blocks() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/config/blocked"),
            User,
            SECTION,
            "config::blocked",
            contact::blocked,
        ),
        route(
            ("POST", "/api/im/config/blocked/{id}"),
            User,
            SECTION,
            "config::blocked",
            contact::block,
        ),
        route(
            ("DELETE", "/api/im/config/blocked/{id}"),
            User,
            SECTION,
            "config::blocked",
            contact::unblock,
        ),
        route(
            ("POST", "/api/im/config/block/{id}"),
            User,
            SECTION,
            "config::blocked",
            contact::block,
        ),
        route(
            ("DELETE", "/api/im/config/unblock/{id}"),
            User,
            SECTION,
            "config::blocked",
            contact::unblock,
        ),
    ]
}
