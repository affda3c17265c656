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

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use parlance_transport::http::route_table::{self, Line, Rules};
pub(crate) use parlance_transport::http::route_table::{ANY, LedgerRow, route};

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

impl route_table::Guard<App> for Guard {
    fn name(&self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::User => "user",
        }
    }

    fn before(&self, handler: MethodRouter<App>, app: &App) -> MethodRouter<App> {
        match self {
            Self::Public => handler,
            Self::User => handler.layer(from_fn_with_state(app.clone(), caller::require)),
        }
    }
}

/// One line of the table; its section is one of ruoyi.md or the seed.
pub(crate) type Route = Line<Guard, App>;

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

/// Every route and frame with the test that covers it.
pub fn ledger() -> Vec<LedgerRow> {
    all()
        .iter()
        .map(LedgerRow::of)
        .chain(realtime::ledger())
        .collect()
}

/// The router of the whole table.
pub(crate) fn router(app: App) -> Router {
    let rules = Rules {
        body_bytes_max: app.options.body_bytes_max,
        file_bytes_max: app.core.limits().upload_bytes_max,
        too_large: || Refusal::too_large("请求体过大").into_response(),
        wrong_method: || Refusal::new(StatusCode::METHOD_NOT_ALLOWED, 405, "请求方法不支持").into_response(),
    };
    route_table::router(all(), rules, &app)
        .route(realtime::PATH, get(realtime::open))
        .with_state(app)
}
