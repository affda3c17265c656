//! Lets only owner and administrators write in a group, or everybody again: they may.

use parlance_store::Tx;
use parlance_store::table::conversation;

use crate::command::{Command, Context};
use crate::error::Result;
use crate::event::Event;
use crate::policy;
use crate::types::{ConversationId, Role};

/// Mutes a group for its ordinary members. The state it is in already changes nothing.
///
/// # Errors
/// `GroupMissing`, `NotMember`, `RoleTooLow` below administrator.
#[derive(Clone, Copy, Debug)]
pub struct MuteGroup {
    /// Which group.
    pub conversation_id: ConversationId,
    /// Whether it is muted from now on.
    pub muted: bool,
}

impl Command for MuteGroup {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let (mut group, role) = policy::group_and_role(cx.tx, cx.actor, self.conversation_id).await?;
        policy::holds(role, Role::Admin)?;
        if group.muted_all == self.muted {
            return Ok(());
        }
        group.muted_all = self.muted;
        group.updated_at = cx.now;
        conversation::update(cx.tx, &group).await?;
        cx.record(Event::ConversationChanged {
            conversation_id: group.id,
            by: cx.actor.user_id,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::command::{SendMessage, Target};
    use crate::query::{Silence, WhySilent};
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn a_muted_group_hears_only_those_who_manage_it() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let conversation_id = test.group(&ann, "team", &[&bob]).await;
        let live = test.core.attach(&bob);
        for muted in [true, true] {
            let mute = MuteGroup {
                conversation_id,
                muted,
            };
            test.core.execute(&ann, mute).await.unwrap();
        }
        let send = SendMessage::text(Target::Conversation(conversation_id), "hello");
        assert_eq!(
            refusal(test.core.execute(&bob, send.clone()).await),
            ErrorKind::Muted
        );
        for (who, expected) in [(&ann, None), (&bob, Some(Silence::Group))] {
            let why = WhySilent {
                conversation_id,
                user_id: who.user_id,
            };
            assert_eq!(test.core.query(&bob, why).await.unwrap(), expected);
        }
        test.say(&ann, conversation_id, "quiet please").await;
        let (first, second) = (live.next().await.unwrap(), live.next().await.unwrap());
        assert!(matches!(first.event, Event::ConversationChanged { .. }));
        assert!(
            matches!(second.event, Event::MessageSent(_)),
            "muting twice is told once"
        );
        let unmute = MuteGroup {
            conversation_id,
            muted: false,
        };
        test.core.execute(&ann, unmute).await.unwrap();
        test.core.execute(&bob, send).await.unwrap();
    }
}
