//! The bars that Parlance sets itself, and whether a run meets them. The figures here are the project's promise; the
//! measuring is done elsewhere.

use serde::Serialize;

/// Which side of the limit is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Good {
    /// The figure must be at least the limit.
    AtLeast,
    /// The figure must be at most the limit.
    AtMost,
}

/// One bar and what was measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Bar {
    /// What is measured.
    pub(crate) name: &'static str,
    /// The unit of all figures of this bar.
    pub(crate) unit: &'static str,
    /// Which side is good.
    pub(crate) good: Good,
    /// The limit.
    pub(crate) limit: f64,
    /// What would be wonderful.
    pub(crate) moonshot: Option<f64>,
    /// The figure of this run; none when its step failed or was left out.
    pub(crate) measured: Option<f64>,
    /// Whether the bar is met; none without a figure.
    pub(crate) met: Option<bool>,
}

impl Bar {
    fn at_most(name: &'static str, unit: &'static str, limit: f64, measured: Option<f64>) -> Bar {
        let met = measured.map(|measured| measured <= limit);
        Bar {
            name,
            unit,
            good: Good::AtMost,
            limit,
            moonshot: None,
            measured,
            met,
        }
    }

    fn at_least(name: &'static str, unit: &'static str, limit: f64, measured: Option<f64>) -> Bar {
        let met = measured.map(|measured| measured >= limit);
        Bar {
            name,
            unit,
            good: Good::AtLeast,
            limit,
            moonshot: None,
            measured,
            met,
        }
    }

    fn moonshot(self, moonshot: f64) -> Bar {
        Bar {
            moonshot: Some(moonshot),
            ..self
        }
    }
}

/// The figures that bars are about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// Messages a second, one to one, saturated.
    pub(crate) send_per_second: Option<f64>,
    /// Server CPU of such a message in microseconds.
    pub(crate) send_cpu_us: Option<f64>,
    /// Acknowledgement p99 in milliseconds, paced to the bar's own rate.
    pub(crate) send_ack_p99_ms: Option<f64>,
    /// CPU of a delivery, one message at a time, over the bare loop's.
    pub(crate) fanout_one_ratio: Option<f64>,
    /// CPU of a delivery in bursts over the bare loop's.
    pub(crate) fanout_burst_ratio: Option<f64>,
    /// Resident bytes of an idle socket.
    pub(crate) idle_bytes: Option<f64>,
    /// Slowest first start in seconds.
    pub(crate) start_seconds: Option<f64>,
    /// Largest resident memory of a first start in megabytes.
    pub(crate) start_rss_mb: Option<f64>,
    /// Conversation list p99 in milliseconds.
    pub(crate) list_p99_ms: Option<f64>,
    /// History page p99 in milliseconds.
    pub(crate) history_p99_ms: Option<f64>,
    /// Slowest word's search p99 in milliseconds.
    pub(crate) search_p99_ms: Option<f64>,
    /// CPU of a message in the filled store over that in the empty one.
    pub(crate) filled_ratio: Option<f64>,
}

/// The rate of the 1:1 bar, in messages a second; the acknowledgement's p99 is taken at this rate.
pub(crate) const SEND_PER_SECOND: f64 = 25_000.0;

/// All bars, with the figures of a run.
pub(crate) fn bars(figures: &Figures) -> Vec<Bar> {
    vec![
        Bar::at_least(
            "1:1 send, saturated",
            "msg/s",
            SEND_PER_SECOND,
            figures.send_per_second,
        ),
        Bar::at_most("1:1 server CPU per message", "µs", 30.0, figures.send_cpu_us).moonshot(15.0),
        Bar::at_most("1:1 ack p99 at 25,000 msg/s", "ms", 50.0, figures.send_ack_p99_ms),
        Bar::at_most(
            "fan-out CPU / bare loop, one at a time",
            "×",
            1.3,
            figures.fanout_one_ratio,
        ),
        Bar::at_most(
            "fan-out CPU / bare loop, bursts",
            "×",
            1.3,
            figures.fanout_burst_ratio,
        ),
        Bar::at_most("idle socket, server RSS", "B", 8_192.0, figures.idle_bytes).moonshot(5_120.0),
        Bar::at_most("first start to /readyz", "s", 0.5, figures.start_seconds),
        Bar::at_most("first start, RSS", "MB", 40.0, figures.start_rss_mb),
        Bar::at_most("conversation list p99", "ms", 5.0, figures.list_p99_ms),
        Bar::at_most("history page p99", "ms", 5.0, figures.history_p99_ms),
        Bar::at_most(
            "search p99, two-character word",
            "ms",
            50.0,
            figures.search_p99_ms,
        ),
        Bar::at_most("send CPU, filled / empty store", "×", 1.2, figures.filled_ratio),
    ]
}

/// The ratio of two figures, if both are known and the second is not 0.
pub(crate) fn ratio(figure: Option<f64>, reference: Option<f64>) -> Option<f64> {
    let reference = reference.filter(|reference| *reference > 0.0)?;
    Some(figure? / reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(figures: &Figures, name: &str) -> Option<bool> {
        bars(figures)
            .into_iter()
            .find(|bar| bar.name == name)
            .unwrap()
            .met
    }

    #[test]
    fn a_rate_must_be_high_and_a_cost_low() {
        let name = "1:1 send, saturated";
        assert_eq!(
            met(
                &Figures {
                    send_per_second: Some(25_000.0),
                    ..Figures::default()
                },
                name
            ),
            Some(true)
        );
        assert_eq!(
            met(
                &Figures {
                    send_per_second: Some(24_999.0),
                    ..Figures::default()
                },
                name
            ),
            Some(false)
        );
        let name = "1:1 server CPU per message";
        assert_eq!(
            met(
                &Figures {
                    send_cpu_us: Some(29.0),
                    ..Figures::default()
                },
                name
            ),
            Some(true)
        );
        assert_eq!(
            met(
                &Figures {
                    send_cpu_us: Some(31.0),
                    ..Figures::default()
                },
                name
            ),
            Some(false)
        );
        assert_eq!(met(&Figures::default(), name), None, "no figure is neither");
    }

    #[test]
    fn a_ratio_needs_both_figures() {
        assert_eq!(ratio(Some(3.0), Some(2.0)), Some(1.5));
        assert_eq!(ratio(Some(3.0), Some(0.0)), None);
        assert_eq!(ratio(None, Some(2.0)), None);
    }
}
