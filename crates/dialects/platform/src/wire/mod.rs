//! The shapes that clients of the dialect read. Foreign names stand here and in the inputs of handlers only.

pub(crate) mod auth;
pub(crate) mod page;
pub(crate) mod time;
pub(crate) mod user;
