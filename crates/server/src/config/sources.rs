//! Where values of settings come from: a TOML file, environment variables and flags, the later before the
//! earlier. Finds each value, checks it alone and remembers where it stood. What values mean together is checked
//! in `config.rs`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use toml::Value;
use toml::de::DeTable;

use super::keys::{self, KEYS, Key, SECTIONS};
use super::kind::Kind;
use super::nearest;

/// What the names of all environment variables of Parlance begin with.
pub const PREFIX: &str = "PARLANCE_";

/// Variables with the prefix that are no settings: `secrets.rs` and `cli.rs` read them.
pub const OTHER_VARIABLES: &[&str] = &[
    "PARLANCE_CONFIG",
    "PARLANCE_ADMIN_PASSWORD",
    "PARLANCE_INTERNAL_TOKEN",
    "PARLANCE_APP_KEY",
    "PARLANCE_APP_SECRET",
];

/// Largest configuration file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The places to look for settings, all of them optional.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A TOML file.
    pub file: Option<PathBuf>,
    /// Environment variables; those without the prefix are passed over.
    pub environment: Vec<(OsString, OsString)>,
    /// Settings given as flags: the key, and the text after the flag.
    pub flags: Vec<(&'static str, String)>,
}

/// Something wrong with the configuration, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// File with line and column, name of the variable, or name of the flag.
    pub origin: String,
    /// What is wrong and what to do.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.origin.is_empty() {
            f.write_str(&self.text)
        } else {
            write!(f, "{}: {}", self.origin, self.text)
        }
    }
}

/// What was found: the values that differ from the defaults, by full name, each with its place.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) values: BTreeMap<&'static str, (Value, String)>,
    pub(super) problems: Vec<Problem>,
}

impl Found {
    /// Reads all sources and goes on after each problem, so that an operator sees all of them at once.
    pub(super) fn read(sources: &Sources) -> Self {
        let mut found = Self::default();
        if let Some(path) = &sources.file {
            found.read_file(path);
        }
        found.read_environment(&sources.environment);
        for (name, text) in &sources.flags {
            if let Some(key) = keys::find(name) {
                found.take_text(key, text, format!("--{}", name.replace('_', "-")));
            }
        }
        found
    }

    fn read_file(&mut self, path: &Path) {
        match read_bounded(path) {
            Ok(text) => self.read_toml(&text, &path.display().to_string()),
            Err(error) => self.problem(
                path.display().to_string(),
                format!("cannot read the configuration file: {error}"),
            ),
        }
    }

    fn read_toml(&mut self, text: &str, file: &str) {
        let place = |at: usize| {
            let (line, column) = line_and_column(text, at);
            format!("{file}:{line}:{column}")
        };
        let spans = match DeTable::parse(text) {
            Ok(spans) => spans,
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                return self.problem(
                    place(at),
                    format!("this is no TOML: {}", error.message().replace('\n', ", ")),
                );
            }
        };
        let values: toml::Table = match text.parse() {
            Ok(values) => values,
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                return self.problem(place(at), error.message().to_owned());
            }
        };
        self.read_table("", &values, spans.get_ref(), &place);
    }

    /// Reads the keys of a table; `table` is its full name, empty for the top level.
    fn read_table(
        &mut self,
        table: &str,
        values: &toml::Table,
        spans: &DeTable<'_>,
        place: &impl Fn(usize) -> String,
    ) {
        for (spelt, span) in spans {
            let leaf = spelt.get_ref().as_ref();
            let Some(value) = values.get(leaf) else { continue };
            let name = if table.is_empty() {
                leaf.to_owned()
            } else {
                format!("{table}.{leaf}")
            };
            let at = place(spelt.span().start);
            let is_section = !name.is_empty() && SECTIONS.iter().any(|section| section.table == name);
            match (is_section, value, span.get_ref().as_table()) {
                (true, Value::Table(inner), Some(inner_spans)) => {
                    self.read_table(&name, inner, inner_spans, place);
                }
                (true, _, _) => self.problem(
                    at,
                    format!("\"{name}\" is a table of settings: write [{name}] and its keys below"),
                ),
                (false, value, _) => self.take_value(&name, value.clone(), at),
            }
        }
    }

    fn read_environment(&mut self, environment: &[(OsString, OsString)]) {
        let mut ours: Vec<_> = environment
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?, value)))
            .filter(|(name, _)| name.starts_with(PREFIX) && !OTHER_VARIABLES.contains(name))
            .collect();
        ours.sort_unstable();
        for (name, value) in ours {
            let Some(text) = value.to_str() else {
                self.problem(
                    name.to_owned(),
                    "the value is not UTF-8; set it again without odd bytes".to_owned(),
                );
                continue;
            };
            if is_service_link(name, text) {
                continue;
            }
            match KEYS.iter().find(|key| key.variable() == name) {
                Some(key) => self.take_text(key, text, name.to_owned()),
                None => self.problem(name.to_owned(), unknown_variable(name)),
            }
        }
    }

    fn take_text(&mut self, key: &'static Key, text: &str, origin: String) {
        match key.kind.parse_text(text) {
            Ok(value) => self.take(key, value, origin),
            Err(detail) => self.problem(origin, refused(key, &format!("\"{text}\""), &detail)),
        }
    }

    fn take_value(&mut self, name: &str, value: Value, origin: String) {
        match keys::find(name) {
            Some(key) => self.take(key, value, origin),
            None => self.problem(origin, unknown_key(name)),
        }
    }

    fn take(&mut self, key: &'static Key, value: Value, origin: String) {
        match key.kind.check(&value) {
            Ok(()) => {
                self.values.insert(key.name, (value, origin));
            }
            Err(detail) => self.problem(origin, refused(key, &value.to_string(), &detail)),
        }
    }

    fn problem(&mut self, origin: String, text: String) {
        self.problems.push(Problem { origin, text });
    }
}

fn refused(key: &Key, value: &str, detail: &str) -> String {
    let detail = if detail.is_empty() {
        String::new()
    } else {
        format!(" ({detail})")
    };
    if key.kind == Kind::Secret {
        return format!("{} must be {}", key.name, key.kind.allowed());
    }
    format!("{} must be {}, not {value}{detail}", key.name, key.kind.allowed())
}

fn unknown_key(name: &str) -> String {
    match nearest::to(name, KEYS.iter().map(|key| key.name)) {
        Some(near) => format!("there is no setting \"{name}\"; did you mean \"{near}\"?"),
        None => format!("there is no setting \"{name}\"; `parlance config print` lists all of them"),
    }
}

fn unknown_variable(name: &str) -> String {
    let bare = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase();
    let variables: Vec<String> = KEYS.iter().map(Key::variable).collect();
    let settings = KEYS.iter().map(|key| key.name).zip(&variables);
    let others = OTHER_VARIABLES
        .iter()
        .map(|variable| variable.trim_start_matches(PREFIX).to_ascii_lowercase());
    let others: Vec<String> = others.collect();
    let known: Vec<(&str, &str)> = settings
        .map(|(name, variable)| (name, variable.as_str()))
        .chain(
            others
                .iter()
                .map(String::as_str)
                .zip(OTHER_VARIABLES.iter().copied()),
        )
        .collect();
    let near = nearest::to(&bare, known.iter().map(|(name, _)| *name));
    match near.and_then(|near| known.iter().find(|(name, _)| *name == near)) {
        Some((_, variable)) => format!("no setting has this variable; did you mean {variable}?"),
        None => "no setting has this variable; unset it, or see `parlance config print`".to_owned(),
    }
}

/// Whether Kubernetes or Docker links made this variable for a service that happens to be called `parlance…`.
/// They come unasked, so they must not keep the server from starting.
fn is_service_link(name: &str, value: &str) -> bool {
    let about_port = name == "PARLANCE_PORT" || name.contains("_PORT_") || name.ends_with("_PORT");
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || about_port && (value.starts_with("tcp://") || value.starts_with("udp://"))
        || [
            "_TCP_ADDR",
            "_TCP_PORT",
            "_TCP_PROTO",
            "_UDP_ADDR",
            "_UDP_PORT",
            "_UDP_PROTO",
        ]
        .iter()
        .any(|end| name.contains("_PORT_") && name.ends_with(end))
}

fn read_bounded(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path)?
        .take(FILE_BYTES_MAX + 1)
        .read_to_string(&mut text)?;
    if read as u64 > FILE_BYTES_MAX {
        return Err(std::io::Error::other(format!(
            "it is larger than {FILE_BYTES_MAX} bytes"
        )));
    }
    Ok(text)
}

/// Line and column, both from 1, of a byte offset.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_toml(text: &str) -> Found {
        let mut found = Found::default();
        found.read_toml(text, "parlance.toml");
        found
    }

    fn from_environment(name: &str, value: &str) -> Found {
        let mut found = Found::default();
        found.read_environment(&[(name.into(), value.into())]);
        found
    }

    fn only_problem(found: &Found) -> String {
        assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
        found.problems[0].to_string()
    }

    #[test]
    fn unknown_key_names_the_nearest_and_its_place() {
        let found = from_toml("listen = \"127.0.0.1:1\"\n\n[messages]\n  recal_window_seconds = 3\n");
        assert_eq!(
            only_problem(&found),
            "parlance.toml:4:3: there is no setting \"messages.recal_window_seconds\"; did you mean \
             \"messages.recall_window_seconds\"?"
        );
        assert!(found.values.contains_key("listen"), "the rest is still read");
    }

    #[test]
    fn a_key_in_the_wrong_table_is_found() {
        assert!(only_problem(&from_toml("ttl_seconds = 60")).contains("did you mean \"tokens.ttl_seconds\""));
        assert!(
            only_problem(&from_toml("[token]\nttl_seconds = 60")).contains("there is no setting \"token\"")
        );
        assert!(only_problem(&from_toml("messages = 3")).contains("write [messages]"));
        assert!(only_problem(&from_toml("[log.level]\na = 1")).contains("log.level must be one of"));
    }

    #[test]
    fn a_wrong_value_names_key_value_and_what_is_allowed() {
        assert_eq!(
            only_problem(&from_toml("[groups]\nmembers_max = 1")),
            "parlance.toml:2:1: groups.members_max must be a whole number from 2 to 1000000 (members), not 1"
        );
        assert_eq!(
            only_problem(&from_environment("PARLANCE_LOG__LEVEL", "loud")),
            "PARLANCE_LOG__LEVEL: log.level must be one of \"error\", \"warn\", \"info\", \"debug\", \"trace\", not \
             \"loud\""
        );
        assert!(
            only_problem(&from_environment("PARLANCE_GROUPS__MEMBERS_MAX", "many")).contains("not \"many\"")
        );
    }

    #[test]
    fn broken_toml_says_where() {
        let problem = only_problem(&from_toml("listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"\n"));
        assert!(
            problem.starts_with("parlance.toml:2:1: this is no TOML: "),
            "{problem}"
        );
    }

    #[test]
    fn unknown_variable_names_the_nearest_variable() {
        for (wrong, near) in [
            (
                "PARLANCE_LIMITS_UPLOAD_BYTES_MAX",
                "PARLANCE_LIMITS__UPLOAD_BYTES_MAX",
            ),
            ("PARLANCE_LISTN", "PARLANCE_LISTEN"),
            ("PARLANCE_ADMIN_PASWORD", "PARLANCE_ADMIN_PASSWORD"),
        ] {
            let problem = only_problem(&from_environment(wrong, "1"));
            assert_eq!(
                problem,
                format!("{wrong}: no setting has this variable; did you mean {near}?")
            );
        }
    }

    #[test]
    fn variables_of_others_are_passed_over() {
        for (name, value) in [
            ("PARLANCE_ADMIN_PASSWORD", "x"),
            ("PARLANCE_PORT", "tcp://10.0.0.1:8080"),
            ("PARLANCE_SERVICE_HOST", "10.0.0.1"),
            ("PARLANCE_SERVICE_PORT_HTTP", "8080"),
            ("PARLANCE_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("PATH", "/bin"),
        ] {
            let found = from_environment(name, value);
            assert!(found.problems.is_empty() && found.values.is_empty(), "{name}");
        }
        assert!(
            !from_environment("PARLANCE_PORT", "8080").problems.is_empty(),
            "a wish of the operator"
        );
    }

    #[test]
    fn later_sources_win() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.toml");
        std::fs::write(
            &path,
            "listen = \"127.0.0.1:1\"\ndata_dir = \"file\"\ntime_zone = \"UTC\"\n",
        )
        .unwrap();
        let found = Found::read(&Sources {
            file: Some(path),
            environment: vec![
                ("PARLANCE_LISTEN".into(), "127.0.0.1:2".into()),
                ("PARLANCE_DATA_DIR".into(), "environment".into()),
            ],
            flags: vec![("listen", "127.0.0.1:3".into())],
        });
        assert_eq!(found.problems, []);
        let text = |name| found.values.get(name).and_then(|(value, _)| value.as_str());
        assert_eq!(text("listen"), Some("127.0.0.1:3"));
        assert_eq!(text("data_dir"), Some("environment"));
        assert_eq!(text("time_zone"), Some("UTC"));
    }

    #[test]
    fn a_missing_or_huge_file_is_a_problem() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.toml");
        let read = |path: &Path| {
            Found::read(&Sources {
                file: Some(path.to_owned()),
                ..Sources::default()
            })
        };
        assert!(only_problem(&read(&path)).contains("cannot read the configuration file"));
        std::fs::write(&path, "#".repeat(usize::try_from(FILE_BYTES_MAX).unwrap() + 1)).unwrap();
        assert!(only_problem(&read(&path)).contains("larger than 1048576 bytes"));
    }
}
