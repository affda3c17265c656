//! Puts a reaction on a message, or takes it off. Each person has one on a message.

use parlance_store::Tx;
use parlance_store::table::reaction;

use crate::command::{Command, Context, message_change};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::policy;
use crate::types::{Message, MessageId, Reaction};

/// Bytes of the sign of a reaction.
const EMOJI_BYTES_MAX: usize = 64;
/// Bytes of the word for its kind.
const REACTION_TYPE_BYTES_MAX: usize = 32;

/// What the sign does that stands there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It stays.
    Keeps,
    /// It is taken off.
    Removes,
}

/// Puts a reaction on a message, in the place of another one of the caller.
///
/// # Errors
/// `MessageMissing`, `NotMember`, `MessageRecalled`, `Muted`, `Blocked`, `Invalid` for an empty or long sign.
#[derive(Clone, Debug)]
pub struct React {
    /// On which message.
    pub message_id: MessageId,
    /// The sign: 1 to 64 bytes.
    pub emoji: String,
    /// A word of the client for the kind of sign, up to 32 bytes; may be empty.
    pub reaction_type: String,
    /// What happens if the sign stands there already.
    pub again: Again,
}

impl Command for React {
    /// The caller's reaction that stands now.
    type Reply = Option<Reaction>;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Option<Reaction>> {
        self.check_form()?;
        let (message, _) = policy::readable_message(cx.tx, cx.actor, self.message_id).await?;
        if message.recalled_at.is_some() {
            return Err(ErrorKind::MessageRecalled.into());
        }
        policy::may_speak(cx.tx, cx.actor, cx.env, message.conversation_id, cx.now).await?;
        let before = reaction::get(cx.tx, message.id, cx.actor.user_id).await?;
        if let Some(before) = before {
            if before.emoji == self.emoji {
                return match self.again {
                    Again::Keeps => Ok(Some(before)),
                    Again::Removes => take_off(cx, &message, before.emoji).await.map(|()| None),
                };
            }
            take_off(cx, &message, before.emoji).await?;
        }
        let reaction = Reaction {
            message_id: message.id,
            user_id: cx.actor.user_id,
            emoji: self.emoji.clone(),
            reaction_type: self.reaction_type.clone(),
            created_at: cx.now,
        };
        reaction::put(cx.tx, &reaction).await?;
        let at = message_change::reference(cx, &message).await?;
        cx.record(Event::ReactionChanged {
            at,
            emoji: self.emoji.clone(),
            added: true,
        });
        Ok(Some(reaction))
    }
}

impl React {
    fn check_form(&self) -> Result<()> {
        if self.emoji.trim().is_empty() || self.emoji.len() > EMOJI_BYTES_MAX {
            return Err(Error::invalid(format!(
                "a reaction is one sign of 1 to {EMOJI_BYTES_MAX} bytes"
            )));
        }
        if self.reaction_type.len() > REACTION_TYPE_BYTES_MAX {
            return Err(Error::invalid(format!(
                "the type of a reaction has at most {REACTION_TYPE_BYTES_MAX} bytes"
            )));
        }
        Ok(())
    }
}

/// Takes the caller's reaction off a message. Without one it changes nothing.
///
/// # Errors
/// `MessageMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct Unreact {
    /// Off which message.
    pub message_id: MessageId,
}

impl Command for Unreact {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let (message, _) = policy::readable_message(cx.tx, cx.actor, self.message_id).await?;
        match reaction::get(cx.tx, message.id, cx.actor.user_id).await? {
            Some(before) => take_off(cx, &message, before.emoji).await,
            None => Ok(()),
        }
    }
}

async fn take_off<T: Tx>(cx: &mut Context<'_, T>, message: &Message, emoji: String) -> Result<()> {
    reaction::remove(cx.tx, message.id, cx.actor.user_id).await?;
    let at = message_change::reference(cx, message).await?;
    cx.record(Event::ReactionChanged {
        at,
        emoji,
        added: false,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::RecallMessage;
    use crate::query::{CountReactions, Reactions};
    use crate::testing::{TestCore, refusal};

    fn react(message_id: MessageId, emoji: &str, again: Again) -> React {
        React {
            message_id,
            emoji: emoji.into(),
            reaction_type: "EMOJI".into(),
            again,
        }
    }

    fn changed(event: &Event) -> (&str, bool) {
        match event {
            Event::ReactionChanged { emoji, added, .. } => (emoji, *added),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn each_person_has_one_reaction_and_a_new_one_takes_its_place() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let message_id = test.say(&ann, here, "hello").await.view.message.id;
        let live = test.core.attach(&ann);
        test.core
            .execute(&bob, react(message_id, "👍", Again::Keeps))
            .await
            .unwrap();
        test.core
            .execute(&bob, react(message_id, "🎉", Again::Keeps))
            .await
            .unwrap();
        for expected in [("👍", true), ("👍", false), ("🎉", true)] {
            assert_eq!(changed(&live.next().await.unwrap().event), expected);
        }
        test.core
            .execute(&ann, react(message_id, "🎉", Again::Keeps))
            .await
            .unwrap();
        let all = test.core.query(&ann, Reactions { message_id }).await.unwrap();
        let listed: Vec<_> = all
            .iter()
            .map(|r| (r.user.name.as_str(), r.emoji.as_str()))
            .collect();
        assert_eq!(listed, [("ann", "🎉"), ("bob", "🎉")]);
        let counts = test
            .core
            .query(&bob, CountReactions { message_id })
            .await
            .unwrap();
        let counted: Vec<_> = counts
            .iter()
            .map(|c| (c.emoji.as_str(), c.total, c.mine))
            .collect();
        assert_eq!(counted, [("🎉", 2, true)]);
    }

    #[tokio::test]
    async fn the_same_sign_again_stays_or_goes_as_asked() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let message_id = test.say(&ann, here, "hello").await.view.message.id;
        let toggle = react(message_id, "👍", Again::Removes);
        let keep = react(message_id, "👍", Again::Keeps);
        assert_eq!(
            test.core
                .execute(&bob, toggle.clone())
                .await
                .unwrap()
                .unwrap()
                .emoji,
            "👍"
        );
        assert!(test.core.execute(&bob, keep).await.unwrap().is_some());
        assert!(test.core.execute(&bob, toggle).await.unwrap().is_none());
        assert!(
            test.core
                .query(&ann, CountReactions { message_id })
                .await
                .unwrap()
                .is_empty()
        );
    }

    #[tokio::test]
    async fn taking_off_twice_tells_once() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let message_id = test.say(&ann, here, "hello").await.view.message.id;
        test.core
            .execute(&bob, react(message_id, "👍", Again::Keeps))
            .await
            .unwrap();
        let live = test.core.attach(&ann);
        test.core.execute(&bob, Unreact { message_id }).await.unwrap();
        test.core.execute(&bob, Unreact { message_id }).await.unwrap();
        test.say(&bob, here, "next").await;
        assert_eq!(changed(&live.next().await.unwrap().event), ("👍", false));
        assert!(matches!(live.next().await.unwrap().event, Event::MessageSent(_)));
    }

    #[tokio::test]
    async fn strangers_recalled_messages_and_odd_signs_are_refused() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let here = test.direct(&ann, &bob).await;
        let message_id = test.say(&ann, here, "hello").await.view.message.id;
        let stranger = test
            .core
            .execute(&eve, react(message_id, "👍", Again::Keeps))
            .await;
        assert_eq!(refusal(stranger), ErrorKind::NotMember);
        assert_eq!(
            refusal(test.core.query(&eve, Reactions { message_id }).await),
            ErrorKind::NotMember
        );
        for emoji in ["", " ", &"x".repeat(EMOJI_BYTES_MAX + 1)] {
            let refused = test
                .core
                .execute(&bob, react(message_id, emoji, Again::Keeps))
                .await;
            assert_eq!(refusal(refused), ErrorKind::Invalid);
        }
        let mut long = react(message_id, "👍", Again::Keeps);
        long.reaction_type = "x".repeat(REACTION_TYPE_BYTES_MAX + 1);
        assert_eq!(refusal(test.core.execute(&bob, long).await), ErrorKind::Invalid);
        test.core
            .execute(&ann, RecallMessage { message_id })
            .await
            .unwrap();
        let recalled = test
            .core
            .execute(&bob, react(message_id, "👍", Again::Keeps))
            .await;
        assert_eq!(refusal(recalled), ErrorKind::MessageRecalled);
    }
}
