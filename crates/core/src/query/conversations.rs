//! The caller's conversations, with unread counts.

use parlance_store::Tx;
use parlance_store::table::overview::{self, Overview};

use crate::core::{Query, ReadContext};
use crate::error::{ErrorKind, Result};
use crate::policy;
use crate::query::history::view;
use crate::types::{Conversation, ConversationId, ConversationKind, Member, MessageView, UserCard};

/// Conversations in one list at most.
const CONVERSATIONS_MAX: i64 = 1_000;

/// A conversation as one of its members sees it in a list.
#[derive(Clone, Debug)]
pub struct ConversationOverview {
    /// Direct or group.
    pub kind: ConversationKind,
    /// The conversation.
    pub conversation: Conversation,
    /// The caller's own place in it.
    pub member: Member,
    /// Messages not read yet.
    pub unread: i64,
    /// Whether one of those mentions the caller.
    pub mentioned: bool,
    /// Direct: the other person.
    pub peer: Option<UserCard>,
    /// The newest message in sight.
    pub last_message: Option<MessageView>,
}

async fn fill<T: Tx>(tx: &mut T, row: Overview) -> Result<ConversationOverview> {
    let last_message = match row.last_message {
        Some(last) => Some(view(tx, last).await?),
        None => None,
    };
    Ok(ConversationOverview {
        kind: ConversationKind::of(row.conversation.kind),
        conversation: row.conversation,
        member: row.member,
        unread: row.unread,
        mentioned: row.mentioned,
        peer: row.peer.map(UserCard::from),
        last_message,
    })
}

/// All conversations of the caller that are not hidden, most recently used first, at most 1,000.
#[derive(Clone, Copy, Debug)]
pub struct Conversations;

impl Query for Conversations {
    type Answer = Vec<ConversationOverview>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        let rows = overview::list(cx.tx, cx.actor.user_id, CONVERSATIONS_MAX).await?;
        let mut out = Vec::with_capacity(rows.len());
        for row in rows {
            out.push(fill(cx.tx, row).await?);
        }
        Ok(out)
    }
}

/// One conversation of the caller.
///
/// # Errors
/// `ConversationMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct OneConversation(pub ConversationId);

impl Query for OneConversation {
    type Answer = ConversationOverview;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<ConversationOverview> {
        policy::membership(cx.tx, cx.actor, self.0).await?;
        let row = overview::one(cx.tx, cx.actor.user_id, self.0)
            .await?
            .ok_or(ErrorKind::NotMember)?;
        fill(cx.tx, row).await
    }
}

/// Unread messages of the caller over all conversations, hidden ones too.
#[derive(Clone, Copy, Debug)]
pub struct UnreadTotal;

impl Query for UnreadTotal {
    type Answer = i64;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<i64> {
        Ok(overview::unread_total(cx.tx, cx.actor.user_id).await?)
    }
}
