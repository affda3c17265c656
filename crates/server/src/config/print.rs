//! The settings as text: a commented TOML file, and the reference page of the documentation. Both are made from
//! the table in `keys.rs`, so they say what the server does.

use std::collections::BTreeMap;
use std::fmt::Write;

use toml::Value;

use super::keys::{KEYS, Key, SECTIONS, Section};
use super::kind::Kind;
use super::sources::OTHER_VARIABLES;

/// Longest line of a comment, in characters.
const LINE_CHARS_MAX: usize = 100;

/// All settings with their defaults as a TOML file with a comment for each.
#[must_use]
pub fn default_toml() -> String {
    toml(|key| key.default.to_owned())
}

/// The same file with these values in place of the defaults. Secrets are left out.
#[must_use]
pub fn toml_with(values: &BTreeMap<&'static str, Value>) -> String {
    toml(|key| {
        let value = values.get(key.name).filter(|_| key.kind != Kind::Secret);
        value.map_or_else(|| key.default.to_owned(), Value::to_string)
    })
}

fn toml(value: impl Fn(&Key) -> String) -> String {
    let mut text = String::new();
    comment(
        &mut text,
        "Settings of Parlance. Keep only the lines you change: what is left out has the default named here. Every \
         key can also be set by the environment variable named with it, which goes before this file; flags go \
         before both. `parlance config check` says whether a file is right.",
    );
    for section in SECTIONS {
        text.push('\n');
        comment(&mut text, section.meaning);
        if !section.table.is_empty() {
            _ = writeln!(text, "[{}]", section.table);
        }
        for key in keys_of(section) {
            text.push('\n');
            comment(&mut text, key.meaning);
            comment(&mut text, &format!("Takes {}.", key.kind.allowed()));
            _ = writeln!(text, "# Default: {}   Variable: {}", key.default, key.variable());
            _ = writeln!(text, "{} = {}", key.leaf(), value(key));
        }
    }
    text
}

fn keys_of(section: &Section) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.table() == section.table)
}

fn comment(text: &mut String, sentences: &str) {
    let mut line = String::from("#");
    for word in sentences.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > LINE_CHARS_MAX {
            text.push_str(&line);
            text.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}

/// The reference page `docs/operations/configuration.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(MARKDOWN_HEAD);
    for section in SECTIONS {
        let heading = if section.table.is_empty() {
            "The server"
        } else {
            section.table
        };
        _ = write!(text, "\n## {heading}\n\n{}\n\n", section.meaning);
        text.push_str("| key | default | takes | meaning |\n|---|---|---|---|\n");
        for key in keys_of(section) {
            _ = writeln!(
                text,
                "| `{}` | `{}` | {} | {} |",
                key.name,
                key.default,
                escaped(&key.kind.allowed()),
                escaped(key.meaning)
            );
        }
    }
    text.push_str("\n## Variables that are no settings\n\n| variable | meaning |\n|---|---|\n");
    for (variable, meaning) in OTHER_VARIABLES.iter().zip(OTHER_MEANINGS) {
        _ = writeln!(text, "| `{variable}` | {meaning} |");
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('*', "\\*").replace('<', "&lt;")
}

const MARKDOWN_HEAD: &str = "\
# Configuration

<!-- Made from crates/server/src/config/keys.rs; after a change there run: UPDATE_DOCS=1 cargo test -p parlance -->

Parlance needs no configuration: `parlance serve` runs with the defaults below. To change something, use, from the
weakest to the strongest:

1. a TOML file, named with `--config FILE` or `PARLANCE_CONFIG`; `parlance config print` writes one with every key and
   a comment on each,
2. environment variables: `PARLANCE_`, the table, two underscores, the key, all in capitals. `messages.edit_window_seconds`
   is `PARLANCE_MESSAGES__EDIT_WINDOW_SECONDS`. Lists are separated by commas,
3. flags: `--listen` and `--data-dir`.

A key that does not exist, in the file or the environment, and a value that is not allowed keep the server from
starting; the message says where it stands and what was probably meant. `parlance config check` finds the same without
starting. `parlance config print --effective` shows what is in force.
";

const OTHER_MEANINGS: [&str; OTHER_VARIABLES.len()] = [
    "the configuration file, like `--config`",
    "password that the user `admin` is made with at first start; made up and printed when not given",
    "the token that opens internal paths (`X-Internal-Token`); made up when not given",
    "public key of the default tenant; made up when not given",
    "secret of the default tenant; made up when not given",
];

#[cfg(test)]
mod tests {
    use super::super::{load, sources::Sources};
    use super::*;

    fn load_text(text: &str) -> super::super::Loaded {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("parlance.toml");
        std::fs::write(&path, text).unwrap();
        load(&Sources {
            file: Some(path),
            ..Sources::default()
        })
        .unwrap()
    }

    fn leaves(table: &toml::Table) -> usize {
        let count = |value: &Value| value.as_table().map_or(1, leaves);
        table.values().map(count).sum()
    }

    #[test]
    fn the_printed_default_is_exactly_the_default() {
        assert_eq!(load_text(&default_toml()), load(&Sources::default()).unwrap());
        let set = default_toml().parse::<toml::Table>().unwrap();
        assert_eq!(leaves(&set), KEYS.len(), "every key is set, none only mentioned");
    }

    #[test]
    fn changed_values_survive_printing() {
        let environment = vec![
            ("PARLANCE_DATA_DIR".into(), "a \"b\" \\ 数据".into()),
            ("PARLANCE_TRUSTED_PROXIES".into(), "10.0.0.0/8,::1".into()),
            ("PARLANCE_LIMITS__LOOPBACK_EXEMPT".into(), "false".into()),
            ("PARLANCE_FILES__S3__BUCKET".into(), "files".into()),
        ];
        let changed = load(&Sources {
            environment,
            ..Sources::default()
        })
        .unwrap();
        assert_eq!(load_text(&toml_with(&changed.values)), changed);
    }

    #[test]
    fn secrets_are_not_printed() {
        let environment = vec![("PARLANCE_FILES__S3__SECRET_KEY".into(), "sesame".into())];
        let loaded = load(&Sources {
            environment,
            ..Sources::default()
        })
        .unwrap();
        let text = toml_with(&loaded.values);
        assert!(text.contains("\nsecret_key = \"\"\n"), "{text}");
        assert!(!text.contains("sesame"));
    }

    #[test]
    fn lines_of_comments_are_short() {
        let text = default_toml();
        let long: Vec<_> = text
            .lines()
            .filter(|line| line.chars().count() > LINE_CHARS_MAX + 40)
            .collect();
        assert!(long.is_empty(), "{long:?}");
    }

    #[test]
    fn the_reference_page_is_up_to_date() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/operations/configuration.md"
        );
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, markdown()).unwrap();
        }
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(page == markdown(), "run: UPDATE_DOCS=1 cargo test -p parlance");
    }
}
