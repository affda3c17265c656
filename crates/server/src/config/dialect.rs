//! The dialects an operator can name. How a dialect is served is wired in
//! `serve.rs`.

use std::str::FromStr;

use serde::Deserialize;

use super::nearest;

/// Names of the dialects in this build.
pub const BUILT: &[&str] = &["gateway", "platform", "ruoyi", "xuqm"];

/// An API that clients speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Dialect {
    /// Conversations and messages as JSON over POST, pushed at `/notify`.
    Gateway,
    /// People, apps and what apps tell people, under `/api/v1`.
    Platform,
    /// Conversations and messages under `/api/im`, JSON over WebSocket.
    Ruoyi,
    /// Accounts, messages, friends and groups of every tenant under `/api/im`, STOMP over WebSocket.
    Xuqm,
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "gateway" => Ok(Self::Gateway),
            "platform" => Ok(Self::Platform),
            "ruoyi" => Ok(Self::Ruoyi),
            "xuqm" => Ok(Self::Xuqm),
            name => Err(match nearest::to(name, BUILT.iter().copied()) {
                Some(near) => format!("there is no dialect \"{name}\"; did you mean \"{near}\"?"),
                None => format!("there is no dialect \"{name}\""),
            }),
        }
    }
}

impl TryFrom<String> for Dialect {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_name_parses_and_no_other() {
        for name in BUILT {
            assert!(name.parse::<Dialect>().is_ok(), "{name}");
        }
        for name in ["", "Xuqm", "xuqm ", "tencent"] {
            assert!(name.parse::<Dialect>().is_err(), "{name:?}");
        }
    }
}
