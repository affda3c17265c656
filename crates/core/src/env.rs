//! What the rules take from outside: time, ids and limits. All of it is an argument, so a command is deterministic.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::device::Devices;
use crate::id::MessageIds;
use crate::tenant::Tenants;
use crate::types::{MessageId, Timestamp};

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// Microseconds since 1970 UTC.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    }
}

/// Every bound that an operator can set.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long a sender may recall a message.
    pub recall_window_seconds: i64,
    /// How long a sender may edit a message.
    pub edit_window_seconds: i64,
    /// Bytes of a message's content.
    pub content_bytes_max: usize,
    /// Characters of a name or title.
    pub title_chars_max: usize,
    /// People in a group.
    pub group_members_max: i64,
    /// Life of a token.
    pub token_ttl_seconds: i64,
    /// Failed log-ins a minute for one address and account before the next has to wait.
    pub logins_failed_per_minute: u32,
    /// Live connections of one account; one more ends the oldest.
    pub sessions_per_user_max: usize,
    /// Bytes of one uploaded file.
    pub upload_bytes_max: u64,
    /// How far an app's clock and its calls may be from ours, both ways.
    pub signature_window_seconds: i64,
    /// Life of a ticket that brings somebody into an app.
    pub ticket_ttl_seconds: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            recall_window_seconds: 120,
            edit_window_seconds: 900,
            content_bytes_max: 64 * 1024,
            title_chars_max: 255,
            group_members_max: 10_000,
            token_ttl_seconds: 86_400,
            logins_failed_per_minute: 10,
            sessions_per_user_max: 64,
            upload_bytes_max: 100 * 1024 * 1024,
            signature_window_seconds: 300,
            ticket_ttl_seconds: 60,
        }
    }
}

/// Clock, id source and limits as a command sees them.
pub struct Env {
    clock: Arc<dyn Clock>,
    ids: MessageIds,
    tenants: Arc<Tenants>,
    devices: Devices,
    /// The configured bounds.
    pub limits: Limits,
}

impl Env {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        last_message_id: MessageId,
        limits: Limits,
        tenants: Arc<Tenants>,
    ) -> Self {
        Self {
            clock,
            ids: MessageIds::after(last_message_id),
            tenants,
            devices: Devices::default(),
            limits,
        }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The tenants as they stand, changes of the same batch not counted.
    pub(crate) fn tenants(&self) -> &Tenants {
        &self.tenants
    }

    /// What live connections have brought to devices.
    pub(crate) fn devices(&self) -> &Devices {
        &self.devices
    }

    /// A new random UUID (version 4).
    pub(crate) fn new_uuid(&self) -> String {
        let random = rand::random::<u128>() & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{random:032x}");
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }

    /// The newest id that was given out.
    pub(crate) fn last_message_id(&self) -> MessageId {
        self.ids.last()
    }

    pub(crate) fn next_message_id(&self, now: Timestamp) -> MessageId {
        self.ids.next(now)
    }
}
