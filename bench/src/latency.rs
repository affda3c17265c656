//! Latency histograms and the few percentiles that are reported.

use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::Serialize;

use crate::failure::Outcome;

/// The longest latency that is told apart; longer ones count as this, in nanoseconds.
const LATENCY_NS_MAX: u64 = 120_000_000_000;
/// Three significant digits: at most 0.1 % off.
const DIGITS: u8 = 3;

/// A histogram that many connections share.
#[derive(Debug)]
pub(crate) struct Latency(Mutex<Histogram<u64>>);

/// What is reported of a histogram, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Percentiles {
    /// How many were recorded.
    pub(crate) count: u64,
    /// Half of all were at most this.
    pub(crate) p50_us: f64,
    /// 99 of 100 were at most this.
    pub(crate) p99_us: f64,
    /// The longest.
    pub(crate) max_us: f64,
}

impl Latency {
    /// An empty histogram.
    ///
    /// # Errors
    /// None for the fixed bounds above; the histogram's constructor checks them at run time.
    pub(crate) fn new() -> Outcome<Latency> {
        Ok(Latency(Mutex::new(Histogram::new_with_bounds(
            1,
            LATENCY_NS_MAX,
            DIGITS,
        )?)))
    }

    /// Records a latency in nanoseconds.
    pub(crate) fn record_ns(&self, latency_ns: u64) {
        self.0.lock().saturating_record(latency_ns);
    }

    /// Records a latency.
    pub(crate) fn record(&self, latency: Duration) {
        self.record_ns(u64::try_from(latency.as_nanos()).unwrap_or(LATENCY_NS_MAX));
    }

    /// Forgets everything recorded so far, for example during warm-up.
    pub(crate) fn clear(&self) {
        self.0.lock().reset();
    }

    /// The percentiles of everything recorded.
    pub(crate) fn percentiles(&self) -> Percentiles {
        let histogram = self.0.lock();
        let us = |ns: u64| ns as f64 / 1_000.0;
        Percentiles {
            count: histogram.len(),
            p50_us: us(histogram.value_at_quantile(0.50)),
            p99_us: us(histogram.value_at_quantile(0.99)),
            max_us: us(histogram.max()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(measured: f64, expected: f64) -> bool {
        (measured - expected).abs() <= expected * 0.002
    }

    #[test]
    fn percentiles_of_one_to_a_thousand_microseconds() {
        let latency = Latency::new().unwrap();
        for us in 1..=1_000 {
            latency.record(Duration::from_micros(us));
        }
        let percentiles = latency.percentiles();
        assert_eq!(percentiles.count, 1_000);
        assert!(close(percentiles.p50_us, 500.0), "{percentiles:?}");
        assert!(close(percentiles.p99_us, 990.0), "{percentiles:?}");
        assert!(close(percentiles.max_us, 1_000.0), "{percentiles:?}");
    }

    #[test]
    fn one_slow_answer_of_a_hundred_shows_in_the_maximum_only() {
        let latency = Latency::new().unwrap();
        for _ in 0..99 {
            latency.record_ns(10_000);
        }
        latency.record_ns(5_000_000_000);
        let percentiles = latency.percentiles();
        assert!(close(percentiles.p99_us, 10.0), "{percentiles:?}");
        assert!(close(percentiles.max_us, 5_000_000.0), "{percentiles:?}");
    }

    #[test]
    fn too_long_a_latency_is_kept_as_the_longest() {
        let latency = Latency::new().unwrap();
        latency.record(Duration::MAX);
        assert_eq!(latency.percentiles().count, 1);
        assert!(latency.percentiles().max_us >= 1.0e8);
        latency.clear();
        assert_eq!(latency.percentiles(), Percentiles::default());
    }
}
