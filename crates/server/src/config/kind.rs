//! What values a setting takes: the check of a value, the reading of one from a single line of text, and the
//! sentence that tells an operator what is allowed. Which settings exist is the business of `keys.rs`.

use std::net::SocketAddr;

use parlance_core::app::jump::web_address;
use parlance_transport::http::AddressList;
use toml::Value;

use super::dialect;

/// Most entries in a list, which keeps the check of each request against it cheap.
const LIST_ENTRIES_MAX: usize = 256;

/// Longest name or secret, in bytes.
const TEXT_BYTES_MAX: usize = 256;

/// The sort of value a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An IP address with a port.
    Address,
    /// A path of a directory, never empty.
    Directory,
    /// A path of a file; empty means none.
    File,
    /// Where a browser can be sent: a path on this server, or an address on another one.
    Page,
    /// A name from the IANA time zone database.
    TimeZone,
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number within bounds, both included.
    Whole {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
        /// What is counted.
        unit: &'static str,
    },
    /// The address that others reach a server at; empty means none.
    Url,
    /// A name without blanks; empty means none.
    Text,
    /// A text that is never shown; empty means none.
    Secret,
    /// A list of web origins or `*`.
    Origins,
    /// A list of addresses and networks.
    Networks,
    /// A list of dialects that this build can serve.
    Dialects,
}

impl Kind {
    /// What is allowed, to be read after "must be".
    #[must_use]
    pub fn allowed(self) -> String {
        match self {
            Self::Address => "an IP address and a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"".into(),
            Self::Directory => "the path of a directory".into(),
            Self::File => "the path of a file, or \"\" for none".into(),
            Self::Page => {
                "a path on this server such as \"/login\", or an address such as \"https://chat.example.com/login\"".into()
            }
            Self::TimeZone => "a time zone by its IANA name, such as \"Asia/Shanghai\" or \"UTC\"".into(),
            Self::Switch => "true or false".into(),
            Self::Choice(words) => format!("one of {}", quoted(words)),
            Self::Whole { min, max, unit } => format!("a whole number from {min} to {max} ({unit})"),
            Self::Url => {
                "an address such as \"https://chat.example.com\", without a slash at its end, or \"\" for none".into()
            }
            Self::Text => format!("up to {TEXT_BYTES_MAX} letters, digits and signs without blanks, or \"\" for none"),
            Self::Secret => format!("a secret of up to {TEXT_BYTES_MAX} bytes, or \"\" for none"),
            Self::Origins => {
                "a list of origins such as [\"https://chat.example.com\"], or [\"*\"] for any page".into()
            }
            Self::Networks => "a list of addresses or networks such as [\"127.0.0.0/8\", \"::1\"]".into(),
            Self::Dialects => format!("a list out of {}", quoted(dialect::BUILT)),
        }
    }

    /// Reads a value from one line of text, as environment variables and flags give it. Lists are separated by
    /// commas, or written as in TOML; texts need no quotes.
    ///
    /// # Errors
    /// When the text cannot be a value of this kind at all; [`Kind::check`] says whether the value is allowed.
    pub fn parse_text(self, text: &str) -> Result<Value, String> {
        let text = text.trim();
        match self {
            Self::Address
            | Self::Directory
            | Self::File
            | Self::Page
            | Self::TimeZone
            | Self::Choice(_)
            | Self::Url
            | Self::Text
            | Self::Secret => Ok(Value::String(text.to_owned())),
            Self::Switch => text
                .to_ascii_lowercase()
                .parse()
                .map(Value::Boolean)
                .map_err(|_| String::new()),
            Self::Whole { .. } => text
                .replace('_', "")
                .parse()
                .map(Value::Integer)
                .map_err(|_| String::new()),
            Self::Origins | Self::Networks | Self::Dialects if text.starts_with('[') => self.parse_toml(text),
            Self::Origins | Self::Networks | Self::Dialects => {
                let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
                Ok(Value::Array(
                    entries.map(|entry| Value::String(entry.to_owned())).collect(),
                ))
            }
        }
    }

    /// Reads a value spelt as TOML.
    ///
    /// # Errors
    /// When the text is no TOML value.
    pub fn parse_toml(self, text: &str) -> Result<Value, String> {
        let mut table: toml::Table = format!("value = {text}")
            .parse()
            .map_err(|error: toml::de::Error| error.message().to_owned())?;
        table.remove("value").ok_or_else(String::new)
    }

    /// Whether the value is allowed. The error says what in particular is wrong with it, or is empty when
    /// [`Kind::allowed`] says it all.
    ///
    /// # Errors
    /// When the value is of another type, out of bounds or of wrong form.
    pub fn check(self, value: &Value) -> Result<(), String> {
        match self {
            Self::Address => text(value)?
                .parse::<SocketAddr>()
                .map(drop)
                .map_err(|_| String::new()),
            Self::Directory => ensure(!text(value)?.trim().is_empty(), ""),
            Self::File => text(value).map(drop),
            Self::Page => ensure(is_page(text(value)?), ""),
            Self::TimeZone => match jiff::tz::TimeZone::get(text(value)?) {
                Ok(_) => Ok(()),
                Err(_) => Err("no time zone has this name".into()),
            },
            Self::Switch => ensure(value.is_bool(), ""),
            Self::Choice(words) => ensure(words.contains(&text(value)?), ""),
            Self::Whole { min, max, .. } => {
                let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
                ensure(number.is_some_and(|number| (min..=max).contains(&number)), "")
            }
            Self::Url => ensure(is_url(text(value)?), ""),
            Self::Text | Self::Secret => {
                let text = text(value)?;
                let plain = text.chars().all(|c| c.is_ascii_graphic());
                ensure(plain && text.len() <= TEXT_BYTES_MAX, "")
            }
            Self::Origins => entries(value)?.into_iter().try_for_each(origin),
            Self::Networks => AddressList::parse(entries(value)?)
                .map(drop)
                .map_err(|error| error.to_string()),
            Self::Dialects => {
                let entries = entries(value)?;
                ensure(!entries.is_empty(), "at least one is needed")?;
                entries
                    .into_iter()
                    .try_for_each(|entry| entry.parse::<dialect::Dialect>().map(drop))
            }
        }
    }
}

fn ensure(condition: bool, otherwise: &str) -> Result<(), String> {
    if condition {
        Ok(())
    } else {
        Err(otherwise.to_owned())
    }
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(String::new)
}

fn entries(value: &Value) -> Result<Vec<&str>, String> {
    let list = value.as_array().ok_or_else(String::new)?;
    ensure(
        list.len() <= LIST_ENTRIES_MAX,
        &format!("the list has more than {LIST_ENTRIES_MAX} entries"),
    )?;
    list.iter().map(text).collect()
}

/// Whether a text is empty, or scheme, host, perhaps a port and perhaps a path.
fn is_url(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:[]/".contains(c);
    rest.is_some_and(|rest| !rest.starts_with(['/', ':']) && !rest.ends_with('/') && rest.chars().all(plain))
        && !text.ends_with('/')
}

/// Whether a browser goes where this says: what only looks like a path may lead to another server.
fn is_page(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    let path = text.starts_with('/') && !text.starts_with("//") && !text.contains('\\');
    plain && (path || web_address(text).is_ok())
}

fn origin(entry: &str) -> Result<(), String> {
    if entry == "*" {
        return Ok(());
    }
    let host = entry
        .strip_prefix("https://")
        .or_else(|| entry.strip_prefix("http://"))
        .unwrap_or("");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    ensure(
        !host.is_empty() && host.chars().all(plain),
        &format!(
            "\"{entry}\" is no origin: write scheme, host and port only, without a path or a slash at the end"
        ),
    )
}

/// The words in quotes, separated by commas.
fn quoted(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("\"{word}\""))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_text(kind: Kind, text: &str) -> Result<(), String> {
        kind.parse_text(text).and_then(|value| kind.check(&value))
    }

    #[test]
    fn a_url_has_a_scheme_and_a_host_and_no_slash_at_its_end() {
        for good in [
            "",
            "http://127.0.0.1:9000",
            "https://a.example",
            "https://[::1]:1/im/files",
        ] {
            assert_eq!(from_text(Kind::Url, good), Ok(()), "{good}");
        }
        for bad in [
            "a.example",
            "ftp://a",
            "https://",
            "https:///x",
            "http://:80",
            "http://a/",
            "http://a b",
            "http://a?x=1",
            "http://user@a",
            "https://a#x",
        ] {
            assert!(from_text(Kind::Url, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn whole_numbers_have_both_bounds() {
        let kind = Kind::Whole {
            min: 2,
            max: 10,
            unit: "members",
        };
        for good in ["2", "10", " 1_0 "] {
            assert_eq!(from_text(kind, good), Ok(()), "{good}");
        }
        for bad in ["1", "11", "-3", "2.5", "two", "", "99999999999999999999"] {
            assert!(from_text(kind, bad).is_err(), "{bad}");
        }
        assert!(
            kind.check(&Value::String("3".into())).is_err(),
            "a TOML text is not a number"
        );
        assert_eq!(kind.allowed(), "a whole number from 2 to 10 (members)");
    }

    #[test]
    fn lists_come_with_commas_or_as_toml() {
        let both = ["127.0.0.0/8, ::1", "[\"127.0.0.0/8\", \"::1\"]"];
        for text in both {
            let value = Kind::Networks.parse_text(text).expect(text);
            assert_eq!(value.as_array().map(Vec::len), Some(2), "{text}");
        }
        assert_eq!(Kind::Networks.parse_text(""), Ok(Value::Array(Vec::new())));
        assert_eq!(
            from_text(Kind::Networks, "127.0.0.1,nonsense").unwrap_err(),
            "\"nonsense\" is no address; write an address like 10.0.0.7 or a network like 10.0.0.0/8"
        );
    }

    #[test]
    fn list_length_is_bounded() {
        let long = vec![Value::String("::1".into()); LIST_ENTRIES_MAX + 1];
        assert!(
            Kind::Networks
                .check(&Value::Array(long))
                .unwrap_err()
                .contains("more than 256")
        );
    }

    #[test]
    fn origins_have_no_path() {
        assert_eq!(
            from_text(Kind::Origins, "https://chat.example.com:8443,http://[::1]:3000,*"),
            Ok(())
        );
        for bad in [
            "https://a.example/",
            "https://a.example/x",
            "a.example",
            "https://",
            "https://ex ample",
        ] {
            assert!(from_text(Kind::Origins, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_page_is_a_path_here_or_an_address_elsewhere() {
        for good in [
            "/",
            "/login?x=1#/y",
            "https://chat.example.com/login",
            "http://localhost:5173",
        ] {
            assert_eq!(from_text(Kind::Page, good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "login",
            "//evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "https://a@b.example",
            "/a b",
        ] {
            assert!(from_text(Kind::Page, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn time_zone_is_looked_up() {
        assert_eq!(from_text(Kind::TimeZone, "Asia/Shanghai"), Ok(()));
        assert!(from_text(Kind::TimeZone, "Asia/Shangri-La").is_err());
    }

    #[test]
    fn a_misspelt_dialect_is_told_what_was_meant() {
        assert_eq!(from_text(Kind::Dialects, "ruoyi,xuqm"), Ok(()));
        assert!(
            from_text(Kind::Dialects, "ryoui")
                .unwrap_err()
                .contains("did you mean \"ruoyi\"")
        );
        assert!(from_text(Kind::Dialects, "").is_err());
    }
}
