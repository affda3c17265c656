//! Messages with everything that is told beside them, for clients that know people and conversations by text: what
//! the conversation is called, who is mentioned, and what became of the message. A page costs a handful of reads,
//! however long it is.

use std::sync::Arc;

use parlance_store::Tx;
use parlance_store::table::message::{self, WithSender};
use parlance_store::table::message_context::{self, Progress};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::core::{Query, ReadContext};
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::name::{PlaceName, place_name};
use crate::policy;
use crate::query::view;
use crate::types::{ConversationId, Message, MessageId, MessageView};

/// Messages named in one call at most.
const MESSAGE_IDS_MAX: usize = 100;

/// What became of a message. In a direct conversation it is the receiver who gets and reads it; in a group nobody's
/// cursor says it for all, so its messages stay as they were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageStatus {
    /// It was sent.
    Sent,
    /// A device of the receiver has it.
    Delivered,
    /// Its text was changed since, and nobody is known to have read it.
    Edited,
    /// The receiver has read it, whether it was changed or not.
    Read,
    /// It was taken back.
    Recalled,
}

/// A message with everything that is told beside it.
#[derive(Clone, Debug)]
pub struct FullMessage {
    /// The message with its sender and quote.
    pub view: MessageView,
    /// What its conversation is called.
    pub place: Arc<PlaceName>,
    /// The text ids of those whom it mentions by name.
    pub mentioned: Vec<String>,
    /// What became of it.
    pub status: MessageStatus,
}

/// Messages by id, in the order asked for. A recalled one is there without content. Who acts by rank reads any of the
/// tenant's.
///
/// # Errors
/// `MessageMissing` or `NotMember` if one of them is not readable, `Invalid` for more than 100.
#[derive(Clone, Debug)]
pub struct FullMessages {
    /// Which.
    pub ids: Vec<MessageId>,
}

impl Query for FullMessages {
    type Answer = Vec<FullMessage>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<FullMessage>> {
        if self.ids.len() > MESSAGE_IDS_MAX {
            return Err(Error::invalid(format!(
                "at most {MESSAGE_IDS_MAX} messages are read at once"
            )));
        }
        let mut rows = Vec::with_capacity(self.ids.len());
        for id in &self.ids {
            policy::shown_message(cx.tx, cx.actor, *id).await?;
            let row = message::with_sender(cx.tx, *id).await?;
            rows.push(row.ok_or(ErrorKind::MessageMissing)?);
        }
        full(cx, rows).await
    }
}

/// The number of the message that has this number or this client id of the caller's own.
///
/// # Errors
/// `MessageMissing`.
#[derive(Clone, Debug)]
pub struct FindMessage {
    /// A number as text, or what the caller called the message when sending it.
    pub name: String,
}

impl Query for FindMessage {
    type Answer = MessageId;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<MessageId> {
        if let Some(own) = message::by_client_id(cx.tx, cx.actor.user_id, &self.name).await? {
            return Ok(own.id);
        }
        self.name.parse().map_err(|_| ErrorKind::MessageMissing.into())
    }
}

/// Messages of direct conversations and groups with what is told beside them, in their order; others are left out.
pub(crate) async fn full<T: Tx>(
    cx: &mut ReadContext<'_, T>,
    rows: Vec<WithSender>,
) -> Result<Vec<FullMessage>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let context = Context::load(cx.tx, cx.env, &rows).await?;
    let mut told = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(place) = context.places.get(&row.message.conversation_id) else {
            continue;
        };
        let message = &row.message;
        let (status, mentioned) = (context.status(message), context.mentioned.get(&message.id));
        told.push(FullMessage {
            place: Arc::clone(place),
            mentioned: mentioned.cloned().unwrap_or_default(),
            status,
            view: view(cx.tx, row).await?,
        });
    }
    Ok(told)
}

/// What is told beside a page of messages.
struct Context<'a> {
    env: &'a Env,
    places: FxHashMap<ConversationId, Arc<PlaceName>>,
    mentioned: FxHashMap<MessageId, Vec<String>>,
    progress: FxHashMap<ConversationId, Vec<Progress>>,
    read_singly: FxHashSet<MessageId>,
}

impl<'a> Context<'a> {
    async fn load<T: Tx>(tx: &mut T, env: &'a Env, rows: &[WithSender]) -> Result<Self> {
        let ids: Vec<MessageId> = rows.iter().map(|row| row.message.id).collect();
        let mut conversation_ids: Vec<ConversationId> =
            rows.iter().map(|row| row.message.conversation_id).collect();
        conversation_ids.sort_unstable();
        conversation_ids.dedup();
        let mut places = FxHashMap::default();
        for found in message_context::places(tx, &conversation_ids).await? {
            if let Some(name) = place_name(found.called) {
                places.insert(found.conversation_id, Arc::new(name));
            }
        }
        let mut mentioned: FxHashMap<MessageId, Vec<String>> = FxHashMap::default();
        for found in message_context::mentioned(tx, &ids).await? {
            mentioned.entry(found.message_id).or_default().push(found.uid);
        }
        let mut progress: FxHashMap<ConversationId, Vec<Progress>> = FxHashMap::default();
        for found in message_context::direct_progress(tx, &conversation_ids).await? {
            progress.entry(found.conversation_id).or_default().push(found);
        }
        let read_singly = message_context::read_singly(tx, &ids).await?;
        Ok(Self {
            env,
            places,
            mentioned,
            progress,
            read_singly: read_singly.into_iter().collect(),
        })
    }

    fn status(&self, message: &Message) -> MessageStatus {
        if message.recalled_at.is_some() {
            return MessageStatus::Recalled;
        }
        let people = self.progress.get(&message.conversation_id).into_iter().flatten();
        let receiver = people
            .into_iter()
            .find(|one| message.sender_id.is_some_and(|sender| sender != one.user_id));
        let (read, delivered) = receiver.map_or((0, 0), |receiver| {
            let devices = self.env.devices();
            let waiting = devices.delivered(message.conversation_id, receiver.user_id);
            (receiver.read_seq, receiver.delivered_seq.max(waiting))
        });
        if receiver.is_some() && (read >= message.seq || self.read_singly.contains(&message.id)) {
            MessageStatus::Read
        } else if message.edited_at.is_some() {
            MessageStatus::Edited
        } else if delivered >= message.seq {
            MessageStatus::Delivered
        } else {
            MessageStatus::Sent
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{EditMessage, MarkRead, Mentions, ReadUpTo, RecallMessage, SendMessage, Target};
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn being_read_outweighs_being_edited_and_being_recalled_outweighs_both() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let message_id = test.say(&ann, here, "one").await.view.message.id;
        let other = test.say(&ann, here, "other").await.view.message.id;
        let told = async || {
            let ids = vec![message_id];
            test.core
                .query(&ann, FullMessages { ids })
                .await
                .unwrap()
                .remove(0)
        };
        let content = "two".to_owned();
        test.core
            .execute(&ann, EditMessage { message_id, content })
            .await
            .unwrap();
        assert_eq!(told().await.status, MessageStatus::Edited);
        let read = MarkRead {
            conversation_id: here,
            up_to: ReadUpTo::Exactly(vec![other]),
        };
        test.core.execute(&bob, read).await.unwrap();
        let singly = FullMessages { ids: vec![other] };
        let singly = test.core.query(&ann, singly).await.unwrap().remove(0);
        assert_eq!(singly.status, MessageStatus::Read);
        assert_eq!(told().await.status, MessageStatus::Edited);
        let read = MarkRead {
            conversation_id: here,
            up_to: ReadUpTo::Newest,
        };
        test.core.execute(&bob, read).await.unwrap();
        assert_eq!(told().await.status, MessageStatus::Read);
        test.core
            .execute(&ann, RecallMessage { message_id })
            .await
            .unwrap();
        assert_eq!(told().await.status, MessageStatus::Recalled);
    }

    #[tokio::test]
    async fn a_message_is_told_with_the_names_of_its_place_and_of_whom_it_mentions() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let team = test.group(&ann, "team", &[&bob]).await;
        let mut command = SendMessage::text(Target::Conversation(team), "hear");
        command.mentions = Mentions {
            user_ids: vec![bob.user_id],
            uids: vec!["eve".into(), "nobody".into(), "bob".into()],
            all: true,
        };
        command.client_id = Some("mine".into());
        let id = test.core.execute(&ann, command).await.unwrap().view.message.id;
        let told = test.core.query(&bob, FullMessages { ids: vec![id] }).await;
        let told = told.unwrap().remove(0);
        assert_eq!(told.mentioned, ["bob"]);
        assert!(matches!(&*told.place, PlaceName::Group(_)) && told.view.message.mention_all);
        let refused = test.core.query(&eve, FullMessages { ids: vec![id] }).await;
        assert_eq!(refusal(refused), ErrorKind::NotMember);
        for name in ["mine".to_owned(), id.to_string()] {
            assert_eq!(test.core.query(&ann, FindMessage { name }).await.unwrap(), id);
        }
        let other = test.core.query(&bob, FindMessage { name: "mine".into() }).await;
        assert_eq!(refusal(other), ErrorKind::MessageMissing);
    }
}
