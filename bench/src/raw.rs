//! `raw`: runs the loads of `send` and `fanout` against the bare relay, and the bare SQLite inserts. Same generator,
//! same machine, same run: what remains between these figures and Parlance's is what Parlance itself costs.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::Serialize;

use crate::failure::{Context as _, Outcome, fail};
use crate::fanout::{self, Crowd, FanoutLoad, FanoutReport};
use crate::process::allow_open_files;
use crate::raw_relay::LISTENING;
use crate::raw_sqlite::{self, SqliteLoad, SqliteReport};
use crate::send::{self, Pair, SendLoad, SendReport};
use crate::target::Target;

/// The room of the fan-out load; rooms of pairs count from 1 and never reach it.
const CROWD_ROOM: u64 = 1_000_000;
/// Files that the relay and the generator may open, for any load that the arguments allow by default.
const OPEN_FILES: u64 = 4_096;

/// What `raw` found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RawReport {
    /// One-to-one relay with acknowledgements.
    pub(crate) relay: SendReport,
    /// Fan-out, one message at a time.
    pub(crate) fanout_one: FanoutReport,
    /// Fan-out in bursts, waiting frames joined into one write.
    pub(crate) fanout_burst: FanoutReport,
    /// Batched inserts.
    pub(crate) sqlite: SqliteReport,
}

/// The bare relay as a child process; dropped, it is killed.
#[derive(Debug)]
pub(crate) struct RelayProcess {
    child: Child,
    address: SocketAddr,
}

impl RelayProcess {
    /// Starts this very program once more as `raw-relay`.
    pub(crate) fn start() -> Outcome<RelayProcess> {
        RelayProcess::start_program(&std::env::current_exe()?)
    }

    fn start_program(program: &Path) -> Outcome<RelayProcess> {
        let child = Command::new(program)
            .arg("raw-relay")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context(|| format!("cannot run {}", program.display()))?;
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut relay = RelayProcess {
            child,
            address: unknown,
        };
        let mut line = String::new();
        if let Some(stdout) = relay.child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        match line.trim().strip_prefix(LISTENING).map(str::parse) {
            Some(Ok(address)) => relay.address = address,
            _ => return fail("the bare relay did not start"),
        }
        Ok(relay)
    }

    /// The relay as something to load.
    pub(crate) fn target(&self) -> Target {
        Target {
            address: self.address,
            pid: Some(self.child.id()),
            users_per_second: None,
        }
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        // Both fail only for a child that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Pairs of the bare relay: a room for two, named by its number.
pub(crate) fn pairs(count: usize) -> Vec<Pair> {
    (1..=count as u64)
        .map(|room| Pair {
            conversation: room,
            sender_token: room.to_string(),
            receiver_token: room.to_string(),
        })
        .collect()
}

/// A crowd of the bare relay.
pub(crate) fn crowd(load: &FanoutLoad) -> Crowd {
    let token = CROWD_ROOM.to_string();
    Crowd {
        conversation: CROWD_ROOM,
        senders: vec![token.clone(); load.senders],
        members: vec![token; load.members],
    }
}

/// Runs all raw loads.
///
/// # Errors
/// The relay fails, or loses, doubles or reorders something: then its figures mean nothing.
pub(crate) async fn run(
    work_dir: &Path,
    send: &SendLoad,
    one: &FanoutLoad,
    burst: &FanoutLoad,
    sqlite: &SqliteLoad,
) -> Outcome<RawReport> {
    allow_open_files(OPEN_FILES)?;
    let process = RelayProcess::start()?;
    let target = process.target();
    let relay = send::run(&target, &pairs(send.pairs), send).await?;
    let fanout_one = fanout::run(&target, &crowd(one), one).await?;
    let fanout_burst = fanout::run(&target, &crowd(burst), burst).await?;
    drop(process);
    if !(relay.faults.none() && fanout_one.faults.none() && fanout_burst.faults.none()) {
        return fail(format!(
            "the bare relay is at fault: {:?} {:?} {:?}",
            relay.faults, fanout_one.faults, fanout_burst.faults
        ));
    }
    let (work_dir, sqlite) = (work_dir.to_owned(), sqlite.clone());
    let sqlite = tokio::task::spawn_blocking(move || raw_sqlite::run(&work_dir, &sqlite)).await??;
    Ok(RawReport {
        relay,
        fanout_one,
        fanout_burst,
        sqlite,
    })
}
