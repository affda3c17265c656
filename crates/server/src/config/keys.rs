//! The one table of settings: name, kind, default and meaning of each key. The printed configuration, the
//! reference page in `docs/operations`, the checks and the error messages are all made from it.
//!
//! No value is read here and nothing is parsed: `kind.rs` checks values, `sources.rs` finds them.

use super::kind::Kind;

/// One setting an operator can change.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Full dotted name, such as `messages.recall_window_seconds`.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// The value in force when nobody sets it, spelt as TOML.
    pub default: &'static str,
    /// What it does, in sentences for an operator.
    pub meaning: &'static str,
}

impl Key {
    /// The table the key stands in, empty for a top-level key.
    #[must_use]
    pub fn table(&self) -> &'static str {
        self.name.rsplit_once('.').map_or("", |(table, _)| table)
    }

    /// The name inside its table.
    #[must_use]
    pub fn leaf(&self) -> &'static str {
        self.name.rsplit_once('.').map_or(self.name, |(_, leaf)| leaf)
    }

    /// The environment variable that sets this key.
    #[must_use]
    pub fn variable(&self) -> String {
        format!(
            "{}{}",
            super::sources::PREFIX,
            self.name.replace('.', "__").to_ascii_uppercase()
        )
    }
}

/// A TOML table and what its keys have in common.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// Table name, empty for the top level.
    pub table: &'static str,
    /// One or two sentences that introduce it.
    pub meaning: &'static str,
}

/// The sections in the order in which they are printed; each key's table is one of them.
pub const SECTIONS: &[Section] = &[
    Section {
        table: "",
        meaning: "Where the server listens, where it keeps its data, and whom it trusts.",
    },
    Section {
        table: "messages",
        meaning: "Rules for messages, the same in every dialect.",
    },
    Section {
        table: "groups",
        meaning: "Rules for group conversations.",
    },
    Section {
        table: "tokens",
        meaning: "Tokens that clients get when they log in.",
    },
    Section {
        table: "sqlite",
        meaning: "The embedded database.",
    },
    Section {
        table: "files",
        meaning: "Where the bytes of uploaded files lie.",
    },
    Section {
        table: "files.s3",
        meaning: "An object store that speaks the S3 protocol: Amazon S3, MinIO, Ceph and many others. Used when \
                  files.store is \"s3\".",
    },
    Section {
        table: "limits",
        meaning: "What one client may ask of the server. Whoever goes over a limit gets the error of their dialect, \
                  with HTTP 413 or 429 where the dialect uses HTTP codes.",
    },
    Section {
        table: "tls",
        meaning: "Encrypted connections without a proxy. Set both keys, or neither to serve plain HTTP.",
    },
    Section {
        table: "log",
        meaning: "What the server writes to standard error.",
    },
    Section {
        table: "platform",
        meaning: "Apps that are joined to the server, and the platform dialect by which they speak.",
    },
    Section {
        table: "ruoyi",
        meaning: "The ruoyi dialect.",
    },
];

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const DAY_SECONDS: u64 = 86_400;
const YEAR_SECONDS: u64 = 365 * DAY_SECONDS;

const fn bytes(min: u64, max: u64) -> Kind {
    Kind::Whole {
        min,
        max,
        unit: "bytes",
    }
}

const fn seconds(min: u64, max: u64) -> Kind {
    Kind::Whole {
        min,
        max,
        unit: "seconds",
    }
}

const fn count(min: u64, max: u64, unit: &'static str) -> Kind {
    Kind::Whole { min, max, unit }
}

const fn key(name: &'static str, kind: Kind, default: &'static str, meaning: &'static str) -> Key {
    Key {
        name,
        kind,
        default,
        meaning,
    }
}

/// Every setting, grouped by section.
pub const KEYS: &[Key] = &[
    key(
        "listen",
        Kind::Address,
        r#""127.0.0.1:8080""#,
        "Address and port for HTTP and WebSocket. Port 0 takes any free port; the address really used is printed \
         and written to the file `address` in the data directory. Use 0.0.0.0 or [::] to be reached from other \
         machines.",
    ),
    key(
        "public_url",
        Kind::Url,
        r#""""#,
        "The address at which clients reach this server, when it is to stand in what they are sent. Links to files that \
         lie on this server begin with it; without it they are paths, which clients put behind the address they \
         called.",
    ),
    key(
        "data_dir",
        Kind::Directory,
        r#""./parlance-data""#,
        "Directory for the database, the secrets and uploaded files. It is made at first start. A relative path \
         counts from the directory in which the server is started.",
    ),
    key(
        "time_zone",
        Kind::TimeZone,
        r#""Asia/Shanghai""#,
        "Time zone of the local times that some dialects write. What is stored is always UTC.",
    ),
    key(
        "cors_origins",
        Kind::Origins,
        r#"["*"]"#,
        "Web pages that browsers may let call this server. \"*\" means any page; that is safe because tokens travel \
         in headers and never in cookies.",
    ),
    key(
        "inner_allow",
        Kind::Networks,
        r#"["127.0.0.0/8", "::1/128"]"#,
        "Networks that may call internal paths without the internal token. An empty list makes the token \
         necessary for everybody.",
    ),
    key(
        "trusted_proxies",
        Kind::Networks,
        "[]",
        "Networks of reverse proxies whose forwarding headers (X-Forwarded-For, Forwarded, X-Real-IP) are believed. \
         From anywhere else such a header has no effect on the address, and closes the internal paths.",
    ),
    key(
        "dialects",
        Kind::Dialects,
        r#"["gateway", "platform", "ruoyi", "xuqm"]"#,
        "The APIs to serve. Leave one out to close it.",
    ),
    key(
        "messages.recall_window_seconds",
        seconds(0, YEAR_SECONDS),
        "120",
        "How long after sending its sender may take a message back. 0 forbids it.",
    ),
    key(
        "messages.edit_window_seconds",
        seconds(0, YEAR_SECONDS),
        "900",
        "How long after sending its sender may change a message. 0 forbids it.",
    ),
    key(
        "messages.content_bytes_max",
        bytes(KIB, 16 * MIB),
        "65536",
        "Largest content of one message, in UTF-8. It has to fit into limits.http_body_bytes_max and \
         limits.websocket_frame_bytes_max.",
    ),
    key(
        "groups.members_max",
        count(2, 1_000_000, "members"),
        "10000",
        "Most members one group may have.",
    ),
    key(
        "tokens.ttl_seconds",
        seconds(60, YEAR_SECONDS),
        "86400",
        "How long a token is good for after log-in.",
    ),
    key(
        "sqlite.synchronous",
        Kind::Choice(&["FULL", "NORMAL"]),
        r#""FULL""#,
        "How hard a commit is pushed to the disk. With FULL a message that was acknowledged survives a \
         power cut. With NORMAL the last ones before a power cut may be lost; a crash of the server alone loses \
         nothing.",
    ),
    key(
        "files.store",
        Kind::Choice(&["local", "s3"]),
        r#""local""#,
        "local keeps files in the data directory, s3 in the object store below. What is still coming in is in the data \
         directory either way. Files do not move by themselves when this is changed: copy the directory files/kept of \
         the data directory to kept/ in the bucket, or the other way round, while the server is stopped.",
    ),
    key(
        "files.s3.endpoint",
        Kind::Url,
        r#""""#,
        "Address of the object store. Empty: Amazon S3 in the region below. With http:// everything but the secret key \
         can be read on the way.",
    ),
    key(
        "files.s3.public_endpoint",
        Kind::Url,
        r#""""#,
        "Address at which clients reach the same object store, when it is another one; links to files lead there.",
    ),
    key(
        "files.s3.bucket",
        Kind::Text,
        r#""""#,
        "Bucket for the files. The server does not make it. Give it a rule that removes unfinished multipart uploads \
         after a day, and no right for anybody else to read it.",
    ),
    key(
        "files.s3.region",
        Kind::Text,
        r#""us-east-1""#,
        "Region of the bucket.",
    ),
    key(
        "files.s3.access_key",
        Kind::Text,
        r#""""#,
        "Public half of the key that may read, write and delete objects in the bucket.",
    ),
    key(
        "files.s3.secret_key",
        Kind::Secret,
        r#""""#,
        "Secret half of the key. Better given by the environment variable than in a file that others can read. It is \
         never printed.",
    ),
    key(
        "files.s3.path_style",
        Kind::Switch,
        "true",
        "Whether the bucket stands in the path of an address, or with false before the host name, as some providers \
         demand.",
    ),
    key(
        "limits.http_body_bytes_max",
        bytes(4 * KIB, 64 * MIB),
        "1048576",
        "Largest body of a request, uploads of files excepted.",
    ),
    key(
        "limits.upload_bytes_max",
        bytes(KIB, 64 * GIB),
        "104857600",
        "Largest uploaded file.",
    ),
    key(
        "limits.websocket_frame_bytes_max",
        bytes(4 * KIB, 64 * MIB),
        "262144",
        "Largest message a client may send over a WebSocket.",
    ),
    key(
        "limits.title_chars_max",
        count(1, 4096, "characters"),
        "255",
        "Longest title or name of a conversation.",
    ),
    key(
        "limits.requests_per_second_user",
        count(1, 1_000_000, "requests a second"),
        "300",
        "Lasting rate of requests and frames of one user or app, over all their connections.",
    ),
    key(
        "limits.requests_burst_user",
        count(1, 1_000_000, "requests"),
        "600",
        "How many of them may come at once after a pause.",
    ),
    key(
        "limits.requests_per_second_address",
        count(1, 1_000_000, "requests a second"),
        "600",
        "Lasting rate of requests from one address. Many people may share one address.",
    ),
    key(
        "limits.requests_burst_address",
        count(1, 1_000_000, "requests"),
        "1200",
        "How many of them may come at once after a pause.",
    ),
    key(
        "limits.logins_failed_per_minute",
        count(1, 10_000, "attempts a minute"),
        "10",
        "Failed log-ins for one account from one address before further ones are turned away for a while.",
    ),
    key(
        "limits.connections_max",
        count(1, 10_000_000, "connections"),
        "100000",
        "Most open connections. The limit of open files of the process (`ulimit -n`) has to allow for them.",
    ),
    key(
        "limits.sessions_per_user_max",
        count(1, 10_000, "sessions"),
        "64",
        "Most live sessions of one user; one more closes the oldest.",
    ),
    key(
        "limits.loopback_exempt",
        Kind::Switch,
        "true",
        "Whether callers from this machine are free of the rates per second above.",
    ),
    key(
        "tls.certificate",
        Kind::File,
        r#""""#,
        "PEM file with the certificate and those that signed it, own certificate first. Empty: no TLS.",
    ),
    key(
        "tls.key",
        Kind::File,
        r#""""#,
        "PEM file with the private key of the certificate. Empty: no TLS.",
    ),
    key(
        "log.level",
        Kind::Choice(&["error", "warn", "info", "debug", "trace"]),
        r#""info""#,
        "The least important lines to write. The environment variable RUST_LOG, when set, goes before it and can \
         tell parts of the server apart.",
    ),
    key(
        "log.format",
        Kind::Choice(&["auto", "pretty", "json"]),
        r#""auto""#,
        "pretty is for eyes, json is one object a line for machines, auto picks pretty on a terminal.",
    ),
    key(
        "platform.signature_window_seconds",
        seconds(1, DAY_SECONDS),
        "300",
        "How far the time in an app's signature may be from the server's, both ways. Within it the same signature is \
         good again, so keep it short and the clocks right.",
    ),
    key(
        "platform.ticket_ttl_seconds",
        seconds(1, DAY_SECONDS),
        "60",
        "How long the ticket is good that brings somebody into an app. It can be used once.",
    ),
    key(
        "platform.login_page",
        Kind::Page,
        r#""/""#,
        "Where a browser is sent that follows a link into an app without being logged in. The parameter `next` tells \
         the page the link to go back to.",
    ),
    key(
        "ruoyi.oldest_first",
        Kind::Switch,
        "false",
        "Order of a page of the message list: newest message first, or with true oldest first, which web clients of \
         the first generation need.",
    ),
];

/// The key with exactly this dotted name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_stand_in_the_order_of_the_sections() {
        let mut ranks = Vec::new();
        for (n, key) in KEYS.iter().enumerate() {
            assert!(
                !KEYS[..n].iter().any(|other| other.name == key.name),
                "{} twice",
                key.name
            );
            let rank = SECTIONS.iter().position(|section| section.table == key.table());
            ranks.push(rank.unwrap_or_else(|| panic!("{} has no section", key.name)));
        }
        assert!(ranks.is_sorted());
        assert_eq!(
            ranks.last(),
            Some(&(SECTIONS.len() - 1)),
            "a section without keys"
        );
    }

    #[test]
    fn defaults_are_allowed_by_their_own_kind() {
        for key in KEYS {
            let value = key.kind.parse_toml(key.default).expect(key.name);
            assert_eq!(key.kind.check(&value), Ok(()), "{}", key.name);
        }
    }

    #[test]
    fn variable_puts_two_underscores_between_table_and_key() {
        assert_eq!(
            find("log.level").map(Key::variable).as_deref(),
            Some("PARLANCE_LOG__LEVEL")
        );
        assert_eq!(
            find("listen").map(Key::variable).as_deref(),
            Some("PARLANCE_LISTEN")
        );
    }
}
