//! Notices that a run no longer moves, so that a hung server ends a run with a sentence instead of hanging it too.

use std::time::Duration;

use tokio::time::Instant;

use crate::failure::{Outcome, fail};

/// A running load without any progress for this long has failed.
const STALL_MAX: Duration = Duration::from_secs(15);

/// Watches a count that should grow.
#[derive(Debug)]
pub(crate) struct Progress {
    last: u64,
    since: Instant,
    stall_max: Duration,
}

impl Progress {
    /// Begins to watch with the patience that a running load deserves: 15 s.
    pub(crate) fn new() -> Progress {
        Progress::with_patience(STALL_MAX)
    }

    /// Begins to watch; longer than `stall_max` without progress is a failure.
    pub(crate) fn with_patience(stall_max: Duration) -> Progress {
        Progress {
            last: 0,
            since: Instant::now(),
            stall_max,
        }
    }

    /// Takes note of the count.
    ///
    /// # Errors
    /// It has not grown for longer than allowed.
    pub(crate) fn check(&mut self, count: u64) -> Outcome<()> {
        if count != self.last {
            self.last = count;
            self.since = Instant::now();
        } else if self.since.elapsed() > self.stall_max {
            let seconds = self.stall_max.as_secs_f64();
            return fail(format!("nothing moved for {seconds} s; look at the server's log"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_count_that_stands_still_is_a_failure() {
        let mut progress = Progress::with_patience(Duration::ZERO);
        assert!(progress.check(1).is_ok());
        assert!(progress.check(2).is_ok());
        let error = progress.check(2).unwrap_err();
        assert!(error.to_string().contains("nothing moved"), "{error}");
        assert!(Progress::new().check(0).is_ok(), "a run that just began has time");
    }
}
