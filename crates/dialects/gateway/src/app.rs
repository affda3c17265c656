//! What every handler of the dialect can reach: the core, and the few settings that the dialect needs.

use std::sync::Arc;

use parlance_core::Core;
use parlance_transport::http::client_addr::{AddressList, InternalGuard};
use parlance_transport::http::limit::RateLimiter;

/// Settings of the dialect.
#[derive(Clone)]
pub struct Options {
    /// Who may call the routes under `/inner`.
    pub inner: InternalGuard,
    /// Calls of one user; none when not limited.
    pub user_rate: Option<Arc<RateLimiter>>,
    /// Whether callers on this machine are exempt from rate limits.
    pub loopback_exempt: bool,
    /// Bytes of a body.
    pub body_bytes_max: u64,
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
            user_rate: None,
            loopback_exempt: true,
            body_bytes_max: 1024 * 1024,
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
