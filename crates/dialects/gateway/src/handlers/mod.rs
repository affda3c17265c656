//! Every call: parse, one question or command to the core, format.

pub(crate) mod conversation;
pub(crate) mod history;
pub(crate) mod inner;
pub(crate) mod message;
pub(crate) mod notify;
