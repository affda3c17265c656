//! The dialect from outside: every route through real HTTP and sockets, on a server of its own.

#![expect(
    clippy::expect_used,
    unreachable_pub,
    reason = "helpers of tests: what is missing fails the test, and nobody else sees them"
)]

mod auth;
mod history;
mod house;
mod message;
mod offline;
mod presence;
mod socket;
mod stomp;
mod tenant;
