//! Measures search: what indexing a message costs, and how long a query takes when many are stored.
//!
//! `cargo run --release -p parlance-core --example search_figures -- [messages] [directory]`. The texts are words drawn
//! by rank like those of a language (Zipf), four fifths Chinese, about 100 bytes each, spread over 1,000 direct
//! conversations of 200 people; the one who searches is in 199 of them. Figures only: nothing is asserted.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};
use parlance_core::account::NewAccount;
use parlance_core::command::{OpenDirect, SendMessage, Target};
use parlance_core::query::SearchMessages;
use parlance_core::types::{AccountRole, DEFAULT_TENANT};
use parlance_core::{
    Actor, Command, Context, Core, CoreOptions, Limits, PasswordCost, Query, ReadContext, Result,
    SqliteOptions, SystemClock, Tx,
};
use parlance_store::table::search::{self, BUILDING, LIVE, RETIRED};

const PEOPLE: usize = 200;
const CONVERSATIONS: usize = 1_000;
const WORDS: usize = 20_000;
const BYTES: usize = 100;
const IN_FLIGHT: usize = 512;

struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, sides: usize) -> usize {
        (self.next() % sides as u64) as usize
    }

    /// A rank from 1 to [`WORDS`]: rank r is about r times rarer than rank 1.
    fn rank(&mut self) -> usize {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((WORDS as f64).powf(unit) as usize).clamp(1, WORDS)
    }
}

/// Two-character Chinese words, the common ones of common characters, and English-looking ones.
struct Language {
    chinese: Vec<String>,
    english: Vec<String>,
}

impl Language {
    fn new(dice: &mut Dice) -> Self {
        let character = |dice: &mut Dice| {
            let rank = dice.rank().min(3_500) as u32;
            char::from_u32(0x4e00 + rank * 5).unwrap_or('中')
        };
        let chinese = (0..WORDS).map(|_| [character(dice), character(dice)].iter().collect());
        let chinese = chinese.collect();
        let english = (0..WORDS).map(|_| {
            let length = 2 + dice.below(8);
            (0..length)
                .map(|_| b"etaoinshrdlcumwfgypbvkjxqz"[dice.rank() % 26] as char)
                .collect()
        });
        Self {
            chinese,
            english: english.collect(),
        }
    }

    fn text(&self, dice: &mut Dice) -> String {
        let mut text = String::with_capacity(BYTES + 16);
        let chinese = dice.below(5) > 0;
        while text.len() < BYTES {
            let rank = dice.rank() - 1;
            if chinese {
                text.push_str(&self.chinese[rank]);
                if dice.below(6) == 0 {
                    text.push('，');
                }
            } else {
                text.push_str(&self.english[rank]);
                text.push(' ');
            }
        }
        text
    }
}

struct DropIndex;

impl Command for DropIndex {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        Ok(search::remove_all(cx.tx).await?)
    }
}

/// Live segments, texts in them, bytes of the index, and segments that are being merged or removed.
struct IndexState;

impl Query for IndexState {
    type Answer = (usize, i64, i64, usize);

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        let live = search::segments(cx.tx, LIVE).await?;
        let mut busy = 0;
        for state in [BUILDING, RETIRED] {
            busy += search::segments(cx.tx, state).await?.len();
        }
        let docs = live.iter().map(|segment| segment.docs).sum();
        Ok((live.len(), docs, search::bytes(cx.tx).await?, busy))
    }
}

/// Processor time this process has used.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let field = |index: usize| {
        let text = after_name.split_whitespace().nth(index);
        text.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0)
    };
    // The kernel counts in hundredths of a second.
    Duration::from_millis((field(11) + field(12)) * 10)
}

async fn open(path: &Path) -> Result<Core> {
    Core::open(CoreOptions {
        database: SqliteOptions::new(path),
        files: path.with_extension("files"),
        objects: None,
        token_key: vec![7; 32],
        sealing_key: [8; 32],
        password_cost: PasswordCost {
            memory_kib: 8,
            passes: 1,
        },
        limits: Limits::default(),
        clock: Arc::new(SystemClock),
    })
    .await
}

async fn close(core: Core) {
    let closed = tokio::task::spawn_blocking(move || core.close()).await;
    if let Err(error) = closed {
        eprintln!("closing failed: {error}");
    }
}

async fn fill(
    core: &Core,
    people: &[Actor],
    language: &Language,
    messages: usize,
    dice: &mut Dice,
) -> Result<()> {
    let mut places = Vec::new();
    for index in 0..CONVERSATIONS {
        // The first person is in the first 199.
        let a = if index < PEOPLE - 1 {
            0
        } else {
            1 + dice.below(PEOPLE - 1)
        };
        let b = if a == 0 {
            index + 1
        } else {
            1 + (a + dice.below(PEOPLE - 2)) % (PEOPLE - 1)
        };
        let peer_id = people[b].user_id;
        places.push((
            a,
            core.execute(&people[a], OpenDirect { peer_id })
                .await?
                .conversation_id,
        ));
    }
    let mut sending = FuturesUnordered::new();
    for _ in 0..messages {
        let (writer, conversation) = places[dice.below(places.len())];
        let send = SendMessage::text(Target::Conversation(conversation), language.text(dice));
        sending.push(core.execute(&people[writer], send));
        if sending.len() >= IN_FLIGHT {
            sending.next().await.transpose()?;
        }
    }
    while let Some(sent) = sending.next().await {
        sent?;
    }
    Ok(())
}

/// Waits until the index stands still.
async fn indexed(core: &Core, actor: &Actor, messages: usize) -> Result<(usize, i64, i64)> {
    let mut before = None;
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let (segments, docs, bytes, busy) = core.query(actor, IndexState).await?;
        let now = (segments, docs, bytes);
        if busy == 0 && docs + 2_048 > messages as i64 && before == Some(now) {
            return Ok(now);
        }
        before = Some(now);
    }
}

async fn ask(core: &Core, actor: &Actor, name: &str, words: &[String]) -> Result<()> {
    let mut times = Vec::new();
    let (mut total, mut most) = (0, 0);
    for word in words {
        let started = Instant::now();
        let found = core.query(actor, SearchMessages::for_text(word.as_str())).await?;
        times.push(started.elapsed());
        total += found.total;
        most = most.max(found.total);
    }
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{name:<34} {:>5} queries  p50 {:>7.2} ms  p99 {:>7.2} ms  max {:>7.2} ms  hits on average {}, at most {most}",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0),
        total / words.len().max(1)
    );
    Ok(())
}

async fn queries(core: &Core, people: &[Actor], language: &Language, dice: &mut Dice) -> Result<()> {
    for (who, actor) in [
        ("199 of 1,000 conversations", &people[0]),
        ("8 of 1,000 conversations", &people[7]),
    ] {
        println!("a person in {who}:");
        let common = |list: &[String]| list[..10].to_vec();
        let mut drawn =
            |list: &[String]| -> Vec<String> { (0..400).map(|_| list[dice.rank() - 1].clone()).collect() };
        ask(
            core,
            actor,
            "  the ten commonest Chinese words",
            &common(&language.chinese),
        )
        .await?;
        ask(
            core,
            actor,
            "  Chinese words as they are used",
            &drawn(&language.chinese),
        )
        .await?;
        ask(
            core,
            actor,
            "  English words as they are used",
            &drawn(&language.english),
        )
        .await?;
        let long: Vec<String> = drawn(&language.chinese)
            .chunks_exact(2)
            .map(<[String]>::concat)
            .collect();
        ask(core, actor, "  two Chinese words together", &long).await?;
        let single: Vec<String> = drawn(&language.chinese)
            .iter()
            .take(100)
            .filter_map(|word| word.chars().next())
            .map(String::from)
            .collect();
        ask(core, actor, "  one Chinese character", &single).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let messages: usize = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let directory = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let path = directory.join(format!("parlance-search-{}.db", std::process::id()));
    let mut dice = Dice(20_260_109);
    let language = Language::new(&mut dice);

    let core = open(&path).await?;
    let system = Actor::system(DEFAULT_TENANT);
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let user_id = core
            .create_user(
                &system,
                NewAccount {
                    uid: format!("person{number}"),
                    ..NewAccount::default()
                },
            )
            .await?;
        people.push(Actor {
            user_id,
            role: AccountRole::User,
            ..system.clone()
        });
    }
    let (started, used) = (Instant::now(), cpu());
    fill(&core, &people, &language, messages, &mut dice).await?;
    let (wall, used) = (started.elapsed(), cpu() - used);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / messages as f64;
    println!(
        "{messages} messages sent and indexed beside it: {:.1} µs each, {:.1} µs of processor",
        each(wall),
        each(used)
    );
    indexed(&core, &system, messages).await?;

    core.execute(&system, DropIndex).await?;
    close(core).await;
    let (started, used) = (Instant::now(), cpu());
    let core = open(&path).await?;
    let (segments, docs, bytes) = indexed(&core, &system, messages).await?;
    let (wall, used) = (started.elapsed(), cpu() - used);
    println!(
        "indexed again from the log: {:.2} µs of processor a message, {:.1} s; {docs} texts in {segments} segments, {} bytes a message",
        each(used),
        wall.as_secs_f64(),
        bytes / docs.max(1)
    );
    queries(&core, &people, &language, &mut dice).await?;
    close(core).await;
    std::fs::remove_dir_all(path.with_extension("files"))?;
    std::fs::remove_file(&path)?;
    Ok(())
}
