//! How Parlance meets the network: the HTTP server, its limits, and the task that pumps a WebSocket.
//!
//! Nothing in this crate may know a dialect, a rule of messaging, or SQL. A dialect hands it an
//! [`axum::Router`] and, for sockets, an implementation of [`websocket::Protocol`].

pub mod http;
mod stream;
pub mod websocket;

pub use stream::Stream;
