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

use axum::Router;
use axum::body::Bytes;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, any, get};
use parlance_core::Error;
pub(crate) use parlance_transport::http::route_table::LedgerRow;
use parlance_transport::http::route_table::{self, Line, Rules};

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

impl route_table::Guard<App> for Guard {
    fn name(&self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::User => "user",
            Self::Administrator => "administrator",
        }
    }

    fn before(&self, handler: MethodRouter<App>, app: &App) -> MethodRouter<App> {
        match self {
            Self::Public => handler,
            Self::User => handler.layer(from_fn_with_state(app.clone(), caller::require)),
            Self::Administrator => handler
                .layer(from_fn_with_state(app.clone(), caller::require_administrator))
                .layer(from_fn_with_state(app.clone(), caller::require)),
        }
    }
}

/// One line of the table, with what the API document says of it.
pub(crate) struct Route {
    line: Line<Guard, App>,
    summary: &'static str,
    operation: fn() -> Operation,
}

impl Route {
    /// The same line with what it is for, in the API document.
    pub(crate) fn says(self, summary: &'static str) -> Self {
        Self { summary, ..self }
    }

    /// The same line for a call that carries a file.
    pub(crate) fn upload(self) -> Self {
        Self {
            line: self.line.upload(),
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
    Route {
        line: route_table::route(call, guard, section, test, handler),
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

/// Every route with the test that covers it.
pub fn ledger() -> Vec<LedgerRow> {
    all().iter().map(|route| LedgerRow::of(&route.line)).collect()
}

/// The API document of the whole table, as JSON.
pub(crate) fn document() -> Result<Bytes, Error> {
    document::json(all())
}

/// The router of the whole table.
pub(crate) fn router(app: App) -> Router {
    let rules = Rules {
        body_bytes_max: app.options.body_bytes_max,
        file_bytes_max: app.core.limits().upload_bytes_max,
        too_large: || Refusal::too_large().into_response(),
        wrong_method: || Refusal::wrong_method().into_response(),
    };
    let lines = all().into_iter().map(|route| Line {
        path: route.line.path.trim_end_matches('/'),
        ..route.line
    });
    let mut router = Router::new();
    for (path, methods) in route_table::by_path(lines, rules, &app) {
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

async fn nothing_here() -> Refusal {
    Refusal::not_found()
}
