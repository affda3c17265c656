//! Lets only owner and administrators write in a group, or everybody again: they may.

use parlance_store::Tx;
use parlance_store::table::conversation;

use crate::command::{Command, Context};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy;
use crate::types::{ConversationId, Role, Timestamp};

/// Longest mute with an end: 100 years, in microseconds.
const MUTE_US_MAX: i64 = 100 * 366 * 86_400 * 1_000_000;

/// Mutes a group for its ordinary members. The state it is in already changes nothing.
///
/// # Errors
/// `GroupMissing`, `NotMember`, `RoleTooLow` below administrator, `Invalid` for an end that is past or more than 100
/// years away.
#[derive(Clone, Copy, Debug)]
pub struct MuteGroup {
    /// Which group.
    pub conversation_id: ConversationId,
    /// Whether it is muted from now on.
    pub muted: bool,
    /// When a mute ends by itself; none for one that is lifted by hand.
    pub until: Option<Timestamp>,
}

impl Command for MuteGroup {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let (mut group, role) = policy::group_and_role(cx.tx, cx.actor, self.conversation_id).await?;
        policy::holds(role, Role::Admin)?;
        let until = self.until.filter(|_| self.muted);
        if until.is_some_and(|until| until <= cx.now || until - cx.now > MUTE_US_MAX) {
            return Err(Error::invalid("a mute ends in the future, within 100 years"));
        }
        if group.is_muted(cx.now) == self.muted && group.muted_until == until {
            return Ok(());
        }
        group.muted_all = self.muted;
        group.muted_until = until;
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
    use crate::query::{GroupDetails, Silence, WhySilent};
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
                until: None,
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
            until: None,
        };
        test.core.execute(&ann, unmute).await.unwrap();
        test.core.execute(&bob, send).await.unwrap();
    }

    #[tokio::test]
    async fn a_mute_with_an_end_is_over_then() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let conversation_id = test.group(&ann, "team", &[&bob]).await;
        let mute = |until| MuteGroup {
            conversation_id,
            muted: true,
            until: Some(until),
        };
        let now = test.core.now();
        for until in [i64::MIN, now, now + MUTE_US_MAX + 1] {
            let refused = test.core.execute(&ann, mute(until)).await;
            assert_eq!(refusal(refused), ErrorKind::Invalid);
        }
        test.core.execute(&ann, mute(now + 60_000_000)).await.unwrap();
        let send = SendMessage::text(Target::Conversation(conversation_id), "hello");
        let details = GroupDetails { conversation_id };
        for (seconds, muted) in [(0, true), (59, true), (1, false)] {
            test.clock.advance_seconds(seconds);
            let sent = test.core.execute(&bob, send.clone()).await;
            assert_eq!(sent.is_err(), muted);
            let shown = test.core.query(&bob, details).await.unwrap();
            assert_eq!(
                (shown.conversation.muted_all, shown.silence.is_some()),
                (muted, muted)
            );
        }
        let later = test.core.now() + 5_000_000;
        test.core.execute(&ann, mute(later)).await.unwrap();
        assert_eq!(refusal(test.core.execute(&bob, send).await), ErrorKind::Muted);
    }
}
