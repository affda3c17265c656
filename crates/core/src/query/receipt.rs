//! Who has read a message: derived from cursors, never counted up. Beside the sender, everybody counts who is in the
//! conversation now and was when the message was sent.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use parlance_store::Tx;
use parlance_store::table::receipt::{self, Cursors, Which};
use parlance_store::table::{member, message, reaction};

use crate::core::{Query, ReadContext};
use crate::error::{Error, Result};
use crate::policy;
use crate::query::reaction::{ReactionCount, SIGNS_MAX};
use crate::types::{ConversationId, Member, Message, MessageId, Timestamp, UserCard, UserId};

/// People in one list at most.
const READERS_MAX: i64 = 500;
/// Messages asked about in one call at most.
const MESSAGE_IDS_MAX: usize = 100;

/// Somebody who has, or has not, read a message.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Who.
    pub user: UserCard,
    /// When it was read: exactly for messages marked singly, otherwise when the read cursor moved last.
    pub read_at: Option<Timestamp>,
}

/// How many have read a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadCount {
    /// Everybody who counts.
    pub total: i64,
    /// Those who have read it.
    pub read: i64,
}

/// Who has read a message.
#[derive(Clone, Debug)]
pub struct ReadStatus {
    /// How many.
    pub count: ReadCount,
    /// Those who have, by id.
    pub read: Vec<Reader>,
    /// Those who have not, by id.
    pub unread: Vec<Reader>,
}

/// Who has read a message: totals, and up to 500 people of either kind after `after_user`.
///
/// # Errors
/// `MessageMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct WhoRead {
    /// Which.
    pub message_id: MessageId,
    /// Only people with larger ids: the next page. 0 for the first.
    pub after_user: UserId,
}

impl Query for WhoRead {
    type Answer = ReadStatus;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<ReadStatus> {
        let (message, _) = policy::readable_message(cx.tx, cx.actor, self.message_id).await?;
        let after = self.after_user;
        let counts = count(cx.tx, message.conversation_id, std::slice::from_ref(&message)).await?;
        let read = receipt::readers(cx.tx, &message, Which::Read, after, READERS_MAX).await?;
        let unread = receipt::readers(cx.tx, &message, Which::Unread, after, READERS_MAX).await?;
        Ok(ReadStatus {
            count: counts.into_iter().next().unwrap_or_default(),
            read: read.into_iter().map(reader).collect(),
            unread: unread
                .into_iter()
                .map(reader)
                .map(|reader| Reader {
                    read_at: None,
                    ..reader
                })
                .collect(),
        })
    }
}

fn reader(row: receipt::Reader) -> Reader {
    Reader {
        user: UserCard::new(row.user_id, row.uid, row.name, row.nickname, row.avatar),
        read_at: row.read_at,
    }
}

/// What is shown under a message: its reactions and how many have read it.
#[derive(Clone, Debug)]
pub struct Marks {
    /// How often each sign stands on it, the most frequent first.
    pub reactions: Vec<ReactionCount>,
    /// How many have read it.
    pub read: ReadCount,
}

/// The marks of messages of one conversation, by id; what the caller cannot see there is left out.
///
/// # Errors
/// `ConversationMissing`, `NotMember`, `Invalid` for more than 100.
#[derive(Clone, Debug)]
pub struct MessageMarks {
    /// Where.
    pub conversation_id: ConversationId,
    /// Of which messages.
    pub message_ids: Vec<MessageId>,
}

impl Query for MessageMarks {
    type Answer = HashMap<MessageId, Marks>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<HashMap<MessageId, Marks>> {
        if self.message_ids.len() > MESSAGE_IDS_MAX {
            return Err(Error::invalid(format!(
                "at most {MESSAGE_IDS_MAX} messages are asked about at once"
            )));
        }
        let place = policy::membership(cx.tx, cx.actor, self.conversation_id).await?;
        let mut messages = Vec::with_capacity(self.message_ids.len());
        for id in &self.message_ids {
            let found = message::by_id(cx.tx, *id).await?;
            let seen = |m: &Message| m.conversation_id == self.conversation_id && place.sees(m);
            messages.extend(found.filter(seen));
        }
        let ids: Vec<MessageId> = messages.iter().map(|message| message.id).collect();
        let counts = count(cx.tx, self.conversation_id, &messages).await?;
        let mut marks: HashMap<MessageId, Marks> = ids
            .iter()
            .zip(counts)
            .map(|(id, read)| {
                let reactions = Vec::new();
                (*id, Marks { reactions, read })
            })
            .collect();
        for row in reaction::counts(cx.tx, &ids, cx.actor.user_id, SIGNS_MAX).await? {
            if let Some(marks) = marks.get_mut(&row.message_id) {
                marks.reactions.push(row);
            }
        }
        Ok(marks)
    }
}

/// How many have read each of these messages of one conversation. One pass over the members, however many messages.
async fn count<T: Tx>(
    tx: &mut T,
    conversation_id: ConversationId,
    messages: &[Message],
) -> Result<Vec<ReadCount>> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let cursors = receipt::cursors(tx, conversation_id).await?;
    let seqs: Vec<i64> = messages.iter().map(|message| message.seq).collect();
    let single: HashMap<i64, i64> = receipt::single_counts(tx, conversation_id, &seqs)
        .await?
        .into_iter()
        .collect();
    let mut senders: HashMap<UserId, Option<Member>> = HashMap::new();
    let mut counts = Vec::with_capacity(messages.len());
    for message in messages {
        let mut count = tally(&cursors, message);
        count.read += single.get(&message.seq).copied().unwrap_or(0);
        if let Some(id) = message.sender_id {
            let sender = match senders.entry(id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let place = member::get(tx, conversation_id, id).await?;
                    unknown.insert(place.filter(|member| member.state))
                }
            };
            let sender = sender.as_ref();
            if let Some(sender) = sender.filter(|sender| sender.joined_at <= message.created_at) {
                count.total -= 1;
                count.read -= i64::from(sender.read_seq >= message.seq);
            }
        }
        counts.push(count);
    }
    Ok(counts)
}

fn tally(cursors: &[Cursors], message: &Message) -> ReadCount {
    let mut count = ReadCount::default();
    for group in cursors
        .iter()
        .filter(|group| group.joined_at <= message.created_at)
    {
        count.total += group.members;
        if group.read_seq >= message.seq {
            count.read += group.members;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{MarkRead, ReadUpTo};
    use crate::error::ErrorKind;
    use crate::testing::{TestCore, refusal};

    fn ids(readers: &[Reader]) -> Vec<UserId> {
        readers.iter().map(|reader| reader.user.id).collect()
    }

    #[tokio::test]
    async fn a_message_is_read_by_cursor_or_singly() {
        let test = TestCore::start().await;
        let (ann, bob, cid) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("cid").await,
        );
        let eve = test.user("eve").await;
        let team = test.group(&ann, "team", &[&bob, &cid]).await;
        let one = test.say(&ann, team, "one").await.view.message.id;
        let two = test.say(&ann, team, "two").await.view.message.id;
        let who = WhoRead {
            message_id: two,
            after_user: 0,
        };
        let status = test.core.query(&ann, who).await.unwrap();
        assert_eq!(status.count, ReadCount { total: 2, read: 0 });
        assert_eq!(
            (ids(&status.read), ids(&status.unread)),
            (vec![], vec![bob.user_id, cid.user_id])
        );

        test.clock.advance_seconds(1);
        let at = test.core.now();
        let single = MarkRead {
            conversation_id: team,
            up_to: ReadUpTo::Exactly(vec![two]),
        };
        test.core.execute(&bob, single).await.unwrap();
        test.clock.advance_seconds(1);
        let status = test.core.query(&bob, who).await.unwrap();
        assert_eq!(status.count, ReadCount { total: 2, read: 1 });
        assert_eq!(
            (ids(&status.read), ids(&status.unread)),
            (vec![bob.user_id], vec![cid.user_id])
        );
        assert_eq!(status.read[0].read_at, Some(at));

        let newest = MarkRead {
            conversation_id: team,
            up_to: ReadUpTo::Newest,
        };
        test.core.execute(&cid, newest).await.unwrap();
        let status = test.core.query(&ann, who).await.unwrap();
        assert_eq!(ids(&status.read), [bob.user_id, cid.user_id]);
        let next = WhoRead {
            message_id: two,
            after_user: bob.user_id,
        };
        assert_eq!(
            ids(&test.core.query(&ann, next).await.unwrap().read),
            [cid.user_id]
        );

        let marks = MessageMarks {
            conversation_id: team,
            message_ids: vec![one, two, two + 1],
        };
        let marks = test.core.query(&ann, marks).await.unwrap();
        assert_eq!(marks.len(), 2);
        assert_eq!(marks[&one].read, ReadCount { total: 2, read: 1 });
        assert_eq!(marks[&two].read, ReadCount { total: 2, read: 2 });
        assert_eq!(refusal(test.core.query(&eve, who).await), ErrorKind::NotMember);
    }
}
