//! The foreign shapes. No other place of this crate writes a foreign name.

pub(crate) mod account;
pub(crate) mod auth;
pub(crate) mod conversation;
pub(crate) mod event;
pub(crate) mod friend;
pub(crate) mod group;
pub(crate) mod message;
pub(crate) mod presence;
pub(crate) mod tenant;
