//! `start`: first starts on an empty data directory, from the process's start to `/readyz`, and the memory then.

use std::path::Path;

use clap::Args;
use serde::Serialize;

use crate::failure::{Outcome, fail};
use crate::process::memory;
use crate::server::Server;

/// The most starts of one run.
const TIMES_MAX: usize = 100;

/// How often the server is started.
#[derive(Debug, Clone, Args)]
pub(crate) struct StartLoad {
    /// First starts, each on a new empty directory
    #[arg(long, default_value_t = 5)]
    pub(crate) times: usize,
}

/// What `start` found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StartReport {
    /// Starts.
    pub(crate) times: usize,
    /// The middle one's time to `/readyz`, in milliseconds.
    pub(crate) ready_ms_median: f64,
    /// The slowest one's, in milliseconds.
    pub(crate) ready_ms_max: f64,
    /// The largest resident memory when ready, in bytes.
    pub(crate) rss_bytes_max: u64,
}

/// Starts the server, measures, stops it with SIGTERM, several times.
///
/// # Errors
/// A start or a stop that fails.
pub(crate) async fn run(binary: &Path, work_dir: &Path, load: &StartLoad) -> Outcome<StartReport> {
    if !(1..=TIMES_MAX).contains(&load.times) {
        return fail(format!("--times must be 1 to {TIMES_MAX}"));
    }
    let mut ready_ms = Vec::with_capacity(load.times);
    let mut rss_bytes_max = 0;
    for _ in 0..load.times {
        let server = Server::start(binary, work_dir).await?;
        ready_ms.push(server.started_in().as_secs_f64() * 1e3);
        rss_bytes_max = rss_bytes_max.max(memory(server.pid())?.rss_bytes);
        server.stop().await?;
    }
    ready_ms.sort_by(f64::total_cmp);
    Ok(StartReport {
        times: load.times,
        ready_ms_median: ready_ms[ready_ms.len() / 2],
        ready_ms_max: ready_ms[ready_ms.len() - 1],
        rss_bytes_max,
    })
}
