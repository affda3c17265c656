//! Routes under `/api/auth` (profile doc) and `/api/im/auth` (profile c), and the CSRF token.

use super::Guard::{Public, User};
use super::{Route, route};
use crate::handlers::auth;

const SECTION: &str = "B3";

pub(super) fn routes() -> Vec<Route> {
    [doc(), c(), csrf()].into_iter().flatten().collect()
}

/// At the older prefix.
fn doc() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/auth/login"),
            Public,
            SECTION,
            "auth::login",
            auth::login_doc,
        ),
        route(
            ("POST", "/api/auth/register"),
            Public,
            SECTION,
            "auth::register",
            auth::register,
        ),
        route(
            ("GET", "/api/auth/getInfo"),
            User,
            SECTION,
            "auth::get_info",
            auth::get_info,
        ),
        route(
            ("POST", "/api/auth/logout"),
            User,
            SECTION,
            "auth::logout",
            auth::logout,
        ),
        route(
            ("POST", "/api/auth/refresh"),
            Public,
            SECTION,
            "auth::refresh",
            auth::refresh,
        ),
        route(
            ("POST", "/api/auth/validateToken"),
            Public,
            SECTION,
            "auth::validate_token",
            auth::validate_token,
        ),
    ]
}

/// At the newer prefix.
fn c() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/im/auth/login"),
            Public,
            SECTION,
            "auth::login",
            auth::login_c,
        ),
        route(
            ("POST", "/api/im/auth/register"),
            Public,
            SECTION,
            "auth::register",
            auth::register,
        ),
        route(
            ("GET", "/api/im/auth/getInfo"),
            User,
            SECTION,
            "auth::get_info",
            auth::get_info,
        ),
        route(
            ("POST", "/api/im/auth/logout"),
            User,
            SECTION,
            "auth::logout",
            auth::logout,
        ),
        route(
            ("POST", "/api/im/auth/refresh"),
            Public,
            SECTION,
            "auth::refresh",
            auth::refresh,
        ),
        route(
            ("POST", "/api/im/auth/validateToken"),
            Public,
            SECTION,
            "auth::validate_token",
            auth::validate_token,
        ),
    ]
}

/// Wherever a client might look for it.
fn csrf() -> Vec<Route> {
    vec![
        route(
            ("GET", "/csrf/token"),
            Public,
            SECTION,
            "auth::csrf_token",
            auth::csrf_token,
        ),
        route(
            ("GET", "/api/csrf/token"),
            Public,
            SECTION,
            "auth::csrf_token",
            auth::csrf_token,
        ),
        route(
            ("GET", "/api/auth/csrf/token"),
            Public,
            SECTION,
            "auth::csrf_token",
            auth::csrf_token,
        ),
        route(
            ("GET", "/api/im/auth/csrf/token"),
            Public,
            SECTION,
            "auth::csrf_token",
            auth::csrf_token,
        ),
    ]
}
