//! The measured span of a run: when it began and ended, and what the server had spent at both ends.

use std::time::Duration;

use tokio::time::Instant;

use crate::failure::Outcome;
use crate::target::{Target, cpu_us_each};

/// The state at one end of a span.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    at: Instant,
    cpu: Option<Duration>,
    generator_cpu: Duration,
    count: u64,
}

/// What happened between two marks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// Wall time in seconds.
    pub(crate) seconds: f64,
    /// How many things were done.
    pub(crate) count: u64,
    /// Things done a second.
    pub(crate) per_second: f64,
    /// Server CPU for each, in microseconds, if the server's process is known.
    pub(crate) cpu_us_each: Option<f64>,
    /// The generator's own CPU for each, in microseconds.
    pub(crate) generator_us_each: Option<f64>,
}

impl Mark {
    /// Takes the state now, when `count` things were done so far.
    pub(crate) fn now(target: &Target, count: u64) -> Outcome<Mark> {
        let generator_cpu = crate::process::cpu_time(std::process::id())?;
        Ok(Mark {
            at: Instant::now(),
            cpu: target.cpu_time()?,
            generator_cpu,
            count,
        })
    }

    /// The span from this mark to `end`.
    pub(crate) fn until(&self, end: &Mark) -> Span {
        let seconds = (end.at - self.at).as_secs_f64();
        let count = end.count.saturating_sub(self.count);
        let per_second = if seconds > 0.0 {
            count as f64 / seconds
        } else {
            0.0
        };
        Span {
            seconds,
            count,
            per_second,
            cpu_us_each: cpu_us_each(self.cpu, end.cpu, count),
            generator_us_each: cpu_us_each(Some(self.generator_cpu), Some(end.generator_cpu), count),
        }
    }
}
