//! The dialect `gateway`: conversations and messages as JSON over POST, pushed through WebSocket, server-sent events
//! or polling at `/notify`, and routes under `/inner` for the operator's own systems.
//!
//! Everything in here turns bytes into a core command or query and its answer back into bytes. Foreign names live
//! in [`wire`]; what is allowed is decided in core, never here.

mod app;
mod caller;
mod handlers;
mod input;
mod realtime;
mod refusal;
mod reply;
mod routes;
mod wire;

pub use app::{Notify, Options};
pub use routes::{ledger, meant_path};

use axum::Router;
use parlance_core::Core;

/// The name of the dialect in tokens and settings.
pub const DIALECT: &str = "gateway";

/// The dialect's routes, over a core.
pub fn router(core: Core, options: Options) -> Router {
    routes::router(app::App::new(core, options))
}
