//! Forbids a member to write for a while: who ranks above it may.

use parlance_store::Tx;
use parlance_store::table::member;

use crate::command::{Command, Context};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy;
use crate::types::{ConversationId, Role, Timestamp, UserId};

/// Longest silence: 100 years, in microseconds.
const SILENCE_US_MAX: i64 = 100 * 366 * 86_400 * 1_000_000;

/// People silenced by one call at most.
const SILENCED_MAX: usize = 500;

/// Silences a member until a time, or lifts the silence. It holds also over leaving and coming back.
///
/// # Errors
/// `GroupMissing`; `NotMember`; `MemberMissing`; `RoleTooLow` below administrator and for an
/// administrator who names another one; `OwnerProtected` for the owner; `Invalid` for a time that is past or more
/// than 100 years away.
#[derive(Clone, Copy, Debug)]
pub struct SilenceMember {
    /// Which group.
    pub conversation_id: ConversationId,
    /// Who.
    pub user_id: UserId,
    /// Until when; none to let the member write again.
    pub until: Option<Timestamp>,
}

impl Command for SilenceMember {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let (_, role) = policy::group_and_role(cx.tx, cx.actor, self.conversation_id).await?;
        policy::holds(role, Role::Admin)?;
        let mut other = policy::member_of(cx.tx, self.conversation_id, self.user_id).await?;
        policy::outranks(role.unwrap_or(Role::Owner), Role::of(other.role))?;
        if self
            .until
            .is_some_and(|until| until <= cx.now || until - cx.now > SILENCE_US_MAX)
        {
            return Err(Error::invalid("a silence ends in the future, within 100 years"));
        }
        if other.silenced_until == self.until {
            return Ok(());
        }
        other.silenced_until = self.until;
        member::update(cx.tx, &other).await?;
        cx.record(Event::MemberChanged {
            conversation_id: self.conversation_id,
            by: cx.actor.user_id,
            user_id: self.user_id,
            role: Role::of(other.role),
            silenced_until: other.silenced_until,
        });
        Ok(())
    }
}

/// Silences several members until a time, or lifts their silences: all of them, or none if one is refused.
///
/// # Errors
/// Those of [`SilenceMember`], `Invalid` for nobody and for more than 500.
#[derive(Clone, Debug)]
pub struct SilenceMembers {
    /// Which group.
    pub conversation_id: ConversationId,
    /// Who.
    pub user_ids: Vec<UserId>,
    /// Until when; none to let them write again.
    pub until: Option<Timestamp>,
}

impl Command for SilenceMembers {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        if !(1..=SILENCED_MAX).contains(&self.user_ids.len()) {
            return Err(Error::invalid(format!(
                "1 to {SILENCED_MAX} members are silenced at once"
            )));
        }
        for user_id in self.user_ids.iter().copied() {
            let silence = SilenceMember {
                conversation_id: self.conversation_id,
                user_id,
                until: self.until,
            };
            silence.apply(cx).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::command::{AddMembers, LeaveGroup, SendMessage, Target};
    use crate::query::{GroupMembers, Silence, WhySilent};
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn a_silence_holds_over_leaving_and_ends_by_itself() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let conversation_id = test.group(&ann, "team", &[&bob]).await;
        let until = test.core.now() + 60_000_000;
        let silence = SilenceMember {
            conversation_id,
            user_id: bob.user_id,
            until: Some(until),
        };
        test.core.execute(&ann, silence).await.unwrap();
        test.core
            .execute(&bob, LeaveGroup::of(conversation_id))
            .await
            .unwrap();
        let back = AddMembers {
            conversation_id,
            user_ids: vec![bob.user_id],
        };
        test.core.execute(&ann, back).await.unwrap();

        let send = SendMessage::text(Target::Conversation(conversation_id), "hello");
        assert_eq!(
            refusal(test.core.execute(&bob, send.clone()).await),
            ErrorKind::Muted
        );
        let why = WhySilent {
            conversation_id,
            user_id: bob.user_id,
        };
        assert_eq!(
            test.core.query(&ann, why).await.unwrap(),
            Some(Silence::Member(until))
        );
        let listed = test
            .core
            .query(&ann, GroupMembers::of(conversation_id))
            .await
            .unwrap();
        assert_eq!(listed[1].silenced_until, Some(until));

        test.clock.advance_seconds(60);
        test.core.execute(&bob, send).await.unwrap();
        assert_eq!(test.core.query(&ann, why).await.unwrap(), None);
        let listed = test
            .core
            .query(&ann, GroupMembers::of(conversation_id))
            .await
            .unwrap();
        assert_eq!(
            listed[1].silenced_until, None,
            "a silence that is over is not shown"
        );
    }

    #[tokio::test]
    async fn a_silence_can_be_lifted_and_is_told() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let conversation_id = test.group(&ann, "team", &[&bob]).await;
        let live = test.core.attach(&bob);
        let end = Some(test.core.now() + 60_000_000);
        for until in [end, end, None, None] {
            let silence = SilenceMember {
                conversation_id,
                user_id: bob.user_id,
                until,
            };
            test.core.execute(&ann, silence).await.unwrap();
        }
        for expected in [end, None] {
            let told = live.next().await.unwrap();
            assert!(
                matches!(&told.event, Event::MemberChanged { silenced_until, .. } if *silenced_until == expected)
            );
        }
        test.say(&bob, conversation_id, "hello").await;
    }

    #[tokio::test]
    async fn several_are_silenced_or_none() {
        let test = TestCore::start().await;
        let (ann, bob, cid) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("cid").await,
        );
        let conversation_id = test.group(&ann, "team", &[&bob, &cid]).await;
        let silence = |user_ids: &[UserId]| SilenceMembers {
            conversation_id,
            user_ids: user_ids.to_vec(),
            until: Some(test.core.now() + 1_000_000),
        };
        let silenced = async || -> Vec<UserId> {
            let members = test.core.query(&ann, GroupMembers::of(conversation_id)).await;
            let members = members.unwrap().into_iter();
            let silent = members.filter(|member| member.silenced_until.is_some());
            silent.map(|member| member.user.id).collect()
        };
        for (user_ids, kind) in [
            (vec![bob.user_id, ann.user_id], ErrorKind::OwnerProtected),
            (vec![bob.user_id, 77], ErrorKind::MemberMissing),
            (Vec::new(), ErrorKind::Invalid),
            (vec![bob.user_id; 501], ErrorKind::Invalid),
        ] {
            let refused = test.core.execute(&ann, silence(&user_ids)).await;
            assert_eq!(refusal(refused), kind);
            assert!(silenced().await.is_empty());
        }
        let both = [bob.user_id, cid.user_id];
        test.core.execute(&ann, silence(&both)).await.unwrap();
        assert_eq!(silenced().await, both);
    }

    #[tokio::test]
    async fn a_silence_ends_in_the_future() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let conversation_id = test.group(&ann, "team", &[&bob]).await;
        let now = test.core.now();
        for until in [i64::MIN, 0, now, now + SILENCE_US_MAX + 1, i64::MAX] {
            let silence = SilenceMember {
                conversation_id,
                user_id: bob.user_id,
                until: Some(until),
            };
            assert_eq!(
                refusal(test.core.execute(&ann, silence).await),
                ErrorKind::Invalid
            );
        }
    }
}
