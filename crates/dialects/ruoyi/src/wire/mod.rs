//! The dialect's own names: objects as its clients read them. Nothing outside this crate sees them.

pub(crate) mod announcement;
pub(crate) mod contact;
pub(crate) mod conversation;
pub(crate) mod favorite;
pub(crate) mod file;
pub(crate) mod group;
pub(crate) mod mention;
pub(crate) mod message;
pub(crate) mod message_marks;
pub(crate) mod notification;
pub(crate) mod push;
pub(crate) mod search;
pub(crate) mod time;
pub(crate) mod user;
