//! The dialect `ruoyi`: a JSON API under `/api/im` and `/api/auth`, and a JSON WebSocket at `/ws/im`.
//!
//! Everything in here turns bytes into a core command or query and its answer back into bytes. Foreign names live
//! in [`wire`]; what is allowed is decided in core, never here.

mod app;
mod caller;
mod handlers;
mod input;
mod realtime;
mod recent_keywords;
mod refusal;
mod reply;
mod routes;
mod wire;

pub use app::Options;
pub use routes::ledger;

use axum::Router;
use parlance_core::Core;

/// The name of the dialect in tokens and settings.
pub const DIALECT: &str = "ruoyi";

/// The dialect's HTTP routes and its socket, over a core.
pub fn router(core: Core, options: Options) -> Router {
    routes::router(app::App::new(core, options))
}
