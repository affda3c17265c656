//! People as this contract shows them: with their mobile.

use jiff::tz::TimeZone;
use parlance_core::types::{AccountRole, User};
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

/// A person.
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
        let filled = |text: String| (!text.is_empty()).then_some(text);
        let name = [&user.name, &user.nickname, &user.uid]
            .into_iter()
            .find(|name| !name.is_empty())
            .cloned()
            .unwrap_or_default();
        Self {
            id: user.id,
            mobile: user.mobile,
            name,
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
}
