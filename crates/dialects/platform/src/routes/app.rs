//! Apps, their categories, and the accounts that people have in them.

use crate::handlers::{app, mapping};
use crate::routes::Guard::{Administrator, Public, User};
use crate::routes::{Route, route};

const ADMINISTRATION: &str = "decision 4";
const MAPPINGS: &str = "decisions 4 and 13";
const OWN: &str = "[own]";

pub(super) fn routes() -> Vec<Route> {
    [apps(), mappings()].into_iter().flatten().collect()
}

fn apps() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/v1/apps/"),
            User,
            "decision 4, seed 001",
            "app::list",
            app::list,
        ),
        route(
            ("POST", "/api/v1/apps/"),
            Administrator,
            "decisions 4, 8 and 13",
            "app::create",
            app::create,
        ),
        route(
            ("GET", "/api/v1/apps/{id}"),
            Administrator,
            ADMINISTRATION,
            "app::one",
            app::one,
        ),
        route(
            ("PATCH", "/api/v1/apps/{id}"),
            Administrator,
            ADMINISTRATION,
            "app::update",
            app::update,
        ),
        route(
            ("DELETE", "/api/v1/apps/{id}"),
            Administrator,
            ADMINISTRATION,
            "app::delete",
            app::delete,
        ),
        route(
            ("POST", "/api/v1/apps/{id}/rotate-secret"),
            Administrator,
            ADMINISTRATION,
            "app::rotate_secret",
            app::rotate_secret,
        ),
        route(
            ("POST", "/api/v1/apps/{id}/rotate-access-token"),
            Administrator,
            OWN,
            "mapping::rotate_access_token",
            app::rotate_access_token,
        ),
        route(
            ("GET", "/api/v1/app-categories/"),
            Administrator,
            ADMINISTRATION,
            "app::categories",
            app::categories,
        ),
        route(
            ("POST", "/api/v1/app-categories/"),
            Administrator,
            "decisions 4 and 13",
            "app::categories",
            app::create_category,
        ),
    ]
}

fn mappings() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/v1/apps/{id}/mappings"),
            Administrator,
            MAPPINGS,
            "mapping::list",
            mapping::list,
        ),
        route(
            ("POST", "/api/v1/apps/{id}/mappings"),
            Administrator,
            MAPPINGS,
            "mapping::create",
            mapping::create,
        ),
        route(
            ("PATCH", "/api/v1/apps/{id}/mappings/{mapping_id}"),
            Administrator,
            OWN,
            "mapping::update",
            mapping::update,
        ),
        route(
            ("DELETE", "/api/v1/apps/{id}/mappings/{mapping_id}"),
            Administrator,
            MAPPINGS,
            "mapping::delete",
            mapping::delete,
        ),
        route(
            ("GET", "/api/v1/apps/mapping/users"),
            Public,
            "3.2",
            "mapping::people",
            mapping::people,
        ),
    ]
}
