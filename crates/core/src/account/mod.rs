//! Who is calling: accounts, passwords, tokens. Whether the caller may do a thing is the policy's business.

mod login;
mod manage;
mod on_behalf;
mod password;
mod signed;
mod throttle;
mod token;
mod user_sig;

use std::sync::Arc;

use crate::session::SessionId;
use crate::types::{AccountRole, TenantId, UserId};

pub use login::{Issued, Login, LoginName};
pub use manage::{AccountUpdate, Bootstrapped, NewAccount, PasswordChange, Registration};
pub use password::PasswordCost;
pub(crate) use password::Passwords;
pub use signed::{CheckedSignature, SignedFor, SignedLogin};
pub(crate) use throttle::{LoginThrottle, Subject};
pub use token::{Claims, TokenRequest};
pub(crate) use token::{Standing, Tokens};
pub use user_sig::BadSignature;

/// The caller of a command or query, as proven by its token.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The person; 0 for the server itself.
    pub user_id: UserId,
    /// The tenant that bounds everything the caller can see.
    pub tenant_id: TenantId,
    /// What the account may do in its tenant.
    pub role: AccountRole,
    /// The account's epoch that the token was issued in; 0 for the server itself.
    pub epoch: i64,
    /// The connection that the call came over, if it came over one.
    pub session: Option<SessionId>,
    /// The token that proved it; empty for the server itself.
    pub token_id: Arc<str>,
    /// By what right it acts.
    pub mandate: Mandate,
    /// Whom a block keeps from writing, as the caller's dialect has it.
    pub block_rule: BlockRule,
}

/// By what right somebody acts. An administrator who chats is a person like any other; only a dialect that gives its
/// administrators more says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mandate {
    /// By its place in each conversation.
    #[default]
    Place,
    /// By its rank in the tenant, if that is high enough: an owner's rights in every group, and no friend, block or
    /// mute in the way.
    Rank,
}

/// Whom a block keeps from writing to the other one. Whoever was blocked never may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BlockRule {
    /// Also who has blocked the other.
    #[default]
    Mutual,
    /// Nobody else.
    OneWay,
}

impl Actor {
    /// The server itself, acting in a tenant: bootstrap, command line, housekeeping.
    pub fn system(tenant_id: TenantId) -> Self {
        Self {
            user_id: 0,
            tenant_id,
            role: AccountRole::SuperAdmin,
            epoch: 0,
            session: None,
            token_id: Arc::from(""),
            mandate: Mandate::Rank,
            block_rule: BlockRule::Mutual,
        }
    }

    /// Whether it acts by its rank, and that is high enough.
    pub fn commands(&self) -> bool {
        self.mandate == Mandate::Rank && self.is_admin()
    }

    /// Whether the account manages others in its tenant.
    pub fn is_admin(&self) -> bool {
        self.role >= AccountRole::Admin
    }
}
