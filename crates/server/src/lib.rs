//! The program `parlance`: settings, secrets, wiring, command line and operations. No rule of messaging and no
//! wire format lives here; those are in `parlance-core` and the dialects.

mod cli;
pub mod config;
pub mod control;
mod cors;
pub mod data_dir;
mod demo;
pub mod doctor;
pub mod failure;
mod front;
pub mod health;
pub mod logging;
pub mod metrics;
mod object_files;
mod open_files;
pub mod secrets;
pub mod serve;
pub mod signal;
pub mod user;

/// Runs the program with the arguments and the environment of the process, and says how it went.
#[must_use]
pub fn main() -> std::process::ExitCode {
    cli::run()
}
