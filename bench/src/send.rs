//! `send`: pairs of WebSocket clients, A → B in a direct conversation each. Every sender keeps at most a window of
//! unacknowledged messages; every receiver verifies that nothing is lost, doubled or out of order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::account::{direct_conversation, run_name};
use crate::connection::Connection;
use crate::failure::{Outcome, fail};
use crate::http::HttpClient;
use crate::label::{LABEL_BYTES_MAX, Label};
use crate::latency::{Latency, Percentiles};
use crate::outgoing::{MessageWriter, counter_of};
use crate::process::{Memory, allow_open_files};
use crate::progress::Progress;
use crate::scan::{Kind, Scanner};
use crate::span::{Mark, Span};
use crate::target::Target;
use crate::verify::{Faults, Sequence};

/// The most pairs, so that a slip of the keyboard cannot open a million sockets.
const PAIRS_MAX: usize = 10_000;
/// The longest measured span, in seconds.
const SECONDS_MAX: f64 = 3_600.0;
/// How often progress is looked at.
const PROGRESS_POLL: Duration = Duration::from_millis(20);
/// How often a paced sender that has nothing to do looks whether the run is over.
const PACE_CHECK: Duration = Duration::from_millis(100);

/// How much is sent, and how.
#[derive(Debug, Clone, Args)]
pub(crate) struct SendLoad {
    /// Pairs of clients; each pair is one direct conversation
    #[arg(long, default_value_t = 200)]
    pub(crate) pairs: usize,
    /// Unacknowledged messages that each sender may have
    #[arg(long, default_value_t = 16)]
    pub(crate) window: usize,
    /// Messages in all, instead of a time
    #[arg(long, conflicts_with_all = ["seconds", "warmup_seconds"])]
    pub(crate) messages: Option<u64>,
    /// Measured time
    #[arg(long, default_value_t = 10.0)]
    pub(crate) seconds: f64,
    /// Time before the measured span, at the same load
    #[arg(long, default_value_t = 2.0)]
    pub(crate) warmup_seconds: f64,
    /// Content of each message, in bytes (at least 64)
    #[arg(long, default_value_t = 100)]
    pub(crate) bytes: usize,
    /// After the last acknowledgement, time without any delivery until what is missing counts as lost
    #[arg(long, default_value_t = 10.0)]
    pub(crate) drain_seconds: f64,
    /// Pace all senders together to this many messages a second; the window stays the cap
    #[arg(long)]
    pub(crate) rate: Option<f64>,
}

impl SendLoad {
    /// Refuses loads that mean nothing or have no bound.
    pub(crate) fn check(&self) -> Outcome<()> {
        let seconds_fine = |seconds: f64| (0.0..=SECONDS_MAX).contains(&seconds);
        if self.pairs == 0 || self.pairs > PAIRS_MAX || self.window == 0 {
            return fail(format!(
                "--pairs must be 1 to {PAIRS_MAX} and --window at least 1"
            ));
        }
        if ![self.seconds, self.warmup_seconds, self.drain_seconds]
            .into_iter()
            .all(seconds_fine)
        {
            return fail(format!(
                "--seconds, --warmup-seconds and --drain-seconds must be 0 to {SECONDS_MAX}"
            ));
        }
        if self.bytes < LABEL_BYTES_MAX {
            return fail(format!(
                "--bytes must be at least {LABEL_BYTES_MAX}, to hold the label that is verified"
            ));
        }
        if self.rate.is_some_and(|rate| !(rate > 0.0 && rate.is_finite())) {
            return fail("--rate must be above 0");
        }
        Ok(())
    }
}

/// What `send` found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SendReport {
    /// Pairs of clients.
    pub(crate) pairs: usize,
    /// Window of each sender.
    pub(crate) window: usize,
    /// Content bytes of each message.
    pub(crate) bytes: usize,
    /// Asked rate, if paced.
    pub(crate) rate: Option<f64>,
    /// Measured span in seconds.
    pub(crate) seconds: f64,
    /// Messages acknowledged in the span.
    pub(crate) messages: u64,
    /// Acknowledged messages a second.
    pub(crate) messages_per_second: f64,
    /// From sending to the acknowledgement.
    pub(crate) ack: Percentiles,
    /// From sending to the arrival at the receiver.
    pub(crate) delivery: Percentiles,
    /// Server CPU for each message, in microseconds.
    pub(crate) server_cpu_us_per_message: Option<f64>,
    /// The generator's own CPU for each message, in microseconds.
    pub(crate) generator_cpu_us_per_message: Option<f64>,
    /// Server memory at the end of the span.
    pub(crate) server_memory: Option<Memory>,
    /// What was wrong in the whole run, warm-up included.
    pub(crate) faults: Faults,
}

/// One pair: who sends, who receives, where.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    /// The conversation of the two.
    pub(crate) conversation: u64,
    /// The sender's token.
    pub(crate) sender_token: String,
    /// The receiver's token.
    pub(crate) receiver_token: String,
}

/// Makes the users and conversations of `count` pairs.
pub(crate) async fn make_pairs(target: &Target, count: usize) -> Outcome<Vec<Pair>> {
    let users = target.new_users().users(count * 2).await?;
    let mut client = HttpClient::open(target.address).await?;
    let mut pairs = Vec::with_capacity(count);
    for two in users.chunks_exact(2) {
        let (sender, receiver) = (&two[0], &two[1]);
        pairs.push(Pair {
            conversation: direct_conversation(&mut client, &sender.token, receiver.id).await?,
            sender_token: sender.token.clone(),
            receiver_token: receiver.token.clone(),
        });
    }
    Ok(pairs)
}

/// What all connections of a run share.
#[derive(Debug)]
struct Shared {
    begun: Instant,
    measuring: AtomicBool,
    stop: AtomicBool,
    acked: AtomicU64,
    delivered: AtomicU64,
    ack: Latency,
    delivery: Latency,
}

impl Shared {
    fn now_ns(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

struct Receiver {
    sequence: Arc<Mutex<Sequence>>,
    task: JoinHandle<Outcome<()>>,
}

/// How one sender ended.
struct Sent {
    pair: usize,
    count: u64,
    acks: Sequence,
}

/// Runs the load on `pairs` and verifies every message.
///
/// # Errors
/// A connection failed or the run stalled. Messages lost, doubled or out of order are no error but in the report.
pub(crate) async fn run(target: &Target, pairs: &[Pair], load: &SendLoad) -> Outcome<SendReport> {
    load.check()?;
    allow_open_files(pairs.len() as u64 * 2 + 100)?;
    let shared = Arc::new(Shared {
        begun: Instant::now(),
        measuring: AtomicBool::new(load.messages.is_some()),
        stop: AtomicBool::new(false),
        acked: AtomicU64::new(0),
        delivered: AtomicU64::new(0),
        ack: Latency::new()?,
        delivery: Latency::new()?,
    });
    let receivers = connect_receivers(target, pairs, &shared).await?;
    let mut prepared = Vec::with_capacity(pairs.len());
    let run = run_name();
    for (index, pair) in pairs.iter().enumerate() {
        prepared.push(Sender::connect(target, pair, index, load, &shared, &run).await?);
    }
    let before = Mark::now(target, 0)?;
    let mut senders: JoinSet<Outcome<Sent>> = prepared.into_iter().map(Sender::run).collect();
    let watched = watch(target, load, &shared, &mut senders).await?;
    let (sent, ended) = finish(target, load, &shared, senders, watched.finished, &receivers).await?;
    let span = watched.span.unwrap_or_else(|| before.until(&ended));
    let memory = target.memory()?;
    let faults = verdict(&sent, receivers).await?;
    Ok(report(load, span, &shared, memory, faults))
}

async fn connect_receivers(target: &Target, pairs: &[Pair], shared: &Arc<Shared>) -> Outcome<Vec<Receiver>> {
    let mut receivers = Vec::with_capacity(pairs.len());
    for (index, pair) in pairs.iter().enumerate() {
        let connection = Connection::open(target.address, &pair.receiver_token, index).await?;
        let sequence = Arc::new(Mutex::new(Sequence::default()));
        let task = tokio::spawn(receive(
            connection,
            index as u64,
            Arc::clone(&sequence),
            Arc::clone(shared),
        ));
        receivers.push(Receiver { sequence, task });
    }
    Ok(receivers)
}

async fn receive(
    mut connection: Connection,
    pair: u64,
    sequence: Arc<Mutex<Sequence>>,
    shared: Arc<Shared>,
) -> Outcome<()> {
    let scanner = Scanner::new();
    loop {
        let each = |text: &[u8]| {
            if scanner.kind(text) == Kind::NewMessage {
                note_delivery(&scanner, text, pair, &mut sequence.lock(), &shared);
            }
            Ok(())
        };
        connection.receive(each).await?;
    }
}

fn note_delivery(scanner: &Scanner, text: &[u8], pair: u64, sequence: &mut Sequence, shared: &Shared) {
    let label = scanner.content(text).and_then(Label::read);
    let (Some(label), Some(id)) = (label.filter(|label| label.sender == pair), scanner.id(text)) else {
        sequence.unreadable();
        return;
    };
    // Neither a copy nor a stranger may end the wait for what is missing.
    if sequence.arrived(label.counter, id) {
        shared.delivered.fetch_add(1, Ordering::Relaxed);
        if shared.measuring.load(Ordering::Relaxed) {
            shared
                .delivery
                .record_ns(shared.now_ns().saturating_sub(label.sent_ns));
        }
    }
}

struct Sender {
    connection: Connection,
    shared: Arc<Shared>,
    scanner: Scanner,
    writer: MessageWriter,
    pair: usize,
    window: usize,
    bytes: usize,
    /// Messages to send, when a number was asked for.
    quota: Option<u64>,
    pace: Option<Pace>,
    count: u64,
    /// When each unacknowledged message was sent, oldest first.
    unacknowledged: VecDeque<u64>,
    acks: Sequence,
    out: Vec<u8>,
}

/// The schedule of a paced sender.
#[derive(Debug, Clone, Copy)]
struct Pace {
    interval_ns: u64,
    due_ns: u64,
    /// The due message could not be sent because the window was full.
    held_back: bool,
}

impl Sender {
    async fn connect(
        target: &Target,
        pair: &Pair,
        index: usize,
        load: &SendLoad,
        shared: &Arc<Shared>,
        run: &str,
    ) -> Outcome<Sender> {
        let pairs = load.pairs as u64;
        let first = index as u64;
        Ok(Sender {
            connection: Connection::open(target.address, &pair.sender_token, index).await?,
            shared: Arc::clone(shared),
            scanner: Scanner::new(),
            writer: MessageWriter::new(pair.conversation, &format!("{run}-{index}")),
            pair: index,
            window: load.window,
            bytes: load.bytes,
            quota: load
                .messages
                .map(|all| all / pairs + u64::from(first < all % pairs)),
            pace: load.rate.map(|rate| {
                let interval_ns = (load.pairs as f64 * 1e9 / rate) as u64;
                // Spread over the interval, so that senders do not all wake at once.
                let due_ns = shared.now_ns() + interval_ns * first / pairs;
                Pace {
                    interval_ns,
                    due_ns,
                    held_back: false,
                }
            }),
            count: 0,
            unacknowledged: VecDeque::with_capacity(load.window),
            acks: Sequence::default(),
            out: Vec::new(),
        })
    }

    async fn run(mut self) -> Outcome<Sent> {
        loop {
            self.queue();
            if !self.out.is_empty() {
                self.connection.send(&self.out).await?;
                self.out.clear();
            }
            if self.unacknowledged.is_empty() && self.finished() {
                return Ok(Sent {
                    pair: self.pair,
                    count: self.count,
                    acks: self.acks,
                });
            }
            self.receive_until_due().await?;
        }
    }

    fn finished(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed) || self.quota.is_some_and(|quota| self.count >= quota)
    }

    /// Appends as many messages as window, pace and quota allow.
    fn queue(&mut self) {
        while !self.finished() {
            let now_ns = self.shared.now_ns();
            if self.unacknowledged.len() >= self.window {
                if let Some(pace) = &mut self.pace {
                    pace.held_back |= pace.due_ns <= now_ns;
                }
                return;
            }
            let sent_ns = match &mut self.pace {
                None => now_ns,
                Some(pace) if pace.due_ns > now_ns => return,
                Some(pace) => pace.take(now_ns),
            };
            let label = Label {
                sender: self.pair as u64,
                counter: self.count,
                sent_ns,
            };
            self.writer.append(&mut self.out, self.count, |content| {
                label.write(content, self.bytes)
            });
            self.unacknowledged.push_back(sent_ns);
            self.count += 1;
        }
    }

    async fn receive_until_due(&mut self) -> Outcome<()> {
        let Sender {
            connection,
            scanner,
            shared,
            acks,
            unacknowledged,
            ..
        } = self;
        let receive = connection.receive(|text| {
            note_answer(scanner, text, shared, acks, unacknowledged);
            Ok(())
        });
        let Some(pace) = self.pace else {
            return receive.await;
        };
        let due = shared.begun + Duration::from_nanos(pace.due_ns);
        let latest = Instant::now() + PACE_CHECK;
        let wake = if pace.held_back { latest } else { due.min(latest) };
        tokio::select! {
            received = receive => received,
            () = tokio::time::sleep_until(wake) => Ok(()),
        }
    }
}

impl Pace {
    /// Takes the due message. Its latency counts from its due time if the window held it back, so that a slow server
    /// cannot hide a queue; otherwise from now, since the timer's own lateness is not the server's.
    fn take(&mut self, now_ns: u64) -> u64 {
        let sent_ns = if self.held_back { self.due_ns } else { now_ns };
        self.due_ns += self.interval_ns;
        self.held_back = self.held_back && self.due_ns <= now_ns;
        sent_ns
    }
}

fn note_answer(
    scanner: &Scanner,
    text: &[u8],
    shared: &Shared,
    acks: &mut Sequence,
    unacknowledged: &mut VecDeque<u64>,
) {
    let kind = scanner.kind(text);
    if kind != Kind::Ack && kind != Kind::Refused {
        return;
    }
    if let Some(sent_ns) = unacknowledged.pop_front()
        && shared.measuring.load(Ordering::Relaxed)
    {
        shared.ack.record_ns(shared.now_ns().saturating_sub(sent_ns));
    }
    if kind == Kind::Refused {
        acks.refused();
        return;
    }
    match (
        scanner.client_id(text).and_then(counter_of),
        scanner.message_id(text),
    ) {
        // An acknowledgement that came twice is a fault in `acks` already.
        (Some(counter), Some(id)) => _ = acks.arrived(counter, id),
        _ => acks.unreadable(),
    }
    shared.acked.fetch_add(1, Ordering::Relaxed);
}

struct Watched {
    /// The measured span; none when a number of messages was asked for, which is measured as a whole.
    span: Option<Span>,
    /// Senders that ended already.
    finished: Vec<Sent>,
}

/// Waits for warm-up and span, or for all senders; a sender that fails ends the run at once.
async fn watch(
    target: &Target,
    load: &SendLoad,
    shared: &Shared,
    senders: &mut JoinSet<Outcome<Sent>>,
) -> Outcome<Watched> {
    let mut finished = Vec::new();
    if load.messages.is_some() {
        collect(shared, senders, &mut finished, None).await?;
        return Ok(Watched { span: None, finished });
    }
    let warm = Instant::now() + Duration::from_secs_f64(load.warmup_seconds);
    collect(shared, senders, &mut finished, Some(warm)).await?;
    shared.measuring.store(true, Ordering::Relaxed);
    let start = Mark::now(target, shared.acked.load(Ordering::Relaxed))?;
    let over = Instant::now() + Duration::from_secs_f64(load.seconds);
    collect(shared, senders, &mut finished, Some(over)).await?;
    let end = Mark::now(target, shared.acked.load(Ordering::Relaxed))?;
    shared.measuring.store(false, Ordering::Relaxed);
    shared.stop.store(true, Ordering::Relaxed);
    Ok(Watched {
        span: Some(start.until(&end)),
        finished,
    })
}

/// Gathers ended senders until `until`, or until all have ended.
async fn collect(
    shared: &Shared,
    senders: &mut JoinSet<Outcome<Sent>>,
    finished: &mut Vec<Sent>,
    until: Option<Instant>,
) -> Outcome<()> {
    let mut progress = Progress::new();
    while until.is_none_or(|until| Instant::now() < until) {
        tokio::select! {
            ended = senders.join_next() => match ended {
                Some(sent) => finished.push(sent??),
                None => return Ok(()),
            },
            () = tokio::time::sleep(PROGRESS_POLL) => {
                progress.check(shared.acked.load(Ordering::Relaxed) + shared.delivered.load(Ordering::Relaxed))?;
            }
        }
    }
    Ok(())
}

/// Lets the senders end and waits for the last deliveries, but not for ever: what is missing then is lost.
async fn finish(
    target: &Target,
    load: &SendLoad,
    shared: &Shared,
    mut senders: JoinSet<Outcome<Sent>>,
    mut sent: Vec<Sent>,
    receivers: &[Receiver],
) -> Outcome<(Vec<Sent>, Mark)> {
    collect(shared, &mut senders, &mut sent, None).await?;
    // A refused message was promised to nobody.
    let all: u64 = sent
        .iter()
        .map(|sent| sent.count - sent.acks.faults(sent.count).refused)
        .sum();
    let mut progress = Progress::with_patience(Duration::from_secs_f64(load.drain_seconds));
    loop {
        let delivered = shared.delivered.load(Ordering::Relaxed);
        let a_receiver_failed = receivers.iter().any(|receiver| receiver.task.is_finished());
        if delivered >= all || a_receiver_failed || progress.check(delivered).is_err() {
            break;
        }
        tokio::time::sleep(PROGRESS_POLL).await;
    }
    Ok((sent, Mark::now(target, shared.acked.load(Ordering::Relaxed))?))
}

/// Judges acknowledgements and deliveries of every pair.
async fn verdict(sent: &[Sent], receivers: Vec<Receiver>) -> Outcome<Faults> {
    let mut sequences = Vec::with_capacity(receivers.len());
    for receiver in receivers {
        if receiver.task.is_finished() {
            receiver.task.await??;
        } else {
            receiver.task.abort();
        }
        sequences.push(receiver.sequence);
    }
    let mut faults = Faults::default();
    for sender in sent {
        let acks = sender.acks.faults(sender.count);
        let delivered = sequences[sender.pair].lock();
        faults += judge(
            acks,
            delivered.faults(sender.count),
            sender.acks.id_sum() == delivered.id_sum(),
        );
    }
    Ok(faults)
}

/// Puts together what the two ends of one pair say. A refused message is missing on both sides: counted once.
fn judge(acks: Faults, deliveries: Faults, same_ids: bool) -> Faults {
    let mut faults = acks;
    faults.lost = acks.lost.saturating_sub(acks.refused);
    let mut arrived = deliveries;
    arrived.lost = deliveries.lost.saturating_sub(acks.refused);
    let complete = faults.lost == 0 && arrived.lost == 0;
    faults += arrived;
    if complete && !same_ids {
        faults.wrong += 1;
    }
    faults
}

fn report(
    load: &SendLoad,
    span: Span,
    shared: &Shared,
    server_memory: Option<Memory>,
    faults: Faults,
) -> SendReport {
    SendReport {
        pairs: load.pairs,
        window: load.window,
        bytes: load.bytes,
        rate: load.rate,
        seconds: span.seconds,
        messages: span.count,
        messages_per_second: span.per_second,
        ack: shared.ack.percentiles(),
        delivery: shared.delivery.percentiles(),
        server_cpu_us_per_message: span.cpu_us_each,
        generator_cpu_us_per_message: span.generator_us_each,
        server_memory,
        faults,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_held_back_by_the_window_counts_from_its_due_time() {
        let mut pace = Pace {
            interval_ns: 10,
            due_ns: 100,
            held_back: true,
        };
        assert_eq!(pace.take(115), 100);
        assert_eq!(pace.take(115), 110, "the next was held back as well");
        assert_eq!(pace.due_ns, 120);
        assert!(!pace.held_back);
        assert_eq!(
            pace.take(121),
            121,
            "on time: the timer's lateness is not the server's"
        );
    }

    #[test]
    fn a_refused_message_is_not_also_lost() {
        let acks = Faults {
            lost: 2,
            refused: 2,
            ..Faults::default()
        };
        let deliveries = Faults {
            lost: 2,
            ..Faults::default()
        };
        assert_eq!(
            judge(acks, deliveries, false),
            Faults {
                refused: 2,
                wrong: 1,
                ..Faults::default()
            }
        );
        assert_eq!(
            judge(acks, deliveries, true),
            Faults {
                refused: 2,
                ..Faults::default()
            }
        );
    }

    #[test]
    fn a_delivery_under_another_id_than_the_acknowledged_is_wrong() {
        let none = Faults::default();
        assert_eq!(judge(none, none, false), Faults { wrong: 1, ..none });
        let lost = Faults { lost: 1, ..none };
        assert_eq!(
            judge(none, lost, false),
            lost,
            "sums cannot be compared when one is missing"
        );
    }
}
