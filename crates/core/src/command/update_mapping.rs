//! Changes under which account an app knows a person, and checks what a mapping must look like.

use parlance_store::Tx;
use parlance_store::table::app_mapping;

use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::types::{AppId, AppMapping, MappedUser};
use crate::{field, policy};

/// Characters of an account's name in an app.
const KEY_CHARS_MAX: usize = 255;

/// Changes a mapping; what is none stays. Another person needs another mapping.
///
/// # Errors
/// `Forbidden`, `ItemMissing`, `Invalid`, and `Taken` with `mapped_key` as detail.
#[derive(Clone, Debug)]
pub struct UpdateMapping {
    /// In which app.
    pub app_id: AppId,
    /// Which.
    pub mapping_id: i64,
    /// What.
    pub changes: MappingChanges,
}

/// What to change in a mapping.
#[derive(Clone, Debug, Default)]
pub struct MappingChanges {
    /// The account's name in the app.
    pub mapped_key: Option<String>,
    /// The account's mail address in the app, or empty.
    pub mapped_email: Option<String>,
    /// Whether the person may go there.
    pub active: Option<bool>,
}

impl Command for UpdateMapping {
    type Reply = MappedUser;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<MappedUser> {
        let mapping = policy::managed_mapping(cx.tx, cx.actor, self.app_id, self.mapping_id).await?;
        let to = &self.changes;
        let changed = AppMapping {
            mapped_key: to.mapped_key.clone().unwrap_or(mapping.mapped_key),
            mapped_email: to.mapped_email.clone().unwrap_or(mapping.mapped_email),
            active: to.active.unwrap_or(mapping.active),
            ..mapping
        };
        checked(cx, &changed).await?;
        app_mapping::update(cx.tx, &changed).await?;
        let found = app_mapping::with_user(cx.tx, changed.id).await?;
        let mut found = found.ok_or(ErrorKind::ItemMissing)?;
        found.user.password_hash = None;
        Ok(found)
    }
}

/// Checks every field of a mapping, and that nobody else has the account.
pub(super) async fn checked<T: Tx>(cx: &mut Context<'_, T>, mapping: &AppMapping) -> Result<()> {
    field::line("an account's name", &mapping.mapped_key, KEY_CHARS_MAX)?;
    if !mapping.mapped_email.is_empty() {
        field::email(&mapping.mapped_email)?;
    }
    match app_mapping::by_key(cx.tx, mapping.app_id, &mapping.mapped_key).await? {
        Some(other) if other.id != mapping.id => Err(Error::new(ErrorKind::Taken, "mapped_key")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn only_what_is_named_changes_and_only_in_its_own_app() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let (oa, crm) = (t.app("oa").await.listed.app.id, t.app("crm").await.listed.app.id);
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let mapping_id = t.map(oa, &ann, "ann_oa").await;
        t.map(oa, &bob, "bob_oa").await;
        let update = |app_id, changes| UpdateMapping {
            app_id,
            mapping_id,
            changes,
        };
        let rename = MappingChanges {
            mapped_key: Some("ann2".into()),
            ..MappingChanges::default()
        };
        let changed = t.core.execute(&boss, update(oa, rename.clone())).await.unwrap();
        assert_eq!(
            (
                changed.mapping.mapped_key.as_str(),
                changed.mapping.active,
                changed.user.id
            ),
            ("ann2", true, ann.user_id)
        );
        let off = MappingChanges {
            active: Some(false),
            mapped_email: Some("ann@corp.example".into()),
            ..MappingChanges::default()
        };
        let changed = t.core.execute(&boss, update(oa, off)).await.unwrap();
        assert_eq!(
            (changed.mapping.mapped_key.as_str(), changed.mapping.active),
            ("ann2", false)
        );
        let key_of_bob = MappingChanges {
            mapped_key: Some("bob_oa".into()),
            ..MappingChanges::default()
        };
        assert_eq!(
            refusal(t.core.execute(&boss, update(oa, key_of_bob)).await),
            ErrorKind::Taken
        );
        assert_eq!(
            refusal(t.core.execute(&boss, update(crm, rename.clone())).await),
            ErrorKind::ItemMissing
        );
        assert_eq!(
            refusal(t.core.execute(&ann, update(oa, rename)).await),
            ErrorKind::Forbidden
        );
    }
}
