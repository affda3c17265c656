//! The table of everything the dialect answers: method, path, guard, section of the contract and the test that
//! covers it. The router is built from it, and so is the coverage ledger in `docs/dialects/gateway.md`.

mod conversation;
mod inner;
mod message;
mod notify;

use std::sync::LazyLock;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::MethodRouter;
pub(crate) use parlance_transport::http::route_table::route;
use parlance_transport::http::route_table::{self, LedgerRow, Line, Rules};

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

impl route_table::Guard<App> for Guard {
    fn name(&self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Inner => "inner",
        }
    }

    fn before(&self, handler: MethodRouter<App>, app: &App) -> MethodRouter<App> {
        match self {
            Self::Token => handler.layer(from_fn_with_state(app.clone(), caller::require_token)),
            Self::Inner => handler.layer(from_fn_with_state(app.clone(), caller::require_inner)),
        }
    }
}

/// One line of the table; its section is one of gateway.md.
pub(crate) type Route = Line<Guard, App>;

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

/// Every route with the test that covers it.
pub fn ledger() -> Vec<LedgerRow> {
    all().iter().map(LedgerRow::of).collect()
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
    let rules = Rules {
        body_bytes_max: app.options.body_bytes_max,
        file_bytes_max: 0,
        too_large: || Refusal::too_large().into_response(),
        wrong_method: || Refusal::method().into_response(),
    };
    route_table::router(all(), rules, &app).with_state(app)
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
