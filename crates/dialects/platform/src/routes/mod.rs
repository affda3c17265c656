//! The table of everything the dialect answers: method, path, guard, section of the contract, the test that covers it
//! and the handler. The router is built from it, and so are the ledger in `docs/dialects/platform.md` and the API
//! document.

mod app;
mod auth;
mod document;
mod documentation;
mod media;
mod message;
mod simple;
mod user;

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, any, get, on};
use parlance_core::Error;
use parlance_transport::http::limit::{BodyLimit, body_limit};

use crate::app::App;
use crate::caller;
use crate::endpoint::{Endpoint, Operation};
use crate::realtime;
use crate::refusal::Refusal;

/// Where all of it begins.
const PREFIX: &str = "/api/v1";

/// Who may call a route at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Anybody.
    Public,
    /// Whoever has a valid token of this dialect.
    User,
    /// A person of the highest rank.
    Administrator,
}

/// One line of the table.
pub(crate) struct Route {
    method: &'static str,
    path: &'static str,
    guard: Guard,
    section: &'static str,
    test: &'static str,
    body: BodySize,
    handler: MethodRouter<App>,
    summary: &'static str,
    operation: fn() -> Operation,
}

/// How large a body of a route may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodySize {
    /// As large as any call's.
    Call,
    /// As large as an uploaded file, with room for the form around it.
    Upload,
}

/// Bytes of a multipart form around a file.
const FORM_BYTES: u64 = 64 * 1024;

impl Route {
    /// The same line with what it is for, in the API document.
    pub(crate) fn says(self, summary: &'static str) -> Self {
        Self { summary, ..self }
    }

    /// The same line for a call that carries a file.
    pub(crate) fn upload(self) -> Self {
        Self {
            body: BodySize::Upload,
            ..self
        }
    }
}

/// Makes a line: method and path, guard, section of platform.md or the seed, test, handler. A path is written as the
/// contract writes it; with and without a slash at its end it is the same route.
pub(crate) fn route<H, P>(
    call: (&'static str, &'static str),
    guard: Guard,
    section: &'static str,
    test: &'static str,
    handler: H,
) -> Route
where
    H: Handler<P, App> + Endpoint<P>,
    P: 'static,
{
    let (method, path) = call;
    let filter = match method {
        "POST" => MethodFilter::POST,
        "PUT" => MethodFilter::PUT,
        "PATCH" => MethodFilter::PATCH,
        "DELETE" => MethodFilter::DELETE,
        _ => MethodFilter::GET,
    };
    Route {
        method,
        path,
        guard,
        section,
        test,
        body: BodySize::Call,
        handler: on(filter, handler),
        summary: "",
        operation: H::operation,
    }
}

fn all() -> Vec<Route> {
    [
        app::routes(),
        auth::routes(),
        documentation::routes(),
        media::routes(),
        message::routes(),
        simple::routes(),
        user::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// One line of the coverage ledger.
#[derive(Clone, Debug)]
pub struct LedgerRow {
    /// HTTP method, or `frame` for the socket.
    pub method: &'static str,
    /// Path.
    pub path: &'static str,
    /// Section of the contract.
    pub section: &'static str,
    /// The test that covers it: `file::function` under `tests/conformance`.
    pub test: &'static str,
    /// Whether it answers 401 to who has no token of this dialect.
    pub needs_token: bool,
    /// Whether it answers 403 to who is not of the highest rank.
    pub needs_rank: bool,
}

/// Every route with the test that covers it.
pub fn ledger() -> Vec<LedgerRow> {
    let routes = all().into_iter().map(|route| LedgerRow {
        method: route.method,
        path: route.path,
        section: route.section,
        test: route.test,
        needs_token: route.guard != Guard::Public,
        needs_rank: route.guard == Guard::Administrator,
    });
    routes.collect()
}

/// The API document of the whole table, as JSON.
pub(crate) fn document() -> Result<Bytes, Error> {
    document::json(all())
}

/// The router of the whole table.
pub(crate) fn router(app: App) -> Router {
    let mut by_path: BTreeMap<&str, MethodRouter<App>> = BTreeMap::new();
    for route in all() {
        let bytes_max = match route.body {
            BodySize::Call => app.options.body_bytes_max,
            BodySize::Upload => app.core.limits().upload_bytes_max.saturating_add(FORM_BYTES),
        };
        let limit = BodyLimit {
            bytes_max,
            refuse: body_too_large,
        };
        let handler = route.handler.layer(from_fn_with_state(limit, body_limit));
        let handler = match route.guard {
            Guard::Public => handler,
            Guard::User => handler.layer(from_fn_with_state(app.clone(), caller::require)),
            Guard::Administrator => handler
                .layer(from_fn_with_state(app.clone(), caller::require_administrator))
                .layer(from_fn_with_state(app.clone(), caller::require)),
        };
        let slot = by_path.entry(route.path.trim_end_matches('/')).or_default();
        *slot = std::mem::take(slot).merge(handler);
    }
    let mut router = Router::new();
    for (path, methods) in by_path {
        let methods = methods.fallback(wrong_method);
        router = router
            .route(&format!("{path}/"), methods.clone())
            .route(path, methods);
    }
    let nowhere = any(nothing_here);
    router
        .route(realtime::PATH, get(realtime::open))
        .route(&format!("{}/", realtime::PATH), get(realtime::open))
        .route(PREFIX, nowhere.clone())
        .route(&format!("{PREFIX}/"), nowhere.clone())
        .route(&format!("{PREFIX}/{{*rest}}"), nowhere)
        .with_state(app)
}

fn body_too_large() -> Response {
    Refusal::too_large().into_response()
}

async fn wrong_method() -> Refusal {
    Refusal::wrong_method()
}

async fn nothing_here() -> Refusal {
    Refusal::not_found()
}
