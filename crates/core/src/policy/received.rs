//! What reaches a person from other people and from apps: which messages somebody has received, and which part of what
//! apps say to everybody is in somebody's sight.

use parlance_store::Tx;
use parlance_store::table::channel::{self, Channel};
use parlance_store::table::{conversation, message, user};

use crate::account::Actor;
use crate::error::{ErrorKind, Result};
use crate::policy::{self, Membership};
use crate::types::{AppId, ConversationKind, Message, MessageId, Seq, Timestamp};

/// Channels of one person: two for each app at most.
const CHANNELS_MAX: i64 = 2_000;

/// The channels that are for the caller and have something that the caller can see.
pub(crate) struct Channels {
    pub(crate) all: Vec<Channel>,
    since: Timestamp,
}

impl Channels {
    /// All of them.
    pub(crate) async fn of<T: Tx>(tx: &mut T, actor: &Actor) -> Result<Self> {
        let found = channel::of_user(tx, actor.user_id, actor.tenant_id, CHANNELS_MAX).await?;
        Self::in_sight(tx, actor, found).await
    }

    /// Those of one app, 0 for the server itself.
    pub(crate) async fn of_app<T: Tx>(tx: &mut T, actor: &Actor, app_id: AppId) -> Result<Self> {
        let found = channel::of_app(tx, actor.user_id, actor.tenant_id, app_id).await?;
        Self::in_sight(tx, actor, found).await
    }

    async fn in_sight<T: Tx>(tx: &mut T, actor: &Actor, mut all: Vec<Channel>) -> Result<Self> {
        let since = user::created_at(tx, actor.user_id)
            .await?
            .unwrap_or(Timestamp::MAX);
        all.retain(|channel| !channel.is_broadcast() || channel.last_message_at > since);
        Ok(Self { all, since })
    }

    /// Messages up to this seq are out of the caller's sight: what was said to everybody before the caller's account
    /// was made. Costs nothing for accounts that are older than the channel, and a search over seqs for others.
    pub(crate) async fn floor<T: Tx>(&self, tx: &mut T, channel: &Channel) -> Result<Seq> {
        if !channel.is_broadcast() || channel.created_at > self.since {
            return Ok(0);
        }
        let (mut low, mut high) = (0, channel.last_seq);
        while low < high {
            let middle = low + (high - low) / 2 + 1;
            match message::sent_at(tx, channel.id, middle).await? {
                Some(at) if at <= self.since => low = middle,
                _ => high = middle - 1,
            }
        }
        Ok(low)
    }

    /// Where what is unread begins: behind this seq. A cursor is never below the floor.
    pub(crate) async fn read_seq<T: Tx>(&self, tx: &mut T, channel: &Channel) -> Result<Seq> {
        match channel.read_seq {
            Some(seq) => Ok(seq),
            None => self.floor(tx, channel).await,
        }
    }

    /// How many messages of a channel the caller has not read. All of them count: nothing is taken back in a channel.
    pub(crate) async fn unread<T: Tx>(&self, tx: &mut T, channel: &Channel) -> Result<i64> {
        let read_seq = self.read_seq(tx, channel).await?;
        Ok((channel.last_seq - read_seq - channel.single).max(0))
    }
}

/// Through what the caller has received a message.
pub(crate) enum Received {
    /// A direct conversation.
    Direct(Box<Membership>),
    /// A channel, and the seq behind which it is unread.
    Channel(Channel, Seq),
}

/// A message that was sent to the caller by another person or an app.
///
/// # Errors
/// `MessageMissing`; `MessageForbidden` for one that is for others.
pub(crate) async fn received_message<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    id: MessageId,
) -> Result<(Message, Received)> {
    let message = message::by_id(tx, id).await?;
    let message = message
        .filter(|message| message.deleted_at.is_none())
        .ok_or(ErrorKind::MessageMissing)?;
    let found = conversation::by_id(tx, message.conversation_id).await?;
    let found = found
        .filter(|found| found.tenant_id == actor.tenant_id)
        .ok_or(ErrorKind::MessageMissing)?;
    match ConversationKind::of(found.kind) {
        ConversationKind::Group => Err(ErrorKind::MessageForbidden.into()),
        ConversationKind::Direct => {
            let (message, place) = match policy::readable_message(tx, actor, id).await {
                Err(error) if error.kind == ErrorKind::NotMember => {
                    return Err(ErrorKind::MessageForbidden.into());
                }
                other => other?,
            };
            if message.sender_id == Some(actor.user_id) {
                return Err(ErrorKind::MessageForbidden.into());
            }
            Ok((message, Received::Direct(Box::new(place))))
        }
        ConversationKind::Channel => {
            let channel = channel::one(tx, actor.user_id, actor.tenant_id, found.id).await?;
            let channel = channel.ok_or(ErrorKind::MessageForbidden)?;
            let channels = Channels::in_sight(tx, actor, vec![channel.clone()]).await?;
            if message.seq <= channels.floor(tx, &channel).await? {
                return Err(ErrorKind::MessageForbidden.into());
            }
            let read_seq = channels.read_seq(tx, &channel).await?;
            Ok((message, Received::Channel(channel, read_seq)))
        }
    }
}
