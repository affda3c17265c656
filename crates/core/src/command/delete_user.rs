//! Deletes an account: the person is gone, what they wrote stays under their name.

use parlance_store::Tx;
use parlance_store::table::{contact, contact_request};

use crate::command::set_password::void_tokens;
use crate::command::{Command, Context};
use crate::error::Result;
use crate::event::Event;
use crate::policy;
use crate::types::{DELETED, UserId};

/// People told at once that a contact is gone; the others see it when they look.
const TOLD_MAX: i64 = 5_000;

/// Deletes an account that the caller manages. Its name stays taken, so that nobody else can stand behind what it
/// wrote; password, mobile, mail, contacts and open requests are gone.
///
/// # Errors
/// `UserMissing`; `Forbidden`, also for the caller's own account and for the last one of the highest rank.
#[derive(Clone, Copy, Debug)]
pub struct DeleteUser {
    /// Whose.
    pub user_id: UserId,
}

impl Command for DeleteUser {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let mut account = policy::account(cx.tx, cx.actor, self.user_id).await?;
        policy::manages(cx.tx, cx.actor, &account).await?;
        policy::dispensable(cx.tx, cx.actor, &account).await?;
        let told = contact::owners_of(cx.tx, account.id, TOLD_MAX).await?;
        contact::delete_all_of(cx.tx, account.id).await?;
        contact_request::delete_pending_of(cx.tx, account.id).await?;
        account.status = DELETED.to_owned();
        account.password_hash = None;
        account.mobile = None;
        account.email = None;
        if !told.is_empty() {
            cx.record(Event::ContactsChanged {
                by: account.id,
                user_ids: told,
            });
        }
        void_tokens(cx, account).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Contacts, FindUser};
    use crate::testing::{TestCore, refusal};
    use crate::{Actor, ErrorKind};

    #[tokio::test]
    async fn a_deleted_account_is_missing_everywhere_and_its_name_stays_taken() {
        let t = TestCore::start().await;
        let (id, friend) = (t.register("lisi").await, t.user("friend").await);
        let me = t.authenticated(&t.log_in("lisi", "secret1").await.unwrap()).await;
        t.befriend(&me, &friend).await;
        let conversation = t.direct(&me, &friend).await;
        let said = t.say(&me, conversation, "still here").await;
        let admin = t.admin("boss").await;
        t.core.execute(&admin, DeleteUser { user_id: id }).await.unwrap();

        assert_eq!(refusal(t.log_in("lisi", "secret1").await), ErrorKind::UserMissing);
        assert_eq!(
            refusal(t.core.query(&friend, FindUser { id }).await),
            ErrorKind::UserMissing
        );
        let contacts = t
            .core
            .query(
                &friend,
                Contacts {
                    owner_id: friend.user_id,
                },
            )
            .await
            .unwrap();
        assert!(contacts.is_empty());
        assert_eq!(
            refusal(t.core.execute(&admin, DeleteUser { user_id: id }).await),
            ErrorKind::UserMissing
        );
        assert_eq!(refusal(t.try_register("lisi").await), ErrorKind::Taken);
        assert_eq!(said.view.message.sender_id, Some(id));
    }

    #[tokio::test]
    async fn only_who_manages_may_delete() {
        let t = TestCore::start().await;
        let (a, b, root) = (t.user("a").await, t.user("b").await, t.super_admin("root").await);
        let of = |actor: &Actor| DeleteUser {
            user_id: actor.user_id,
        };
        assert_eq!(refusal(t.core.execute(&a, of(&b)).await), ErrorKind::Forbidden);
        assert_eq!(
            refusal(t.core.execute(&root, of(&root)).await),
            ErrorKind::Forbidden
        );
        assert_eq!(
            refusal(t.core.execute(&Actor::system(2), of(&a)).await),
            ErrorKind::UserMissing
        );
    }
}
