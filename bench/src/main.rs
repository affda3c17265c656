//! `parlance-bench`: loads a Parlance server on this machine through the ruoyi dialect, verifies what it delivers,
//! and measures what that costs. This file has the command line only. It shares no code with the server, so that a
//! mistake there cannot hide itself here.

mod account;
mod all;
mod bars;
mod broadcast;
mod connection;
#[cfg(test)]
mod end_to_end;
mod failure;
#[cfg(test)]
mod fake;
mod fanout;
mod fill;
mod frame;
mod http;
mod idle;
mod label;
mod latency;
mod notify;
mod outgoing;
mod process;
mod progress;
mod raw;
mod raw_relay;
mod raw_sqlite;
mod reading;
mod report;
mod scan;
mod send;
mod server;
mod span;
mod start;
mod target;
mod text;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::broadcast::BroadcastLoad;
use crate::failure::{Outcome, fail};
use crate::fanout::FanoutLoad;
use crate::fill::{FillLoad, Ground};
use crate::idle::IdleLoad;
use crate::notify::NotifyLoad;
use crate::raw_sqlite::SqliteLoad;
use crate::reading::{ReadLoad, Reading};
use crate::send::SendLoad;
use crate::start::StartLoad;
use crate::target::{Target, TargetArgs};
use crate::text::{COMMON_WORD, RARE_WORD};
use crate::verify::Faults;

/// Measures a Parlance server on this machine; bench/README.md says how to repeat every figure
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Also write what was found to this file, as JSON
    #[arg(long, global = true)]
    json: Option<PathBuf>,
    /// Threads of the load generator; it shares the processors with the server
    #[arg(long, global = true, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    threads: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on servers started for it, the raw limits too, and compare with the bars
    All(all::AllArgs),
    /// Pairs of sockets, A → B in a direct conversation each
    Send(SendArgs),
    /// One group with many connected members
    Fanout(FanoutArgs),
    /// One conversation of the gateway dialect read by WebSocket, server-sent events and polling
    Notify(NotifyArgs),
    /// An app that tells everybody something (platform dialect)
    Broadcast(BroadcastArgs),
    /// Many sockets that do nothing
    Idle(IdleArgs),
    /// Store many messages for the reading loads
    Fill(FillArgs),
    /// Read the conversation list; `fill` first
    List(ReadArgs),
    /// Read history pages at random places; `fill` first
    History(ReadArgs),
    /// Search for two-character words; `fill` first
    Search(SearchArgs),
    /// First starts: time to /readyz and memory then
    Start(StartArgs),
    /// The same loads on a bare relay, and bare SQLite inserts
    Raw(RawArgs),
    /// The bare relay itself; started by `raw` and `all`
    #[command(hide = true)]
    RawRelay,
}

#[derive(Debug, Args)]
struct SendArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    load: SendLoad,
}

#[derive(Debug, Args)]
struct FanoutArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    load: FanoutLoad,
}

#[derive(Debug, Args)]
struct NotifyArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    load: NotifyLoad,
}

#[derive(Debug, Args)]
struct BroadcastArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    load: BroadcastLoad,
}

#[derive(Debug, Args)]
struct IdleArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    load: IdleLoad,
}

#[derive(Debug, Args)]
struct FillArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    load: FillLoad,
}

#[derive(Debug, Args)]
struct ReadArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    load: ReadLoad,
    /// Conversations of the reader, as given to `fill`
    #[arg(long, default_value_t = 100)]
    reader_conversations: usize,
}

#[derive(Debug, Args)]
struct SearchArgs {
    #[command(flatten)]
    read: ReadArgs,
    /// Words to look for, one run each
    #[arg(long, value_delimiter = ',', default_values_t = [RARE_WORD.to_owned(), COMMON_WORD.to_owned()])]
    words: Vec<String>,
}

#[derive(Debug, Args)]
struct StartArgs {
    /// Path of the release binary
    #[arg(long)]
    server: PathBuf,
    /// Where servers keep their data
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    work_dir: PathBuf,
    #[command(flatten)]
    load: StartLoad,
}

#[derive(Debug, Args)]
struct RawArgs {
    /// Where the database is made; must be a real disk for durable figures
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    work_dir: PathBuf,
    #[command(flatten)]
    send: SendLoad,
    /// Connected members of the fan-out
    #[arg(long, default_value_t = 500)]
    members: usize,
    /// Messages of each fan-out
    #[arg(long, default_value_t = 2_000)]
    fanout_messages: u64,
    /// Messages at once in the burst mode of the fan-out
    #[arg(long, default_value_t = 32)]
    burst: u64,
    #[command(flatten)]
    sqlite: SqliteLoad,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Outcome<()> {
    // The relay is the server of its runs and gets the server's default: a thread for each processor.
    let threads = match cli.command {
        Command::RawRelay => std::thread::available_parallelism()?.get(),
        _ => usize::from(cli.threads),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        tokio::select! {
            done = dispatch(cli) => done,
            // Dropping the command kills the servers that it started and removes their data.
            _ = tokio::signal::ctrl_c() => fail("interrupted"),
            _ = terminated.recv() => fail("terminated"),
        }
    })
}

async fn dispatch(cli: &Cli) -> Outcome<()> {
    match &cli.command {
        Command::All(args) => all::run(args, cli.json.as_deref()).await,
        Command::Send(args) => {
            args.load.check()?;
            let (target, _server) = Target::open(&args.target).await?;
            let pairs = send::make_pairs(&target, args.load.pairs).await?;
            let found = send::run(&target, &pairs, &args.load).await?;
            cli.show("send", &found)?;
            check_faults(&found.faults)
        }
        Command::Fanout(args) => {
            let (target, _server) = Target::open(&args.target).await?;
            let crowd = fanout::make_crowd(&target, &args.load).await?;
            let found = fanout::run(&target, &crowd, &args.load).await?;
            cli.show("fanout", &found)?;
            check_faults(&found.faults)
        }
        Command::Notify(args) => {
            let (target, _server) = Target::open(&args.target).await?;
            cli.show("notify", &notify::run(&target, &args.load).await?)
        }
        Command::Broadcast(args) => {
            let (target, _server) = Target::open(&args.target).await?;
            let found = broadcast::run(&target, &args.load).await?;
            cli.show("broadcast", &found)?;
            match found.faults {
                0 => Ok(()),
                faults => fail(format!(
                    "the server broke its promise: {faults} frames were wrong"
                )),
            }
        }
        Command::Idle(args) => {
            let (target, mut server) = Target::open(&args.target).await?;
            cli.show("idle", &idle::run(&target, server.as_mut(), &args.load).await?)
        }
        Command::Fill(args) => {
            let (target, _server) = Target::open(&args.target).await?;
            let ground = Ground::prepare(&target, &args.load).await?;
            cli.show("fill", &fill::run(&target, &ground, &args.load).await?)
        }
        Command::List(args) => cli.read("list", args, Vec::new()).await,
        Command::History(args) => cli.read("history", args, Vec::new()).await,
        Command::Search(args) => cli.read("search", &args.read, args.words.clone()).await,
        Command::Start(args) => cli.show(
            "start",
            &start::run(&args.server, &args.work_dir, &args.load).await?,
        ),
        Command::Raw(args) => cli.raw(args).await,
        Command::RawRelay => raw_relay::serve().await,
    }
}

impl Cli {
    fn show(&self, title: &str, found: &impl Serialize) -> Outcome<()> {
        println!("{}", report::lines(title, found)?);
        match &self.json {
            Some(file) => report::write_json(file, found),
            None => Ok(()),
        }
    }

    /// Reads as the user of an earlier `fill`; `words` are for `search` only.
    async fn read(&self, title: &str, args: &ReadArgs, words: Vec<String>) -> Outcome<()> {
        let (target, _server) = Target::open(&args.target).await?;
        let peers = args.reader_conversations;
        let load = FillLoad {
            messages: 1,
            conversations: peers,
            reader_conversations: peers,
        };
        let ground = Ground::prepare(&target, &load).await?;
        let readings = match title {
            "list" => vec![Reading::List],
            "history" => vec![Reading::history(&target, &ground).await?],
            _ => words
                .into_iter()
                .map(|word| Reading::Search { word, hits: None })
                .collect(),
        };
        let mut found = Vec::with_capacity(readings.len());
        for reading in readings {
            found.push(reading::run(&target, &ground, reading, &args.load).await?);
        }
        self.show(title, &found)
    }

    async fn raw(&self, args: &RawArgs) -> Outcome<()> {
        let fanout = |burst| FanoutLoad {
            members: args.members,
            senders: 1,
            messages: args.fanout_messages,
            burst,
            bytes: args.send.bytes,
        };
        let found = raw::run(
            &args.work_dir,
            &args.send,
            &fanout(1),
            &fanout(args.burst),
            &args.sqlite,
        )
        .await?;
        self.show("raw", &found)
    }
}

fn check_faults(faults: &Faults) -> Outcome<()> {
    if faults.none() {
        return Ok(());
    }
    fail(format!("the server broke its promise: {faults:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
