//! The `parlance` binary: hands the command line to the library and its exit code to the shell. No logic lives here.

use std::process::ExitCode;

/// The system's allocator keeps the memory of every burst in per-thread arenas; this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    parlance_server::main()
}
