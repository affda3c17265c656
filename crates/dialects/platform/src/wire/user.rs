//! People as this contract shows them: with their mobile.

use jiff::tz::TimeZone;
use parlance_core::types::{AccountRole, AccountStatus, User};
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::Word;
use crate::wire::time::local;

impl Word for AccountRole {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("ORDINARY_USER", Self::User),
        ("APP_ADMIN", Self::Admin),
        ("SUPER_ADMIN", Self::SuperAdmin),
    ];
}

impl Word for AccountStatus {
    const WORDS: &'static [(&'static str, Self)] = &[("ACTIVE", Self::Active), ("DISABLED", Self::Disabled)];
}

/// A person to write to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub(crate) struct WirePerson {
    id: i64,
    mobile: Option<String>,
    name: String,
    english_name: Option<String>,
    /// `ACTIVE` or `DISABLED`.
    status: String,
}

impl WirePerson {
    pub(crate) fn new(user: User) -> Self {
        Self {
            id: user.id,
            name: shown_name(&user),
            mobile: user.mobile,
            english_name: filled(user.english_name),
            status: user.status,
        }
    }
}

/// A name to show: of people who came by other ways than this contract the nickname or text id.
pub(crate) fn shown_name(user: &User) -> String {
    let names = [&user.name, &user.nickname, &user.uid];
    let shown = names.into_iter().find(|name| !name.is_empty());
    shown.cloned().unwrap_or_default()
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// A person as administrators see them, and everybody sees themselves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct WireUser {
    id: i64,
    mobile: Option<String>,
    name: String,
    english_name: Option<String>,
    /// `ACTIVE` or `DISABLED`.
    status: String,
    /// `ORDINARY_USER`, `APP_ADMIN` or `SUPER_ADMIN`.
    role: &'static str,
    /// 1 when deleted.
    is_deleted: i64,
    /// The name to log in with that never changes.
    uid: String,
    email: Option<String>,
    avatar: Option<String>,
    created_at: String,
    updated_at: String,
}

impl WireUser {
    pub(crate) fn new(user: User, zone: &TimeZone) -> Self {
        Self {
            id: user.id,
            name: shown_name(&user),
            mobile: user.mobile,
            english_name: filled(user.english_name),
            status: user.status,
            role: AccountRole::of(&user.role).spelt(),
            is_deleted: 0,
            uid: user.uid,
            email: user.email,
            avatar: filled(user.avatar),
            created_at: local(user.created_at, zone),
            updated_at: local(user.updated_at, zone),
        }
    }

    /// The same after its deletion.
    pub(crate) fn deleted(self) -> Self {
        Self {
            is_deleted: 1,
            ..self
        }
    }
}
