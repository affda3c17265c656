//! The dialect from outside: every route through real HTTP and sockets, on a server of its own.

#![expect(
    clippy::expect_used,
    unreachable_pub,
    reason = "helpers of tests: what is missing fails the test, and nobody else sees them"
)]

mod app;
mod auth;
mod bad_input;
mod business;
mod callback;
mod documentation;
mod general;
mod jump;
mod mapping;
mod media;
mod media_links;
mod message;
mod people;
mod send;
mod socket;
mod speaker;
mod ticket;
mod user;
