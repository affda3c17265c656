//! Where log lines go and how they look. What is logged is decided where it happens.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Format, Level, Log};
use crate::failure::Failure;

/// The variable that goes before `log.level`.
const FILTER_VARIABLE: &str = "RUST_LOG";

/// Sends the log of the whole process to standard error. To be called once.
///
/// # Errors
/// When `RUST_LOG` is no filter, or a log has been set up before.
pub fn start(settings: &Log) -> Result<(), Failure> {
    let given = std::env::var(FILTER_VARIABLE).ok();
    let filter = filter(settings.level, given.as_deref())?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match form(settings.format, std::io::stderr().is_terminal()) {
        Form::Pretty { colours } => lines.with_ansi(colours).finish().try_init(),
        Form::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .finish()
            .try_init(),
    };
    started.map_err(|error| Failure::new(format!("the log cannot be started: {error}"), ""))
}

#[derive(Debug, PartialEq, Eq)]
enum Form {
    Pretty { colours: bool },
    Json,
}

fn form(format: Format, terminal: bool) -> Form {
    match (format, terminal) {
        (Format::Json, _) | (Format::Auto, false) => Form::Json,
        (Format::Pretty, colours) => Form::Pretty { colours },
        (Format::Auto, true) => Form::Pretty {
            colours: std::env::var_os("NO_COLOR").is_none(),
        },
    }
}

fn filter(level: Level, given: Option<&str>) -> Result<EnvFilter, Failure> {
    let level = match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    };
    let text = given
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .unwrap_or(level);
    EnvFilter::try_new(text).map_err(|error| {
        Failure::new(
            format!("{FILTER_VARIABLE} is \"{text}\", which is no filter: {error}"),
            "write levels such as info, or targets with levels such as info,parlance_core=debug; or unset it",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_is_for_eyes_only_on_a_terminal() {
        assert!(matches!(form(Format::Auto, true), Form::Pretty { .. }));
        assert_eq!(form(Format::Auto, false), Form::Json);
        assert_eq!(form(Format::Json, true), Form::Json);
        assert_eq!(form(Format::Pretty, false), Form::Pretty { colours: false });
    }

    #[test]
    fn the_variable_goes_before_the_setting() {
        let shown = |given| filter(Level::Warn, given).map(|filter| filter.to_string());
        assert_eq!(shown(None).as_deref(), Ok("warn"));
        assert_eq!(shown(Some("")).as_deref(), Ok("warn"));
        assert_eq!(shown(Some("debug")).as_deref(), Ok("debug"));
        assert!(
            shown(Some("parlance=loud"))
                .unwrap_err()
                .what()
                .contains("RUST_LOG is \"parlance=loud\"")
        );
    }
}
