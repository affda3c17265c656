//! Message ids: 53-bit, time-ordered, never repeated, never going backwards.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::types::{MessageId, Timestamp};

/// 2020-01-01T00:00:00Z in milliseconds since 1970.
const EPOCH_MS: i64 = 1_577_836_800_000;
/// Bits of the counter within a millisecond.
const COUNTER_BITS: u32 = 12;

/// The least id that a message of this time can have; of a time that no id reaches, the highest number.
pub(crate) fn first_at(at: Timestamp) -> MessageId {
    (at / 1000 - EPOCH_MS).clamp(0, MessageId::MAX >> COUNTER_BITS) << COUNTER_BITS
}

/// Gives out message ids.
pub(crate) struct MessageIds {
    last: AtomicI64,
}

impl MessageIds {
    /// Continues after the highest id in the store.
    pub(crate) fn after(last: MessageId) -> Self {
        Self {
            last: AtomicI64::new(last),
        }
    }

    /// The newest id that was given out.
    pub(crate) fn last(&self) -> MessageId {
        self.last.load(Ordering::Relaxed)
    }

    /// The next id at this time. A clock that stands still or goes back only makes the counter run on.
    pub(crate) fn next(&self, now: Timestamp) -> MessageId {
        let floor = first_at(now);
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            let id = floor.max(last + 1);
            match self
                .last
                .compare_exchange_weak(last, id, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return id,
                Err(other) => last = other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_clock_and_never_repeat() {
        let ids = MessageIds::after(0);
        let now = (EPOCH_MS + 5) * 1000;
        assert_eq!(ids.next(now), 5 << 12);
        assert_eq!(ids.next(now), (5 << 12) + 1);
        assert_eq!(
            ids.next(now - 9_000_000),
            (5 << 12) + 2,
            "a clock set back does not repeat an id"
        );
        assert_eq!(ids.next(now + 1000), 6 << 12);
    }

    #[test]
    fn a_full_millisecond_borrows_from_the_next() {
        let ids = MessageIds::after(0);
        let now = (EPOCH_MS + 1) * 1000;
        let all: std::collections::BTreeSet<i64> = (0..5000).map(|_| ids.next(now)).collect();
        assert_eq!(all.len(), 5000);
        assert!(ids.next(now + 1000) > *all.last().expect("not empty"));
    }

    #[test]
    fn a_restart_continues_after_the_store() {
        let ids = MessageIds::after(1 << 50);
        assert_eq!(ids.next((EPOCH_MS + 1) * 1000), (1 << 50) + 1);
    }

    #[test]
    fn ids_stay_below_two_to_the_53_for_decades() {
        let year_2088_ms = 3_723_750_000_000;
        assert!(MessageIds::after(0).next(year_2088_ms * 1000) < 1 << 53);
    }
}
