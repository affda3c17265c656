//! The rules of Parlance: what may happen, what it changes and who hears of it.
//!
//! Everything that a dialect can ask for is a [`Command`] (a change: one function over a transaction) or a
//! [`Query`] (a read over one snapshot), run for an [`Actor`]. What a command records reaches live [`Session`]s after
//! its commit. **Not in here:** HTTP, sockets, wire names, SQL text. This is the only crate that sees the store.

pub mod account;
pub mod app;
pub mod command;
mod core;
mod device;
mod env;
mod error;
pub mod event;
mod field;
pub mod files;
mod follow;
#[cfg(test)]
mod group_rights_tests;
mod hex;
mod hub;
mod id;
#[cfg(test)]
mod inbox_tests;
pub mod name;
pub mod place;
mod policy;
mod presence;
pub mod query;
mod seal;
mod search;
#[cfg(test)]
mod second_tx_tests;
mod session;
pub mod tenant;
#[cfg(test)]
mod testing;
pub mod types;

pub use crate::core::{Core, CoreOptions, Query, ReadContext};
pub use account::{Actor, BlockRule, Mandate, PasswordCost};
pub use command::{Command, Context};
pub use device::LiveDevice;
pub use env::{Clock, Env, Limits, SystemClock};
pub use error::{Error, ErrorKind, Result};
pub use event::{Delivery, Event};
pub use follow::Follower;
pub use parlance_store::sqlite::check_integrity;
pub use parlance_store::{Integrity, SqliteOptions, Synchronous, Tx};
pub use session::{Attendance, Ended, Session, SessionId};
