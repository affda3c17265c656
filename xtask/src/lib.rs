//! The tidy checks: rules of this repository that neither Cargo nor clippy can enforce.
//!
//! Each module holds one family of rules as functions from a [`Tree`] to findings, with unit tests that
//! show every rule fire on a made-up tree. `tests/tidy.rs` runs them all on the repository itself.
//! Nothing here builds, formats or releases anything, and no other crate depends on this one.

pub mod borders;
pub mod changelog;
pub mod comments;
pub mod decisions;
pub mod licences;
pub mod links;
pub mod ratchet;
pub mod rust_file;
pub mod size;
pub mod source;
mod tree;

pub use tree::{Finding, Tree, TreeFile};
