//! Measures how long it takes to tell who of a large group has read a message and who has not.
//!
//! `cargo run --release -p parlance-core --example group_receipt_figures -- [members] [directory]`. Half of the members
//! have read up to the end, a quarter have read the one message singly, the rest has read nothing. Figures only: nothing
//! is asserted.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use parlance_core::command::{CreateGroup, EnsureUser, MarkRead, ReadUpTo, SendMessage, Target};
use parlance_core::query::GroupReceiptOf;
use parlance_core::types::{AccountRole, ConversationId, DEFAULT_TENANT, MessageId, UserId};
use parlance_core::{
    Actor, Core, CoreOptions, Limits, Mandate, PasswordCost, Result, SqliteOptions, SystemClock,
};

const ROUNDS: usize = 101;
const IN_FLIGHT: usize = 512;

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let members: usize = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let directory = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let path = directory.join(format!("parlance-receipts-{}.db", std::process::id()));
    let core = open(&path, i64::try_from(members)?).await?;
    let people = people(&core, members).await?;
    let (conversation_id, message_id) = talk(&core, &people).await?;
    read(&core, &people, conversation_id, message_id).await?;
    measure(&core, conversation_id, message_id).await?;
    tokio::task::spawn_blocking(move || core.close()).await?;
    std::fs::remove_dir_all(path.with_extension("files"))?;
    std::fs::remove_file(&path)?;
    Ok(())
}

async fn open(path: &Path, members: i64) -> Result<Core> {
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
        limits: Limits {
            group_members_max: members,
            ..Limits::default()
        },
        clock: Arc::new(SystemClock),
    })
    .await
}

fn person(user_id: UserId) -> Actor {
    Actor {
        user_id,
        role: AccountRole::User,
        mandate: Mandate::Place,
        ..Actor::system(DEFAULT_TENANT)
    }
}

async fn people(core: &Core, members: usize) -> Result<Vec<UserId>> {
    let system = Actor::system(DEFAULT_TENANT);
    let uids: Vec<String> = (0..members).map(|number| format!("person{number}")).collect();
    let mut ids = Vec::with_capacity(members);
    for some in uids.chunks(IN_FLIGHT) {
        let made = some
            .iter()
            .map(|uid| core.execute(&system, EnsureUser { uid: uid.clone() }));
        ids.extend(try_join_all(made).await?);
    }
    Ok(ids)
}

/// A group of all of them, and the first of three messages of its owner.
async fn talk(core: &Core, people: &[UserId]) -> Result<(ConversationId, MessageId)> {
    let owner = person(people[0]);
    let create = CreateGroup::named("everybody", people.to_vec());
    let conversation_id = core.execute(&owner, create).await?.conversation_id;
    let mut first = None;
    for number in 0..3 {
        let send = SendMessage::text(Target::Conversation(conversation_id), number.to_string());
        let sent = core.execute(&owner, send).await?;
        first.get_or_insert(sent.view.message.id);
    }
    Ok((conversation_id, first.unwrap_or_default()))
}

async fn read(
    core: &Core,
    people: &[UserId],
    conversation_id: ConversationId,
    message_id: MessageId,
) -> Result<()> {
    let readers: Vec<(usize, &UserId)> = people.iter().enumerate().skip(1).collect();
    for some in readers.chunks(IN_FLIGHT) {
        let reads = some.iter().filter_map(|(place, user_id)| {
            let up_to = match place % 4 {
                0 | 1 => ReadUpTo::Newest,
                2 => ReadUpTo::Exactly(vec![message_id]),
                _ => return None,
            };
            let read = MarkRead {
                conversation_id,
                up_to,
            };
            Some(core.execute(&person(**user_id), read))
        });
        try_join_all(reads).await?;
    }
    Ok(())
}

async fn measure(core: &Core, conversation_id: ConversationId, message_id: MessageId) -> Result<()> {
    let administrator = Actor::system(DEFAULT_TENANT);
    let asked = GroupReceiptOf {
        conversation_id,
        message_id,
    };
    let mut taken: Vec<Duration> = Vec::with_capacity(ROUNDS);
    let mut counts = (0, 0);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let receipt = core.query(&administrator, asked).await?;
        taken.push(started.elapsed());
        counts = (receipt.read.len(), receipt.unread.len());
    }
    taken.sort_unstable();
    println!(
        "{} have read, {} have not: median {:.1} ms, slowest {:.1} ms of {ROUNDS}",
        counts.0,
        counts.1,
        taken[ROUNDS / 2].as_secs_f64() * 1e3,
        taken[ROUNDS - 1].as_secs_f64() * 1e3
    );
    Ok(())
}
