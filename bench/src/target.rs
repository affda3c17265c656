//! Which server a sub-command loads: one that runs already, or one that is started for the run.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::account::{Registration, run_name};
use crate::connection::check_loopback;
use crate::failure::{Outcome, fail};
use crate::process;
use crate::server::Server;

/// The server to load.
#[derive(Debug, Clone, Args)]
pub(crate) struct TargetArgs {
    /// Address of a running server; loopback only
    #[arg(long, conflicts_with = "server")]
    pub(crate) address: Option<SocketAddr>,
    /// Process id of the running server, for its CPU time and memory
    #[arg(long, requires = "address")]
    pub(crate) pid: Option<u32>,
    /// Path of the release binary, to start an empty server for this run
    #[arg(long)]
    pub(crate) server: Option<PathBuf>,
    /// Where started servers keep their data; must be a real disk for durable figures
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    pub(crate) work_dir: PathBuf,
    /// Make at most this many users a second, for servers that limit registration
    #[arg(long)]
    pub(crate) users_per_second: Option<f64>,
}

/// A server that can be loaded and, if its process is known, measured.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its process, if known.
    pub(crate) pid: Option<u32>,
    /// At most this many registrations a second.
    pub(crate) users_per_second: Option<f64>,
}

impl Target {
    /// Finds or starts the server. Keep the second value alive as long as the first is used.
    ///
    /// # Errors
    /// No server was named, it is not on this machine, or it does not start.
    pub(crate) async fn open(args: &TargetArgs) -> Outcome<(Target, Option<Server>)> {
        if args
            .users_per_second
            .is_some_and(|rate| !(rate > 0.0 && rate.is_finite()))
        {
            return fail("--users-per-second must be above 0");
        }
        match (&args.server, args.address) {
            (Some(binary), _) => {
                let server = Server::start(binary, &args.work_dir).await?;
                Ok((Target::of(&server, args.users_per_second), Some(server)))
            }
            (None, Some(address)) => {
                check_loopback(address)?;
                Ok((
                    Target {
                        address,
                        pid: args.pid,
                        users_per_second: args.users_per_second,
                    },
                    None,
                ))
            }
            (None, None) => fail(
                "name the server: --address 127.0.0.1:8080 [--pid PID], or --server target/release/parlance",
            ),
        }
    }

    /// The target that a started server is.
    pub(crate) fn of(server: &Server, users_per_second: Option<f64>) -> Target {
        Target {
            address: server.address(),
            pid: Some(server.pid()),
            users_per_second,
        }
    }

    /// Users that no other run has.
    pub(crate) fn new_users(&self) -> Registration {
        self.users_named(format!("b{}_", run_name()))
    }

    /// Users that other runs find again.
    pub(crate) fn users_named(&self, prefix: String) -> Registration {
        Registration {
            address: self.address,
            prefix,
            users_per_second: self.users_per_second,
        }
    }

    /// CPU time of the server so far, if its process is known.
    pub(crate) fn cpu_time(&self) -> Outcome<Option<Duration>> {
        self.pid.map(process::cpu_time).transpose()
    }

    /// Memory of the server, if its process is known.
    pub(crate) fn memory(&self) -> Outcome<Option<process::Memory>> {
        self.pid.map(process::memory).transpose()
    }
}

/// Server CPU for each of `count` things, in microseconds.
pub(crate) fn cpu_us_each(before: Option<Duration>, after: Option<Duration>, count: u64) -> Option<f64> {
    let spent = after?.checked_sub(before?)?;
    (count > 0).then(|| spent.as_secs_f64() * 1e6 / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_shared_out_over_what_was_done() {
        let (before, after) = (
            Some(Duration::from_millis(500)),
            Some(Duration::from_millis(1_500)),
        );
        assert_eq!(cpu_us_each(before, after, 100_000), Some(10.0));
        assert_eq!(cpu_us_each(before, after, 0), None);
        assert_eq!(cpu_us_each(None, after, 1), None);
    }
}
