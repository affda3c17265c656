//! `raw-sqlite`: batched inserts of a chat message's row into SQLite and nothing else: the limit for a durable store.

use std::path::Path;
use std::time::Instant;

use clap::Args;
use rusqlite::{Connection, params};
use serde::Serialize;

use crate::failure::{Outcome, fail};
use crate::process::cpu_time;
use crate::server::work_directory;
use crate::target::cpu_us_each;

/// The most rows of one run.
const ROWS_MAX: u32 = 100_000_000;
/// Pages in the write-ahead log before a checkpoint: large, because small ones stall commits for milliseconds.
const CHECKPOINT_PAGES: i64 = 20_000;

/// How many rows, and how many in a transaction.
#[derive(Debug, Clone, Args)]
pub(crate) struct SqliteLoad {
    /// Rows to insert
    #[arg(long, default_value_t = 400_000)]
    pub(crate) rows: u32,
    /// Rows in each transaction
    #[arg(long, default_value_t = 256)]
    pub(crate) batch: u32,
    /// Conversations that the rows belong to
    #[arg(long, default_value_t = 200)]
    pub(crate) conversations: u32,
}

/// What `raw-sqlite` found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SqliteReport {
    /// Rows inserted.
    pub(crate) rows: u32,
    /// Rows in each transaction.
    pub(crate) batch: u32,
    /// CPU for each row, in microseconds.
    pub(crate) cpu_us_per_row: Option<f64>,
    /// Rows a second.
    pub(crate) rows_per_second: f64,
    /// The longest transaction, in milliseconds.
    pub(crate) commit_ms_max: f64,
}

/// Inserts the rows below `work_dir`. Blocks, and measures this whole process: run nothing beside it.
///
/// # Errors
/// An impossible load or an SQLite failure.
pub(crate) fn run(work_dir: &Path, load: &SqliteLoad) -> Outcome<SqliteReport> {
    if !(1..=ROWS_MAX).contains(&load.rows) || load.batch == 0 || load.conversations == 0 {
        return fail(format!(
            "--rows must be 1 to {ROWS_MAX}, --batch and --conversations at least 1"
        ));
    }
    let directory = work_directory(work_dir)?;
    let mut database = open(&directory.path().join("raw.db"))?;
    let pid = std::process::id();
    let (before, begun) = (cpu_time(pid)?, Instant::now());
    let mut commit_ms_max = 0.0_f64;
    let mut next = 0;
    while next < load.rows {
        let end = next.saturating_add(load.batch).min(load.rows);
        let batch_begun = Instant::now();
        insert(&mut database, next..end, load.conversations)?;
        commit_ms_max = commit_ms_max.max(batch_begun.elapsed().as_secs_f64() * 1e3);
        next = end;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let cpu_us_per_row = cpu_us_each(Some(before), Some(cpu_time(pid)?), u64::from(load.rows));
    let stored: u32 = database.query_row("SELECT count(*) FROM message", [], |row| row.get(0))?;
    if stored != load.rows {
        return fail(format!("{stored} rows are stored instead of {}", load.rows));
    }
    Ok(SqliteReport {
        rows: load.rows,
        batch: load.batch,
        cpu_us_per_row,
        rows_per_second: f64::from(load.rows) / seconds,
        commit_ms_max,
    })
}

fn open(file: &Path) -> Outcome<Connection> {
    let database = Connection::open(file)?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    database.execute_batch(
        "CREATE TABLE message (id INTEGER PRIMARY KEY, conversation INTEGER NOT NULL, seq INTEGER NOT NULL,
             sender INTEGER NOT NULL, time INTEGER NOT NULL, type TEXT NOT NULL, content TEXT NOT NULL) STRICT;
         CREATE UNIQUE INDEX message_seq ON message (conversation, seq);",
    )?;
    Ok(database)
}

fn insert(database: &mut Connection, numbers: std::ops::Range<u32>, conversations: u32) -> Outcome<()> {
    let content = "x".repeat(100);
    let transaction = database.transaction()?;
    {
        let mut statement = transaction.prepare_cached(
            "INSERT INTO message (id, conversation, seq, sender, time, type, content)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for number in numbers {
            // Time-ordered, like the server's own ids.
            let (id, conversation) = ((i64::from(number) + 1) << 4, number % conversations);
            let seq = number / conversations + 1;
            statement.execute(params![
                id,
                conversation,
                seq,
                conversation * 2,
                id,
                "TEXT",
                content
            ])?;
        }
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_run_stores_every_row() {
        let load = SqliteLoad {
            rows: 1_000,
            batch: 256,
            conversations: 7,
        };
        let report = run(&std::env::temp_dir(), &load).unwrap();
        assert_eq!((report.rows, report.batch), (1_000, 256));
        assert!(report.rows_per_second > 0.0);
    }

    #[test]
    fn impossible_loads_are_refused() {
        let load = SqliteLoad {
            rows: 0,
            batch: 256,
            conversations: 7,
        };
        assert!(run(&std::env::temp_dir(), &load).is_err());
    }
}
