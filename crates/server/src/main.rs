//! The `parlance` binary: hands the command line to the library and its exit code to the shell. No logic lives here.

use std::process::ExitCode;

fn main() -> ExitCode {
    parlance_server::main()
}
