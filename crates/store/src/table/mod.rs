//! One module per table: the row, and the statements that touch it. Nothing here decides anything.

pub mod conversation;
pub mod event;
pub mod member;
pub mod mention;
pub mod message;
pub mod overview;
pub mod single_read;
pub mod token;
pub mod user;
