//! Leaves a group. An owner hands the group on or dissolves it first.

use parlance_store::Tx;
use parlance_store::table::member;

use crate::command::{Command, Context};
use crate::error::{ErrorKind, Result};
use crate::event::Event;
use crate::policy;
use crate::types::{ConversationId, Role};

/// Takes the caller out of a group.
///
/// # Errors
/// `GroupMissing`, `NotMember`, `OwnerProtected` for the owner.
#[derive(Clone, Copy, Debug)]
pub struct LeaveGroup {
    /// Which group.
    pub conversation_id: ConversationId,
}

impl Command for LeaveGroup {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let place = policy::group(cx.tx, cx.actor, self.conversation_id).await?;
        if place.role() == Role::Owner {
            return Err(ErrorKind::OwnerProtected.into());
        }
        let me = cx.actor.user_id;
        member::leave(cx.tx, self.conversation_id, &[me]).await?;
        cx.record(Event::MembersRemoved {
            conversation_id: self.conversation_id,
            by: me,
            user_ids: vec![me],
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{AddMembers, SetRole};
    use crate::query::GroupDetails;
    use crate::testing::{TestCore, refusal};

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
        let live = test.listen(&ann).await;
        test.core
            .execute(&bob, LeaveGroup { conversation_id })
            .await
            .unwrap();
        let told = live.next().await.unwrap();
        assert!(
            matches!(&told.event, Event::MembersRemoved { user_ids, by, .. } if *user_ids == [bob.user_id] && *by == bob.user_id)
        );
        let again = test.core.execute(&bob, LeaveGroup { conversation_id }).await;
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
}
