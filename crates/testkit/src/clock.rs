//! The machine's clock with an offset that tests move.

use std::sync::atomic::{AtomicI64, Ordering};

use parlance_core::{Clock, SystemClock};

/// Runs with the machine's clock; can be set ahead.
#[derive(Debug, Default)]
pub struct ManualClock {
    ahead: AtomicI64,
}

impl ManualClock {
    /// Sets the clock ahead.
    pub fn advance_seconds(&self, seconds: i64) {
        self.ahead.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> i64 {
        SystemClock.now() + self.ahead.load(Ordering::SeqCst)
    }
}
