//! The table of everything the dialect answers: method, path, guard, section of the contract and the test that
//! covers it. The router is built from it, and so is the coverage ledger in `docs/dialects/ruoyi.md`.

mod auth;
mod config;
mod contact;
mod conversation;
mod favorite;
mod file;
mod group;
mod mention;
mod message;
mod message_change;
mod notification;
mod public;
mod reaction;
mod search;
mod user;

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, any, on};
use parlance_transport::http::limit::{BodyLimit, body_limit};

use crate::app::App;
use crate::refusal::Refusal;
use crate::{caller, realtime};

/// Who may call a route at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Anybody.
    Public,
    /// Whoever has a valid token of this dialect.
    User,
}

/// One line of the table.
pub(crate) struct Route {
    method: &'static str,
    path: &'static str,
    guard: Guard,
    section: &'static str,
    test: &'static str,
    body: BodyKind,
    handler: MethodRouter<App>,
}

/// How large a body of a route may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum BodyKind {
    /// As large as any call's.
    Call,
    /// As large as an uploaded file, with room for the form around it.
    Upload,
}

/// Bytes of a multipart form around a file.
const FORM_BYTES: u64 = 64 * 1024;

impl Route {
    /// The same line for a call that carries a file.
    pub(crate) fn upload(self) -> Self {
        Self {
            body: BodyKind::Upload,
            ..self
        }
    }
}

/// In place of a method: every one that has no line of its own on that path.
pub(crate) const ANY: &str = "*";

/// Makes a line: method, path, guard, section of ruoyi.md or the seed, test, handler.
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
    let handler = match method {
        "GET" => on(MethodFilter::GET, handler),
        "POST" => on(MethodFilter::POST, handler),
        "PUT" => on(MethodFilter::PUT, handler),
        "DELETE" => on(MethodFilter::DELETE, handler),
        _ => any(handler),
    };
    Route {
        method,
        path,
        guard,
        section,
        test,
        body: BodyKind::Call,
        handler,
    }
}

fn all() -> Vec<Route> {
    [
        auth::routes(),
        config::routes(),
        contact::routes(),
        conversation::routes(),
        favorite::routes(),
        file::routes(),
        group::routes(),
        mention::routes(),
        message::routes(),
        message_change::routes(),
        notification::routes(),
        public::routes(),
        reaction::routes(),
        search::routes(),
        user::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// One line of the coverage ledger.
#[derive(Clone, Debug)]
pub struct LedgerRow {
    /// HTTP method, `*` for every other one, or `frame` for the socket.
    pub method: &'static str,
    /// Path, or type of the frame.
    pub path: &'static str,
    /// Section of the contract.
    pub section: &'static str,
    /// The test that covers it: `file::function` under `tests/conformance`.
    pub test: &'static str,
    /// Whether it answers 401 to who has no token of this dialect.
    pub needs_token: bool,
}

/// Every route and frame with the test that covers it.
pub fn ledger() -> Vec<LedgerRow> {
    let routes = all().into_iter().map(|route| LedgerRow {
        method: route.method,
        path: route.path,
        section: route.section,
        test: route.test,
        needs_token: route.guard == Guard::User,
    });
    routes.chain(realtime::ledger()).collect()
}

/// The router of the whole table.
pub(crate) fn router(app: App) -> Router {
    let mut by_path: BTreeMap<&str, MethodRouter<App>> = BTreeMap::new();
    let mut any_method = BTreeSet::new();
    for route in all() {
        if route.method == ANY {
            any_method.insert(route.path);
        }
        let bytes_max = match route.body {
            BodyKind::Call => app.options.body_bytes_max,
            BodyKind::Upload => app.core.limits().upload_bytes_max.saturating_add(FORM_BYTES),
        };
        let limit = BodyLimit {
            bytes_max,
            refuse: body_too_large,
        };
        let mut handler = route.handler.layer(from_fn_with_state(limit, body_limit));
        if route.guard == Guard::User {
            handler = handler.layer(from_fn_with_state(app.clone(), caller::require));
        }
        let slot = by_path.entry(route.path).or_default();
        *slot = std::mem::take(slot).merge(handler);
    }
    let mut router = Router::new();
    for (path, mut methods) in by_path {
        if !any_method.contains(path) {
            methods = methods.fallback(wrong_method);
        }
        router = router.route(path, methods);
    }
    router
        .route(realtime::PATH, axum::routing::get(realtime::open))
        .with_state(app)
}

fn body_too_large() -> Response {
    Refusal::too_large("请求体过大").into_response()
}

async fn wrong_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, 405, "请求方法不支持")
}
