//! Gives an account another password: every token issued before is void.

use parlance_store::Tx;
use parlance_store::table::user;

use crate::command::{Command, Context};
use crate::error::{ErrorKind, Result};
use crate::event::Event;
use crate::policy;
use crate::types::{User, UserId};

/// A new password, hashed. Asked for through `Core::change_password` and `Core::reset_password`.
///
/// # Errors
/// `UserMissing`, `Forbidden`; `PasswordWrong` when the password was changed while the old one was being verified.
pub(crate) enum SetPassword {
    /// The caller's own.
    Own {
        /// The hash that the old password was verified against.
        verified: Option<String>,
        /// The new one.
        password_hash: String,
    },
    /// Somebody's whom the caller manages, or the caller's own without knowing the old one.
    Of {
        /// Whose.
        user_id: UserId,
        /// The new one.
        password_hash: String,
    },
}

impl Command for SetPassword {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let (account, hash) = match self {
            Self::Own {
                verified,
                password_hash,
            } => {
                let account = policy::account(cx.tx, cx.actor, cx.actor.user_id).await?;
                if account.password_hash != *verified {
                    return Err(ErrorKind::PasswordWrong.into());
                }
                (account, password_hash)
            }
            Self::Of {
                user_id,
                password_hash,
            } => {
                let account = policy::account(cx.tx, cx.actor, *user_id).await?;
                policy::manages(cx.tx, cx.actor, &account).await?;
                (account, password_hash)
            }
        };
        let account = User {
            password_hash: Some(hash.clone()),
            ..account
        };
        void_tokens(cx, account).await
    }
}

/// Writes an account back with a new epoch, which ends all that was issued in the old one.
pub(super) async fn void_tokens<T: Tx>(cx: &mut Context<'_, T>, mut account: User) -> Result<()> {
    account.token_epoch += 1;
    account.updated_at = cx.now;
    user::update(cx.tx, &account).await?;
    cx.record(Event::AccountRevoked { user_id: account.id });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::account::PasswordChange;
    use crate::testing::{TestCore, refusal};
    use crate::{Actor, Ended, ErrorKind};

    fn change(old: &str, new: &str) -> PasswordChange {
        PasswordChange {
            old: old.into(),
            new: new.into(),
            address: [127, 0, 0, 1].into(),
        }
    }

    #[tokio::test]
    async fn a_new_password_ends_what_the_old_one_opened() {
        let t = TestCore::start().await;
        t.register("lisi").await;
        let issued = t.log_in("lisi", "secret1").await.unwrap();
        let me = t.authenticated(&issued).await;
        let session = t.core.attach(&me);
        t.core
            .change_password(&me, change("secret1", "secret2"))
            .await
            .unwrap();
        assert_eq!(session.next().await.err(), Some(Ended::Revoked));
        let refused = t.core.authenticate(&issued.token, "test").await;
        assert_eq!(refusal(refused.map(|_| ())), ErrorKind::Unauthenticated);
        assert_eq!(
            refusal(t.log_in("lisi", "secret1").await),
            ErrorKind::PasswordWrong
        );
        t.log_in("lisi", "secret2").await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_attached_too_late_ends_as_well() {
        let t = TestCore::start().await;
        t.register("lisi").await;
        let me = t.authenticated(&t.log_in("lisi", "secret1").await.unwrap()).await;
        t.core
            .change_password(&me, change("secret1", "secret2"))
            .await
            .unwrap();
        let late = t.core.attach(&me);
        assert_eq!(late.next().await.err(), Some(Ended::Revoked));
    }

    #[tokio::test]
    async fn the_old_password_must_be_right_and_the_new_one_fit() {
        let t = TestCore::start().await;
        t.register("lisi").await;
        let me = t.authenticated(&t.log_in("lisi", "secret1").await.unwrap()).await;
        assert_eq!(
            refusal(t.core.change_password(&me, change("wrong", "secret2")).await),
            ErrorKind::PasswordWrong
        );
        assert_eq!(
            refusal(t.core.change_password(&me, change("secret1", "short")).await),
            ErrorKind::Invalid
        );
        for _ in 0..9 {
            let _ = t.core.change_password(&me, change("wrong", "secret2")).await;
        }
        assert_eq!(
            refusal(t.core.change_password(&me, change("secret1", "secret2")).await),
            ErrorKind::Throttled
        );
        t.clock.advance_seconds(61);
        t.core
            .change_password(&me, change("secret1", "secret2"))
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn an_administrator_resets_without_the_old_one() {
        let t = TestCore::start().await;
        let id = t.register("lisi").await;
        let admin = t.admin("boss").await;
        let before = t.log_in("lisi", "secret1").await.unwrap();
        t.core
            .reset_password(&admin, id, "another secret".into())
            .await
            .unwrap();
        assert!(t.core.authenticate(&before.token, "test").await.is_err());
        t.log_in("lisi", "another secret").await.unwrap();
        let me = t.user("me").await;
        let refused = t.core.reset_password(&me, id, "another secret".into()).await;
        assert_eq!(refusal(refused), ErrorKind::Forbidden);
        let root = t.super_admin("root").await;
        let refused = t
            .core
            .reset_password(&admin, root.user_id, "another secret".into())
            .await;
        assert_eq!(refusal(refused), ErrorKind::Forbidden);
        let foreign = Actor { tenant_id: 2, ..root };
        let refused = t.core.reset_password(&foreign, id, "another secret".into()).await;
        assert_eq!(refusal(refused), ErrorKind::UserMissing);
        let refused = t.core.reset_password(&admin, id, "short".into()).await;
        assert_eq!(refusal(refused), ErrorKind::Invalid);
    }
}
