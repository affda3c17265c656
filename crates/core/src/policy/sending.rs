//! Who may send, and who may take back or change what was sent.

use parlance_store::Tx;
use parlance_store::table::message::{self, SendScope};

use super::{conversation, own_message, within};
use crate::account::Actor;
use crate::error::{ErrorKind, Result};
use crate::types::{Conversation, ConversationKind, Message, MessageId, Role, Timestamp};

/// Whether the caller has a place to send from in a conversation of its tenant, and with which role it speaks there. Who
/// acts by rank needs no membership of a group. What may stop a member, [`super::may_say`] knows.
pub(crate) fn place_to_send(actor: &Actor, scope: &SendScope) -> Result<Role> {
    let kind = ConversationKind::of(scope.kind);
    let within_group_by_rank = actor.commands() && kind == ConversationKind::Group;
    if scope.state != Some(1) && !within_group_by_rank {
        return Err(ErrorKind::NotMember.into());
    }
    if scope.sender_status != "ACTIVE" {
        return Err(ErrorKind::SenderMissing.into());
    }
    if within_group_by_rank {
        return Ok(Role::Owner);
    }
    Ok(Role::of(scope.role))
}

/// A message that the caller may take back or change, with its conversation: its own, as long as it is a member
/// there; for who acts by rank, any of the tenant's.
pub(crate) async fn changeable_message<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    id: MessageId,
) -> Result<(Message, Conversation)> {
    if !actor.commands() {
        let (message, place) = own_message(tx, actor, id).await?;
        return Ok((message, place.conversation));
    }
    message_of_tenant(tx, actor, id).await
}

/// A message of the caller's tenant that was sent by a person and not deleted, whoever may read it.
pub(super) async fn message_of_tenant<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    id: MessageId,
) -> Result<(Message, Conversation)> {
    let found = message::by_id(tx, id).await?.filter(|m| m.deleted_at.is_none());
    let message = found.ok_or(ErrorKind::MessageMissing)?;
    let place = conversation(tx, actor, message.conversation_id)
        .await
        .map_err(|error| match error.kind {
            ErrorKind::ConversationMissing => ErrorKind::MessageMissing.into(),
            _ => error,
        })?;
    if ConversationKind::of(place.kind) == ConversationKind::Channel {
        return Err(ErrorKind::MessageMissing.into());
    }
    Ok((message, place))
}

/// Whether the caller may do something in somebody else's name.
pub(crate) fn may_act_for_others(actor: &Actor) -> Result<()> {
    if actor.commands() {
        Ok(())
    } else {
        Err(ErrorKind::Forbidden.into())
    }
}

/// Whether a window that opened with a message is still open for the caller; for who acts by rank it never closes.
pub(crate) fn in_time(actor: &Actor, message: &Message, window_seconds: i64, now: Timestamp) -> bool {
    actor.commands() || within(message, window_seconds, now)
}

#[cfg(test)]
mod tests {
    use crate::account::{Actor, Mandate};
    use crate::command::{BlockUser, EditMessage, MuteGroup, RecallMessage, SendMessage, Target};
    use crate::error::ErrorKind;
    use crate::testing::{TestCore, refusal};

    /// An administrator who acts by rank.
    async fn chief(test: &TestCore) -> Actor {
        let mut chief = test.admin("chief").await;
        chief.mandate = Mandate::Rank;
        chief
    }

    #[tokio::test]
    async fn who_acts_by_rank_sends_past_blocks_mutes_and_membership() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let chief = chief(&test).await;
        let block = BlockUser {
            user_id: chief.user_id,
        };
        test.core.execute(&bob, block).await.unwrap();
        let team = test.group(&ann, "team", &[&bob]).await;
        let mute = MuteGroup {
            conversation_id: team,
            muted: true,
            until: None,
        };
        test.core.execute(&ann, mute).await.unwrap();
        for target in [Target::User(bob.user_id), Target::Conversation(team)] {
            let sent = test.core.execute(&chief, SendMessage::text(target, "hear")).await;
            assert_eq!(sent.unwrap().view.message.sender_id, Some(chief.user_id));
        }
        let pair = test.direct(&ann, &bob).await;
        let into = SendMessage::text(Target::Conversation(pair), "between two others");
        assert_eq!(
            refusal(test.core.execute(&chief, into).await),
            ErrorKind::NotMember
        );
    }

    #[tokio::test]
    async fn an_administrator_who_chats_is_a_person_like_any_other() {
        let test = TestCore::start().await;
        let (ann, bob, admin) = (
            test.user("ann").await,
            test.user("bob").await,
            test.admin("admin").await,
        );
        let team = test.group(&ann, "team", &[&bob]).await;
        let into = SendMessage::text(Target::Conversation(team), "hear");
        assert_eq!(
            refusal(test.core.execute(&admin, into).await),
            ErrorKind::NotMember
        );
        let message_id = test.say(&ann, team, "mine").await.view.message.id;
        let recall = test.core.execute(&admin, RecallMessage { message_id }).await;
        assert_eq!(refusal(recall), ErrorKind::NotMember);
        let other = test.core.on_behalf(&admin, "ann").await;
        assert_eq!(refusal(other), ErrorKind::Forbidden);
    }

    #[tokio::test]
    async fn who_acts_by_rank_recalls_and_edits_what_others_sent_long_ago() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let chief = chief(&test).await;
        let mut foreign = test.user_of(2, "chief").await;
        (foreign.role, foreign.mandate) = (chief.role, chief.mandate);
        let here = test.direct(&ann, &bob).await;
        let message_id = test.say(&ann, here, "one").await.view.message.id;
        test.clock.advance_seconds(86_400);
        let edit = EditMessage {
            message_id,
            content: "two".into(),
        };
        let recall = RecallMessage { message_id };
        assert_eq!(
            refusal(test.core.execute(&foreign, recall).await),
            ErrorKind::MessageMissing
        );
        test.core.execute(&chief, edit).await.unwrap();
        test.core.execute(&chief, recall).await.unwrap();
        let none = RecallMessage { message_id: 1 };
        assert_eq!(
            refusal(test.core.execute(&chief, none).await),
            ErrorKind::MessageMissing
        );
    }

    #[tokio::test]
    async fn in_somebody_elses_name_it_is_that_persons_message_with_the_administrators_authority() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let chief = chief(&test).await;
        test.user_of(2, "far").await;
        test.core
            .execute(&bob, BlockUser { user_id: ann.user_id })
            .await
            .unwrap();
        let as_ann = test.core.on_behalf(&chief, "ann").await.unwrap();
        let command = SendMessage::text(Target::User(bob.user_id), "from ann");
        let sent = test.core.execute(&as_ann, command.clone()).await.unwrap();
        assert_eq!(sent.view.message.sender_id, Some(ann.user_id));
        assert_eq!(
            refusal(test.core.execute(&ann, command).await),
            ErrorKind::Blocked
        );
        for nobody in ["far", "nobody", ""] {
            let refused = test.core.on_behalf(&chief, nobody).await;
            assert_eq!(refusal(refused), ErrorKind::SenderMissing);
        }
    }
}
