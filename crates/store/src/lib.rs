//! Tables and SQL: what is kept, and how a change reaches the disk.
//!
//! In here: the [`Tx`] abstraction that commands run over, the batching [committer](commit), one module per table
//! under [`table`], and the embedded SQLite engine. **Not in here:** any rule about who may do what, any event
//! meaning, any wire name. This crate depends on no other crate of Parlance.

mod commit;
mod error;
pub mod fragment;
mod migrate;
mod reader;
pub mod sqlite;
pub mod table;
mod tx;

pub use commit::{Committed, Log, Publish, Work};
pub use error::{Error, ErrorKind, Result};
pub use reader::Read;
pub use sqlite::{Integrity, SqliteOptions, Store, Synchronous};
pub use tx::{Column, FromRow, RowView, Tx, Value};
