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
        ),
        route(
            ("POST", "/api/v1/auth/login/json"),
            Public,
            SECTION,
            "auth::login_with_json",
            handle::login_json,
        ),
        route(
            ("POST", "/api/v1/auth/logout"),
            User,
            SECTION,
            "auth::logout",
            handle::logout,
        ),
        route(
            ("POST", "/api/v1/auth/refresh"),
            User,
            SECTION,
            "auth::refresh",
            handle::refresh,
        ),
    ]
}
