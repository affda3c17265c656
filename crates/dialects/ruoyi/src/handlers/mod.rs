//! What each route does: read the call, ask core once, write the answer.

pub(crate) mod auth;
pub(crate) mod conversation;
pub(crate) mod message;
