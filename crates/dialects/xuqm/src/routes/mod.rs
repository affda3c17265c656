//! The table of everything the dialect answers: method, path, guard, section of the contract and the test that
//! covers it. The router is built from it, and so is the coverage ledger in `docs/dialects/xuqm.md`.

mod account;
mod auth;
mod blacklist;
mod conversation;
mod friend;
mod group;
mod message;
mod presence;
mod tenant;

use std::sync::LazyLock;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
pub(crate) use parlance_transport::http::route_table::route;
use parlance_transport::http::route_table::{self, LedgerRow, Line, Rules};

use crate::app::App;
use crate::caller;
use crate::realtime;
use crate::refusal::Refusal;

/// Who may call a route at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Everybody.
    Public,
    /// Whoever has a valid token of this dialect.
    User,
    /// An administrator of the tenant.
    Admin,
    /// An administrator who may name another app than its own.
    Operator,
    /// The operator's own systems.
    Inner,
}

impl route_table::Guard<App> for Guard {
    fn name(&self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::User => "user",
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Inner => "inner",
        }
    }

    fn before(&self, handler: MethodRouter<App>, app: &App) -> MethodRouter<App> {
        match self {
            Self::Public => handler,
            Self::User => handler.layer(from_fn_with_state(app.clone(), caller::require_user)),
            Self::Admin => handler.layer(from_fn_with_state(app.clone(), caller::require_admin)),
            Self::Operator => handler.layer(from_fn_with_state(app.clone(), caller::require_operator)),
            Self::Inner => handler.layer(from_fn_with_state(app.clone(), caller::require_inner)),
        }
    }
}

/// One line of the table; its section is one of xuqm.md.
pub(crate) type Route = Line<Guard, App>;

fn all() -> Vec<Route> {
    let areas = [
        auth::routes(),
        account::routes(),
        blacklist::routes(),
        conversation::routes(),
        friend::routes(),
        group::routes(),
        message::routes(),
        presence::routes(),
        tenant::routes(),
    ];
    areas.into_iter().flatten().collect()
}

/// Every route with the test that covers it.
pub fn ledger() -> Vec<LedgerRow> {
    all()
        .iter()
        .map(LedgerRow::of)
        .chain(realtime::ledger())
        .collect()
}

/// Whether a path belongs to this dialect by what follows `/api/im/`, be there such a route or not.
pub fn serves(path: &str) -> bool {
    static AREAS: LazyLock<Vec<&str>> =
        LazyLock::new(|| all().into_iter().filter_map(|route| area(route.path)).collect());
    area(path).is_some_and(|area| AREAS.contains(&area))
}

/// The part of a path that tells one dialect's routes from another's.
fn area(path: &str) -> Option<&str> {
    path.strip_prefix("/api/im/")?.split('/').next()
}

/// The router of the whole table.
pub(crate) fn router(app: App) -> Router {
    let rules = Rules {
        body_bytes_max: app.options.body_bytes_max,
        file_bytes_max: 0,
        too_large: || Refusal::too_large().into_response(),
        wrong_method: || Refusal::method().into_response(),
    };
    route_table::router(all(), rules, &app)
        .route(realtime::PATH, get(realtime::open))
        .fallback(async || Refusal::missing())
        .with_state(app)
}
