//! What the API tells of itself.

use crate::handlers::documentation as handle;
use crate::routes::Guard::Public;
use crate::routes::{Route, route};

const SECTION: &str = "design";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/v1/openapi.json"),
            Public,
            SECTION,
            "documentation::document",
            handle::document,
        )
        .says("This document"),
        route(
            ("GET", "/api/v1/docs"),
            Public,
            SECTION,
            "documentation::page",
            handle::page,
        )
        .says("A page to read and try it"),
        route(
            ("GET", "/api/v1/docs/{name}"),
            Public,
            SECTION,
            "documentation::page",
            handle::part,
        )
        .says("What the page is made of"),
    ]
}
