//! The dialect `platform`: a JSON API under `/api/v1` whose answers and refusals have the shapes of FastAPI.
//!
//! Everything in here turns bytes into a core command or query and its answer back into bytes. Foreign names live
//! in [`wire`]; what is allowed is decided in core, never here.

mod app;
mod app_caller;
mod caller;
mod endpoint;
mod handlers;
mod input;
mod realtime;
mod refusal;
mod reply;
mod routes;
mod wire;

pub use app::Options;
pub use realtime::socket_ledger;
pub use routes::ledger;

use axum::Router;
use parlance_core::Core;

/// The name of the dialect in tokens and settings.
pub const DIALECT: &str = "platform";

/// The dialect's HTTP routes, over a core.
pub fn router(core: Core, options: Options) -> Router {
    routes::router(app::App::new(core, options))
}
