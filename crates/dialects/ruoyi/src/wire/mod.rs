//! The dialect's own names: objects as its clients read them. Nothing outside this crate sees them.

pub(crate) mod conversation;
pub(crate) mod message;
pub(crate) mod time;
pub(crate) mod user;
