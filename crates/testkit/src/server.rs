//! A real server inside the test's process: core on a throw-away directory, real sockets on a free port.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use parlance_core::{Clock, Core, CoreOptions, Limits, PasswordCost, SqliteOptions};
use parlance_transport::http::client_addr::{self, AddressList};
use parlance_transport::http::{PeerAddr, Server, ServerLimits};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::ManualClock;

/// A running server. Stopped by [`TestServer::stop`]; a test that fails leaves that to the end of its process.
pub struct TestServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its core, for what no dialect offers.
    pub core: Core,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Its data.
    pub directory: tempfile::TempDir,
    limits: Limits,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl TestServer {
    /// Starts a server with default limits. `router` gets the core and the data directory.
    ///
    /// # Panics
    /// When the machine has no free port or no temporary directory.
    pub async fn start(router: impl FnOnce(Core) -> Router) -> Self {
        Self::with_limits(Limits::default(), router).await
    }

    /// Starts a server with these limits.
    ///
    /// # Panics
    /// When the machine has no free port or no temporary directory.
    #[expect(clippy::expect_used, reason = "a test cannot go on without its server")]
    pub async fn with_limits(limits: Limits, router: impl FnOnce(Core) -> Router) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self::over(directory, Arc::default(), limits, router).await
    }

    /// Stops the server and starts another one over its data, at another address.
    ///
    /// # Panics
    /// When a task of the server has panicked.
    pub async fn restart(self, router: impl FnOnce(Core) -> Router) -> Self {
        let (directory, clock, limits) = self.halt().await;
        Self::over(directory, clock, limits, router).await
    }

    #[expect(clippy::expect_used, reason = "a test cannot go on without its server")]
    async fn over(
        directory: tempfile::TempDir,
        clock: Arc<ManualClock>,
        limits: Limits,
        router: impl FnOnce(Core) -> Router,
    ) -> Self {
        let options = CoreOptions {
            database: SqliteOptions::new(directory.path().join("parlance.db")),
            files: directory.path().join("files"),
            objects: None,
            token_key: vec![1; 32],
            sealing_key: [2; 32],
            password_cost: PasswordCost {
                memory_kib: 8,
                passes: 1,
            },
            limits: limits.clone(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
        };
        let core = Core::open(options).await.expect("a core");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, shutdown) = watch::channel(false);
        let server = Server {
            listeners: vec![listener],
            router: router(core.clone()).layer(from_fn(note_caller)),
            tls: None,
            limits: ServerLimits::default(),
            shutdown,
        };
        let serving = tokio::spawn(async move {
            server.run().await;
        });
        Self {
            address,
            core,
            clock,
            directory,
            limits,
            stop,
            serving,
        }
    }

    /// The base URL.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Stops serving and closes the database, as SIGTERM does.
    ///
    /// # Panics
    /// When a task of the server has panicked.
    pub async fn stop(self) {
        self.halt().await;
    }

    #[expect(clippy::expect_used, reason = "a panic of the server must fail the test")]
    async fn halt(self) -> (tempfile::TempDir, Arc<ManualClock>, Limits) {
        self.stop.send_replace(true);
        self.serving.await.expect("the server ended well");
        let core = self.core;
        tokio::task::spawn_blocking(move || core.close())
            .await
            .expect("the core closed well");
        (self.directory, self.clock, self.limits)
    }
}

/// Tells handlers where a call comes from, as the real server does.
async fn note_caller(mut request: Request, next: Next) -> axum::response::Response {
    let peer = request.extensions().get::<PeerAddr>().map(|peer| peer.0.ip());
    if let Some(peer) = peer {
        let none = AddressList::parse::<&str>([]).unwrap_or_else(|_| AddressList::loopback());
        let caller = client_addr::caller(peer, request.headers(), &none);
        request.extensions_mut().insert(caller);
    }
    next.run(request).await
}
