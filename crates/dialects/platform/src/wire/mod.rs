//! The shapes that clients of the dialect read. Foreign names stand here and in the inputs of handlers only.

pub(crate) mod app;
pub(crate) mod auth;
pub(crate) mod jump;
pub(crate) mod media;
pub(crate) mod message;
pub(crate) mod page;
pub(crate) mod simple;
pub(crate) mod time;
pub(crate) mod user;
