//! Accounts.

use parlance_core::command::{AccountImport, ProfileChanges};
use parlance_core::types::{AccountRole, User};
use serde::Serialize;
use serde_json::Value;

use crate::input::Input;
use crate::refusal::Refusal;
use crate::wire::auth::millis;

/// An account (1.7).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireAccount {
    user_id: String,
    nickname: String,
    avatar: String,
    gender: i64,
    signature: String,
    extra: Value,
    status: String,
    admin: bool,
    created_at: i64,
}

impl WireAccount {
    pub(crate) fn new(user: User) -> Self {
        Self {
            user_id: user.uid,
            nickname: user.nickname,
            avatar: user.avatar,
            gender: user.gender,
            signature: user.signature,
            extra: user.extra.map_or(Value::Null, extra),
            status: user.status,
            admin: AccountRole::of(&user.role) >= AccountRole::Admin,
            created_at: millis(user.created_at),
        }
    }
}

/// What clients keep with an account, as they sent it.
fn extra(kept: String) -> Value {
    serde_json::from_str(&kept).unwrap_or(Value::String(kept))
}

/// What a call says about the profile of an account. `extra` is any JSON; null takes it away.
pub(crate) fn profile(input: &Input) -> Result<ProfileChanges, Refusal> {
    let extra = input.written("extra").map(|extra| match extra {
        Value::Null => String::new(),
        extra => extra.to_string(),
    });
    Ok(ProfileChanges {
        nickname: input.text("nickname")?,
        avatar: input.text("avatar")?,
        gender: input.number("gender")?,
        signature: input.text("signature")?,
        extra,
        ..ProfileChanges::default()
    })
}

/// An account that a call wants to bring in.
pub(crate) fn import(input: &Input) -> Result<AccountImport, Refusal> {
    Ok(AccountImport {
        uid: input.required("userId")?,
        profile: profile(input)?,
        admin: input.flag("admin")?,
    })
}

/// What became of several accounts, or people: those that it was done for, and why not for the others.
#[derive(Debug, Serialize)]
pub(crate) struct WireOutcome {
    success: Vec<String>,
    failed: Vec<WireFailure>,
}

/// Why something was not done for somebody.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireFailure {
    user_id: String,
    reason: String,
}

impl WireOutcome {
    /// From text ids and what became of each.
    pub(crate) fn new<T>(outcomes: impl IntoIterator<Item = (String, parlance_core::Result<T>)>) -> Self {
        let (mut success, mut failed) = (Vec::new(), Vec::new());
        for (user_id, outcome) in outcomes {
            match outcome {
                Ok(_) => success.push(user_id),
                Err(error) => failed.push(WireFailure {
                    user_id,
                    reason: Refusal::from(error).message,
                }),
            }
        }
        Self { success, failed }
    }
}
