//! Marks what came from people and apps as read: one message, everything from one of them, or everything there is.
//! Cursors never move back, and reading again changes nothing.

use parlance_store::Tx;
use parlance_store::table::channel::{self, Channel};
use parlance_store::table::{conversation, inbox, single_read};

use crate::account::Actor;
use crate::command::mark_read::{self, Passed};
use crate::command::{Command, Context};
use crate::core::Core;
use crate::error::Result;
use crate::event::{Event, MessagesRead};
use crate::policy::{self, Channels};
use crate::query::{InboxMessage, one_of_inbox};
use crate::types::{ConversationId, ConversationKind, Correspondent, Message, MessageId, Seq};

/// Direct conversations that one transaction reads to their ends; the rest waits for the next one, so that other
/// people's commands get in between.
const CONVERSATIONS_AT_ONCE: i64 = 200;

/// Marks one message that was sent to the caller as read. Earlier ones stay unread.
///
/// # Errors
/// `MessageMissing`; `MessageForbidden` for one that is for others, the caller's own ones among them.
#[derive(Clone, Copy, Debug)]
pub struct ReadReceived {
    /// Which.
    pub message_id: MessageId,
}

/// A message that was marked as read.
#[derive(Clone, Debug)]
pub struct ReadMessage {
    /// The message as it is now.
    pub message: InboxMessage,
    /// Whether it had been unread.
    pub newly: bool,
}

impl Command for ReadReceived {
    type Reply = ReadMessage;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<ReadMessage> {
        let (message, through) = policy::received_message(cx.tx, cx.actor, self.message_id).await?;
        let newly = match through {
            policy::Received::Direct(place) => {
                mark_read::read_exactly(cx, *place, &[self.message_id]).await? > 0
            }
            policy::Received::Channel(channel, read_seq) => {
                read_one(cx, &channel, read_seq, &message).await?
            }
        };
        let message = one_of_inbox(cx.tx, cx.actor.user_id, self.message_id).await?;
        Ok(ReadMessage { message, newly })
    }
}

/// Whose messages to mark as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// Everything from one correspondent.
    One(Correspondent),
    /// Everything from all apps and the server.
    Apps,
}

/// Marks everything from one correspondent, or from all apps, as read, and tells how many messages that were.
#[derive(Clone, Copy, Debug)]
pub struct ReadAllFrom {
    /// From whom.
    pub from: ReadFrom,
}

impl Command for ReadAllFrom {
    type Reply = i64;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<i64> {
        let channels = match self.from {
            ReadFrom::One(Correspondent::Person(user_id)) => {
                let me = cx.actor.user_id;
                let found = conversation::direct(cx.tx, me.min(user_id), me.max(user_id)).await?;
                return match found {
                    Some(found) => read_direct(cx, found.id).await,
                    None => Ok(0),
                };
            }
            ReadFrom::One(Correspondent::App(app_id)) => Channels::of_app(cx.tx, cx.actor, app_id).await?,
            ReadFrom::One(Correspondent::Server) => Channels::of_app(cx.tx, cx.actor, 0).await?,
            ReadFrom::Apps => Channels::of(cx.tx, cx.actor).await?,
        };
        read_channels(cx, channels).await
    }
}

impl Core {
    /// Marks everything that people and apps have sent to the caller so far as read, groups aside, and tells how many
    /// messages that were. Runs as a row of small transactions.
    ///
    /// # Errors
    /// Only when the store fails.
    pub async fn read_inbox(&self, actor: &Actor) -> Result<i64> {
        let mut read = self.execute(actor, ReadAllFrom { from: ReadFrom::Apps }).await?;
        let mut after = 0;
        loop {
            let step = self.execute(actor, ReadSomeDirects { after }).await?;
            read += step.messages;
            match step.reached {
                Some(reached) => after = reached,
                None => return Ok(read),
            }
        }
    }
}

/// Reads the direct conversations with numbers behind `after` to their ends, as many as fit into one transaction.
#[derive(Clone, Copy)]
struct ReadSomeDirects {
    after: ConversationId,
}

struct ReadSome {
    messages: i64,
    /// Where to go on; none at the end.
    reached: Option<ConversationId>,
}

impl Command for ReadSomeDirects {
    type Reply = ReadSome;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<ReadSome> {
        let found = inbox::unread_directs(cx.tx, cx.actor.user_id, self.after, CONVERSATIONS_AT_ONCE).await?;
        let full = found.len() as i64 == CONVERSATIONS_AT_ONCE;
        let reached = found.last().copied().filter(|_| full);
        let mut messages = 0;
        for conversation_id in found {
            messages += read_direct(cx, conversation_id).await?;
        }
        Ok(ReadSome { messages, reached })
    }
}

async fn read_direct<T: Tx>(cx: &mut Context<'_, T>, conversation_id: ConversationId) -> Result<i64> {
    let place = policy::membership(cx.tx, cx.actor, conversation_id).await?;
    let unread = inbox::unread_in(cx.tx, cx.actor.user_id, conversation_id).await?;
    if unread > 0 {
        let newest = place.conversation.last_seq;
        mark_read::read_to(cx, place, newest).await?;
    }
    Ok(unread)
}

async fn read_channels<T: Tx>(cx: &mut Context<'_, T>, channels: Channels) -> Result<i64> {
    let mut read = 0;
    for channel in &channels.all {
        let unread = channels.unread(cx.tx, channel).await?;
        if unread > 0 {
            let before = channels.read_seq(cx.tx, channel).await?;
            move_cursor(cx, channel, before, channel.last_seq).await?;
            tell(
                cx,
                channel.id,
                channel.last_seq,
                channel.last_message_id,
                Vec::new(),
            );
        }
        read += unread;
    }
    Ok(read)
}

/// Marks one message of a channel as read; the cursor follows where that closes the gap behind it.
async fn read_one<T: Tx>(
    cx: &mut Context<'_, T>,
    channel: &Channel,
    before: Seq,
    message: &Message,
) -> Result<bool> {
    let me = cx.actor.user_id;
    if message.seq <= before || !single_read::insert(cx.tx, channel.id, me, message.seq, cx.now).await? {
        return Ok(false);
    }
    let unread = channel::first_unread(cx.tx, channel.id, me, before).await?;
    let upto = unread.map_or(channel.last_seq, |seq| seq - 1);
    if upto > before {
        move_cursor(cx, channel, before, upto).await?;
    }
    tell(cx, channel.id, upto, message.id, vec![message.id]);
    Ok(true)
}

async fn move_cursor<T: Tx>(
    cx: &mut Context<'_, T>,
    channel: &Channel,
    before: Seq,
    upto: Seq,
) -> Result<()> {
    channel::read_to(cx.tx, channel.id, cx.actor.user_id, upto).await?;
    let passed = Passed {
        conversation_id: channel.id,
        kind: ConversationKind::Channel,
        after: before,
        upto,
    };
    mark_read::settle(cx, passed).await
}

fn tell<T: Tx>(
    cx: &mut Context<'_, T>,
    conversation_id: ConversationId,
    read_seq: Seq,
    last_message_id: MessageId,
    message_ids: Vec<MessageId>,
) {
    let (user_id, at) = (cx.actor.user_id, cx.now);
    cx.record(Event::MessagesRead(MessagesRead {
        conversation_id,
        user_id,
        read_seq,
        last_message_id: Some(last_message_id),
        message_ids,
        at,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Addressee;
    use crate::error::ErrorKind;
    use crate::query::UnreadInbox;
    use crate::session::Session;
    use crate::testing::{TestCore, notice, refusal};

    async fn next_read(session: &Session) -> MessagesRead {
        loop {
            if let Event::MessagesRead(read) = &session.next().await.unwrap().event {
                return read.clone();
            }
        }
    }

    #[tokio::test]
    async fn the_other_person_hears_of_what_was_read() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let mut ids = Vec::new();
        for text in ["1", "2", "3", "4"] {
            ids.push(test.say(&ann, here, text).await.view.message.id);
        }
        let live = test.core.attach(&ann);
        let one = ReadReceived { message_id: ids[1] };
        assert!(test.core.execute(&bob, one).await.unwrap().newly);
        assert_eq!(next_read(&live).await.message_ids, [ids[1]]);
        assert!(!test.core.execute(&bob, one).await.unwrap().newly);
        assert_eq!(
            refusal(test.core.execute(&ann, one).await),
            ErrorKind::MessageForbidden
        );
        assert_eq!(test.core.query(&bob, UnreadInbox).await.unwrap(), 3);

        let from_ann = ReadAllFrom {
            from: ReadFrom::One(Correspondent::Person(ann.user_id)),
        };
        assert_eq!(test.core.execute(&bob, from_ann).await.unwrap(), 3);
        let read = next_read(&live).await;
        assert_eq!(
            (read.read_seq, read.message_ids),
            (4, vec![ids[0], ids[2], ids[3]])
        );
        assert_eq!(test.core.execute(&bob, from_ann).await.unwrap(), 0);
        let from_nobody = ReadAllFrom {
            from: ReadFrom::One(Correspondent::Person(-1)),
        };
        assert_eq!(test.core.execute(&bob, from_nobody).await.unwrap(), 0);
        assert_eq!(
            test.core.execute(&ann, from_ann).await.unwrap(),
            0,
            "with oneself"
        );
    }

    #[tokio::test]
    async fn groups_are_not_read_with_the_rest() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let app = test.app_actor("oa").await;
        let team = test.group(&ann, "team", &[&bob]).await;
        let in_team = test.say(&ann, team, "work").await.view.message.id;
        test.say(&ann, test.direct(&ann, &bob).await, "hello").await;
        test.clock.advance_seconds(1);
        for to in [Addressee::Everybody, Addressee::User(bob.user_id)] {
            test.core
                .execute(&Actor::system(1), notice(&app, to, "note"))
                .await
                .unwrap();
        }
        assert_eq!(test.core.query(&bob, UnreadInbox).await.unwrap(), 3);
        assert_eq!(test.core.read_inbox(&bob).await.unwrap(), 3);
        assert_eq!(test.core.query(&bob, UnreadInbox).await.unwrap(), 0);
        let all = test.core.query(&bob, crate::query::UnreadTotal).await.unwrap();
        assert_eq!(all, 1, "the group is as it was");
        let foreign = ReadReceived { message_id: in_team };
        assert_eq!(
            refusal(test.core.execute(&bob, foreign).await),
            ErrorKind::MessageForbidden
        );
        let missing = ReadReceived { message_id: 1 };
        assert_eq!(
            refusal(test.core.execute(&bob, missing).await),
            ErrorKind::MessageMissing
        );
    }

    #[tokio::test]
    async fn many_conversations_are_read_piece_by_piece() {
        let test = TestCore::start().await;
        let ann = test.user("ann").await;
        let people = CONVERSATIONS_AT_ONCE * 2 + 1;
        for number in 0..people {
            let other = test.user(&format!("user{number}")).await;
            test.say(&other, test.direct(&other, &ann).await, "hello").await;
        }
        assert_eq!(test.core.read_inbox(&ann).await.unwrap(), people);
        assert_eq!(test.core.query(&ann, UnreadInbox).await.unwrap(), 0);
    }
}
