//! The settings of the server as typed values, and the rules that tie several of them together. Where a value
//! comes from and what it may be alone is decided in the files below this one; nothing is opened or bound here.

pub mod dialect;
pub mod keys;
pub mod kind;
mod nearest;
pub mod print;
pub mod sources;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};
use toml::{Table, Value};

pub use dialect::Dialect;
use parlance_transport::http::AddressList;
use sources::{Found, Problem, Sources};

/// Every setting. `keys.rs` says what each means; the names are the same.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "keys.rs describes every field, for operators and programmers alike"
)]
pub struct Config {
    pub listen: SocketAddr,
    pub public_url: String,
    pub data_dir: PathBuf,
    pub time_zone: String,
    pub cors_origins: Vec<String>,
    #[serde(deserialize_with = "addresses")]
    pub inner_allow: AddressList,
    #[serde(deserialize_with = "addresses")]
    pub trusted_proxies: AddressList,
    pub dialects: Vec<Dialect>,
    pub messages: Messages,
    pub groups: Groups,
    pub tokens: Tokens,
    pub sqlite: Sqlite,
    pub files: Files,
    pub limits: Limits,
    pub tls: Tls,
    pub log: Log,
    pub platform: Platform,
    pub ruoyi: Ruoyi,
}

/// Settings under `messages`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "keys.rs describes every field")]
pub struct Messages {
    pub recall_window_seconds: i64,
    pub edit_window_seconds: i64,
    pub content_bytes_max: usize,
}

/// Settings under `groups`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "keys.rs describes every field")]
pub struct Groups {
    pub members_max: i64,
}

/// Settings under `tokens`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "keys.rs describes every field")]
pub struct Tokens {
    pub ttl_seconds: i64,
}

/// Settings under `sqlite`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "keys.rs describes every field")]
pub struct Sqlite {
    pub synchronous: Synchronous,
}

/// How hard a commit is pushed to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Synchronous {
    /// Every commit is on disk before it is acknowledged.
    Full,
    /// A power cut may take the last commits.
    Normal,
}

/// Settings under `files`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "keys.rs describes every field")]
pub struct Files {
    pub store: FileStore,
    pub s3: S3,
}

/// Where the bytes of files lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileStore {
    /// In the data directory.
    Local,
    /// In an object store.
    S3,
}

/// Settings under `files.s3`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "keys.rs describes every field")]
pub struct S3 {
    pub endpoint: String,
    pub public_endpoint: String,
    pub bucket: String,
    pub region: String,
    pub access_key: String,
    pub secret_key: Secret,
    pub path_style: bool,
}

/// A value that is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { "hidden" })
    }
}

/// Settings under `limits`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "keys.rs describes every field")]
pub struct Limits {
    pub http_body_bytes_max: usize,
    pub upload_bytes_max: u64,
    pub websocket_frame_bytes_max: usize,
    pub title_chars_max: usize,
    pub requests_per_second_user: u32,
    pub requests_burst_user: u32,
    pub requests_per_second_address: u32,
    pub requests_burst_address: u32,
    pub logins_failed_per_minute: u32,
    pub connections_max: usize,
    pub sessions_per_user_max: usize,
    pub loopback_exempt: bool,
}

/// Settings under `tls`. Both are given or neither.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "keys.rs describes every field")]
pub struct Tls {
    #[serde(deserialize_with = "path_unless_empty")]
    pub certificate: Option<PathBuf>,
    #[serde(deserialize_with = "path_unless_empty")]
    pub key: Option<PathBuf>,
}

/// Settings under `log`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "keys.rs describes every field")]
pub struct Log {
    pub level: Level,
    pub format: Format,
}

/// The least important lines that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// How lines of the log look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `Pretty` on a terminal, `Json` elsewhere.
    Auto,
    /// For eyes.
    Pretty,
    /// One object a line.
    Json,
}

/// Settings under `platform`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "keys.rs describes every field")]
pub struct Platform {
    pub signature_window_seconds: i64,
    pub ticket_ttl_seconds: i64,
    pub login_page: String,
}

/// Settings under `ruoyi`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "keys.rs describes every field")]
pub struct Ruoyi {
    pub oldest_first: bool,
}

fn path_unless_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    let path = String::deserialize(deserializer)?;
    Ok((!path.is_empty()).then(|| path.into()))
}

fn addresses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AddressList, D::Error> {
    AddressList::parse(Vec::<String>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

/// A configuration together with the values it was made of, by full name.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The typed settings.
    pub config: Config,
    /// Every value in force, for printing.
    pub values: BTreeMap<&'static str, Value>,
}

/// Reads the settings from their sources: flags before environment before file before defaults.
///
/// # Errors
/// All problems found, in the order of the sources, at least one.
pub fn load(sources: &Sources) -> Result<Loaded, Vec<Problem>> {
    let Found {
        values: found,
        mut problems,
    } = Found::read(sources);
    let mut values = default_values();
    let mut origins = BTreeMap::new();
    for (name, (value, origin)) in found {
        values.insert(name, value);
        origins.insert(name, origin);
    }
    match typed(&values) {
        Ok(config) => {
            problems.extend(contradictions(&config).into_iter().map(|(keys, text)| {
                Problem {
                    origin: keys
                        .iter()
                        .filter_map(|key| origins.get(key))
                        .cloned()
                        .collect::<Vec<_>>()
                        .join(", "),
                    text,
                }
            }));
            if problems.is_empty() {
                Ok(Loaded { config, values })
            } else {
                Err(problems)
            }
        }
        Err(error) => {
            problems.push(Problem {
                origin: String::new(),
                text: error.message().to_owned(),
            });
            Err(problems)
        }
    }
}

/// Every key with its default.
fn default_values() -> BTreeMap<&'static str, Value> {
    let value = |key: &keys::Key| Some((key.name, key.kind.parse_toml(key.default).ok()?));
    keys::KEYS.iter().filter_map(value).collect()
}

/// Values by full name, as the struct.
fn typed(values: &BTreeMap<&'static str, Value>) -> Result<Config, toml::de::Error> {
    let mut root = Table::new();
    for (name, value) in values {
        let mut parts: Vec<&str> = name.split('.').collect();
        let leaf = parts.pop().unwrap_or_default();
        let table = parts.into_iter().try_fold(&mut root, |table, part| {
            let inner = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
            inner.as_table_mut()
        });
        if let Some(table) = table {
            table.insert(leaf.to_owned(), value.clone());
        }
    }
    root.try_into()
}

/// Settings that are fine alone but not together: the keys concerned, and what to do.
fn contradictions(config: &Config) -> Vec<(Vec<&'static str>, String)> {
    let mut found = Vec::new();
    if config.tls.certificate.is_some() != config.tls.key.is_some() {
        found.push((
            vec!["tls.certificate", "tls.key"],
            "tls.certificate and tls.key go together: set both, or neither to serve plain HTTP".to_owned(),
        ));
    }
    let s3 = &config.files.s3;
    for (name, value) in [
        ("files.s3.bucket", &s3.bucket),
        ("files.s3.region", &s3.region),
        ("files.s3.access_key", &s3.access_key),
        ("files.s3.secret_key", &s3.secret_key.0),
    ] {
        if config.files.store == FileStore::S3 && value.is_empty() {
            found.push((
                vec!["files.store"],
                format!("with files.store \"s3\", {name} has to be set as well"),
            ));
        }
    }
    let content = config.messages.content_bytes_max;
    for (name, room) in [
        ("limits.http_body_bytes_max", config.limits.http_body_bytes_max),
        (
            "limits.websocket_frame_bytes_max",
            config.limits.websocket_frame_bytes_max,
        ),
    ] {
        if content > room {
            found.push((
                vec!["messages.content_bytes_max", name],
                format!(
                    "messages.content_bytes_max ({content}) does not fit into {name} ({room}): raise the second or \
                     lower the first"
                ),
            ));
        }
    }
    for (rate_name, rate, burst_name, burst) in [
        (
            "limits.requests_per_second_user",
            config.limits.requests_per_second_user,
            "limits.requests_burst_user",
            config.limits.requests_burst_user,
        ),
        (
            "limits.requests_per_second_address",
            config.limits.requests_per_second_address,
            "limits.requests_burst_address",
            config.limits.requests_burst_address,
        ),
    ] {
        if burst < rate {
            found.push((
                vec![rate_name, burst_name],
                format!("{burst_name} ({burst}) must not be below {rate_name} ({rate})"),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(environment: &[(&str, &str)]) -> Result<Loaded, Vec<Problem>> {
        let environment = environment
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        load(&Sources {
            environment,
            ..Sources::default()
        })
    }

    #[test]
    fn defaults_are_those_operators_rely_on() {
        let config = with(&[]).unwrap().config;
        assert_eq!(config.listen, "127.0.0.1:8080".parse().unwrap());
        assert_eq!(config.data_dir, PathBuf::from("./parlance-data"));
        assert_eq!(config.time_zone, "Asia/Shanghai");
        assert_eq!(config.cors_origins, ["*"]);
        assert_eq!(config.inner_allow, AddressList::loopback());
        assert_eq!(config.trusted_proxies, AddressList::default());
        assert_eq!(
            config.dialects,
            [Dialect::Gateway, Dialect::Platform, Dialect::Ruoyi, Dialect::Xuqm]
        );
        assert_eq!(
            config.messages,
            Messages {
                recall_window_seconds: 120,
                edit_window_seconds: 900,
                content_bytes_max: 65536
            }
        );
        assert_eq!(config.groups.members_max, 10_000);
        assert_eq!(config.tokens.ttl_seconds, 86_400);
        assert_eq!(config.sqlite.synchronous, Synchronous::Full);
        assert_eq!(
            (config.limits.http_body_bytes_max, config.limits.upload_bytes_max),
            (1 << 20, 100 << 20)
        );
        assert_eq!(config.limits.websocket_frame_bytes_max, 256 << 10);
        assert!(config.limits.loopback_exempt);
        assert_eq!(
            config.tls,
            Tls {
                certificate: None,
                key: None
            }
        );
    }

    #[test]
    fn every_default_is_in_every_dialect_of_the_build() {
        let built: Vec<Dialect> = dialect::BUILT.iter().map(|name| name.parse().unwrap()).collect();
        assert_eq!(with(&[]).unwrap().config.dialects, built);
    }

    #[test]
    fn the_table_and_the_struct_hold_the_same_keys() {
        let all = default_values();
        assert_eq!(all.len(), keys::KEYS.len());
        for left_out in keys::KEYS {
            let mut fewer = all.clone();
            fewer.remove(left_out.name);
            assert!(
                typed(&fewer).is_err(),
                "the struct does not need {}",
                left_out.name
            );
        }
        let mut more = all;
        more.insert("limits.imagined", Value::Integer(1));
        assert!(typed(&more).is_err());
    }

    #[test]
    fn every_choice_of_a_key_is_known_to_the_struct() {
        for key in keys::KEYS {
            if let kind::Kind::Choice(words) = key.kind {
                for word in words {
                    let mut values = default_values();
                    values.insert(key.name, Value::String((*word).to_owned()));
                    assert!(typed(&values).is_ok(), "{} = {word}", key.name);
                }
            }
        }
    }

    #[test]
    fn the_bounds_of_whole_numbers_fit_the_struct() {
        for key in keys::KEYS {
            if let kind::Kind::Whole { min, max, .. } = key.kind {
                for bound in [min, max] {
                    let mut values = default_values();
                    values.insert(key.name, Value::Integer(bound.try_into().unwrap()));
                    assert!(typed(&values).is_ok(), "{} = {bound}", key.name);
                }
            }
        }
    }

    #[test]
    fn contradictions_name_both_keys() {
        let problems = with(&[("PARLANCE_TLS__KEY", "a.pem")]).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].origin, "PARLANCE_TLS__KEY");
        assert!(problems[0].text.contains("set both"));

        let problems = with(&[("PARLANCE_MESSAGES__CONTENT_BYTES_MAX", "524288")]).unwrap_err();
        assert!(
            problems[0]
                .text
                .contains("limits.websocket_frame_bytes_max (262144)"),
            "{problems:?}"
        );

        let problems = with(&[("PARLANCE_LIMITS__REQUESTS_BURST_USER", "299")]).unwrap_err();
        assert!(
            problems[0].text.contains("limits.requests_per_second_user (300)"),
            "{problems:?}"
        );
    }

    #[test]
    fn an_object_store_needs_its_bucket_and_both_halves_of_its_key() {
        let problems = with(&[
            ("PARLANCE_FILES__STORE", "s3"),
            ("PARLANCE_FILES__S3__BUCKET", "files"),
        ]);
        let told: Vec<String> = problems.unwrap_err().iter().map(ToString::to_string).collect();
        let expected = ["access_key", "secret_key"].map(|name| {
            format!("PARLANCE_FILES__STORE: with files.store \"s3\", files.s3.{name} has to be set as well")
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn a_secret_is_in_no_message() {
        let given = [("PARLANCE_FILES__S3__SECRET_KEY", "open sesame")];
        let problems = with(&given).unwrap_err();
        assert!(!problems[0].text.contains("sesame"), "{problems:?}");
        let config = with(&[("PARLANCE_FILES__S3__SECRET_KEY", "sesame")])
            .unwrap()
            .config;
        assert_eq!(config.files.s3.secret_key.0, "sesame");
        assert!(!format!("{config:?}").contains("sesame"));
    }

    #[test]
    fn all_problems_come_at_once() {
        let problems = with(&[
            ("PARLANCE_LISTEN", "nowhere"),
            ("PARLANCE_LOG__LEVEL", "9"),
            ("PARLANCE_X", ""),
        ]);
        assert_eq!(problems.unwrap_err().len(), 3);
    }
}
