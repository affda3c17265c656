//! Measures what an idle WebSocket costs the server: opens so many from a second process, and prints
//! the growth of this one's resident memory for each. Run: `cargo run --release --example idle 10000`.

use std::{
    env, fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::{Command, Stdio},
    sync::Arc,
    task::{Context, Poll},
};

use axum::{Router, extract::State, response::Response, routing::get};
use parlance_transport::{
    Stream,
    http::{Server, ServerLimits},
    websocket::{Outgoing, Protocol, SocketLimits, Step, Upgrade, pump},
};
use tokio::{net::TcpListener, sync::watch, time::Instant};

const HANDSHAKE: &[u8] = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Says nothing.
struct Silence;

impl Protocol for Silence {
    type Done = ();

    fn opened(&mut self) -> Step<()> {
        Step::none()
    }

    fn receive(&mut self, _text: &str) -> Step<()> {
        Step::none()
    }

    fn finished(&mut self, _done: ()) -> Step<()> {
        Step::none()
    }

    fn poll_event(&mut self, _cx: &mut Context<'_>) -> Poll<Outgoing> {
        Poll::Pending
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn deadline_passed(&mut self) -> Step<()> {
        Step::none()
    }
}

async fn socket(State(limits): State<Arc<SocketLimits>>, upgrade: Upgrade) -> Response {
    upgrade.accept(None, Silence, limits)
}

/// Bytes of this process in memory.
fn resident() -> io::Result<u64> {
    const PAGE_BYTES: u64 = 4096;
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    Ok(pages.ok_or_else(|| io::Error::other("unexpected /proc/self/statm"))? * PAGE_BYTES)
}

/// The second process: opens the sockets, says so, and holds them until its input ends.
fn hold(address: SocketAddr, count: usize) -> io::Result<()> {
    let mut held = Vec::with_capacity(count);
    for n in 0..count {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(HANDSHAKE)?;
        let mut answer = *b"HTTP/1.1 ???";
        stream.read_exact(&mut answer)?;
        if !answer.ends_with(b"101") {
            return Err(io::Error::other(format!("socket {n} was refused")));
        }
        held.push(stream);
    }
    println!("open");
    io::stdin().read_to_end(&mut Vec::new()).map(|_| ())
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().collect();
    let count = arguments
        .get(1)
        .and_then(|count| count.parse().ok())
        .unwrap_or(1000);
    if let Some(address) = arguments.get(2).and_then(|address| address.parse().ok()) {
        return hold(address, count);
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let (_stop, shutdown) = watch::channel(false);
    let router = Router::new()
        .route("/ws", get(socket))
        .with_state(Arc::new(SocketLimits::default()));
    let server = Server {
        listeners: vec![listener],
        router,
        tls: None,
        limits: ServerLimits::default(),
        shutdown,
    };
    tokio::spawn(server.run());
    println!("pump future: {} bytes", pump::pump_bytes::<Stream, Silence>());
    let before = resident()?;
    let mut clients = Command::new(env::current_exe()?)
        .args([count.to_string(), address.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = clients
        .stdout
        .take()
        .ok_or_else(|| io::Error::other("no output of the clients"))?;
    let line = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).map(|_| line)
    });
    if line.await?? != "open\n" {
        return Err(io::Error::other(
            "the clients failed; is the open-files limit too low?",
        ));
    }
    let grown = resident()?.saturating_sub(before);
    println!("{count} idle sockets: {} bytes each", grown / count as u64);
    drop(clients.stdin.take());
    clients.wait().map(|_| ())
}
