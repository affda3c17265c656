//! Leaves a group. An owner hands the group on or dissolves it first, or has it handed on.

use parlance_store::Tx;
use parlance_store::table::member;

use crate::command::transfer_group::{Emptied, hand_on};
use crate::command::{Command, Context};
use crate::error::{ErrorKind, Result};
use crate::event::Event;
use crate::policy;
use crate::types::{ConversationId, Role};

/// What happens when the owner wants to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerLeaves {
    /// The owner may not.
    Refused,
    /// The group goes to the administrator, else the member, who has been in longest; without anybody left it has no
    /// owner.
    HandsOn,
}

/// Takes the caller out of a group.
///
/// # Errors
/// `GroupMissing`, `NotMember`, `OwnerProtected` for an owner who may not leave.
#[derive(Clone, Copy, Debug)]
pub struct LeaveGroup {
    /// Which group.
    pub conversation_id: ConversationId,
    /// What happens if it is the owner who asks.
    pub owner: OwnerLeaves,
}

impl LeaveGroup {
    /// Leaves as anybody but the owner may.
    pub fn of(conversation_id: ConversationId) -> Self {
        Self {
            conversation_id,
            owner: OwnerLeaves::Refused,
        }
    }
}

impl Command for LeaveGroup {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let place = policy::group(cx.tx, cx.actor, self.conversation_id).await?;
        let owner = place.role() == Role::Owner;
        if owner && self.owner == OwnerLeaves::Refused {
            return Err(ErrorKind::OwnerProtected.into());
        }
        let me = cx.actor.user_id;
        member::leave(cx.tx, self.conversation_id, &[me]).await?;
        cx.record(Event::MembersRemoved {
            conversation_id: self.conversation_id,
            by: me,
            user_ids: vec![me],
        });
        if owner {
            hand_on(cx, place.conversation, Emptied::Kept).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{AddMembers, SetRole};
    use crate::query::{GroupDetails, GroupMembers};
    use crate::testing::{TestCore, refusal};
    use crate::types::UserId;

    #[tokio::test]
    async fn who_leaves_is_out_and_comes_back_without_a_role() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let conversation_id = test.group(&ann, "team", &[&bob]).await;
        let promote = SetRole {
            conversation_id,
            user_id: bob.user_id,
            role: Role::Admin,
        };
        test.core.execute(&ann, promote).await.unwrap();
        let live = test.core.attach(&ann);
        test.core
            .execute(&bob, LeaveGroup::of(conversation_id))
            .await
            .unwrap();
        let told = live.next().await.unwrap();
        assert!(
            matches!(&told.event, Event::MembersRemoved { user_ids, by, .. } if *user_ids == [bob.user_id] && *by == bob.user_id)
        );
        let again = test.core.execute(&bob, LeaveGroup::of(conversation_id)).await;
        assert_eq!(refusal(again), ErrorKind::NotMember);
        let back = AddMembers {
            conversation_id,
            user_ids: vec![bob.user_id],
        };
        test.core.execute(&ann, back).await.unwrap();
        let shown = test
            .core
            .query(&bob, GroupDetails { conversation_id })
            .await
            .unwrap();
        assert_eq!((shown.role, shown.conversation.members_count), (Role::Member, 2));
    }

    #[tokio::test]
    async fn an_owner_who_may_leave_hands_the_group_on_until_nobody_is_left() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let conversation_id = test.group(&ann, "team", &[&bob, &eve]).await;
        let raise = SetRole {
            conversation_id,
            user_id: eve.user_id,
            role: Role::Admin,
        };
        test.core.execute(&ann, raise).await.unwrap();
        let leave = LeaveGroup {
            conversation_id,
            owner: OwnerLeaves::HandsOn,
        };
        let refused = test.core.execute(&ann, LeaveGroup::of(conversation_id)).await;
        assert_eq!(refusal(refused), ErrorKind::OwnerProtected);
        let live = test.core.attach(&bob);
        for (goes, next) in [(&ann, &eve), (&eve, &bob)] {
            test.core.execute(goes, leave).await.unwrap();
            let members = test
                .core
                .query(&bob, GroupMembers::of(conversation_id))
                .await
                .unwrap();
            let owners: Vec<UserId> = members
                .iter()
                .filter(|member| member.role == Role::Owner)
                .map(|member| member.user.id)
                .collect();
            assert_eq!(owners, [next.user_id]);
            let shown = test
                .core
                .query(&bob, GroupDetails { conversation_id })
                .await
                .unwrap();
            assert_eq!(shown.conversation.owner_id, Some(next.user_id));
            assert!(matches!(
                &live.next().await.unwrap().event,
                Event::MembersRemoved { .. }
            ));
            assert!(
                matches!(&live.next().await.unwrap().event, Event::MemberChanged { user_id, role: Role::Owner, .. } if *user_id == next.user_id)
            );
            assert!(matches!(
                &live.next().await.unwrap().event,
                Event::ConversationChanged { .. }
            ));
        }
        test.core.execute(&bob, leave).await.unwrap();
        let back = AddMembers {
            conversation_id,
            user_ids: vec![bob.user_id],
        };
        test.core.execute_as_system(back).await.unwrap();
        let shown = test
            .core
            .query(&bob, GroupDetails { conversation_id })
            .await
            .unwrap();
        assert_eq!((shown.role, shown.conversation.owner_id), (Role::Member, None));
    }
}
