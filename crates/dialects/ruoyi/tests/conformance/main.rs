//! The dialect from outside: every route and frame through real HTTP and sockets, on a server of its own.

#![expect(
    clippy::expect_used,
    unreachable_pub,
    reason = "helpers of tests: what is missing fails the test, and nobody else sees them"
)]

mod announcement;
mod auth;
mod bad_input;
mod chunk;
mod config;
mod contact;
mod conversation;
mod error_code;
mod favorite;
mod file;
mod forward;
mod group;
mod group_mute;
mod mention;
mod message;
mod message_change;
mod message_lookup;
mod notification;
mod order;
mod people;
mod public;
mod reaction;
mod receipt;
mod search;
mod socket;
mod two_browsers;
mod user;
