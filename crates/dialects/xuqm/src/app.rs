//! What every handler of the dialect can reach: the core, and the few settings that the dialect needs.

use std::sync::Arc;

use parlance_core::Core;
use parlance_transport::http::client_addr::{AddressList, InternalGuard};
use parlance_transport::http::limit::CallerRate;
use parlance_transport::websocket::SocketLimits;

/// Settings of the dialect.
#[derive(Clone)]
pub struct Options {
    /// Who may call the routes under `/api/im/internal`.
    pub inner: InternalGuard,
    /// Calls of one user.
    pub rate: CallerRate,
    /// Bytes of a body.
    pub body_bytes_max: u64,
    /// Bounds of a WebSocket.
    pub socket: Arc<SocketLimits>,
}

impl Default for Options {
    /// Callers on this machine may use the internal routes; no token opens them.
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
        }
    }
}

/// The state of the router. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) core: Core,
    pub(crate) options: Arc<Options>,
}

impl App {
    pub(crate) fn new(core: Core, options: Options) -> Self {
        Self {
            core,
            options: Arc::new(options),
        }
    }
}
