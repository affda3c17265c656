//! One function for each route: it takes its input, makes one call to the core and gives a wire form.

pub(crate) mod app;
pub(crate) mod auth;
pub(crate) mod documentation;
pub(crate) mod mapping;
pub(crate) mod media;
pub(crate) mod message;
pub(crate) mod send;
pub(crate) mod simple;
pub(crate) mod user;
