//! `idle`: many authenticated sockets that do nothing, and the memory that each costs the server and the kernel.

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::connection::Connection;
use crate::failure::{Outcome, fail};
use crate::frame::{self, TEXT};
use crate::latency::{Latency, Percentiles};
use crate::process::{Memory, allow_open_files, kernel_slab_bytes};
use crate::server::Server;
use crate::target::Target;

/// The most connections of one run.
const CONNECTIONS_MAX: usize = 200_000;
/// Handshakes under way at once.
const HANDSHAKES_AT_ONCE: usize = 32;
/// The longest settling time, in seconds.
const SETTLE_SECONDS_MAX: f64 = 600.0;

/// How many sockets, for how long.
#[derive(Debug, Clone, Args)]
pub(crate) struct IdleLoad {
    /// Sockets to open
    #[arg(long, default_value_t = 10_000)]
    pub(crate) connections: usize,
    /// Users to spread them over; fewer users mean fewer slow registrations but several sockets for each
    #[arg(long, default_value_t = 1_000)]
    pub(crate) users: usize,
    /// Time between the last step and a reading of the memory
    #[arg(long, default_value_t = 5.0)]
    pub(crate) settle_seconds: f64,
}

/// What `idle` found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct IdleReport {
    /// Open sockets.
    pub(crate) connections: usize,
    /// Users they belong to.
    pub(crate) users: usize,
    /// Server memory before the first socket.
    pub(crate) memory_before: Option<Memory>,
    /// Server memory with all sockets open.
    pub(crate) memory_after: Option<Memory>,
    /// Growth of the server's resident memory for each socket, in bytes.
    pub(crate) rss_bytes_per_connection: Option<f64>,
    /// Growth of the server's proportional memory for each socket, in bytes.
    pub(crate) pss_bytes_per_connection: Option<f64>,
    /// The same, resident, after every socket has sent one `ping` and got its `pong`.
    pub(crate) rss_bytes_per_connection_after_ping: Option<f64>,
    /// Growth of the kernel's slabs for each socket end, in bytes; both ends are on this machine, so this is half.
    pub(crate) kernel_bytes_per_connection: f64,
    /// From one handshake's start to its end.
    pub(crate) handshake: Percentiles,
}

/// Makes the users, restarts `server` if it is ours, opens the sockets, reads the memory, and checks that every socket still answers.
///
/// # Errors
/// A refused or dropped connection, or one that answers no `ping`.
pub(crate) async fn run(
    target: &Target,
    server: Option<&mut Server>,
    load: &IdleLoad,
) -> Outcome<IdleReport> {
    if !(1..=CONNECTIONS_MAX).contains(&load.connections) || !(1..=load.connections).contains(&load.users) {
        return fail(format!(
            "--connections must be 1 to {CONNECTIONS_MAX} and --users 1 to --connections"
        ));
    }
    if !(0.0..=SETTLE_SECONDS_MAX).contains(&load.settle_seconds) {
        return fail(format!("--settle-seconds must be 0 to {SETTLE_SECONDS_MAX}"));
    }
    allow_open_files(load.connections as u64 + 100)?;
    let settle = Duration::from_secs_f64(load.settle_seconds);
    let users = target.new_users().users(load.users).await?;
    let tokens: Vec<String> = users.into_iter().map(|user| user.token).collect();
    let mut target = target.clone();
    if let Some(server) = server {
        // Making users takes far more memory than the sockets to be measured, and frees it while they open.
        server.restart().await?;
        target = Target::of(server, target.users_per_second);
    }
    tokio::time::sleep(settle).await;
    let (memory_before, slab_before) = (target.memory()?, kernel_slab_bytes()?);
    let handshake = Latency::new()?;
    let mut connections = open_all(&target, &tokens, load.connections, &handshake).await?;
    tokio::time::sleep(settle).await;
    let (memory_after, slab_after) = (target.memory()?, kernel_slab_bytes()?);
    ping_all(&mut connections).await?;
    tokio::time::sleep(settle).await;
    let after_ping = target.memory()?;
    let count = load.connections as f64;
    let growth = |to: Option<Memory>, part: fn(Memory) -> u64| {
        Some((part(to?) as f64 - part(memory_before?) as f64) / count)
    };
    Ok(IdleReport {
        connections: load.connections,
        users: load.users,
        memory_before,
        memory_after,
        rss_bytes_per_connection: growth(memory_after, |memory| memory.rss_bytes),
        pss_bytes_per_connection: growth(memory_after, |memory| memory.pss_bytes),
        rss_bytes_per_connection_after_ping: growth(after_ping, |memory| memory.rss_bytes),
        kernel_bytes_per_connection: (slab_after as f64 - slab_before as f64) / (2.0 * count),
        handshake: handshake.percentiles(),
    })
}

async fn open_all(
    target: &Target,
    tokens: &[String],
    count: usize,
    handshake: &Latency,
) -> Outcome<Vec<Connection>> {
    let mut connections = Vec::with_capacity(count);
    let mut opening: JoinSet<Outcome<(Connection, Duration)>> = JoinSet::new();
    for (index, token) in tokens.iter().cycle().take(count).enumerate() {
        if opening.len() >= HANDSHAKES_AT_ONCE {
            connections.extend(next_open(&mut opening, handshake).await?);
        }
        opening.spawn(open_one(target.address, token.clone(), index));
    }
    while let Some(connection) = next_open(&mut opening, handshake).await? {
        connections.push(connection);
    }
    Ok(connections)
}

async fn next_open(
    opening: &mut JoinSet<Outcome<(Connection, Duration)>>,
    handshake: &Latency,
) -> Outcome<Option<Connection>> {
    let Some(opened) = opening.join_next().await else {
        return Ok(None);
    };
    let (connection, took) = opened??;
    handshake.record(took);
    Ok(Some(connection))
}

async fn open_one(
    address: std::net::SocketAddr,
    token: String,
    index: usize,
) -> Outcome<(Connection, Duration)> {
    let begun = std::time::Instant::now();
    let mut connection = Connection::open(address, &token, index).await?;
    connection.forget_buffer();
    Ok((connection, begun.elapsed()))
}

async fn ping_all(connections: &mut [Connection]) -> Outcome<()> {
    let mut ping = Vec::new();
    frame::encode_client(&mut ping, TEXT, br#"{"type":"ping"}"#);
    for connection in connections {
        connection.send(&ping).await?;
        connection.wait_for("\"pong\"").await?;
        connection.forget_buffer();
    }
    Ok(())
}
