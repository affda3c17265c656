//! Changes the text of a message; what it said before is kept as its edit history.

use parlance_store::Tx;
use parlance_store::table::{message, message_edit};

use crate::command::send_message::check_content;
use crate::command::{Command, Context, message_change};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::policy;
use crate::types::MessageId;

/// Earlier contents kept of one message; the oldest are forgotten beyond it.
pub(crate) const VERSIONS_MAX: i64 = 100;

/// Gives a text of the caller's own a new content within `edit_window_seconds`; who acts by rank changes any, at any
/// time. The content it has already changes
/// nothing.
///
/// # Errors
/// `MessageMissing`, `NotMember`, `MessageForbidden` for somebody else's, `MessageRecalled`, `MessageTypeForbidden`
/// for anything but text, `EditTooLate`, `ContentEmpty`, `TooLarge`, `Muted`, `Blocked`, `NotContacts`.
#[derive(Clone, Debug)]
pub struct EditMessage {
    /// Which.
    pub message_id: MessageId,
    /// What it says from now on.
    pub content: String,
}

impl Command for EditMessage {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let (mut message, place) = policy::changeable_message(cx.tx, cx.actor, self.message_id).await?;
        if message.recalled_at.is_some() {
            return Err(ErrorKind::MessageRecalled.into());
        }
        if message.content_type != "TEXT" {
            let detail = format!("a message of type {} cannot be edited", message.content_type);
            return Err(Error::new(ErrorKind::MessageTypeForbidden, detail));
        }
        if !policy::in_time(cx.actor, &message, cx.env.limits.edit_window_seconds, cx.now) {
            return Err(ErrorKind::EditTooLate.into());
        }
        check_content(&message.content_type, &self.content, &cx.env.limits)?;
        if !cx.actor.commands() {
            policy::may_speak(cx.tx, cx.actor, cx.env, message.conversation_id, cx.now).await?;
        }
        if message.content == self.content {
            return Ok(());
        }
        message_edit::insert(cx.tx, message.id, &message.content, cx.now).await?;
        message_edit::trim(cx.tx, message.id, VERSIONS_MAX).await?;
        message.content.clone_from(&self.content);
        message.edited_at = Some(cx.now);
        message::update(cx.tx, &message).await?;
        let change = message_change::change(cx, message, &place).await?;
        cx.record(Event::MessageEdited(change));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{RecallMessage, SendMessage, Target};
    use crate::query::{Edit, EditHistory, MessagesById};
    use crate::testing::{TestCore, refusal};

    fn edit(message_id: MessageId, content: &str) -> EditMessage {
        EditMessage {
            message_id,
            content: content.into(),
        }
    }

    #[tokio::test]
    async fn an_edit_shows_the_new_text_and_keeps_the_old() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let message_id = test.say(&ann, here, "one").await.view.message.id;
        let live = test.core.attach(&bob);
        test.clock.advance_seconds(5);
        let first = test.core.now();
        test.core.execute(&ann, edit(message_id, "two")).await.unwrap();
        let heard = live.next().await.unwrap();
        assert!(matches!(&heard.event, Event::MessageEdited(change)
            if change.at.message_id == message_id && change.at.by_name == "ann" && change.view.message.content == "two"));
        test.clock.advance_seconds(5);
        test.core.execute(&ann, edit(message_id, "three")).await.unwrap();

        let seen = test
            .core
            .query(
                &bob,
                MessagesById {
                    ids: vec![message_id],
                },
            )
            .await
            .unwrap();
        assert_eq!(seen[0].message.content, "three");
        assert_eq!(seen[0].message.edited_at, Some(test.core.now()));
        let edits = test.core.query(&bob, EditHistory { message_id }).await.unwrap();
        let change = |version, before: &str, after: &str, edited_at| Edit {
            version,
            before: before.into(),
            after: after.into(),
            edited_at,
        };
        let expected = [
            change(1, "one", "two", first),
            change(2, "two", "three", test.core.now()),
        ];
        assert_eq!(edits, expected);
    }

    #[tokio::test]
    async fn the_same_text_again_changes_nothing() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let message_id = test.say(&ann, here, "same").await.view.message.id;
        let live = test.core.attach(&bob);
        test.core.execute(&ann, edit(message_id, "same")).await.unwrap();
        test.say(&ann, here, "next").await;
        assert!(matches!(live.next().await.unwrap().event, Event::MessageSent(_)));
        let seen = test
            .core
            .query(
                &ann,
                MessagesById {
                    ids: vec![message_id],
                },
            )
            .await
            .unwrap();
        assert_eq!(seen[0].message.edited_at, None);
    }

    #[tokio::test]
    async fn an_edit_follows_the_rules_of_a_send() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let message_id = test.say(&ann, here, "one").await.view.message.id;
        let empty = test.core.execute(&ann, edit(message_id, "  ")).await;
        assert_eq!(refusal(empty), ErrorKind::ContentEmpty);
        let most = test.core.limits().content_bytes_max;
        let large = test
            .core
            .execute(&ann, edit(message_id, &"x".repeat(most + 1)))
            .await;
        assert_eq!(refusal(large), ErrorKind::TooLarge);
        test.core
            .execute(&ann, edit(message_id, &"x".repeat(most)))
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn only_the_sender_edits_only_text_only_in_time_and_nothing_recalled() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let here = test.direct(&ann, &bob).await;
        let text = test.say(&ann, here, "one").await.view.message.id;
        let foreign = test.core.execute(&bob, edit(text, "two")).await;
        assert_eq!(refusal(foreign), ErrorKind::MessageForbidden);
        assert_eq!(
            refusal(test.core.execute(&eve, edit(text, "two")).await),
            ErrorKind::NotMember
        );

        let mut picture = SendMessage::text(Target::Conversation(here), "a.png");
        picture.content_type = "IMAGE".into();
        let picture = test.core.execute(&ann, picture).await.unwrap().view.message.id;
        let refused = test.core.execute(&ann, edit(picture, "b.png")).await;
        assert_eq!(refusal(refused), ErrorKind::MessageTypeForbidden);

        let gone = test.say(&ann, here, "gone").await.view.message.id;
        test.core
            .execute(&ann, RecallMessage { message_id: gone })
            .await
            .unwrap();
        let refused = test.core.execute(&ann, edit(gone, "back")).await;
        assert_eq!(refusal(refused), ErrorKind::MessageRecalled);

        test.clock.advance_seconds(test.core.limits().edit_window_seconds);
        test.core.execute(&ann, edit(text, "two")).await.unwrap();
        test.clock.advance_seconds(1);
        let late = test.core.execute(&ann, edit(text, "three")).await;
        assert_eq!(refusal(late), ErrorKind::EditTooLate);
    }

    #[tokio::test]
    async fn only_the_newest_versions_are_kept() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let message_id = test.say(&ann, here, "0").await.view.message.id;
        for n in 1..=VERSIONS_MAX + 2 {
            test.core
                .execute(&ann, edit(message_id, &n.to_string()))
                .await
                .unwrap();
        }
        let edits = test.core.query(&ann, EditHistory { message_id }).await.unwrap();
        assert_eq!(edits.len() as i64, VERSIONS_MAX);
        let (first, last) = (edits.first().unwrap(), edits.last().unwrap());
        assert_eq!((first.version, first.before.as_str()), (3, "2"));
        assert_eq!(last.after, (VERSIONS_MAX + 2).to_string());
    }
}
