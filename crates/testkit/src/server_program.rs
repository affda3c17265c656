//! The built program `parlance` as a child process, for tests that need it whole: all dialects at once, and a restart.
//!
//! Not in here: what it answers.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A server that has said where it listens. Killed when dropped.
pub struct ServerProgram {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    // A server whose output nobody reads any more would fail to say something.
    _output: BufReader<ChildStdout>,
}

impl ServerProgram {
    /// Starts the program on a free port. `executable` is what Cargo names `CARGO_BIN_EXE_parlance`; settings come
    /// from `variables` alone.
    ///
    /// # Panics
    /// When it ends before it listens.
    #[expect(clippy::expect_used, reason = "a test cannot go on without its server")]
    pub fn start(executable: &str, data: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(executable);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PARLANCE_") || name == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server");
        let mut output = BufReader::new(child.stdout.take().expect("a piped output"));
        let mut said = String::new();
        let address = loop {
            let begin = said.len();
            let count = output.read_line(&mut said).expect("readable output");
            assert_ne!(count, 0, "the server ended before it listened: {said}");
            if let Some((_, url)) = said[begin..].trim().split_once("listening on http://") {
                break url.parse().expect("an address");
            }
        };
        Self {
            address,
            child,
            _output: output,
        }
    }

    /// SIGTERM, and its end in order.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn stop(mut self) {
        self.end();
    }

    /// SIGTERM, its end in order, and another start, as in [`ServerProgram::start`]: at another address.
    ///
    /// # Panics
    /// When it does not end well, or ends before it listens.
    pub fn restart(&mut self, executable: &str, data: &Path, variables: &[(&str, &str)]) {
        self.end();
        *self = Self::start(executable, data, variables);
    }

    #[expect(clippy::expect_used, reason = "a server that cannot end fails the test")]
    fn end(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
        let status = self.child.wait().expect("its end");
        assert!(status.success(), "the server ended with {status}");
    }

    /// SIGKILL: nothing of it runs after this.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for ServerProgram {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
