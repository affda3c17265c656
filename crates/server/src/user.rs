//! What `parlance user` asks for and gets: the same whether it opens the store itself or asks a running server. What
//! an account is and who may have one is decided in `parlance-core`.

use std::fmt::Write;
use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Accounts in one page of a list.
pub const PAGE_ACCOUNTS_MAX: u32 = 500;

/// What an operator wants done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Make an account.
    Add {
        /// Text id, unique in the tenant.
        uid: String,
        /// Shown name; empty for none.
        name: String,
        /// What it may do.
        role: Role,
        /// First password.
        password: String,
    },
    /// The next accounts by number, at most [`PAGE_ACCOUNTS_MAX`].
    List {
        /// The number after which to begin; 0 for the first.
        after_id: i64,
    },
    /// Close an account: its tokens end, and it cannot log in.
    Disable {
        /// Whose.
        uid: String,
    },
    /// Open a closed account again.
    Enable {
        /// Whose.
        uid: String,
    },
    /// Change a password: all tokens of the account end.
    ResetPassword {
        /// Whose.
        uid: String,
        /// The new one.
        password: String,
    },
}

/// What an account may do in its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Chat.
    User,
    /// Administer the tenant too.
    Admin,
}

/// An account in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Number.
    pub id: i64,
    /// Text id.
    pub uid: String,
    /// Shown name.
    pub name: String,
    /// Role as stored.
    pub role: String,
    /// Status as stored.
    pub status: String,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It is done, and on disk.
    Done,
    /// A page of a list; the last one is not full.
    Accounts(Vec<Account>),
}

/// Whoever can do what operators want.
pub trait Accounts: Clone + Send + Sync + 'static {
    /// Does it.
    fn run(&self, request: Request) -> impl Future<Output = Result<Reply, Failure>> + Send;
}

/// First line of a list.
pub const LIST_HEAD: &str = "ID\tUID\tNAME\tROLE\tSTATUS\n";

/// A page of a list, one line each, columns apart by tabs. Names cannot move the cursor of a terminal.
#[must_use]
pub fn list(accounts: &[Account]) -> String {
    let mut text = String::new();
    for Account {
        id,
        uid,
        name,
        role,
        status,
    } in accounts
    {
        _ = writeln!(
            text,
            "{id}\t{}\t{}\t{}\t{}",
            plain(uid),
            plain(name),
            plain(role),
            plain(status)
        );
    }
    text
}

fn plain(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_their_column() {
        let account = Account {
            id: 7,
            uid: "eve".into(),
            name: "a\tb\n\u{1b}[2J小明".into(),
            role: "USER".into(),
            status: "ACTIVE".into(),
        };
        assert_eq!(
            list(&[account]),
            "7\teve\ta\u{fffd}b\u{fffd}\u{fffd}[2J小明\tUSER\tACTIVE\n"
        );
    }
}
