//! The dialect `xuqm`: accounts, messages, conversations, friends and groups over HTTP under `/api/im`, in every tenant
//! of the server.
//!
//! Everything in here turns bytes into a core command or query and its answer back into bytes. Foreign names live
//! in [`wire`]; what is allowed is decided in core, never here.

#![allow(
    dead_code,
    reason = "areas arrive one after the other, and what they share stands already"
)]

mod app;
mod caller;
mod handlers;
mod input;
mod path;
mod realtime;
mod refusal;
mod reply;
mod routes;
mod wire;

pub use app::Options;
pub use routes::{ledger, serves};

use axum::Router;
use axum::response::{IntoResponse, Response};
use parlance_core::Core;

/// The name of the dialect in tokens and settings.
pub const DIALECT: &str = "xuqm";

/// The dialect's routes, over a core.
pub fn router(core: Core, options: Options) -> Router {
    routes::router(app::App::new(core, options))
}

/// The answer to a call without a valid token, for paths that this dialect shares with another one.
pub fn unauthenticated() -> Response {
    refusal::Refusal::unauthenticated("log in first").into_response()
}

/// The answer to a call for what is not there.
pub fn missing() -> Response {
    refusal::Refusal::missing().into_response()
}
