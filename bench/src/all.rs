//! `all`: every load on servers that it starts itself, the raw limits beside them, and the bars. A step that fails is
//! named at the end and costs no other step its figures.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::bars::{Bar, Figures, SEND_PER_SECOND, bars, ratio};
use crate::failure::{Outcome, fail};
use crate::fanout::{self, FanoutLoad, FanoutReport};
use crate::fill::{self, FillLoad, FillReport, Ground};
use crate::idle::{self, IdleLoad, IdleReport};
use crate::raw::{self, RawReport};
use crate::raw_sqlite::SqliteLoad;
use crate::reading::{self, CATCH_UP_SECONDS, ReadLoad, ReadReport, Reading};
use crate::report;
use crate::send::{self, SendLoad, SendReport};
use crate::server::Server;
use crate::start::{self, StartLoad, StartReport};
use crate::target::Target;
use crate::verify::Faults;

/// The size of everything that `all` runs; the defaults are those of the bars.
#[derive(Debug, Clone, Args)]
pub(crate) struct AllArgs {
    /// Path of the release binary
    #[arg(long)]
    pub(crate) server: PathBuf,
    /// Where servers keep their data; must be a real disk for durable figures
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    pub(crate) work_dir: PathBuf,
    /// Make at most this many users a second
    #[arg(long)]
    pub(crate) users_per_second: Option<f64>,
    /// Pairs of `send`
    #[arg(long, default_value_t = 200)]
    pub(crate) pairs: usize,
    /// Window of `send`
    #[arg(long, default_value_t = 16)]
    pub(crate) window: usize,
    /// Measured time of each `send`
    #[arg(long, default_value_t = 10.0)]
    pub(crate) seconds: f64,
    /// Members of `fanout`
    #[arg(long, default_value_t = 500)]
    pub(crate) members: usize,
    /// Messages of each `fanout`
    #[arg(long, default_value_t = 2_000)]
    pub(crate) fanout_messages: u64,
    /// Messages at once in the burst mode of `fanout`
    #[arg(long, default_value_t = 32)]
    pub(crate) burst: u64,
    /// Sockets of `idle`
    #[arg(long, default_value_t = 10_000)]
    pub(crate) idle_connections: usize,
    /// Users of `idle`
    #[arg(long, default_value_t = 1_000)]
    pub(crate) idle_users: usize,
    /// Messages of `fill`
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) fill_messages: u64,
    /// Requests of `list`, `history` and each `search`
    #[arg(long, default_value_t = 5_000)]
    pub(crate) requests: u64,
    /// First starts
    #[arg(long, default_value_t = 5)]
    pub(crate) starts: usize,
    /// Rows of the raw SQLite inserts
    #[arg(long, default_value_t = 400_000)]
    pub(crate) rows: u32,
    /// End with a failure when a bar is missed
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Everything that one run found. A step that failed or was left out has no report.
#[derive(Debug, Default, Serialize)]
pub(crate) struct AllReport {
    /// Processors of this machine.
    pub(crate) processors: usize,
    /// Name and version of the kernel.
    pub(crate) kernel: String,
    start: Option<StartReport>,
    idle: Option<IdleReport>,
    send_empty: Option<SendReport>,
    send_paced: Option<SendReport>,
    fanout_one: Option<FanoutReport>,
    fanout_burst: Option<FanoutReport>,
    fill: Option<FillReport>,
    reads: Vec<ReadReport>,
    send_filled: Option<SendReport>,
    raw: Option<RawReport>,
    /// The bars with their figures.
    pub(crate) bars: Vec<Bar>,
    /// Steps that failed, and why.
    pub(crate) failures: Vec<String>,
}

impl AllReport {
    /// Prints how a step ended and keeps its report.
    fn keep<T: Serialize>(&mut self, step: &str, outcome: Outcome<T>) -> Outcome<Option<T>> {
        match outcome {
            Ok(found) => {
                println!("{}", report::lines(step, &found)?);
                Ok(Some(found))
            }
            Err(error) => {
                println!("{step} FAILED: {error}\n");
                self.failures.push(format!("{step}: {error}"));
                Ok(None)
            }
        }
    }

    fn note_faults(&mut self) {
        let of_send = [("send", &self.send_empty), ("send paced", &self.send_paced)];
        let mut found: Vec<(&str, Faults)> = Vec::new();
        for (step, report) in of_send.into_iter().chain([("send filled", &self.send_filled)]) {
            found.extend(report.as_ref().map(|report| (step, report.faults)));
        }
        for (step, report) in [
            ("fanout one", &self.fanout_one),
            ("fanout burst", &self.fanout_burst),
        ] {
            found.extend(report.as_ref().map(|report| (step, report.faults)));
        }
        let faulty = found.into_iter().filter(|(_, faults)| !faults.none());
        self.failures
            .extend(faulty.map(|(step, faults)| format!("{step}: {faults:?}")));
    }

    fn figures(&self) -> Figures {
        let ms = |us: f64| us / 1e3;
        let read_p99 = |name: &str| {
            let matching = self.reads.iter().filter(|read| read.reading.starts_with(name));
            matching.map(|read| ms(read.latency.p99_us)).reduce(f64::max)
        };
        let cpu = |send: &Option<SendReport>| send.as_ref().and_then(|send| send.server_cpu_us_per_message);
        let fanout_cpu = |fanout: Option<&FanoutReport>| fanout?.server_cpu_us_per_delivery;
        let raw = self.raw.as_ref();
        Figures {
            send_per_second: self.send_empty.as_ref().map(|send| send.messages_per_second),
            send_cpu_us: cpu(&self.send_empty),
            send_ack_p99_ms: self.send_paced.as_ref().and_then(paced_p99_ms),
            fanout_one_ratio: ratio(
                fanout_cpu(self.fanout_one.as_ref()),
                fanout_cpu(raw.map(|raw| &raw.fanout_one)),
            ),
            fanout_burst_ratio: ratio(
                fanout_cpu(self.fanout_burst.as_ref()),
                fanout_cpu(raw.map(|raw| &raw.fanout_burst)),
            ),
            idle_bytes: self.idle.as_ref().and_then(|idle| idle.rss_bytes_per_connection),
            start_seconds: self.start.as_ref().map(|start| start.ready_ms_max / 1e3),
            start_rss_mb: self.start.as_ref().map(|start| start.rss_bytes_max as f64 / 1e6),
            list_p99_ms: read_p99("list"),
            history_p99_ms: read_p99("history"),
            search_p99_ms: read_p99("search"),
            filled_ratio: ratio(cpu(&self.send_filled), cpu(&self.send_empty)),
        }
    }
}

/// The p99 of a paced run, if the run kept its pace; otherwise the figure would be about another load.
fn paced_p99_ms(send: &SendReport) -> Option<f64> {
    let kept_pace = send.messages_per_second >= send.rate? * 0.98;
    kept_pace.then_some(send.ack.p99_us / 1e3)
}

/// Runs everything, prints it, and writes it to `json` if asked.
///
/// # Errors
/// A step failed or a message was lost, doubled or out of order; with `--strict` also a missed bar.
pub(crate) async fn run(args: &AllArgs, json: Option<&Path>) -> Outcome<()> {
    let mut found = AllReport {
        processors: std::thread::available_parallelism()?.get(),
        kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease")?
            .trim()
            .to_owned(),
        ..AllReport::default()
    };
    let started = start::run(&args.server, &args.work_dir, &StartLoad { times: args.starts }).await;
    found.start = found.keep("start", started)?;
    let idled = idle_alone(args).await;
    found.idle = found.keep("idle", idled)?;
    match Server::start(&args.server, &args.work_dir).await {
        Ok(server) => {
            let target = Target::of(&server, args.users_per_second);
            load_live(&mut found, args, &target).await?;
            load_filled(&mut found, args, &target).await?;
        }
        Err(error) => found.failures.push(format!("server: {error}")),
    }
    let sqlite = SqliteLoad {
        rows: args.rows,
        batch: 256,
        conversations: 200,
    };
    let (one, burst) = (args.fanout(1), args.fanout(args.burst));
    let limits = raw::run(&args.work_dir, &args.send(None), &one, &burst, &sqlite).await;
    found.raw = found.keep("raw", limits)?;
    conclude(found, args, json)
}

/// A server of its own, so that nothing else has grown its memory.
async fn idle_alone(args: &AllArgs) -> Outcome<IdleReport> {
    let mut server = Server::start(&args.server, &args.work_dir).await?;
    let load = IdleLoad {
        connections: args.idle_connections,
        users: args.idle_users,
        settle_seconds: 5.0,
    };
    idle::run(
        &Target::of(&server, args.users_per_second),
        Some(&mut server),
        &load,
    )
    .await
}

impl AllArgs {
    fn send(&self, rate: Option<f64>) -> SendLoad {
        SendLoad {
            pairs: self.pairs,
            window: self.window,
            messages: None,
            seconds: self.seconds,
            warmup_seconds: 2.0,
            drain_seconds: 10.0,
            bytes: 100,
            rate,
        }
    }

    fn fanout(&self, burst: u64) -> FanoutLoad {
        FanoutLoad {
            members: self.members,
            senders: 1,
            messages: self.fanout_messages,
            burst,
            bytes: 100,
        }
    }
}

async fn load_live(found: &mut AllReport, args: &AllArgs, target: &Target) -> Outcome<()> {
    match send::make_pairs(target, args.pairs).await {
        Ok(pairs) => {
            let saturated = send::run(target, &pairs, &args.send(None)).await;
            found.send_empty = found.keep("send, saturated", saturated)?;
            let paced = send::run(target, &pairs, &args.send(Some(SEND_PER_SECOND))).await;
            found.send_paced = found.keep("send, paced", paced)?;
        }
        Err(error) => found.failures.push(format!("send: {error}")),
    }
    match fanout::make_crowd(target, &args.fanout(1)).await {
        Ok(crowd) => {
            let one = fanout::run(target, &crowd, &args.fanout(1)).await;
            found.fanout_one = found.keep("fanout, one message at a time", one)?;
            let burst = fanout::run(target, &crowd, &args.fanout(args.burst)).await;
            found.fanout_burst = found.keep("fanout, bursts", burst)?;
        }
        Err(error) => found.failures.push(format!("fanout: {error}")),
    }
    Ok(())
}

async fn load_filled(found: &mut AllReport, args: &AllArgs, target: &Target) -> Outcome<()> {
    let load = FillLoad {
        messages: args.fill_messages,
        conversations: 500,
        reader_conversations: 100,
    };
    let ground = match Ground::prepare(target, &load).await {
        Ok(ground) => ground,
        Err(error) => {
            found.failures.push(format!("fill: {error}"));
            return Ok(());
        }
    };
    let filled = fill::run(target, &ground, &load).await;
    found.fill = found.keep("fill", filled)?;
    let Some(fill) = found.fill.clone() else {
        return Ok(());
    };
    let requests = ReadLoad {
        clients: 2,
        requests: args.requests,
        catch_up_seconds_max: CATCH_UP_SECONDS,
    };
    let mut readings = vec![Ok(Reading::List), Reading::history(target, &ground).await];
    readings.extend(fill.reader_hits.iter().map(|(word, hits)| {
        Ok(Reading::Search {
            word: (*word).to_owned(),
            hits: Some(*hits),
        })
    }));
    for reading in readings {
        let read = match reading {
            Ok(reading) => reading::run(target, &ground, reading, &requests).await,
            Err(error) => Err(error),
        };
        let read = found.keep("read", read)?;
        found.reads.extend(read);
    }
    let sent = match send::make_pairs(target, args.pairs).await {
        Ok(pairs) => send::run(target, &pairs, &args.send(None)).await,
        Err(error) => Err(error),
    };
    found.send_filled = found.keep("send into the filled store", sent)?;
    Ok(())
}

fn conclude(mut found: AllReport, args: &AllArgs, json: Option<&Path>) -> Outcome<()> {
    found.note_faults();
    found.bars = bars(&found.figures());
    println!("{} processors, Linux {}\n", found.processors, found.kernel);
    println!("{}", report::bars_table(&found.bars));
    if let Some(file) = json {
        report::write_json(file, &found)?;
    }
    if !found.failures.is_empty() {
        return fail(format!("some steps failed:\n- {}", found.failures.join("\n- ")));
    }
    if args.strict && found.bars.iter().any(|bar| bar.met != Some(true)) {
        return fail("at least one bar is missed");
    }
    Ok(())
}
