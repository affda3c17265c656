//! `fill`: stores many messages through sockets, as the ground for `list`, `history`, `search` and for sending into a
//! full store. One reader has a direct conversation with each of its peers; the peers fill those and further ones
//! among themselves. A second fill of the same server adds to the same conversations.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::account::{User, direct_conversation, run_name};
use crate::connection::Connection;
use crate::failure::{Context as _, Outcome, fail};
use crate::http::HttpClient;
use crate::outgoing::MessageWriter;
use crate::process::allow_open_files;
use crate::progress::Progress;
use crate::scan::{Kind, Scanner};
use crate::span::Mark;
use crate::target::Target;
use crate::text::{self, COMMON_WORD, RARE_WORD};

/// The most messages of one fill.
const MESSAGES_MAX: u64 = 100_000_000;
/// Unacknowledged messages of each filling user.
const WINDOW: u64 = 32;
/// How often progress is looked at.
const PROGRESS_POLL: Duration = Duration::from_millis(50);

/// How much is stored where.
#[derive(Debug, Clone, Args)]
pub(crate) struct FillLoad {
    /// Messages in all
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) messages: u64,
    /// Conversations in all; messages are spread evenly
    #[arg(long, default_value_t = 500)]
    pub(crate) conversations: usize,
    /// Conversations of the one user whom `list`, `history` and `search` read as
    #[arg(long, default_value_t = 100)]
    pub(crate) reader_conversations: usize,
}

/// What `fill` did.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FillReport {
    /// Messages stored.
    pub(crate) messages: u64,
    /// Conversations they are in.
    pub(crate) conversations: usize,
    /// Time it took, in seconds.
    pub(crate) seconds: f64,
    /// Messages a second.
    pub(crate) messages_per_second: f64,
    /// Server CPU for each message, in microseconds.
    pub(crate) server_cpu_us_per_message: Option<f64>,
    /// How many of the reader's messages contain each word that `search` looks for.
    pub(crate) reader_hits: BTreeMap<&'static str, u64>,
}

/// The users and conversations that `fill` makes and the reading sub-commands find again.
#[derive(Debug)]
pub(crate) struct Ground {
    /// Whose lists are read; the first user of all.
    pub(crate) reader: User,
    /// The reader's conversations.
    pub(crate) reader_conversations: Vec<u64>,
    /// All conversations by the user who fills them; the reader's are each peer's first.
    fillers: Vec<(User, Vec<u64>)>,
}

impl Ground {
    /// Makes or finds users and conversations. Peer n's first conversation is with the reader; conversation c beyond
    /// those is filled by peer c modulo the number of peers and is with another peer.
    pub(crate) async fn prepare(target: &Target, load: &FillLoad) -> Outcome<Ground> {
        let peers = load.reader_conversations;
        let further = load.conversations.saturating_sub(peers);
        if peers < 2 || load.conversations < peers || further > peers * (peers - 1) / 2 {
            return fail(
                "--reader-conversations must be at least 2 and at most --conversations, and --conversations at most \
                 the number of pairs among so many users",
            );
        }
        let mut users = target
            .users_named("benchfill".to_owned())
            .users(peers + 1)
            .await?;
        let reader = users.remove(0);
        let mut client = HttpClient::open(target.address).await?;
        let mut fillers = Vec::with_capacity(peers);
        for peer in &users {
            let conversation = direct_conversation(&mut client, &peer.token, reader.id).await?;
            fillers.push((peer.clone(), vec![conversation]));
        }
        let reader_conversations = fillers
            .iter()
            .map(|(_, conversations)| conversations[0])
            .collect();
        for number in 0..further {
            let (from, to) = further_pair(number, peers);
            let peer = users[to].id;
            let (user, conversations) = &mut fillers[from];
            conversations.push(direct_conversation(&mut client, &user.token, peer).await?);
        }
        Ok(Ground {
            reader,
            reader_conversations,
            fillers,
        })
    }
}

/// The `number`-th pair of different peers, each unordered pair once: distance 1 first, then distance 2, …
fn further_pair(number: usize, peers: usize) -> (usize, usize) {
    let (from, distance) = (number % peers, 1 + number / peers);
    (from, (from + distance) % peers)
}

/// Fills the conversations.
///
/// # Errors
/// A refused message, a failed connection, or no progress.
pub(crate) async fn run(target: &Target, ground: &Ground, load: &FillLoad) -> Outcome<FillReport> {
    if !(1..=MESSAGES_MAX).contains(&load.messages) {
        return fail(format!("--messages must be 1 to {MESSAGES_MAX}"));
    }
    allow_open_files(ground.fillers.len() as u64 + 100)?;
    let acked = Arc::new(AtomicU64::new(0));
    let run = run_name();
    let start = Mark::now(target, 0)?;
    let mut tasks = JoinSet::new();
    for (index, (user, conversations)) in ground.fillers.iter().enumerate() {
        let filler = Filler {
            connection: Connection::open(target.address, &user.token, index).await?,
            scanner: Scanner::new(),
            writers: conversations
                .iter()
                .map(|id| MessageWriter::new(*id, &format!("{run}-{id}")))
                .collect(),
            share: Share::of(index as u64, ground.fillers.len() as u64, load.messages),
            acked: Arc::clone(&acked),
        };
        tasks.spawn(filler.run());
    }
    let reader_hits = join(tasks, &acked).await?;
    let span = start.until(&Mark::now(target, acked.load(Ordering::Relaxed))?);
    Ok(FillReport {
        messages: span.count,
        conversations: load.conversations,
        seconds: span.seconds,
        messages_per_second: span.per_second,
        server_cpu_us_per_message: span.cpu_us_each,
        reader_hits,
    })
}

type Hits = BTreeMap<&'static str, u64>;

async fn join(mut tasks: JoinSet<Outcome<Hits>>, acked: &AtomicU64) -> Outcome<Hits> {
    let mut hits = Hits::from([(RARE_WORD, 0), (COMMON_WORD, 0)]);
    let mut progress = Progress::new();
    loop {
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(share) => for (word, count) in share?? {
                    *hits.entry(word).or_default() += count;
                },
                None => return Ok(hits),
            },
            () = tokio::time::sleep(PROGRESS_POLL) => progress.check(acked.load(Ordering::Relaxed))?,
        }
    }
}

/// Which of all messages one filler sends: every `step`-th from `next`.
#[derive(Debug, Clone, Copy)]
struct Share {
    next: u64,
    step: u64,
    end: u64,
}

impl Share {
    fn of(index: u64, fillers: u64, messages: u64) -> Share {
        Share {
            next: index,
            step: fillers,
            end: messages,
        }
    }

    fn take(&mut self) -> Option<u64> {
        let number = self.next;
        (number < self.end).then(|| {
            self.next += self.step;
            number
        })
    }
}

struct Filler {
    connection: Connection,
    scanner: Scanner,
    /// The first is of the reader's conversation.
    writers: Vec<MessageWriter>,
    share: Share,
    acked: Arc<AtomicU64>,
}

impl Filler {
    async fn run(mut self) -> Outcome<Hits> {
        let mut hits = Hits::new();
        let (mut in_flight, mut turn) = (0_u64, 0_usize);
        let mut out = Vec::new();
        loop {
            // Refilled when half empty, so that one write carries several messages.
            while in_flight < WINDOW {
                let Some(number) = self.share.take() else { break };
                let mut content = Vec::new();
                text::append(&mut content, number);
                if turn == 0 {
                    count_hits(&mut hits, &content)?;
                }
                let write = |payload: &mut Vec<u8>| payload.extend_from_slice(&content);
                self.writers[turn].append(&mut out, number, write);
                turn = (turn + 1) % self.writers.len();
                in_flight += 1;
            }
            if in_flight == 0 {
                return Ok(hits);
            }
            self.connection.send(&out).await?;
            out.clear();
            let keep = if self.share.next < self.share.end {
                WINDOW / 2
            } else {
                0
            };
            while in_flight > keep {
                let acked = self.receive_acks().await?;
                in_flight = in_flight.saturating_sub(acked);
            }
        }
    }

    async fn receive_acks(&mut self) -> Outcome<u64> {
        let mut acked = 0;
        let scanner = &self.scanner;
        let each = |text: &[u8]| match scanner.kind(text) {
            Kind::Ack => {
                acked += 1;
                Ok(())
            }
            Kind::Refused => fail(format!(
                "the server refused a message: {}",
                String::from_utf8_lossy(text)
            )),
            Kind::NewMessage | Kind::Other => Ok(()),
        };
        self.connection.receive(each).await?;
        self.acked.fetch_add(acked, Ordering::Relaxed);
        Ok(acked)
    }
}

fn count_hits(hits: &mut Hits, content: &[u8]) -> Outcome<()> {
    let content = std::str::from_utf8(content).context(|| "generated text is no UTF-8".to_owned())?;
    for word in [RARE_WORD, COMMON_WORD] {
        if content.contains(word) {
            *hits.entry(word).or_default() += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn further_pairs_are_different_people_and_never_repeat() {
        let peers = 7;
        let mut seen = HashSet::new();
        for number in 0..peers * (peers - 1) / 2 {
            let (from, to) = further_pair(number, peers);
            assert_ne!(from, to);
            assert!(
                seen.insert((from.min(to), from.max(to))),
                "pair {number} came twice"
            );
        }
    }

    #[test]
    fn shares_cover_every_message_once() {
        let mut all: Vec<u64> = Vec::new();
        for index in 0..7 {
            let mut share = Share::of(index, 7, 100);
            all.extend(std::iter::from_fn(|| share.take()));
        }
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<u64>>());
    }

    #[test]
    fn hits_are_counted_for_each_word() {
        let mut hits = Hits::new();
        count_hits(&mut hits, "今天会议 星河".as_bytes()).unwrap();
        count_hits(&mut hits, "会议会议".as_bytes()).unwrap();
        assert_eq!(hits, Hits::from([(RARE_WORD, 1), (COMMON_WORD, 2)]));
    }
}
