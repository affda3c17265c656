//! Prints reports for people and writes them for programs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::bars::{Bar, Good};
use crate::failure::{Context as _, Outcome};

/// A report as indented lines, one figure a line, under a title.
pub(crate) fn lines(title: &str, report: &impl Serialize) -> Outcome<String> {
    let mut out = format!("{title}\n");
    append(&mut out, "", &serde_json::to_value(report)?);
    Ok(out)
}

fn append(out: &mut String, name: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() {
                    field.clone()
                } else {
                    format!("{name}.{field}")
                };
                append(out, &name, value);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                append(out, &format!("{name}[{index}]"), item);
            }
        }
        // A figure that this run cannot know, for example CPU without a process id.
        Value::Null => {}
        Value::Number(number) => {
            let figure = number.as_f64().unwrap_or_default();
            // Writing to a String cannot fail.
            let _ = writeln!(out, "  {name:<48} {:>16}", readable(figure));
        }
        other => {
            let text = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
            let _ = writeln!(out, "  {name:<48} {text:>16}");
        }
    }
}

/// Whole numbers as they are, others with a sensible number of digits.
fn readable(figure: f64) -> String {
    if figure.fract() == 0.0 || figure.abs() >= 1_000.0 {
        format!("{figure:.0}")
    } else {
        format!("{figure:.2}")
    }
}

/// The table of bars.
pub(crate) fn bars_table(bars: &[Bar]) -> String {
    let mut out = format!(
        "{:<42} {:>12} {:>14} {:>10}  met\n",
        "bar", "measured", "limit", "moonshot"
    );
    for bar in bars {
        let sign = if bar.good == Good::AtLeast { "≥" } else { "≤" };
        let measured = bar.measured.map_or_else(|| "–".to_owned(), readable);
        let limit = format!("{sign} {} {}", readable(bar.limit), bar.unit);
        let moonshot = bar.moonshot.map_or_else(String::new, readable);
        let met = match bar.met {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "not measured",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{:<42} {measured:>12} {limit:>14} {moonshot:>10}  {met}",
            bar.name
        );
    }
    out
}

/// Writes a report as JSON.
pub(crate) fn write_json(file: &Path, report: &impl Serialize) -> Outcome<()> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    fs::write(file, text).context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::{Figures, bars};
    use serde_json::json;

    #[test]
    fn every_known_figure_has_a_line() {
        let report = json!({"ack": {"p99_us": 12.345, "count": 3}, "cpu": null, "words": ["a"]});
        let lines = lines("send", &report).unwrap();
        assert!(lines.starts_with("send\n"));
        assert!(lines.contains("ack.p99_us") && lines.contains("12.35"), "{lines}");
        assert!(lines.contains("words[0]"));
        assert!(!lines.contains("cpu"));
    }

    #[test]
    fn the_table_tells_met_missed_and_unmeasured_apart() {
        let figures = Figures {
            send_cpu_us: Some(31.0),
            start_seconds: Some(0.1),
            ..Figures::default()
        };
        let table = bars_table(&bars(&figures));
        let line = |name: &str| {
            table
                .lines()
                .find(|line| line.starts_with(name))
                .unwrap()
                .to_owned()
        };
        assert!(line("1:1 server CPU").ends_with("NO"));
        assert!(line("first start to").ends_with("yes"));
        assert!(line("search").ends_with("not measured"));
    }
}
