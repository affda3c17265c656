//! The shapes that clients of this dialect read and write. No other place of the crate writes a foreign name.

pub(crate) mod conversation;
pub(crate) mod message;
pub(crate) mod msg_id;
