//! The dialect from outside: every route through real HTTP and sockets, on a server of its own.

#![expect(
    clippy::expect_used,
    unreachable_pub,
    reason = "helpers of tests: what is missing fails the test, and nobody else sees them"
)]

mod account;
mod auth;
mod bad_input;
mod blacklist;
mod conversation;
mod every_route;
mod friend;
mod group;
mod group_house;
mod group_member;
mod group_rights;
mod history;
mod house;
mod isolation;
mod join_request;
mod message;
mod offline;
mod presence;
mod socket;
mod stomp;
mod tenant;
