//! What every handler of the dialect can reach: the core, and the few settings that the dialect needs.

use std::sync::Arc;
use std::time::Duration;

use parlance_core::Core;
use parlance_transport::http::client_addr::{AddressList, InternalGuard};
use parlance_transport::http::event_stream::KEEP_ALIVE;
use parlance_transport::http::limit::CallerRate;
use parlance_transport::websocket::SocketLimits;

use crate::realtime::polls::Polls;

/// How long things take at `/notify`.
#[derive(Clone, Copy, Debug)]
pub struct Notify {
    /// How long a poll waits for a message.
    pub poll_wait: Duration,
    /// How often a WebSocket is pinged.
    pub ping_every: Duration,
    /// Silence after which a stream of events has a comment.
    pub comment_every: Duration,
}

impl Default for Notify {
    /// As the published server has it, where it says.
    fn default() -> Self {
        Self {
            poll_wait: Duration::from_secs(30),
            ping_every: Duration::from_secs(30),
            comment_every: KEEP_ALIVE,
        }
    }
}

/// Settings of the dialect.
#[derive(Clone)]
pub struct Options {
    /// Who may call the routes under `/inner`.
    pub inner: InternalGuard,
    /// How often one user may call.
    pub rate: CallerRate,
    /// Bytes of a body.
    pub body_bytes_max: u64,
    /// Bounds of a WebSocket.
    pub socket: Arc<SocketLimits>,
    /// How long things take.
    pub notify: Notify,
}

impl Default for Options {
    /// Callers on this machine may use `/inner`; no token opens it.
    fn default() -> Self {
        Self {
            inner: InternalGuard {
                allow: AddressList::loopback(),
                trusted_proxies: AddressList::default(),
                token: String::new(),
            },
            rate: CallerRate::default(),
            body_bytes_max: 1024 * 1024,
            socket: Arc::new(SocketLimits::default()),
            notify: Notify::default(),
        }
    }
}

/// The state of the router. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) core: Core,
    pub(crate) options: Arc<Options>,
    pub(crate) polls: Arc<Polls>,
}

impl App {
    pub(crate) fn new(core: Core, options: Options) -> Self {
        Self {
            core,
            options: Arc::new(options),
            polls: Arc::default(),
        }
    }
}
