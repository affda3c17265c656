//! The table of everything the dialect answers: method, path, guard, section of the contract and the test that
//! covers it. The router is built from it, and so is the coverage ledger in `docs/dialects/gateway.md`.

mod conversation;
mod inner;
mod message;
mod notify;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use parlance_transport::http::limit::{BodyLimit, body_limit};

use crate::app::App;
use crate::caller;
use crate::refusal::Refusal;

/// Who may call a route at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Whoever has a valid token of this dialect.
    Token,
    /// The operator's own systems.
    Inner,
}

impl Guard {
    fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Inner => "inner",
        }
    }
}

/// One line of the table.
pub(crate) struct Route {
    method: &'static str,
    path: &'static str,
    guard: Guard,
    section: &'static str,
    test: &'static str,
    handler: MethodRouter<App>,
}

/// Makes a line: method, path, guard, section of gateway.md, test, handler.
pub(crate) fn route<H, P>(
    call: (&'static str, &'static str),
    guard: Guard,
    section: &'static str,
    test: &'static str,
    handler: H,
) -> Route
where
    H: Handler<P, App>,
    P: 'static,
{
    let (method, path) = call;
    let filter = match method {
        "GET" => MethodFilter::GET,
        _ => MethodFilter::POST,
    };
    Route {
        method,
        path,
        guard,
        section,
        test,
        handler: on(filter, handler),
    }
}

fn all() -> Vec<Route> {
    [
        notify::routes(),
        message::routes(),
        conversation::routes(),
        inner::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// One line of the coverage ledger.
#[derive(Clone, Debug)]
pub struct LedgerRow {
    /// HTTP method.
    pub method: &'static str,
    /// Path.
    pub path: &'static str,
    /// Who may call it: `token` or `inner`.
    pub guard: &'static str,
    /// Section of the contract.
    pub section: &'static str,
    /// The test that covers it: `file::function` under `tests/conformance`.
    pub test: &'static str,
}

/// Every route with the test that covers it.
pub fn ledger() -> Vec<LedgerRow> {
    let row = |route: Route| LedgerRow {
        method: route.method,
        path: route.path,
        guard: route.guard.name(),
        section: route.section,
        test: route.test,
    };
    all().into_iter().map(row).collect()
}

/// The path of the dialect that somebody means who doubles slashes or puts one at the end; none for a path that is
/// fine as it is, or not one of ours either way (A2).
pub fn meant_path(path: &str) -> Option<&'static str> {
    static PATHS: LazyLock<Vec<&str>> = LazyLock::new(|| all().into_iter().map(|route| route.path).collect());
    let is_meant = |known: &&str| {
        let parts = path.split('/').filter(|part| !part.is_empty());
        path.starts_with('/') && parts.eq(known.split('/').skip(1))
    };
    PATHS
        .iter()
        .copied()
        .find(is_meant)
        .filter(|known| *known != path)
}

/// The router of the whole table.
pub(crate) fn router(app: App) -> Router {
    let mut by_path: BTreeMap<&str, MethodRouter<App>> = BTreeMap::new();
    let limit = BodyLimit {
        bytes_max: app.options.body_bytes_max,
        refuse: body_too_large,
    };
    for route in all() {
        let handler = route.handler.layer(from_fn_with_state(limit, body_limit));
        let handler = match route.guard {
            Guard::Token => handler.layer(from_fn_with_state(app.clone(), caller::require_token)),
            Guard::Inner => handler.layer(from_fn_with_state(app.clone(), caller::require_inner)),
        };
        let slot = by_path.entry(route.path).or_default();
        *slot = std::mem::take(slot).merge(handler);
    }
    let mut router = Router::new();
    for (path, methods) in by_path {
        router = router.route(path, methods.fallback(wrong_method));
    }
    router.with_state(app)
}

fn body_too_large() -> Response {
    Refusal::too_large().into_response()
}

async fn wrong_method() -> Refusal {
    Refusal::method()
}

#[cfg(test)]
mod tests {
    use super::meant_path;

    #[test]
    fn doubled_and_trailing_slashes_are_understood() {
        for path in ["//notify", "/notify/", "///notify//", "//inner//get_token/"] {
            let meant = meant_path(path);
            assert!(matches!(meant, Some("/notify" | "/inner/get_token")), "{path}");
        }
        for path in [
            "/notify",
            "notify/",
            "/",
            "//",
            "",
            "/inner",
            "/inner/",
            "/notify/x",
            "/innerget_token/",
            "/Notify/",
        ] {
            assert_eq!(meant_path(path), None, "{path}");
        }
    }
}
