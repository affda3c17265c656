//! What `parlance user` asks for and gets: the same whether it opens the store itself or asks a running server. What
//! an account is and who may have one is decided in `parlance-core`.

use std::fmt::Write;
use std::future::Future;

use parlance_core::account::NewAccount;
use parlance_core::command::SetUserStatus;
use parlance_core::query::{FindUserByUid, ListUsers};
use parlance_core::types::{AccountRole, AccountStatus, DEFAULT_TENANT, User, UserId};
use parlance_core::{Actor, Core, Error, ErrorKind};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Accounts in one page of a list.
pub const PAGE_ACCOUNTS_MAX: i64 = 500;

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
    /// Administer the accounts of the tenant too.
    Admin,
    /// Administer administrators too.
    SuperAdmin,
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
    /// A page of a list; after the last one comes an empty one.
    Accounts(Vec<Account>),
}

/// Whoever can do what operators want.
pub trait Accounts: Clone + Send + Sync + 'static {
    /// Does it.
    fn run(&self, request: Request) -> impl Future<Output = Result<Reply, Failure>> + Send;
}

/// Does it in a core, as the server itself.
#[derive(Clone)]
pub struct Operator {
    core: Core,
}

impl Operator {
    /// For a core of this process.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    async fn id(&self, system: &Actor, uid: &str) -> Result<UserId, Failure> {
        let found = self
            .core
            .query(system, FindUserByUid { uid: uid.to_owned() })
            .await;
        found.map(|user| user.id).map_err(|error| refused(uid, &error))
    }

    async fn set_status(&self, uid: &str, status: AccountStatus) -> Result<Reply, Failure> {
        let system = Actor::system(DEFAULT_TENANT);
        let user_id = self.id(&system, uid).await?;
        let changed = self
            .core
            .execute(&system, SetUserStatus { user_id, status })
            .await;
        changed
            .map(|()| Reply::Done)
            .map_err(|error| refused(uid, &error))
    }
}

impl Accounts for Operator {
    async fn run(&self, request: Request) -> Result<Reply, Failure> {
        let system = Actor::system(DEFAULT_TENANT);
        match request {
            Request::Add {
                uid,
                name,
                role,
                password,
            } => {
                let account = NewAccount {
                    uid: uid.clone(),
                    nickname: name,
                    password: Some(password),
                    role: role.into(),
                    ..NewAccount::default()
                };
                let made = self.core.create_user(&system, account).await;
                made.map(|_| Reply::Done).map_err(|error| refused(&uid, &error))
            }
            Request::Disable { uid } => self.set_status(&uid, AccountStatus::Disabled).await,
            Request::Enable { uid } => self.set_status(&uid, AccountStatus::Active).await,
            Request::ResetPassword { uid, password } => {
                let user_id = self.id(&system, &uid).await?;
                let changed = self.core.reset_password(&system, user_id, password).await;
                changed
                    .map(|()| Reply::Done)
                    .map_err(|error| refused(&uid, &error))
            }
            Request::List { after_id } => {
                let page = ListUsers {
                    after_id,
                    limit: PAGE_ACCOUNTS_MAX,
                };
                let users = self
                    .core
                    .query(&system, page)
                    .await
                    .map_err(|error| refused("", &error))?;
                Ok(Reply::Accounts(users.into_iter().map(Account::from).collect()))
            }
        }
    }
}

impl From<Role> for AccountRole {
    fn from(role: Role) -> Self {
        match role {
            Role::User => Self::User,
            Role::Admin => Self::Admin,
            Role::SuperAdmin => Self::SuperAdmin,
        }
    }
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        let name = if user.nickname.is_empty() {
            user.name
        } else {
            user.nickname
        };
        Self {
            id: user.id,
            uid: user.uid,
            name,
            role: user.role,
            status: user.status,
        }
    }
}

fn refused(uid: &str, error: &Error) -> Failure {
    match error.kind {
        ErrorKind::UserMissing => Failure::new(
            format!("there is no account {uid}"),
            "`parlance user list` shows all",
        ),
        ErrorKind::Taken => Failure::new(
            format!("there is an account {uid} already"),
            "choose another name, or give that one a new password with `parlance user reset-password`",
        ),
        ErrorKind::Invalid => Failure::new(error.detail.clone(), ""),
        ErrorKind::Forbidden => Failure::new(
            format!("{uid} cannot be changed: {error}"),
            "the last account of the highest rank has to stay; make another first",
        ),
        _ => Failure::new(
            format!("the store refuses: {error}"),
            "look into the log of the server",
        ),
    }
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
