//! Hands a group on to another member: its owner may, and stays as administrator. Also how a group finds a new owner
//! when its owner is gone.

use parlance_store::Tx;
use parlance_store::table::{conversation, member};

use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::policy;
use crate::types::{Conversation, ConversationId, Member, Role, UserId};

/// Makes another member the owner. A silence of the new owner ends, since nobody could lift it any more.
///
/// # Errors
/// `GroupMissing`; `NotMember`; `MemberMissing`; `RoleTooLow` for anybody but the owner;
/// `UserMissing` for a disabled account; `Invalid` for who owns it already.
#[derive(Clone, Copy, Debug)]
pub struct TransferGroup {
    /// Which group.
    pub conversation_id: ConversationId,
    /// The new owner.
    pub user_id: UserId,
}

impl Command for TransferGroup {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let (mut group, role) = policy::group_and_role(cx.tx, cx.actor, self.conversation_id).await?;
        policy::holds(role, Role::Owner)?;
        if group.owner_id == Some(self.user_id) {
            return Err(Error::invalid("the group has this owner already"));
        }
        let mut next = policy::member_of(cx.tx, self.conversation_id, self.user_id).await?;
        policy::peer(cx.tx, cx.actor, self.user_id, ErrorKind::UserMissing).await?;
        let former = match group.owner_id {
            Some(owner_id) => member::get(cx.tx, group.id, owner_id).await?,
            None => None,
        };
        group.owner_id = Some(self.user_id);
        group.updated_at = cx.now;
        conversation::update(cx.tx, &group).await?;
        next.silenced_until = None;
        give(cx, &mut next, Role::Owner).await?;
        if let Some(mut former) = former.filter(|former| former.state) {
            give(cx, &mut former, Role::Admin).await?;
        }
        cx.record(Event::ConversationChanged {
            conversation_id: group.id,
            by: cx.actor.user_id,
        });
        Ok(())
    }
}

/// Gives a member another role.
pub(super) async fn give<T: Tx>(cx: &mut Context<'_, T>, to: &mut Member, role: Role) -> Result<()> {
    to.role = role.number();
    member::update(cx.tx, to).await?;
    cx.record(Event::MemberChanged {
        conversation_id: to.conversation_id,
        by: cx.actor.user_id,
        user_id: to.user_id,
        role,
        silenced_until: to.silenced_until,
    });
    Ok(())
}

/// What becomes of a group when nobody is left in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Emptied {
    /// It is over.
    Dissolved,
    /// It stays without an owner: whoever knows it may come back.
    Kept,
}

/// Finds an owner for a group whose owner has just gone: the administrator, else the member, who has been in longest.
pub(super) async fn hand_on<T: Tx>(
    cx: &mut Context<'_, T>,
    mut group: Conversation,
    emptied: Emptied,
) -> Result<()> {
    let (conversation_id, by) = (group.id, cx.actor.user_id);
    let heir = member::heir(cx.tx, conversation_id).await?;
    group.updated_at = cx.now;
    group.owner_id = heir.as_ref().map(|heir| heir.user_id);
    let over = heir.is_none() && emptied == Emptied::Dissolved;
    group.dissolved_at = over.then_some(cx.now);
    conversation::update(cx.tx, &group).await?;
    if let Some(mut heir) = heir {
        heir.silenced_until = None;
        give(cx, &mut heir, Role::Owner).await?;
    }
    cx.record(if over {
        Event::ConversationDissolved {
            conversation_id,
            by,
            user_ids: Vec::new(),
        }
    } else {
        Event::ConversationChanged { conversation_id, by }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{LeaveGroup, SilenceMember};
    use crate::query::{GroupDetails, WhySilent};
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn the_former_owner_stays_as_administrator_and_may_leave() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let conversation_id = test.group(&ann, "team", &[&bob]).await;
        let silence = SilenceMember {
            conversation_id,
            user_id: bob.user_id,
            until: Some(test.core.now() + 1_000_000),
        };
        test.core.execute(&ann, silence).await.unwrap();
        let live = test.core.attach(&bob);
        let transfer = TransferGroup {
            conversation_id,
            user_id: bob.user_id,
        };
        test.core.execute(&ann, transfer).await.unwrap();

        for (who, expected) in [(&bob, Role::Owner), (&ann, Role::Admin)] {
            let told = live.next().await.unwrap();
            assert!(
                matches!(&told.event, Event::MemberChanged { user_id, role, .. } if *user_id == who.user_id && *role == expected)
            );
            let shown = test
                .core
                .query(who, GroupDetails { conversation_id })
                .await
                .unwrap();
            assert_eq!(shown.role, expected);
            assert_eq!(shown.conversation.owner_id, Some(bob.user_id));
        }
        let why = WhySilent {
            conversation_id,
            user_id: bob.user_id,
        };
        assert_eq!(test.core.query(&bob, why).await.unwrap(), None);
        assert_eq!(
            refusal(test.core.execute(&bob, LeaveGroup::of(conversation_id)).await),
            ErrorKind::OwnerProtected
        );
        test.core
            .execute(&ann, LeaveGroup::of(conversation_id))
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_group_goes_only_to_another_member() {
        let test = TestCore::start().await;
        let (ann, eve) = (test.user("ann").await, test.user("eve").await);
        let conversation_id = test.group(&ann, "team", &[]).await;
        for (who, kind) in [(&ann, ErrorKind::Invalid), (&eve, ErrorKind::MemberMissing)] {
            let transfer = TransferGroup {
                conversation_id,
                user_id: who.user_id,
            };
            assert_eq!(refusal(test.core.execute(&ann, transfer).await), kind);
        }
    }
}
