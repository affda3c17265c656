//! One module per table: the row, and the statements that touch it. Nothing here decides anything.

pub mod announcement;
pub mod backlog;
pub mod block;
pub mod contact;
pub mod contact_request;
pub mod conversation;
pub mod event;
pub mod favorite;
pub mod file;
pub mod member;
pub mod mention;
pub mod message;
pub mod message_edit;
pub mod notification;
pub mod overview;
pub mod poll_cursor;
pub mod reaction;
pub mod receipt;
pub mod search;
pub mod setting;
pub mod single_read;
pub mod tenant;
pub mod token;
pub mod upload;
pub mod user;
