//! Logging in and out.

use crate::handlers::auth as handle;
use crate::routes::Guard::{Public, User};
use crate::routes::{Route, route};

const SECTION: &str = "decision 3";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/v1/auth/login"),
            Public,
            SECTION,
            "auth::login_with_a_form",
            handle::login_form,
        )
        .says("Log in with the password form of OAuth 2"),
        route(
            ("POST", "/api/v1/auth/login/json"),
            Public,
            SECTION,
            "auth::login_with_json",
            handle::login_json,
        )
        .says("Log in with JSON"),
        route(
            ("POST", "/api/v1/auth/logout"),
            User,
            SECTION,
            "auth::logout",
            handle::logout,
        )
        .says("End the token of this call"),
        route(
            ("POST", "/api/v1/auth/refresh"),
            User,
            SECTION,
            "auth::refresh",
            handle::refresh,
        )
        .says("Get a fresh token"),
    ]
}
