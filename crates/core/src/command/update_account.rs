//! Changes an account in every way that an administrator can, all at once or not at all.

use parlance_store::Tx;
use parlance_store::table::user;

use crate::command::set_password::void_tokens;
use crate::command::{Command, Context, ProfileChanges, SetPassword, SetUserStatus, UpdateProfile};
use crate::error::Result;
use crate::event::Event;
use crate::policy;
use crate::types::{AccountRole, AccountStatus, UserId};

/// Changes an account that the caller manages. Asked for through `Core::update_account`, which hashes the password.
///
/// # Errors
/// Those of the commands that do the parts: `UserMissing`, `Forbidden`, `Invalid`, `Taken`.
pub(crate) struct UpdateAccount {
    pub(crate) user_id: UserId,
    pub(crate) profile: ProfileChanges,
    pub(crate) role: Option<AccountRole>,
    pub(crate) status: Option<AccountStatus>,
    pub(crate) password_hash: Option<String>,
}

impl Command for UpdateAccount {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let user_id = self.user_id;
        let account = policy::account(cx.tx, cx.actor, user_id).await?;
        policy::manages(cx.tx, cx.actor, &account).await?;
        let profile = UpdateProfile {
            user_id,
            changes: self.profile.clone(),
        };
        profile.apply(cx).await?;
        if let Some(role) = self.role {
            set_role(cx, user_id, role).await?;
        }
        if let Some(status) = self.status {
            SetUserStatus { user_id, status }.apply(cx).await?;
        }
        if let Some(password_hash) = self.password_hash.clone() {
            let password = SetPassword::Of {
                user_id,
                password_hash,
            };
            password.apply(cx).await?;
        }
        Ok(())
    }
}

/// Gives an account another rank. Whoever is lowered has to prove anew who they are, on every connection.
pub(super) async fn set_role<T: Tx>(
    cx: &mut Context<'_, T>,
    user_id: UserId,
    role: AccountRole,
) -> Result<()> {
    let mut account = policy::account(cx.tx, cx.actor, user_id).await?;
    let before = AccountRole::of(&account.role);
    if before == role {
        return Ok(());
    }
    policy::ranks(cx.tx, cx.actor, &account).await?;
    account.role = role.word().to_owned();
    if role < before {
        return void_tokens(cx, account).await;
    }
    account.updated_at = cx.now;
    user::update(cx.tx, &account).await?;
    cx.record(Event::AccountChanged { user_id });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::account::AccountUpdate;
    use crate::command::ProfileChanges;
    use crate::query::FindUser;
    use crate::testing::{TestCore, refusal};
    use crate::types::{AccountRole, AccountStatus, DEFAULT_TENANT, UserId};
    use crate::{Actor, ErrorKind};

    fn role(user_id: UserId, role: AccountRole) -> AccountUpdate {
        AccountUpdate {
            user_id,
            role: Some(role),
            ..AccountUpdate::default()
        }
    }

    #[tokio::test]
    async fn everything_is_changed_or_nothing() {
        let t = TestCore::start().await;
        let (id, root) = (t.register("lisi").await, t.super_admin("root").await);
        let all = AccountUpdate {
            user_id: id,
            profile: ProfileChanges {
                name: Some("李四".into()),
                mobile: Some("13800138000".into()),
                ..ProfileChanges::default()
            },
            role: Some(AccountRole::Admin),
            status: Some(AccountStatus::Active),
            password: Some("another secret".into()),
        };
        t.core.update_account(&root, all.clone()).await.unwrap();
        let issued = t.log_in("lisi", "another secret").await.unwrap();
        assert_eq!(
            (issued.user.name.as_str(), issued.user.role.as_str()),
            ("李四", "ADMIN")
        );

        let other = t.user("other").await;
        let taken = AccountUpdate {
            user_id: other.user_id,
            ..all.clone()
        };
        assert_eq!(
            refusal(t.core.update_account(&root, taken).await),
            ErrorKind::Taken
        );
        let short = AccountUpdate {
            password: Some("short".into()),
            ..all
        };
        assert_eq!(
            refusal(t.core.update_account(&root, short).await),
            ErrorKind::Invalid
        );
        // The own rank is the last thing that is looked at here; the name before it must not stay.
        let own = AccountUpdate {
            profile: ProfileChanges {
                name: Some("changed".into()),
                ..ProfileChanges::default()
            },
            ..role(root.user_id, AccountRole::User)
        };
        assert_eq!(
            refusal(t.core.update_account(&root, own).await),
            ErrorKind::Forbidden
        );
        let shown = t.core.query(&root, FindUser { id: root.user_id }).await.unwrap();
        assert_eq!(shown.name, "");
    }

    #[tokio::test]
    async fn a_raised_account_keeps_its_tokens_and_a_lowered_one_loses_them() {
        let t = TestCore::start().await;
        let (id, root) = (t.register("lisi").await, t.super_admin("root").await);
        let issued = t.log_in("lisi", "secret1").await.unwrap();
        assert_eq!(t.authenticated(&issued).await.role, AccountRole::User);
        t.core
            .update_account(&root, role(id, AccountRole::SuperAdmin))
            .await
            .unwrap();
        assert_eq!(t.authenticated(&issued).await.role, AccountRole::SuperAdmin);
        t.core
            .update_account(&root, role(id, AccountRole::User))
            .await
            .unwrap();
        assert!(t.core.authenticate(&issued.token, "test").await.is_err());
    }

    #[tokio::test]
    async fn only_the_highest_rank_gives_ranks() {
        let t = TestCore::start().await;
        let (a, admin, root) = (
            t.user("a").await,
            t.admin("boss").await,
            t.super_admin("root").await,
        );
        let update = |actor: &Actor, user_id, to| {
            let (core, actor) = (t.core.clone(), actor.clone());
            async move { core.update_account(&actor, role(user_id, to)).await }
        };
        for (actor, whose) in [
            (&a, &a),
            (&a, &admin),
            (&admin, &a),
            (&admin, &root),
            (&admin, &admin),
        ] {
            let refused = update(actor, whose.user_id, AccountRole::SuperAdmin).await;
            assert_eq!(refusal(refused), ErrorKind::Forbidden, "{actor:?} {whose:?}");
        }
        let system = Actor::system(DEFAULT_TENANT);
        let last = update(&system, root.user_id, AccountRole::Admin).await;
        assert_eq!(refusal(last), ErrorKind::Forbidden, "the last one");
        let foreign = update(&Actor::system(2), a.user_id, AccountRole::Admin).await;
        assert_eq!(refusal(foreign), ErrorKind::UserMissing);
    }
}
