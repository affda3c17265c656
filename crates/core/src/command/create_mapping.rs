//! Says under which account an app knows a person.

use parlance_store::Tx;
use parlance_store::table::{app_mapping, user};

use crate::command::update_mapping::checked;
use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::policy;
use crate::types::{AppId, AppMapping, DELETED, MappedUser, User, UserId};

/// Whom a mapping is for.
#[derive(Clone, Debug)]
pub enum MappedPerson {
    /// By number.
    Id(UserId),
    /// By mobile number.
    Mobile(String),
}

/// Maps a person to an account of an app. A person has one account in an app, and an account is one person's.
///
/// # Errors
/// `Forbidden`, `ItemMissing` for the app, `UserMissing`, `Invalid`, and `Taken` with `mapped_key` or `user` as
/// detail.
#[derive(Clone, Debug)]
pub struct CreateMapping {
    /// Which app.
    pub app_id: AppId,
    /// Who.
    pub person: MappedPerson,
    /// The account's name in the app: 1 to 255 characters.
    pub mapped_key: String,
    /// The account's mail address in the app, or empty.
    pub mapped_email: String,
    /// Whether the person may go there.
    pub active: bool,
}

impl Command for CreateMapping {
    type Reply = MappedUser;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<MappedUser> {
        let app = policy::managed_app(cx.tx, cx.actor, self.app_id).await?;
        let mut user = self.user(cx).await?;
        let row = AppMapping {
            id: 0,
            app_id: app.id,
            user_id: user.id,
            mapped_key: self.mapped_key.clone(),
            mapped_email: self.mapped_email.clone(),
            active: self.active,
            created_at: cx.now,
        };
        checked(cx, &row).await?;
        if app_mapping::of_user(cx.tx, app.id, user.id).await?.is_some() {
            return Err(Error::new(ErrorKind::Taken, "user"));
        }
        let id = app_mapping::insert(cx.tx, &row).await?;
        user.password_hash = None;
        Ok(MappedUser {
            mapping: AppMapping { id, ..row },
            user,
        })
    }
}

impl CreateMapping {
    async fn user<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<User> {
        match &self.person {
            MappedPerson::Id(id) => policy::account(cx.tx, cx.actor, *id).await,
            MappedPerson::Mobile(mobile) => {
                let found = user::by_mobile(cx.tx, cx.actor.tenant_id, mobile).await?;
                found
                    .filter(|user| user.status != DELETED)
                    .ok_or_else(|| ErrorKind::UserMissing.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::account::Registration;
    use crate::command::DeleteUser;
    use crate::query::{AppMappings, MappingsPage};
    use crate::testing::{TestCore, refusal};
    use crate::types::DEFAULT_TENANT;

    fn mapping(app_id: AppId, user_id: UserId, key: &str) -> CreateMapping {
        CreateMapping {
            app_id,
            person: MappedPerson::Id(user_id),
            mapped_key: key.into(),
            mapped_email: String::new(),
            active: true,
        }
    }

    fn taken(result: Result<MappedUser>) -> String {
        let refused = result.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Taken);
        refused.detail
    }

    #[tokio::test]
    async fn a_person_is_mapped_by_number_or_mobile() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let app_id = t.app("oa").await.listed.app.id;
        let ann = t.user("ann").await;
        let lisi = Registration {
            tenant_id: DEFAULT_TENANT,
            uid: "lisi".into(),
            password: "secret1".into(),
            mobile: Some("13800138000".into()),
            ..Registration::default()
        };
        let lisi = t.core.register(lisi).await.unwrap();
        let by_mobile = CreateMapping {
            person: MappedPerson::Mobile("13800138000".into()),
            mapped_email: "lisi@corp.example".into(),
            ..mapping(app_id, 0, "lisi_oa")
        };
        let made = t.core.execute(&boss, by_mobile).await.unwrap();
        assert_eq!(
            (made.user.id, made.mapping.mapped_key.as_str()),
            (lisi, "lisi_oa")
        );
        assert_eq!(made.user.password_hash, None);
        t.core
            .execute(&boss, mapping(app_id, ann.user_id, "ann_oa"))
            .await
            .unwrap();
        let page = MappingsPage::default();
        let (total, listed) = t.core.query(&boss, AppMappings { app_id, page }).await.unwrap();
        assert_eq!(total, 2);
        assert_eq!(
            listed
                .iter()
                .map(|one| one.mapping.mapped_key.as_str())
                .collect::<Vec<_>>(),
            ["ann_oa", "lisi_oa"]
        );
    }

    #[tokio::test]
    async fn an_account_is_one_persons_and_a_person_has_one() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let (oa, crm) = (t.app("oa").await.listed.app.id, t.app("crm").await.listed.app.id);
        let (ann, bob) = (t.user("ann").await.user_id, t.user("bob").await.user_id);
        t.core.execute(&boss, mapping(oa, ann, "key")).await.unwrap();
        assert_eq!(
            taken(t.core.execute(&boss, mapping(oa, bob, "key")).await),
            "mapped_key"
        );
        assert_eq!(
            taken(t.core.execute(&boss, mapping(oa, ann, "other")).await),
            "user"
        );
        t.core.execute(&boss, mapping(crm, ann, "key")).await.unwrap();
        t.core.execute(&boss, mapping(oa, bob, "KEY")).await.unwrap();
    }

    #[tokio::test]
    async fn mappings_of_nobody_of_nothing_and_by_nobody_are_refused() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let app_id = t.app("oa").await.listed.app.id;
        let (ann, foreign) = (t.user("ann").await, t.user_of(2, "f").await);
        for (by, command, kind) in [
            (&ann, mapping(app_id, ann.user_id, "k"), ErrorKind::Forbidden),
            (&boss, mapping(99, ann.user_id, "k"), ErrorKind::ItemMissing),
            (&boss, mapping(app_id, 0, "k"), ErrorKind::UserMissing),
            (
                &boss,
                mapping(app_id, foreign.user_id, "k"),
                ErrorKind::UserMissing,
            ),
            (&boss, mapping(app_id, ann.user_id, ""), ErrorKind::Invalid),
            (&boss, mapping(app_id, ann.user_id, "a\0"), ErrorKind::Invalid),
            (
                &boss,
                mapping(app_id, ann.user_id, &"x".repeat(256)),
                ErrorKind::Invalid,
            ),
        ] {
            assert_eq!(refusal(t.core.execute(by, command).await), kind);
        }
        let nobody = CreateMapping {
            person: MappedPerson::Mobile("13900139000".into()),
            ..mapping(app_id, 0, "k")
        };
        assert_eq!(
            refusal(t.core.execute(&boss, nobody).await),
            ErrorKind::UserMissing
        );
        let mail = CreateMapping {
            mapped_email: "nowhere".into(),
            ..mapping(app_id, ann.user_id, "k")
        };
        assert_eq!(refusal(t.core.execute(&boss, mail).await), ErrorKind::Invalid);
        let elsewhere = Actor::system(2);
        let across = mapping(app_id, foreign.user_id, "k");
        assert_eq!(
            refusal(t.core.execute(&elsewhere, across).await),
            ErrorKind::ItemMissing
        );
    }

    #[tokio::test]
    async fn the_account_of_somebody_deleted_is_free_again() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let app_id = t.app("oa").await.listed.app.id;
        let (ann, bob) = (t.user("ann").await.user_id, t.user("bob").await.user_id);
        t.core.execute(&boss, mapping(app_id, ann, "key")).await.unwrap();
        t.core.execute(&boss, DeleteUser { user_id: ann }).await.unwrap();
        t.core.execute(&boss, mapping(app_id, bob, "key")).await.unwrap();
    }
}
