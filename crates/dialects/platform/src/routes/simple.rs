//! Ways into apps: tickets and jumps.

use crate::handlers::simple as handle;
use crate::routes::Guard::{Public, User};
use crate::routes::{Route, route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/v1/simple/login"),
            Public,
            "decision 1, 3.2",
            "ticket::login_of_an_app",
            handle::login,
        ),
        route(
            ("POST", "/api/v1/simple/validate"),
            Public,
            "decisions 1 and 8, 3.2",
            "ticket::validate",
            handle::validate,
        ),
        route(
            ("POST", "/api/v1/simple/exchange"),
            Public,
            "decision 1, 3.2",
            "ticket::exchange",
            handle::exchange,
        ),
        route(
            ("POST", "/api/v1/simple/sso-login"),
            Public,
            "decision 10, seed 001",
            "jump::sso_login",
            handle::sso_login,
        ),
        route(
            ("GET", crate::wire::jump::PATH),
            Public,
            "decisions 8 and 16, seed 001",
            "jump::jump",
            handle::jump,
        ),
        route(
            ("GET", "/api/v1/simple/me/mappings"),
            User,
            "decision 10, 3.2",
            "jump::my_mappings",
            handle::my_mappings,
        ),
        route(
            ("GET", "/api/v1/simple/me/launchpad-apps"),
            User,
            "decision 10, seed 001",
            "jump::launchpad",
            handle::launchpad,
        ),
    ]
}
