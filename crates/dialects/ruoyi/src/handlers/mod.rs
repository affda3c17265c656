//! What each route does: read the call, ask core once, write the answer.

pub(crate) mod announcement;
pub(crate) mod auth;
pub(crate) mod chunk;
pub(crate) mod config;
pub(crate) mod contact;
pub(crate) mod conversation;
pub(crate) mod favorite;
pub(crate) mod file;
pub(crate) mod forward;
pub(crate) mod group;
pub(crate) mod group_mute;
pub(crate) mod mention;
pub(crate) mod message;
pub(crate) mod message_change;
pub(crate) mod message_lookup;
pub(crate) mod notification;
pub(crate) mod public;
pub(crate) mod reaction;
pub(crate) mod receipt;
pub(crate) mod search;
pub(crate) mod user;
