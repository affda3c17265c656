//! The dialect from outside: every route through real HTTP and sockets, on a server of its own.

#![expect(
    clippy::expect_used,
    unreachable_pub,
    reason = "helpers of tests: what is missing fails the test, and nobody else sees them"
)]

mod auth;
mod house;
mod socket;
mod stomp;
mod tenant;
