//! One function for each route: parse, one call to the core, format.

pub(crate) mod account;
pub(crate) mod auth;
pub(crate) mod blacklist;
pub(crate) mod conversation;
pub(crate) mod friend;
pub(crate) mod group;
pub(crate) mod group_member;
pub(crate) mod history;
pub(crate) mod join_request;
pub(crate) mod message;
pub(crate) mod presence;
pub(crate) mod tenant;
