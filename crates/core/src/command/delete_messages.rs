//! Deletes messages for everybody: named ones, or all that the caller ever sent to a conversation.

use parlance_store::Tx;
use parlance_store::table::{conversation, favorite, message};

use crate::account::Actor;
use crate::command::{Command, Context, message_change};
use crate::core::Core;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy;
use crate::types::{ConversationId, Message, MessageId, Seq};

/// Messages named in one call at most.
const MESSAGE_IDS_MAX: usize = 100;
/// Seqs that one transaction looks through for own messages; the rest waits for the next one, so that other
/// people's commands get in between.
const SPAN_SEQS_MAX: i64 = 500;

/// Deletes messages of the caller's own for everybody: all of them, or none when one is refused. An answer to a
/// deleted message shows no quote any more; favourites of it are gone.
///
/// # Errors
/// `MessageMissing`, `NotMember`, `MessageForbidden` for somebody else's, `Invalid` for none or more than 100.
#[derive(Clone, Debug)]
pub struct DeleteMessages {
    /// Which; naming one twice is naming it once.
    pub message_ids: Vec<MessageId>,
}

impl Command for DeleteMessages {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        if self.message_ids.is_empty() || self.message_ids.len() > MESSAGE_IDS_MAX {
            return Err(Error::invalid(format!(
                "name 1 to {MESSAGE_IDS_MAX} messages to delete"
            )));
        }
        let mut ids = self.message_ids.clone();
        ids.sort_unstable();
        ids.dedup();
        let mut messages = Vec::with_capacity(ids.len());
        for id in ids {
            messages.push(policy::own_message(cx.tx, cx.actor, id).await?.0);
        }
        delete(cx, messages).await
    }
}

async fn delete<T: Tx>(cx: &mut Context<'_, T>, messages: Vec<Message>) -> Result<()> {
    let mut conversation_ids: Vec<ConversationId> = Vec::new();
    for mut message in messages {
        message.deleted_at = Some(cx.now);
        message_change::empty(cx, &mut message).await?;
        favorite::remove_of_message(cx.tx, message.id).await?;
        let at = message_change::reference(cx, &message).await?;
        cx.record(Event::MessageDeleted(at));
        if !conversation_ids.contains(&message.conversation_id) {
            conversation_ids.push(message.conversation_id);
        }
    }
    for id in conversation_ids {
        conversation::refresh_last_message(cx.tx, id).await?;
    }
    Ok(())
}

impl Core {
    /// Deletes for everybody what the caller has sent to a conversation so far and can still see, and tells how many
    /// messages that were. Runs as a row of small transactions; what is sent meanwhile stays.
    ///
    /// # Errors
    /// `ConversationMissing`, `NotMember`.
    pub async fn delete_own_messages(&self, actor: &Actor, conversation_id: ConversationId) -> Result<u64> {
        let mut deleted = 0;
        let mut span = DeleteOwnSpan {
            conversation_id,
            after: 0,
            upto: None,
        };
        loop {
            let step = self.execute(actor, span).await?;
            deleted += step.deleted;
            if step.reached >= step.upto {
                return Ok(deleted);
            }
            span.after = step.reached;
            span.upto = Some(step.upto);
        }
    }
}

/// Deletes the caller's messages in a span of seqs after `after`.
#[derive(Clone, Copy)]
struct DeleteOwnSpan {
    conversation_id: ConversationId,
    after: Seq,
    /// Where to stop; the newest message if not said.
    upto: Option<Seq>,
}

struct DeletedSpan {
    deleted: u64,
    reached: Seq,
    upto: Seq,
}

impl Command for DeleteOwnSpan {
    type Reply = DeletedSpan;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<DeletedSpan> {
        let place = policy::membership(cx.tx, cx.actor, self.conversation_id).await?;
        let upto = self.upto.unwrap_or(place.conversation.last_seq);
        let after = self.after.max(place.member.floor());
        let reached = upto.min(after.saturating_add(SPAN_SEQS_MAX));
        let own = message::own_between(cx.tx, self.conversation_id, cx.actor.user_id, after, reached).await?;
        let deleted = own.len() as u64;
        delete(cx, own).await?;
        Ok(DeletedSpan {
            deleted,
            reached,
            upto,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{AddFavorite, SendMessage, Target};
    use crate::error::ErrorKind;
    use crate::query::{Conversations, Favorites, History};
    use crate::testing::{TestCore, refusal};

    async fn texts(test: &TestCore, who: &Actor, conversation_id: ConversationId) -> Vec<String> {
        let history = History {
            conversation_id,
            before: None,
            limit: 100,
        };
        let views = test.core.query(who, history).await.unwrap();
        views.into_iter().map(|view| view.message.content).collect()
    }

    #[tokio::test]
    async fn a_deleted_message_is_gone_for_everybody() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        test.say(&ann, here, "stays").await;
        let gone = test.say(&ann, here, "goes").await.view.message.id;
        let keep = AddFavorite {
            message_id: gone,
            conversation_id: None,
            remark: String::new(),
            tags: String::new(),
        };
        test.core.execute(&bob, keep).await.unwrap();
        let live = test.core.attach(&bob);
        let delete = DeleteMessages {
            message_ids: vec![gone, gone],
        };
        test.core.execute(&ann, delete.clone()).await.unwrap();
        let heard = live.next().await.unwrap();
        assert!(matches!(&heard.event, Event::MessageDeleted(at) if at.message_id == gone && at.seq == 2));
        assert_eq!(texts(&test, &bob, here).await, ["stays"]);
        assert!(
            test.core
                .query(&bob, Favorites::default())
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            refusal(test.core.execute(&ann, delete).await),
            ErrorKind::MessageMissing
        );
        let listed = test.core.query(&bob, Conversations).await.unwrap().remove(0);
        assert_eq!(listed.last_message.unwrap().message.content, "stays");
    }

    #[tokio::test]
    async fn an_answer_shows_no_quote_of_it_and_none_can_be_sent() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let gone = test.say(&ann, here, "goes").await.view.message.id;
        let mut answer = SendMessage::text(Target::Conversation(here), "what?");
        answer.reply_to = Some(gone);
        test.core.execute(&bob, answer.clone()).await.unwrap();
        test.core
            .execute(
                &ann,
                DeleteMessages {
                    message_ids: vec![gone],
                },
            )
            .await
            .unwrap();
        let history = History {
            conversation_id: here,
            before: None,
            limit: 1,
        };
        let view = test.core.query(&ann, history).await.unwrap().remove(0);
        assert_eq!(view.message.reply_to, Some(gone));
        assert!(view.quote.is_none());
        assert_eq!(
            refusal(test.core.execute(&bob, answer).await),
            ErrorKind::MessageMissing
        );
    }

    #[tokio::test]
    async fn one_refusal_keeps_them_all() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let here = test.direct(&ann, &bob).await;
        let mine = test.say(&ann, here, "mine").await.view.message.id;
        let yours = test.say(&bob, here, "yours").await.view.message.id;
        let both = DeleteMessages {
            message_ids: vec![mine, yours],
        };
        assert_eq!(
            refusal(test.core.execute(&ann, both).await),
            ErrorKind::MessageForbidden
        );
        assert_eq!(texts(&test, &ann, here).await, ["yours", "mine"]);
        let foreign = DeleteMessages {
            message_ids: vec![mine],
        };
        assert_eq!(
            refusal(test.core.execute(&eve, foreign).await),
            ErrorKind::NotMember
        );
        for message_ids in [vec![], vec![mine; MESSAGE_IDS_MAX + 1]] {
            let refused = test.core.execute(&ann, DeleteMessages { message_ids }).await;
            assert_eq!(refusal(refused), ErrorKind::Invalid);
        }
    }

    #[tokio::test]
    async fn a_deleted_message_is_not_unread() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        test.say(&ann, here, "stays").await;
        let gone = test.say(&ann, here, "goes").await.view.message.id;
        let unread = || async { test.core.query(&bob, Conversations).await.unwrap()[0].unread };
        assert_eq!(unread().await, 2);
        test.core
            .execute(
                &ann,
                DeleteMessages {
                    message_ids: vec![gone],
                },
            )
            .await
            .unwrap();
        assert_eq!(unread().await, 1);
    }

    #[tokio::test]
    async fn deleting_all_own_messages_crosses_spans_and_leaves_those_of_others() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let here = test.direct(&ann, &bob).await;
        test.say(&ann, here, "first").await;
        for n in 0..SPAN_SEQS_MAX {
            test.say(&bob, here, &n.to_string()).await;
        }
        test.say(&ann, here, "last").await;
        let deleted = test.core.delete_own_messages(&ann, here).await.unwrap();
        assert_eq!(deleted, 2);
        let left = texts(&test, &ann, here).await;
        assert_eq!(left[0], (SPAN_SEQS_MAX - 1).to_string());
        assert_eq!(test.core.delete_own_messages(&ann, here).await.unwrap(), 0);
        assert_eq!(
            refusal(test.core.delete_own_messages(&eve, here).await),
            ErrorKind::NotMember
        );
    }
}
