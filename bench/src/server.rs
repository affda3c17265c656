//! Starts and stops the server under test: an empty data directory, port 0, secrets through the environment.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::connection::check_loopback;
use crate::failure::{Context as _, Outcome, fail};
use crate::http::{HttpClient, Request};
use crate::process::allow_open_files;

/// The administrator's password of every started server.
pub(crate) const ADMIN_PASSWORD: &str = "bench-Admin-Pass-1";
/// How long a server may take until it is ready.
const READY_WAIT_MAX: Duration = Duration::from_secs(30);
/// How often a starting server is asked whether it is ready.
const READY_POLL: Duration = Duration::from_millis(2);
/// How long one answer of `/readyz` may take.
const READY_ANSWER_MAX: Duration = Duration::from_secs(1);
/// How long a server may take to stop after SIGTERM; it promises 10 s.
const STOP_WAIT_MAX: Duration = Duration::from_secs(12);
/// How much of the server's log an error shows, in bytes.
const LOG_TAIL_BYTES: usize = 2_000;

/// A running server and its data; dropped, it is killed and its data removed.
#[derive(Debug)]
pub(crate) struct Server {
    binary: PathBuf,
    child: Child,
    address: SocketAddr,
    started_in: Duration,
    directory: TempDir,
}

impl Server {
    /// Starts `parlance serve` on an empty data directory below `parent` and waits until `/readyz` answers 200.
    ///
    /// # Errors
    /// The binary cannot be run, ends early, or is not ready in 30 s; the end of its log is in the text.
    pub(crate) async fn start(binary: &Path, parent: &Path) -> Outcome<Server> {
        // Inherited by the server, which must be able to hold the sockets that it will be given.
        allow_open_files(0)?;
        let directory = work_directory(parent)?;
        let begun = Instant::now();
        let child = spawn(binary, directory.path())?;
        // From here on dropping `server` also stops the child.
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Server {
            binary: binary.to_owned(),
            child,
            address,
            started_in: Duration::ZERO,
            directory,
        };
        server.wait_until_ready(begun).await?;
        Ok(server)
    }

    /// Stops it and starts it again on the same data: a process that has done nothing yet.
    ///
    /// # Errors
    /// It does not stop or does not start.
    pub(crate) async fn restart(&mut self) -> Outcome<()> {
        self.terminate().await?;
        let begun = Instant::now();
        self.child = spawn(&self.binary, self.directory.path())?;
        self.wait_until_ready(begun).await
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// From the start of the process to the first 200 of `/readyz`.
    pub(crate) fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Stops it with SIGTERM and waits for its end.
    ///
    /// # Errors
    /// It ends with a failure or not in time; it is killed then.
    pub(crate) async fn stop(mut self) -> Outcome<()> {
        self.terminate().await
    }

    async fn terminate(&mut self) -> Outcome<()> {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::TERM)?;
        }
        let begun = Instant::now();
        while begun.elapsed() < STOP_WAIT_MAX {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return fail(format!("the server ended with {status} after SIGTERM")),
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        fail(format!(
            "the server did not stop within {} s of SIGTERM",
            STOP_WAIT_MAX.as_secs()
        ))
    }

    async fn wait_until_ready(&mut self, begun: Instant) -> Outcome<()> {
        let address_file = self.directory.path().join("data").join("address");
        while begun.elapsed() < READY_WAIT_MAX {
            if let Some(status) = self.child.try_wait()? {
                return fail(format!(
                    "the server ended at once with {status}:\n{}",
                    self.log_tail()
                ));
            }
            if let Some(address) = read_address(&address_file)
                && is_ready(address).await
            {
                check_loopback(address)?;
                self.address = address;
                self.started_in = begun.elapsed();
                return Ok(());
            }
            tokio::time::sleep(READY_POLL).await;
        }
        fail(format!(
            "the server was not ready in {} s:\n{}",
            READY_WAIT_MAX.as_secs(),
            self.log_tail()
        ))
    }

    fn log_tail(&self) -> String {
        let log = fs::read(self.directory.path().join("server.log")).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(LOG_TAIL_BYTES)..]).into_owned()
    }
}

/// Runs `parlance serve` on the data below `directory`.
fn spawn(binary: &Path, directory: &Path) -> Outcome<Child> {
    let log = fs::File::create(directory.join("server.log"))?;
    Command::new(binary)
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(directory.join("data"))
        .env("PARLANCE_ADMIN_PASSWORD", ADMIN_PASSWORD)
        .env("PARLANCE_INTERNAL_TOKEN", "bench-internal-token-0123456789abcdef")
        .env("PARLANCE_APP_KEY", "bench-app")
        .env("PARLANCE_APP_SECRET", "bench-app-secret-0123456789abcdef")
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context(|| format!("cannot run {}", binary.display()))
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only for a child that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes a private directory below `parent` that goes with its owner.
pub(crate) fn work_directory(parent: &Path) -> Outcome<TempDir> {
    tempfile::Builder::new()
        .prefix("parlance-bench-")
        .tempdir_in(parent)
        .context(|| format!("cannot make a work directory in {}", parent.display()))
}

fn read_address(file: &Path) -> Option<SocketAddr> {
    let text = fs::read_to_string(file).ok()?;
    // A reader may come between creation and writing, so only a whole address counts.
    text.trim().trim_start_matches("http://").parse().ok()
}

async fn is_ready(address: SocketAddr) -> bool {
    let request = Request {
        method: "GET",
        path: "/readyz",
        token: None,
        body: "",
    };
    let asked = async {
        let mut client = HttpClient::open(address).await?;
        client.request(&request).await
    };
    matches!(tokio::time::timeout(READY_ANSWER_MAX, asked).await, Ok(Ok(answer)) if answer.status == 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_file_is_read_only_when_whole() {
        let directory = work_directory(&std::env::temp_dir()).unwrap();
        let file = directory.path().join("address");
        assert_eq!(read_address(&file), None);
        fs::write(&file, "").unwrap();
        assert_eq!(read_address(&file), None);
        fs::write(&file, "127.0.0.1:4711\n").unwrap();
        assert_eq!(read_address(&file), Some("127.0.0.1:4711".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_server_that_ends_at_once_is_reported() {
        let error = Server::start(Path::new("/bin/false"), &std::env::temp_dir())
            .await
            .unwrap_err();
        assert!(error.to_string().contains("ended at once"), "{error}");
    }
}
