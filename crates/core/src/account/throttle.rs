//! Slows guessing: counts failed log-ins of an address with an account, successes are free.

use std::net::IpAddr;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use crate::types::{Timestamp, UserId};

const WINDOW_MICROS: i64 = 60 * 1_000_000;
/// Pairs of address and account remembered at most.
const PAIRS_MAX: usize = 100_000;

/// Characters by which names of nobody are told apart.
const NAME_CHARS_MAX: usize = 128;

/// Whom somebody tries to log in as. An account counts once, by whichever of its names it is tried.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// This account.
    Account(UserId),
    /// A name that nobody has.
    Nobody(String),
}

impl Subject {
    pub(crate) fn nobody(name: &str) -> Self {
        Self::Nobody(name.chars().take(NAME_CHARS_MAX).collect())
    }
}

/// Failures of the last minute.
pub(crate) struct LoginThrottle {
    failures_max: u32,
    failures: Mutex<FxHashMap<(IpAddr, Subject), (Timestamp, u32)>>,
}

impl LoginThrottle {
    pub(crate) fn new(failures_max: u32) -> Self {
        Self {
            failures_max: failures_max.max(1),
            failures: Mutex::default(),
        }
    }

    /// Seconds to wait before this pair may try again, if it has failed too often.
    pub(crate) fn wait_seconds(&self, address: IpAddr, subject: &Subject, now: Timestamp) -> Option<i64> {
        let failures = self.failures.lock();
        let (since, count) = failures.get(&(address, subject.clone()))?;
        let left = since + WINDOW_MICROS - now;
        (*count >= self.failures_max && left > 0).then(|| (left + 999_999) / 1_000_000)
    }

    /// Notes a failure.
    pub(crate) fn failed(&self, address: IpAddr, subject: &Subject, now: Timestamp) {
        let mut failures = self.failures.lock();
        if failures.len() >= PAIRS_MAX {
            failures.retain(|_, (since, _)| now - *since < WINDOW_MICROS);
            if failures.len() >= PAIRS_MAX {
                failures.clear();
            }
        }
        let entry = failures.entry((address, subject.clone())).or_insert((now, 0));
        if now - entry.0 >= WINDOW_MICROS {
            *entry = (now, 0);
        }
        entry.1 += 1;
    }

    /// Forgets the failures of a pair that got in.
    pub(crate) fn succeeded(&self, address: IpAddr, subject: &Subject) {
        self.failures.lock().remove(&(address, subject.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_only_after_failures_and_only_for_a_minute() {
        let throttle = LoginThrottle::new(3);
        let address: IpAddr = [127, 0, 0, 1].into();
        let (a, b) = (&Subject::Account(1), &Subject::nobody("1"));
        for second in 0..3 {
            assert_eq!(throttle.wait_seconds(address, a, second * 1_000_000), None);
            throttle.failed(address, a, second * 1_000_000);
        }
        assert_eq!(throttle.wait_seconds(address, a, 3_000_000), Some(57));
        assert_eq!(throttle.wait_seconds(address, b, 3_000_000), None);
        assert_eq!(throttle.wait_seconds(address, a, 60_000_000), None);
        throttle.succeeded(address, a);
        assert_eq!(throttle.wait_seconds(address, a, 3_000_000), None);
    }
}
