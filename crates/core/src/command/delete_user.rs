//! Deletes an account: the person is gone, what they wrote stays under their name.

use parlance_store::Tx;
use parlance_store::table::{app_mapping, contact, contact_request, conversation, join_request, member};

use crate::command::set_password::void_tokens;
use crate::command::transfer_group::{Emptied, hand_on};
use crate::command::{Command, Context};
use crate::error::Result;
use crate::event::Event;
use crate::policy;
use crate::types::{DELETED, UserId};

/// People told at once that a contact is gone; the others see it when they look.
const TOLD_MAX: i64 = 5_000;

/// Deletes an account that the caller manages. Its name stays taken, so that nobody else can stand behind what it
/// wrote; password, mobile, mail, contacts, open requests and accounts in apps are gone. The person leaves every group; one that the
/// person owned goes to the administrator, else the member, who has been in longest, and one with nobody left is
/// dissolved.
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
        join_request::delete_pending_of(cx.tx, account.id).await?;
        app_mapping::delete_all_of(cx.tx, account.id).await?;
        leave_groups(cx, account.id).await?;
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

async fn leave_groups<T: Tx>(cx: &mut Context<'_, T>, user_id: UserId) -> Result<()> {
    for conversation_id in member::conversation_ids(cx.tx, user_id).await? {
        let found = conversation::by_id(cx.tx, conversation_id).await?;
        let Some(group) = found.filter(|found| found.kind == conversation::GROUP) else {
            continue;
        };
        member::leave(cx.tx, conversation_id, &[user_id]).await?;
        cx.record(Event::MembersRemoved {
            conversation_id,
            by: cx.actor.user_id,
            user_ids: vec![user_id],
        });
        if group.owner_id == Some(user_id) {
            hand_on(cx, group, Emptied::Dissolved).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{AddMembers, CreateGroup, SetRole};
    use crate::query::GroupDetails;
    use crate::query::{Contacts, FindUser};
    use crate::testing::{TestCore, refusal};
    use crate::types::Role;
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
    async fn the_groups_of_a_deleted_account_go_to_who_stands_next() {
        let t = TestCore::start().await;
        let (owner, early, late) = (t.user("owner").await, t.user("early").await, t.user("late").await);
        let admin = t.admin("boss").await;
        let group = t
            .core
            .execute(&owner, CreateGroup::named("team", vec![early.user_id]))
            .await
            .unwrap()
            .conversation_id;
        t.clock.advance_seconds(1);
        let add = AddMembers {
            conversation_id: group,
            user_ids: vec![late.user_id],
        };
        t.core.execute(&owner, add).await.unwrap();
        let raise = SetRole {
            conversation_id: group,
            user_id: late.user_id,
            role: Role::Admin,
        };
        t.core.execute(&owner, raise).await.unwrap();
        let details = GroupDetails {
            conversation_id: group,
        };
        for (goes, next) in [(&owner, &late), (&late, &early)] {
            t.core
                .execute(
                    &admin,
                    DeleteUser {
                        user_id: goes.user_id,
                    },
                )
                .await
                .unwrap();
            let shown = t.core.query(next, details).await.unwrap();
            assert_eq!(shown.conversation.owner_id, Some(next.user_id));
            assert_eq!(refusal(t.core.query(goes, details).await), ErrorKind::NotMember);
        }
        t.core
            .execute(
                &admin,
                DeleteUser {
                    user_id: early.user_id,
                },
            )
            .await
            .unwrap();
        assert_eq!(
            refusal(t.core.query(&early, details).await),
            ErrorKind::GroupMissing
        );
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
