//! What tests of the whole server stand on: a real server on a free port, HTTP and WebSocket clients, a clock.
//!
//! Not in here: anything that knows a dialect. A dialect's tests bring its router and its words.

mod client;
mod clock;
mod server;

pub use client::{Answer, Http, Socket};
pub use clock::ManualClock;
pub use reqwest::multipart;
pub use server::TestServer;
