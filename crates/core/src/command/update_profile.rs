//! Changes what an account tells about its person.

use parlance_store::Tx;
use parlance_store::table::user;

use crate::command::create_user::free_mobile;
use crate::command::{Command, Context};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::types::UserId;
use crate::{field, policy};

/// Characters of a name or nickname.
pub(super) const NAME_CHARS_MAX: usize = 50;
/// Characters of a picture's URL.
pub(super) const AVATAR_CHARS_MAX: usize = 2_048;
/// Characters of the line about oneself.
const SIGNATURE_CHARS_MAX: usize = 200;
/// Characters of department and position.
const ORGANISATION_CHARS_MAX: usize = 100;
/// Bytes of what clients keep with an account.
const EXTRA_BYTES_MAX: usize = 4_096;

/// What to change; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChanges {
    /// Display name, at most 50 characters.
    pub nickname: Option<String>,
    /// Real name, at most 50 characters.
    pub name: Option<String>,
    /// Latin name, at most 50 characters.
    pub english_name: Option<String>,
    /// URL of a picture, at most 2,048 characters.
    pub avatar: Option<String>,
    /// Mail address; empty takes it away.
    pub email: Option<String>,
    /// Mobile number, unique in the tenant; empty takes it away.
    pub mobile: Option<String>,
    /// 0 unknown, 1 male, 2 female.
    pub gender: Option<i64>,
    /// A line about oneself, at most 200 characters.
    pub signature: Option<String>,
    /// Organisational unit, at most 100 characters.
    pub department: Option<String>,
    /// Job title, at most 100 characters.
    pub position: Option<String>,
    /// What clients keep with the account, at most 4,096 bytes, not read by the server; empty takes it away.
    pub extra: Option<String>,
}

/// Changes the profile of the caller, or of somebody the caller manages.
///
/// # Errors
/// `UserMissing`, `Forbidden`, `Invalid`, `Taken` for a mobile number of somebody else.
#[derive(Clone, Debug)]
pub struct UpdateProfile {
    /// Whose.
    pub user_id: UserId,
    /// What.
    pub changes: ProfileChanges,
}

impl Command for UpdateProfile {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let mut account = policy::account(cx.tx, cx.actor, self.user_id).await?;
        if account.id != cx.actor.user_id {
            policy::manages(cx.tx, cx.actor, &account).await?;
        }
        self.changes.check()?;
        let ProfileChanges {
            nickname,
            name,
            english_name,
            avatar,
            email,
            mobile,
            gender,
            signature,
            department,
            position,
            extra,
        } = self.changes.clone();
        if let Some(mobile) = &mobile
            && !mobile.is_empty()
        {
            free_mobile(cx, mobile, account.id).await?;
        }
        let texts = [
            (&mut account.nickname, nickname),
            (&mut account.name, name),
            (&mut account.english_name, english_name),
            (&mut account.avatar, avatar),
            (&mut account.signature, signature),
            (&mut account.department, department),
            (&mut account.position, position),
        ];
        for (field, change) in texts {
            if let Some(value) = change {
                *field = value;
            }
        }
        if let Some(email) = email {
            account.email = Some(email).filter(|email| !email.is_empty());
        }
        if let Some(mobile) = mobile {
            account.mobile = Some(mobile).filter(|mobile| !mobile.is_empty());
        }
        if let Some(extra) = extra {
            account.extra = Some(extra).filter(|extra| !extra.is_empty());
        }
        account.gender = gender.unwrap_or(account.gender);
        account.updated_at = cx.now;
        user::update(cx.tx, &account).await?;
        cx.record(Event::AccountChanged { user_id: account.id });
        Ok(())
    }
}

impl ProfileChanges {
    /// Whether nothing changes.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether everything is within its bounds.
    pub(super) fn check(&self) -> Result<()> {
        let texts = [
            ("a nickname", &self.nickname, NAME_CHARS_MAX),
            ("a name", &self.name, NAME_CHARS_MAX),
            ("a latin name", &self.english_name, NAME_CHARS_MAX),
            ("the address of a picture", &self.avatar, AVATAR_CHARS_MAX),
            ("a signature", &self.signature, SIGNATURE_CHARS_MAX),
            ("a department", &self.department, ORGANISATION_CHARS_MAX),
            ("a position", &self.position, ORGANISATION_CHARS_MAX),
        ];
        for (what, value, most) in texts {
            value
                .as_deref()
                .map_or(Ok(()), |value| field::at_most(what, value, most))?;
        }
        if let Some(email) = self.email.as_deref().filter(|email| !email.is_empty()) {
            field::email(email)?;
        }
        if self
            .extra
            .as_ref()
            .is_some_and(|extra| extra.len() > EXTRA_BYTES_MAX)
        {
            return Err(Error::invalid(format!(
                "what is kept with an account has at most {EXTRA_BYTES_MAX} bytes"
            )));
        }
        match self.gender {
            None | Some(0..=2) => Ok(()),
            Some(_) => Err(Error::invalid("gender is 0 (unknown), 1 (male) or 2 (female)")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::FindUser;
    use crate::testing::{TestCore, refusal};
    use crate::{Actor, ErrorKind};

    fn nickname(user_id: UserId, value: &str) -> UpdateProfile {
        UpdateProfile {
            user_id,
            changes: ProfileChanges {
                nickname: Some(value.into()),
                ..ProfileChanges::default()
            },
        }
    }

    #[tokio::test]
    async fn what_is_not_named_stays() {
        let t = TestCore::start().await;
        let a = t.user("a").await;
        let first = ProfileChanges {
            nickname: Some("阿明".into()),
            email: Some("a@example.org".into()),
            mobile: Some("13800138000".into()),
            gender: Some(1),
            signature: Some("hello".into()),
            ..ProfileChanges::default()
        };
        let first = UpdateProfile {
            user_id: a.user_id,
            changes: first,
        };
        t.core.execute(&a, first).await.unwrap();
        let second = ProfileChanges {
            mobile: Some(String::new()),
            position: Some("Engineer".into()),
            ..ProfileChanges::default()
        };
        let second = UpdateProfile {
            user_id: a.user_id,
            changes: second,
        };
        t.core.execute(&a, second).await.unwrap();
        let shown = t.core.query(&a, FindUser { id: a.user_id }).await.unwrap();
        assert_eq!(shown.nickname, "阿明");
        assert_eq!(shown.email.as_deref(), Some("a@example.org"));
        assert_eq!(shown.mobile, None);
        assert_eq!((shown.gender, shown.signature.as_str()), (1, "hello"));
        assert_eq!(shown.position, "Engineer");
    }

    #[tokio::test]
    async fn only_oneself_and_those_who_manage_may_change_it() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        let admin = t.admin("boss").await;
        t.core
            .execute(&admin, nickname(a.user_id, "named by boss"))
            .await
            .unwrap();
        assert_eq!(
            refusal(t.core.execute(&b, nickname(a.user_id, "x")).await),
            ErrorKind::Forbidden
        );
        let root = t.super_admin("root").await;
        assert_eq!(
            refusal(t.core.execute(&admin, nickname(root.user_id, "x")).await),
            ErrorKind::Forbidden
        );
        t.core.execute(&root, nickname(admin.user_id, "x")).await.unwrap();
        let foreign = Actor { tenant_id: 2, ..root };
        assert_eq!(
            refusal(t.core.execute(&foreign, nickname(a.user_id, "x")).await),
            ErrorKind::UserMissing
        );
        assert_eq!(
            refusal(t.core.execute(&admin, nickname(0, "x")).await),
            ErrorKind::UserMissing
        );
    }

    #[tokio::test]
    async fn odd_values_and_a_taken_mobile_are_refused() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        let of = |actor: &Actor, change: fn(&mut ProfileChanges)| {
            let mut changes = ProfileChanges::default();
            change(&mut changes);
            UpdateProfile {
                user_id: actor.user_id,
                changes,
            }
        };
        for change in [
            (|c| c.nickname = Some("x".repeat(51))) as fn(&mut ProfileChanges),
            |c| c.signature = Some("x".repeat(201)),
            |c| c.avatar = Some("x".repeat(2_049)),
            |c| c.email = Some("nowhere".into()),
            |c| c.mobile = Some("12ab".into()),
            |c| c.gender = Some(3),
        ] {
            assert_eq!(
                refusal(t.core.execute(&a, of(&a, change)).await),
                ErrorKind::Invalid
            );
        }
        let mobile: fn(&mut ProfileChanges) = |c| c.mobile = Some("13800138000".into());
        t.core.execute(&a, of(&a, mobile)).await.unwrap();
        t.core.execute(&a, of(&a, mobile)).await.unwrap();
        assert_eq!(
            refusal(t.core.execute(&b, of(&b, mobile)).await),
            ErrorKind::Taken
        );
    }
}
