//! Dissolves a group: its owner may. It is gone for everybody, with its history.

use parlance_store::Tx;
use parlance_store::table::{conversation, join_request, member};

use crate::command::{Command, Context};
use crate::error::Result;
use crate::event::Event;
use crate::policy;
use crate::types::{ConversationId, Role};

/// Ends a group. Afterwards it is missing for everybody, and nobody is a member.
///
/// # Errors
/// `GroupMissing`, `NotMember`, `RoleTooLow` for anybody but the owner.
#[derive(Clone, Copy, Debug)]
pub struct DissolveGroup {
    /// Which one.
    pub conversation_id: ConversationId,
}

impl Command for DissolveGroup {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let (mut group, role) = policy::group_and_role(cx.tx, cx.actor, self.conversation_id).await?;
        policy::holds(role, Role::Owner)?;
        let user_ids = member::user_ids(cx.tx, group.id).await?;
        member::leave_all(cx.tx, group.id).await?;
        join_request::delete_pending_in(cx.tx, group.id).await?;
        group.dissolved_at = Some(cx.now);
        group.updated_at = cx.now;
        conversation::update(cx.tx, &group).await?;
        cx.record(Event::ConversationDissolved {
            conversation_id: group.id,
            by: cx.actor.user_id,
            user_ids,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::command::{SendMessage, Target};
    use crate::query::{GroupDetails, MyGroups};
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn a_dissolved_group_is_gone_for_everybody() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let conversation_id = test.group(&ann, "team", &[&bob]).await;
        test.say(&bob, conversation_id, "hello").await;
        let live = test.core.attach(&bob);
        test.core
            .execute(&ann, DissolveGroup { conversation_id })
            .await
            .unwrap();
        let told = live.next().await.unwrap();
        assert!(
            matches!(&told.event, Event::ConversationDissolved { user_ids, .. } if *user_ids == [ann.user_id, bob.user_id])
        );
        for who in [&ann, &bob] {
            assert!(test.core.query(who, MyGroups).await.unwrap().is_empty());
            let details = test.core.query(who, GroupDetails { conversation_id }).await;
            assert_eq!(refusal(details), ErrorKind::GroupMissing);
            let send = SendMessage::text(Target::Conversation(conversation_id), "too late");
            assert_eq!(
                refusal(test.core.execute(who, send).await),
                ErrorKind::ConversationMissing
            );
        }
        let again = test.core.execute(&ann, DissolveGroup { conversation_id }).await;
        assert_eq!(refusal(again), ErrorKind::GroupMissing);
    }
}
