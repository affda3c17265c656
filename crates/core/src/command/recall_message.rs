//! Takes a message back soon after it was sent: its place stays, its content goes.

use parlance_store::Tx;

use crate::command::{Command, Context, message_change};
use crate::error::{ErrorKind, Result};
use crate::event::Event;
use crate::policy;
use crate::types::MessageId;

/// Recalls a message of the caller's own within `recall_window_seconds`; who acts by rank recalls any, at any time.
/// Content, files, earlier contents and reactions are gone for everybody, in quotes and favourites too. Twice is once.
///
/// # Errors
/// `MessageMissing`, `NotMember`, `MessageForbidden` for somebody else's, `RecallTooLate`.
#[derive(Clone, Copy, Debug)]
pub struct RecallMessage {
    /// Which.
    pub message_id: MessageId,
}

impl Command for RecallMessage {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let (mut message, place) = policy::changeable_message(cx.tx, cx.actor, self.message_id).await?;
        if message.recalled_at.is_some() {
            return Ok(());
        }
        if !policy::in_time(cx.actor, &message, cx.env.limits.recall_window_seconds, cx.now) {
            return Err(ErrorKind::RecallTooLate.into());
        }
        message.recalled_at = Some(cx.now);
        message_change::empty(cx, &mut message).await?;
        let change = message_change::change(cx, message, &place).await?;
        cx.record(Event::MessageRecalled(change));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{AddFavorite, Again, EditMessage, React, SendMessage, Target};
    use crate::query::{EditHistory, Favorites, History, Reactions};
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn a_recalled_message_keeps_its_place_and_loses_its_content() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let message_id = test.say(&ann, here, "secret").await.view.message.id;
        let live = test.core.attach(&bob);
        test.core
            .execute(&ann, RecallMessage { message_id })
            .await
            .unwrap();
        let heard = live.next().await.unwrap();
        assert!(
            matches!(&heard.event, Event::MessageRecalled(change) if change.at.message_id == message_id
            && change.at.seq == 1 && change.at.conversation_id == here && change.at.by == ann.user_id
            && change.at.by_name == "ann" && change.at.at == test.core.now() && change.view.message.content.is_empty())
        );
        let history = History {
            conversation_id: here,
            before: None,
            limit: 10,
        };
        let seen = test.core.query(&bob, history).await.unwrap();
        assert_eq!(seen[0].message.content, "");
        assert_eq!(seen[0].message.recalled_at, Some(test.core.now()));
    }

    #[tokio::test]
    async fn the_text_vanishes_from_quotes_favourites_edits_and_reactions() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let message_id = test.say(&ann, here, "first secret").await.view.message.id;
        let content = "second secret".to_owned();
        test.core
            .execute(&ann, EditMessage { message_id, content })
            .await
            .unwrap();
        let keep = AddFavorite {
            message_id,
            conversation_id: None,
            remark: String::new(),
            tags: String::new(),
        };
        test.core.execute(&bob, keep).await.unwrap();
        let smile = React {
            message_id,
            emoji: "🙂".into(),
            reaction_type: String::new(),
            again: Again::Keeps,
        };
        test.core.execute(&bob, smile).await.unwrap();
        let mut answer = SendMessage::text(Target::Conversation(here), "what?");
        answer.reply_to = Some(message_id);
        test.core.execute(&bob, answer).await.unwrap();

        test.core
            .execute(&ann, RecallMessage { message_id })
            .await
            .unwrap();
        let history = History {
            conversation_id: here,
            before: None,
            limit: 1,
        };
        let quote = test
            .core
            .query(&bob, history)
            .await
            .unwrap()
            .remove(0)
            .quote
            .unwrap();
        assert_eq!(
            (
                quote.message.content.as_str(),
                quote.message.recalled_at.is_some()
            ),
            ("", true)
        );
        let kept = test.core.query(&bob, Favorites::default()).await.unwrap();
        assert_eq!(
            (
                kept.len(),
                kept[0].content.as_str(),
                kept[0].recalled_at.is_some()
            ),
            (1, "", true)
        );
        assert!(
            test.core
                .query(&bob, EditHistory { message_id })
                .await
                .unwrap()
                .is_empty()
        );
        assert!(
            test.core
                .query(&bob, Reactions { message_id })
                .await
                .unwrap()
                .is_empty()
        );
    }

    #[tokio::test]
    async fn the_window_closes_after_its_last_second() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let early = test.say(&ann, here, "in time").await.view.message.id;
        let late = test.say(&ann, here, "too late").await.view.message.id;
        test.clock
            .advance_seconds(test.core.limits().recall_window_seconds);
        test.core
            .execute(&ann, RecallMessage { message_id: early })
            .await
            .unwrap();
        test.clock.advance_seconds(1);
        let refused = test.core.execute(&ann, RecallMessage { message_id: late }).await;
        assert_eq!(refusal(refused), ErrorKind::RecallTooLate);
    }

    #[tokio::test]
    async fn a_second_recall_succeeds_and_tells_nobody_even_after_the_window() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let recall = RecallMessage {
            message_id: test.say(&ann, here, "once").await.view.message.id,
        };
        let live = test.core.attach(&bob);
        test.core.execute(&ann, recall).await.unwrap();
        test.clock.advance_seconds(3_600);
        test.core.execute(&ann, recall).await.unwrap();
        test.say(&ann, here, "next").await;
        assert!(matches!(
            live.next().await.unwrap().event,
            Event::MessageRecalled(_)
        ));
        assert!(matches!(live.next().await.unwrap().event, Event::MessageSent(_)));
    }

    #[tokio::test]
    async fn only_the_sender_recalls() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let here = test.group(&bob, "team", &[&ann]).await;
        let recall = RecallMessage {
            message_id: test.say(&ann, here, "mine").await.view.message.id,
        };
        assert_eq!(
            refusal(test.core.execute(&bob, recall).await),
            ErrorKind::MessageForbidden
        );
        assert_eq!(
            refusal(test.core.execute(&eve, recall).await),
            ErrorKind::NotMember
        );
        let none = RecallMessage { message_id: 1 };
        assert_eq!(
            refusal(test.core.execute(&ann, none).await),
            ErrorKind::MessageMissing
        );
    }
}
