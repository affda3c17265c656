//! Single messages as the caller may see them, the newest ones of all conversations, earlier contents, and totals.
//! Pages of one conversation's history are elsewhere.

use parlance_store::Tx;
use parlance_store::table::message::{self, WithSender};
use parlance_store::table::{conversation, favorite, mention, message_edit};

use crate::command::VERSIONS_MAX;
use crate::core::{Query, ReadContext};
use crate::error::{Error, ErrorKind, Result};
use crate::policy;
use crate::query::history::{view, views};
use crate::query::mention::COUNTED_MAX;
use crate::types::{MessageId, MessageView, Seq, Timestamp};

/// Messages named in one call at most.
const MESSAGE_IDS_MAX: usize = 100;
/// Messages in the answer to "the newest" at most.
const LATEST_MAX: i64 = 100;

/// Messages by id, in the order asked for. A recalled one is there without content.
///
/// # Errors
/// `MessageMissing` or `NotMember` if one of them is not readable, `Invalid` for more than 100.
#[derive(Clone, Debug)]
pub struct MessagesById {
    /// Which.
    pub ids: Vec<MessageId>,
}

impl Query for MessagesById {
    type Answer = Vec<MessageView>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<MessageView>> {
        if self.ids.len() > MESSAGE_IDS_MAX {
            return Err(Error::invalid(format!(
                "at most {MESSAGE_IDS_MAX} messages are read at once"
            )));
        }
        let mut found = Vec::with_capacity(self.ids.len());
        for id in &self.ids {
            policy::readable_message(cx.tx, cx.actor, *id).await?;
            let row = message::with_sender(cx.tx, *id)
                .await?
                .ok_or(ErrorKind::MessageMissing)?;
            found.push(view(cx.tx, row).await?);
        }
        Ok(found)
    }
}

/// The newest messages of all the caller's conversations, newest first.
#[derive(Clone, Copy, Debug)]
pub struct LatestMessages {
    /// How many; 1 to 100.
    pub limit: i64,
}

impl Query for LatestMessages {
    type Answer = Vec<MessageView>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<MessageView>> {
        let limit = self.limit.clamp(1, LATEST_MAX);
        let wanted = usize::try_from(limit).unwrap_or(1);
        let mut newest: Vec<WithSender> = Vec::new();
        // Conversations come with the newest message first: once enough is found, older ends cannot add anything.
        for tail in conversation::tails(cx.tx, cx.actor.user_id, limit).await? {
            let last = newest.get(wanted - 1);
            if last.is_some_and(|last| last.message.id > tail.last_message_id) {
                break;
            }
            newest.extend(message::page_before(cx.tx, tail.id, tail.floor, Seq::MAX, limit).await?);
            newest.sort_by_key(|row| std::cmp::Reverse(row.message.id));
            newest.truncate(wanted);
        }
        views(cx.tx, newest).await
    }
}

/// One change of a message's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// 1 for the first change, and so on.
    pub version: i64,
    /// What it said before.
    pub before: String,
    /// What it said after.
    pub after: String,
    /// When it was changed.
    pub edited_at: Timestamp,
}

/// How a message's text changed, oldest change first; the newest 100 changes are kept. Empty for a recalled one.
///
/// # Errors
/// `MessageMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct EditHistory {
    /// Of which message.
    pub message_id: MessageId,
}

impl Query for EditHistory {
    type Answer = Vec<Edit>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<Edit>> {
        let (message, _) = policy::readable_message(cx.tx, cx.actor, self.message_id).await?;
        if message.recalled_at.is_some() {
            return Ok(Vec::new());
        }
        let replaced = message_edit::of_message(cx.tx, message.id, VERSIONS_MAX).await?;
        let contents = replaced.iter().skip(1).map(|edit| edit.content.clone());
        let after: Vec<String> = contents.chain([message.content]).collect();
        let pairs = replaced.into_iter().zip(after);
        Ok(pairs
            .map(|(edit, after)| Edit {
                version: edit.version,
                before: edit.content,
                after,
                edited_at: edit.edited_at,
            })
            .collect())
    }
}

/// How much there is for one person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageTotals {
    /// Conversations the caller is in.
    pub conversations: i64,
    /// Messages the caller can see there, without recalled and deleted ones and notices.
    pub messages: i64,
    /// Favourites.
    pub favorites: i64,
    /// Mentions not read; counted to 1,000.
    pub unread_mentions: i64,
}

/// Totals over everything the caller can see.
#[derive(Clone, Copy, Debug)]
pub struct CountMessages;

impl Query for CountMessages {
    type Answer = MessageTotals;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<MessageTotals> {
        let me = cx.actor.user_id;
        let (conversations, messages) = conversation::totals(cx.tx, me).await?;
        Ok(MessageTotals {
            conversations,
            messages,
            favorites: favorite::count(cx.tx, me).await?,
            unread_mentions: mention::count_unread(cx.tx, me, COUNTED_MAX).await?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn the_latest_messages_come_from_all_conversations_in_order() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let with_bob = test.direct(&ann, &bob).await;
        let with_eve = test.direct(&ann, &eve).await;
        for text in ["1", "2"] {
            test.say(&bob, with_bob, text).await;
        }
        test.say(&eve, with_eve, "3").await;
        test.say(&bob, with_bob, "4").await;
        test.say(&eve, with_eve, "5").await;
        let latest = |who, limit| {
            let found = test.core.query(who, LatestMessages { limit });
            async {
                found
                    .await
                    .unwrap()
                    .into_iter()
                    .map(|view| view.message.content)
                    .collect::<Vec<_>>()
            }
        };
        assert_eq!(latest(&ann, 3).await, ["5", "4", "3"]);
        assert_eq!(latest(&ann, 100).await, ["5", "4", "3", "2", "1"]);
        assert_eq!(latest(&bob, 100).await, ["4", "2", "1"]);
        assert_eq!(latest(&ann, 0).await, ["5"]);
    }

    #[tokio::test]
    async fn totals_count_what_can_be_seen() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let here = test.direct(&ann, &bob).await;
        test.say(&ann, here, "1").await;
        let message_id = test.say(&ann, here, "2").await.view.message.id;
        test.core
            .execute(&ann, crate::command::RecallMessage { message_id })
            .await
            .unwrap();
        let totals = test.core.query(&bob, CountMessages).await.unwrap();
        assert_eq!((totals.conversations, totals.messages), (1, 1));
        assert_eq!(
            test.core.query(&eve, CountMessages).await.unwrap(),
            MessageTotals::default()
        );
    }

    #[tokio::test]
    async fn strangers_read_nothing_by_id() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let here = test.direct(&ann, &bob).await;
        let id = test.say(&ann, here, "1").await.view.message.id;
        assert_eq!(
            refusal(test.core.query(&eve, MessagesById { ids: vec![id] }).await),
            ErrorKind::NotMember
        );
        let history = EditHistory { message_id: id };
        assert_eq!(
            refusal(test.core.query(&eve, history).await),
            ErrorKind::NotMember
        );
        let much = MessagesById {
            ids: vec![id; MESSAGE_IDS_MAX + 1],
        };
        assert_eq!(refusal(test.core.query(&ann, much).await), ErrorKind::Invalid);
    }
}
