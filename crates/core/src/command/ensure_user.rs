//! Makes sure that somebody whom the operator's own system vouches for has an account.

use parlance_store::Tx;
use parlance_store::table::user;

use crate::command::create_user::{add, blank};
use crate::command::{Command, Context};
use crate::error::{ErrorKind, Result};
use crate::types::UserId;
use crate::{field, policy};

/// Gives the account of a text id; one without a password is made if nobody has that id. Only the server itself and
/// administrators vouch for people.
///
/// # Errors
/// `Forbidden`, `UserDisabled` (also for an account that was deleted: its name stays taken), and `Invalid` for what
/// cannot be a text id.
#[derive(Clone, Debug)]
pub struct EnsureUser {
    /// Whose account, in the caller's tenant.
    pub uid: String,
}

impl Command for EnsureUser {
    type Reply = UserId;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<UserId> {
        policy::administrator(cx.actor)?;
        ensure(cx, &self.uid).await
    }
}

/// Several text ids that one transaction may make accounts of at most: other people's commands get in between.
pub(crate) const ENSURED_MAX: usize = 200;

/// Gives the accounts of text ids, in their order, as [`EnsureUser`] does: all, or nothing is made. Asked for through
/// `Core::vouch_for`, which keeps to [`ENSURED_MAX`].
pub(crate) struct EnsureUsers {
    pub(crate) uids: Vec<String>,
}

impl Command for EnsureUsers {
    type Reply = Vec<UserId>;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Vec<UserId>> {
        policy::administrator(cx.actor)?;
        let mut ids = Vec::with_capacity(self.uids.len());
        for uid in &self.uids {
            ids.push(ensure(cx, uid).await?);
        }
        Ok(ids)
    }
}

async fn ensure<T: Tx>(cx: &mut Context<'_, T>, uid: &str) -> Result<UserId> {
    field::uid(uid)?;
    match user::by_uid(cx.tx, cx.actor.tenant_id, uid).await? {
        Some(known) if known.status == "ACTIVE" => Ok(known.id),
        Some(_) => Err(ErrorKind::UserDisabled.into()),
        None => add(cx, blank(cx, uid, None)).await,
    }
}

#[cfg(test)]
mod tests {
    use super::EnsureUser;
    use crate::account::TokenRequest;
    use crate::command::{DeleteUser, SetUserStatus};
    use crate::query::FindUser;
    use crate::testing::{TestCore, refusal};
    use crate::types::{AccountStatus, DEFAULT_TENANT};
    use crate::{Actor, ErrorKind};

    const REQUEST: TokenRequest<'static> = TokenRequest {
        dialect: "test",
        profile: "7",
    };

    #[tokio::test]
    async fn whoever_is_vouched_for_has_one_account_without_a_password() {
        let t = TestCore::start().await;
        let first = t.core.vouch(DEFAULT_TENANT, "会话-1", REQUEST).await.unwrap();
        let again = t.core.vouch(DEFAULT_TENANT, "会话-1", REQUEST).await.unwrap();
        assert_eq!(first.user.id, again.user.id);
        assert_ne!(first.token, again.token);
        assert_eq!(
            (first.user.password_hash, first.user.role.as_str()),
            (None, "USER")
        );
        let (actor, claims) = t.core.authenticate(&first.token, "test").await.unwrap();
        assert_eq!((actor.user_id, claims.profile.as_str()), (first.user.id, "7"));
        let found = t
            .core
            .query(&actor, FindUser { id: actor.user_id })
            .await
            .unwrap();
        assert_eq!(found.uid, "会话-1");
        assert_eq!(
            refusal(t.log_in("会话-1", "").await),
            ErrorKind::PasswordWrong,
            "there is no password to guess"
        );
        let elsewhere = t.core.vouch(2, "会话-1", REQUEST).await.unwrap();
        assert_ne!(elsewhere.user.id, first.user.id);
    }

    #[tokio::test]
    async fn many_at_once_make_one_account() {
        let t = TestCore::start().await;
        let system = Actor::system(DEFAULT_TENANT);
        let ensure = || {
            t.core.execute(
                &system,
                EnsureUser {
                    uid: "same".to_owned(),
                },
            )
        };
        let (a, b, c) = tokio::join!(ensure(), ensure(), ensure());
        let a = a.unwrap();
        assert_eq!((b.unwrap(), c.unwrap()), (a, a));
    }

    #[tokio::test]
    async fn nobody_vouches_for_the_disabled_the_deleted_or_the_impossible() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let out = t.user("out").await;
        let set = SetUserStatus {
            user_id: out.user_id,
            status: AccountStatus::Disabled,
        };
        t.core.execute(&boss, set).await.unwrap();
        let gone = t.user("gone").await;
        let delete = DeleteUser {
            user_id: gone.user_id,
        };
        t.core.execute(&boss, delete).await.unwrap();
        for uid in ["out", "gone"] {
            let refused = t.core.vouch(DEFAULT_TENANT, uid, REQUEST).await;
            assert_eq!(refusal(refused), ErrorKind::UserDisabled, "{uid}");
            let refused = t.core.execute(&boss, EnsureUser { uid: uid.into() }).await;
            assert_eq!(refusal(refused), ErrorKind::UserDisabled, "{uid}");
        }
        for uid in ["", " ", "a b", "a\0b", &"x".repeat(129)] {
            let refused = t.core.vouch(DEFAULT_TENANT, uid, REQUEST).await;
            assert_eq!(refusal(refused), ErrorKind::Invalid, "{uid:?}");
        }
        assert!(
            t.core
                .vouch(DEFAULT_TENANT, &"x".repeat(128), REQUEST)
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn people_do_not_vouch_for_people() {
        let t = TestCore::start().await;
        let plain = t.user("plain").await;
        let refused = t.core.execute(&plain, EnsureUser { uid: "other".into() }).await;
        assert_eq!(refusal(refused), ErrorKind::Forbidden);
    }

    #[tokio::test]
    async fn several_are_vouched_for_at_once_or_none() {
        let t = TestCore::start().await;
        let known = t.user("u7").await.user_id;
        let uids: Vec<String> = (0..450).map(|number| format!("u{number}")).collect();
        let ids = t.core.vouch_for(DEFAULT_TENANT, &uids).await.unwrap();
        assert_eq!((ids.len(), ids[7]), (450, known));
        let again = t.core.vouch_for(DEFAULT_TENANT, &uids).await.unwrap();
        assert_eq!(again, ids);
        let wrong = [vec!["new".to_owned()], vec![String::new()]].concat();
        let refused = t.core.vouch_for(DEFAULT_TENANT, &wrong).await;
        assert_eq!(refusal(refused), ErrorKind::Invalid);
        let many = vec!["new".to_owned(); 10_001];
        assert_eq!(
            refusal(t.core.vouch_for(DEFAULT_TENANT, &many).await),
            ErrorKind::Invalid
        );
        let unknown = crate::query::FindUserByUid { uid: "new".into() };
        let asked = t.core.query(&Actor::system(DEFAULT_TENANT), unknown).await;
        assert_eq!(refusal(asked), ErrorKind::UserMissing);
    }
}
