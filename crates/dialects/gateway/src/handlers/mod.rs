//! Every call: parse, one question or command to the core, format.

pub(crate) mod inner;
pub(crate) mod notify;
