//! What every handler of the dialect can reach: the core, and the few settings that only this dialect has.

use std::sync::Arc;

use jiff::tz::TimeZone;
use parlance_core::Core;
use parlance_transport::http::limit::CallerRate;
use parlance_transport::websocket::SocketLimits;

use crate::recent_keywords::RecentKeywords;

/// Settings of the dialect.
#[derive(Clone)]
pub struct Options {
    /// Times are written as local text in this zone.
    pub time_zone: TimeZone,
    /// Whether `/message/list` is oldest first also for tokens of profile doc, for the first web clients.
    pub oldest_first: bool,
    /// How often one user may call or send frames.
    pub rate: CallerRate,
    /// Bytes of a body, uploads excepted.
    pub body_bytes_max: u64,
    /// Bounds of a socket.
    pub socket: Arc<SocketLimits>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            time_zone: TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC),
            oldest_first: false,
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
    pub(crate) recent_keywords: Arc<RecentKeywords>,
}

impl App {
    pub(crate) fn new(core: Core, options: Options) -> Self {
        Self {
            core,
            options: Arc::new(options),
            recent_keywords: Arc::default(),
        }
    }
}
