//! `fanout`: one group with many connected members. Each sender sends a burst, waits until every member has all of
//! it, and goes on; a burst of 1 is "one message at a time".

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::account::{group, run_name};
use crate::connection::Connection;
use crate::failure::{Outcome, fail};
use crate::http::HttpClient;
use crate::label::{LABEL_BYTES_MAX, Label};
use crate::latency::{Latency, Percentiles};
use crate::outgoing::MessageWriter;
use crate::process::{Memory, allow_open_files};
use crate::progress::Progress;
use crate::scan::{Kind, Scanner};
use crate::span::{Mark, Span};
use crate::target::Target;
use crate::verify::{Faults, Sequence};

/// The most members; the server's own default limit of a group.
const MEMBERS_MAX: usize = 10_000;
/// The most messages of one run, over all senders.
const MESSAGES_MAX: u64 = 1_000_000;
/// How often progress is looked at.
const PROGRESS_POLL: Duration = Duration::from_millis(20);
/// Messages before the measured span; they fill caches and grow buffers.
const WARMUP_BURSTS: u64 = 3;

/// The shape of a fan-out load.
#[derive(Debug, Clone, Args)]
pub(crate) struct FanoutLoad {
    /// Connected members that receive, senders not counted
    #[arg(long, default_value_t = 500)]
    pub(crate) members: usize,
    /// Members that send
    #[arg(long, default_value_t = 1)]
    pub(crate) senders: usize,
    /// Messages of each sender in the measured span
    #[arg(long, default_value_t = 2_000)]
    pub(crate) messages: u64,
    /// Messages sent at once before all members must have them; 1 is one message at a time
    #[arg(long, default_value_t = 1)]
    pub(crate) burst: u64,
    /// Content of each message, in bytes (at least 64)
    #[arg(long, default_value_t = 100)]
    pub(crate) bytes: usize,
}

impl FanoutLoad {
    /// Refuses loads that mean nothing or have no bound.
    pub(crate) fn check(&self) -> Outcome<()> {
        if self.members == 0 || self.senders == 0 || self.members.saturating_add(self.senders) > MEMBERS_MAX {
            return fail(format!(
                "--members and --senders must be at least 1 and together at most {MEMBERS_MAX}"
            ));
        }
        let all = self.messages.saturating_mul(self.senders as u64);
        if self.messages == 0 || all > MESSAGES_MAX || self.burst == 0 || self.burst > self.messages {
            return fail(format!(
                "--messages must be 1 to {MESSAGES_MAX} over all senders, --burst 1 to --messages"
            ));
        }
        if self.bytes < LABEL_BYTES_MAX {
            return fail(format!(
                "--bytes must be at least {LABEL_BYTES_MAX}, to hold the label that is verified"
            ));
        }
        Ok(())
    }

    /// Deliveries of one message: every member but its sender.
    fn deliveries_per_message(&self) -> u64 {
        (self.members + self.senders - 1) as u64
    }
}

/// What `fanout` found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FanoutReport {
    /// Receiving members.
    pub(crate) members: usize,
    /// Sending members.
    pub(crate) senders: usize,
    /// Messages at once.
    pub(crate) burst: u64,
    /// Measured span in seconds.
    pub(crate) seconds: f64,
    /// Deliveries in the span.
    pub(crate) deliveries: u64,
    /// Deliveries a second.
    pub(crate) deliveries_per_second: f64,
    /// From sending to the arrival at a member.
    pub(crate) delivery: Percentiles,
    /// Server CPU for each delivery, in microseconds.
    pub(crate) server_cpu_us_per_delivery: Option<f64>,
    /// The generator's own CPU for each delivery, in microseconds.
    pub(crate) generator_cpu_us_per_delivery: Option<f64>,
    /// Server memory at the end of the span.
    pub(crate) server_memory: Option<Memory>,
    /// What was wrong in the whole run, warm-up included.
    pub(crate) faults: Faults,
}

/// A group and the tokens of those who are in it.
#[derive(Debug, Clone)]
pub(crate) struct Crowd {
    /// The group's conversation.
    pub(crate) conversation: u64,
    /// Tokens of the senders, the owner first.
    pub(crate) senders: Vec<String>,
    /// Tokens of the receiving members.
    pub(crate) members: Vec<String>,
}

/// Makes the users and the group.
pub(crate) async fn make_crowd(target: &Target, load: &FanoutLoad) -> Outcome<Crowd> {
    load.check()?;
    let mut users = target.new_users().users(load.senders + load.members).await?;
    let ids: Vec<u64> = users.iter().skip(1).map(|user| user.id).collect();
    let mut client = HttpClient::open(target.address).await?;
    let conversation = group(&mut client, &users[0].token, &ids).await?;
    let members = users
        .split_off(load.senders)
        .into_iter()
        .map(|user| user.token)
        .collect();
    Ok(Crowd {
        conversation,
        senders: users.into_iter().map(|user| user.token).collect(),
        members,
    })
}

#[derive(Debug)]
struct Shared {
    begun: Instant,
    delivered: AtomicU64,
    /// Deliveries after which the current phase is over, all senders together.
    goal: AtomicU64,
    over: Notify,
    delivery: Latency,
    /// One for each sender.
    bursts: Vec<Burst>,
}

/// How far one sender's messages have come.
#[derive(Debug, Default)]
struct Burst {
    delivered: AtomicU64,
    wanted: AtomicU64,
    complete: Notify,
}

impl Burst {
    /// Takes note of deliveries and wakes the sender when they complete what it waits for.
    fn arrived(&self) {
        // Sequentially consistent, because the sender writes `wanted` and then reads `delivered`.
        let delivered = self.delivered.fetch_add(1, Ordering::SeqCst) + 1;
        if delivered == self.wanted.load(Ordering::SeqCst) {
            self.complete.notify_one();
        }
    }

    fn is_complete(&self) -> bool {
        self.delivered.load(Ordering::SeqCst) >= self.wanted.load(Ordering::SeqCst)
    }
}

impl Shared {
    /// Takes note of one delivery of this sender's messages.
    fn arrived(&self, sender: usize) {
        let delivered = self.delivered.fetch_add(1, Ordering::SeqCst) + 1;
        self.bursts[sender].arrived();
        if delivered == self.goal.load(Ordering::SeqCst) {
            self.over.notify_waiters();
        }
    }

    fn is_over(&self) -> bool {
        self.delivered.load(Ordering::SeqCst) >= self.goal.load(Ordering::SeqCst)
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// One member's view of every sender.
type Sequences = Arc<Mutex<Vec<Sequence>>>;

struct Member {
    sequences: Sequences,
    task: JoinHandle<Outcome<()>>,
}

/// Runs the load on a group and verifies every delivery.
///
/// # Errors
/// A connection failed or the run stalled. Messages lost, doubled or out of order are no error but in the report.
pub(crate) async fn run(target: &Target, crowd: &Crowd, load: &FanoutLoad) -> Outcome<FanoutReport> {
    load.check()?;
    allow_open_files((load.members + load.senders) as u64 + 100)?;
    let shared = Arc::new(Shared {
        begun: Instant::now(),
        delivered: AtomicU64::new(0),
        goal: AtomicU64::new(0),
        over: Notify::new(),
        delivery: Latency::new()?,
        bursts: (0..load.senders).map(|_| Burst::default()).collect(),
    });
    let mut members = Vec::with_capacity(load.members);
    for (index, token) in crowd.members.iter().enumerate() {
        let connection = Connection::open(target.address, token, index).await?;
        let sequences: Sequences = Arc::new(Mutex::new(
            (0..load.senders).map(|_| Sequence::default()).collect(),
        ));
        let task = tokio::spawn(receive(connection, Arc::clone(&sequences), Arc::clone(&shared)));
        members.push(Member { sequences, task });
    }
    let mut senders = Vec::with_capacity(load.senders);
    for (index, token) in crowd.senders.iter().enumerate() {
        senders.push(Sender::connect(target, crowd.conversation, token, index, &shared, load).await?);
    }
    let senders = send_all(&shared, senders, WARMUP_BURSTS * load.burst).await?;
    shared.delivery.clear();
    let start = Mark::now(target, shared.delivered.load(Ordering::SeqCst))?;
    let senders = send_all(&shared, senders, load.messages).await?;
    let end = Mark::now(target, shared.delivered.load(Ordering::SeqCst))?;
    let memory = target.memory()?;
    let faults = verdict(&senders, members).await?;
    Ok(report(load, start.until(&end), &shared, memory, faults))
}

async fn receive(mut connection: Connection, sequences: Sequences, shared: Arc<Shared>) -> Outcome<()> {
    let scanner = Scanner::new();
    loop {
        connection
            .receive(|text| {
                if scanner.kind(text) == Kind::NewMessage {
                    note_delivery(&scanner, text, &mut sequences.lock(), &shared);
                }
                Ok(())
            })
            .await?;
    }
}

fn note_delivery(scanner: &Scanner, text: &[u8], sequences: &mut [Sequence], shared: &Shared) {
    let label = scanner.content(text).and_then(Label::read);
    let sender = label.and_then(|label| usize::try_from(label.sender).ok());
    let known = sender.filter(|sender| *sender < sequences.len());
    let (Some(label), Some(id), Some(sender)) = (label, scanner.id(text), known) else {
        // Whose it should have been is unknown; the first sender's account stands for all.
        sequences[0].unreadable();
        return;
    };
    if sequences[sender].arrived(label.counter, id) {
        shared
            .delivery
            .record_ns(shared.now_ns().saturating_sub(label.sent_ns));
        shared.arrived(sender);
    }
}

struct Sender {
    connection: Connection,
    shared: Arc<Shared>,
    writer: MessageWriter,
    scanner: Scanner,
    index: usize,
    burst: u64,
    bytes: usize,
    deliveries_per_message: u64,
    sent: u64,
    /// What this sender, a member too, receives of the other senders; of itself it must receive nothing.
    sequences: Vec<Sequence>,
    refused: u64,
}

impl Sender {
    async fn connect(
        target: &Target,
        conversation: u64,
        token: &str,
        index: usize,
        shared: &Arc<Shared>,
        load: &FanoutLoad,
    ) -> Outcome<Sender> {
        Ok(Sender {
            connection: Connection::open(target.address, token, load.members + index).await?,
            shared: Arc::clone(shared),
            writer: MessageWriter::new(conversation, &format!("{}-{index}", run_name())),
            scanner: Scanner::new(),
            index,
            burst: load.burst,
            bytes: load.bytes,
            deliveries_per_message: load.deliveries_per_message(),
            sent: 0,
            sequences: (0..load.senders).map(|_| Sequence::default()).collect(),
            refused: 0,
        })
    }

    /// Sends `messages` in bursts; returns when everybody has all messages of all senders, because until then this
    /// member must go on receiving the others'.
    async fn send_bursts(mut self, messages: u64) -> Outcome<Sender> {
        let mut out = Vec::new();
        let goal = self.sent + messages;
        while self.sent < goal {
            out.clear();
            for _ in 0..self.burst.min(goal - self.sent) {
                let label = Label {
                    sender: self.index as u64,
                    counter: self.sent,
                    sent_ns: self.shared.now_ns(),
                };
                self.writer
                    .append(&mut out, self.sent, |content| label.write(content, self.bytes));
                self.sent += 1;
            }
            self.shared.bursts[self.index]
                .wanted
                .store(self.sent * self.deliveries_per_message, Ordering::SeqCst);
            self.connection.send(&out).await?;
            self.wait_for_deliveries().await?;
        }
        self.wait_for_the_others().await?;
        Ok(self)
    }

    async fn wait_for_the_others(&mut self) -> Outcome<()> {
        let shared = Arc::clone(&self.shared);
        loop {
            let over = shared.over.notified();
            tokio::pin!(over);
            // Listening before looking, so that the last delivery cannot fall between the two.
            over.as_mut().enable();
            if shared.is_over() {
                return Ok(());
            }
            tokio::select! {
                () = over => {}
                received = self.receive() => received?,
            }
        }
    }

    async fn wait_for_deliveries(&mut self) -> Outcome<()> {
        let shared = Arc::clone(&self.shared);
        let burst = &shared.bursts[self.index];
        while !burst.is_complete() {
            tokio::select! {
                // A permit left over from an earlier burst only makes the loop look once more.
                () = burst.complete.notified() => {}
                received = self.receive() => received?,
            }
        }
        Ok(())
    }

    async fn receive(&mut self) -> Outcome<()> {
        let Sender {
            connection,
            scanner,
            sequences,
            shared,
            refused,
            ..
        } = self;
        let each = |text: &[u8]| {
            match scanner.kind(text) {
                Kind::NewMessage => note_delivery(scanner, text, sequences, shared),
                Kind::Refused => *refused += 1,
                Kind::Ack | Kind::Other => {}
            }
            match *refused {
                0 => Ok(()),
                // Nobody will receive it, so the burst could never complete.
                _ => fail(format!(
                    "the server refused a message: {}",
                    String::from_utf8_lossy(text)
                )),
            }
        };
        connection.receive(each).await
    }
}

async fn send_all(shared: &Shared, senders: Vec<Sender>, messages: u64) -> Outcome<Vec<Sender>> {
    let deliveries = senders
        .iter()
        .map(|sender| sender.deliveries_per_message * messages)
        .sum::<u64>();
    shared.goal.fetch_add(deliveries, Ordering::SeqCst);
    let mut tasks: JoinSet<_> = senders
        .into_iter()
        .map(|sender| sender.send_bursts(messages))
        .collect();
    let mut done = Vec::new();
    let mut progress = Progress::new();
    loop {
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(sender) => done.push(sender??),
                None => return Ok(done),
            },
            () = tokio::time::sleep(PROGRESS_POLL) => progress.check(shared.delivered.load(Ordering::Relaxed))?,
        }
    }
}

async fn verdict(senders: &[Sender], members: Vec<Member>) -> Outcome<Faults> {
    let mut faults = Faults::default();
    for member in members {
        if member.task.is_finished() {
            member.task.await??;
        } else {
            member.task.abort();
        }
        let sequences = member.sequences.lock();
        for sender in senders {
            faults += sequences[sender.index].faults(sender.sent);
        }
    }
    for receiver in senders {
        for sender in senders {
            let expected = if sender.index == receiver.index {
                0
            } else {
                sender.sent
            };
            faults += receiver.sequences[sender.index].faults(expected);
        }
    }
    Ok(faults)
}

fn report(
    load: &FanoutLoad,
    span: Span,
    shared: &Shared,
    server_memory: Option<Memory>,
    faults: Faults,
) -> FanoutReport {
    FanoutReport {
        members: load.members,
        senders: load.senders,
        burst: load.burst,
        seconds: span.seconds,
        deliveries: span.count,
        deliveries_per_second: span.per_second,
        delivery: shared.delivery.percentiles(),
        server_cpu_us_per_delivery: span.cpu_us_each,
        generator_cpu_us_per_delivery: span.generator_us_each,
        server_memory,
        faults,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_senders_receive_each_others_messages() {
        let load = FanoutLoad {
            members: 500,
            senders: 3,
            messages: 10,
            burst: 1,
            bytes: 100,
        };
        assert_eq!(load.deliveries_per_message(), 502);
    }

    #[tokio::test]
    async fn the_last_delivery_of_a_burst_wakes_its_sender() {
        let burst = Burst::default();
        burst.wanted.store(2, Ordering::SeqCst);
        burst.arrived();
        assert!(!burst.is_complete());
        burst.arrived();
        assert!(burst.is_complete());
        burst.complete.notified().await;
    }
}
