//! What each route does: read the call, ask core once, write the answer.

pub(crate) mod auth;
pub(crate) mod config;
pub(crate) mod contact;
pub(crate) mod conversation;
pub(crate) mod message;
pub(crate) mod notification;
pub(crate) mod user;
