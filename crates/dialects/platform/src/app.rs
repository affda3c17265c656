//! What every handler of the dialect can reach: the core, and the few settings that only this dialect has.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use parlance_core::Core;
use parlance_transport::http::limit::CallerRate;
use parlance_transport::websocket::SocketLimits;

/// How long a socket may stay without a ping (decision 11).
const SOCKET_SILENCE_MAX: Duration = Duration::from_secs(90);

/// Settings of the dialect.
#[derive(Clone)]
pub struct Options {
    /// Times are written as local text in this zone.
    pub time_zone: TimeZone,
    /// How often one user or app may call.
    pub rate: CallerRate,
    /// Where a browser that follows a jump without a session logs in: a path on this server, or an address.
    pub login_page: String,
    /// Bytes of a body, uploads excepted.
    pub body_bytes_max: u64,
    /// What links to files begin with, without a slash at its end; empty for links that are paths on this server.
    pub public_url: String,
    /// Bounds of a socket.
    pub socket: Arc<SocketLimits>,
    /// How long a socket may stay without a ping of its client; clients send one every 30 seconds.
    pub socket_silence_max: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            time_zone: TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC),
            rate: CallerRate::default(),
            login_page: "/".into(),
            body_bytes_max: 1024 * 1024,
            public_url: String::new(),
            socket: Arc::new(SocketLimits::default()),
            socket_silence_max: SOCKET_SILENCE_MAX,
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
