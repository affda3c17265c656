//! Routes by which people and systems prove who they are.

use super::Guard::{Admin, Public};
use super::{Route, route};
use crate::handlers::auth as handle;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/im/auth/login"),
            Public,
            "1.3, decision 2",
            "auth::a_signature_is_worth_a_token",
            handle::login,
        ),
        route(
            ("POST", "/api/im/admin/users/{userId}/usersig"),
            Admin,
            "1.7",
            "auth::administrators_sign_for_people",
            handle::sign,
        ),
        route(
            ("POST", "/api/im/admin/users/{userId}/usersig/verify"),
            Admin,
            "1.7, decision 17",
            "auth::a_signature_is_checked_and_explained",
            handle::verify,
        ),
        route(
            ("GET", "/api/im/platform-events/token"),
            Public,
            "1.3, 1.7",
            "auth::the_platform_account_has_a_token",
            handle::platform_token,
        ),
    ]
}
