//! Takes away or gives back the right to use an account.

use parlance_store::Tx;

use crate::command::set_password::void_tokens;
use crate::command::{Command, Context};
use crate::error::Result;
use crate::policy;
use crate::types::{AccountStatus, UserId};

/// Disables or enables an account that the caller manages. Its tokens are void and its connections end; to set what
/// is set already changes nothing.
///
/// # Errors
/// `UserMissing`; `Forbidden`, also for the caller's own account and for the last one of the highest rank.
#[derive(Clone, Copy, Debug)]
pub struct SetUserStatus {
    /// Whose.
    pub user_id: UserId,
    /// From now on.
    pub status: AccountStatus,
}

impl Command for SetUserStatus {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let mut account = policy::account(cx.tx, cx.actor, self.user_id).await?;
        policy::manages(cx.tx, cx.actor, &account).await?;
        if account.status == self.status.word() {
            return Ok(());
        }
        policy::dispensable(cx.tx, cx.actor, &account).await?;
        account.status = self.status.word().to_owned();
        void_tokens(cx, account).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestCore, refusal};
    use crate::types::DEFAULT_TENANT;
    use crate::{Actor, Ended, ErrorKind};

    fn set(user_id: UserId, status: AccountStatus) -> SetUserStatus {
        SetUserStatus { user_id, status }
    }

    #[tokio::test]
    async fn a_disabled_account_is_out_until_it_is_enabled() {
        let t = TestCore::start().await;
        let id = t.register("lisi").await;
        let admin = t.admin("boss").await;
        let issued = t.log_in("lisi", "secret1").await.unwrap();
        let session = t.core.attach(&t.authenticated(&issued).await);
        t.core
            .execute(&admin, set(id, AccountStatus::Disabled))
            .await
            .unwrap();
        assert_eq!(session.next().await.err(), Some(Ended::Revoked));
        assert_eq!(
            refusal(t.log_in("lisi", "secret1").await),
            ErrorKind::UserDisabled
        );
        assert!(t.core.authenticate(&issued.token, "test").await.is_err());
        t.core
            .execute(&admin, set(id, AccountStatus::Active))
            .await
            .unwrap();
        assert!(
            t.core.authenticate(&issued.token, "test").await.is_err(),
            "old tokens stay void"
        );
        let again = t.log_in("lisi", "secret1").await.unwrap();
        t.core
            .execute(&admin, set(id, AccountStatus::Active))
            .await
            .unwrap();
        assert!(
            t.core.authenticate(&again.token, "test").await.is_ok(),
            "no change, no harm"
        );
    }

    #[tokio::test]
    async fn nobody_is_disabled_from_below_or_by_themselves() {
        let t = TestCore::start().await;
        let (a, admin, root) = (
            t.user("a").await,
            t.admin("boss").await,
            t.super_admin("root").await,
        );
        let off = |actor: &Actor| set(actor.user_id, AccountStatus::Disabled);
        assert_eq!(
            refusal(t.core.execute(&a, off(&admin)).await),
            ErrorKind::Forbidden
        );
        assert_eq!(
            refusal(t.core.execute(&admin, off(&root)).await),
            ErrorKind::Forbidden
        );
        assert_eq!(
            refusal(t.core.execute(&root, off(&root)).await),
            ErrorKind::Forbidden
        );
        let system = Actor::system(DEFAULT_TENANT);
        assert_eq!(
            refusal(t.core.execute(&system, off(&root)).await),
            ErrorKind::Forbidden,
            "the last one"
        );
        let foreign = Actor::system(2);
        assert_eq!(
            refusal(t.core.execute(&foreign, off(&a)).await),
            ErrorKind::UserMissing
        );
        let second = t.super_admin("root2").await;
        t.core.execute(&second, off(&root)).await.unwrap();
    }
}
