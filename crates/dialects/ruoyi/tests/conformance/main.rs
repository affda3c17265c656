//! The dialect from outside: every route and frame through real HTTP and sockets, on a server of its own.

mod conversation;
mod message;
mod people;
mod socket;
