//! Routes about accounts.

use super::Guard::{Admin, User};
use super::{Route, route};
use crate::handlers::account as handle;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/accounts/search"),
            User,
            "1.7",
            "account::people_are_found_by_a_word",
            handle::search,
        ),
        route(
            ("POST", "/api/im/accounts/import"),
            Admin,
            "1.7",
            "account::an_account_is_imported_once",
            handle::import,
        ),
        route(
            ("POST", "/api/im/accounts/import/batch"),
            Admin,
            "1.7",
            "account::accounts_are_imported_each_for_itself",
            handle::import_batch,
        ),
        route(
            ("GET", "/api/im/accounts/{userId}"),
            User,
            "1.7",
            "account::an_account_is_shown_and_changed",
            handle::show,
        ),
        route(
            ("PUT", "/api/im/accounts/{userId}"),
            User,
            "1.7",
            "account::an_account_is_shown_and_changed",
            handle::update,
        ),
        route(
            ("DELETE", "/api/im/accounts/{userId}"),
            Admin,
            "1.7",
            "account::a_deleted_account_is_gone",
            handle::delete,
        ),
        route(
            ("GET", "/api/im/accounts/{userId}/exists"),
            User,
            "1.7",
            "account::a_deleted_account_is_gone",
            handle::exists,
        ),
    ]
}
