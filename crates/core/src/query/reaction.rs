//! The reactions on messages: each of them, and how often each sign stands.

use parlance_store::Tx;
use parlance_store::table::reaction;

use crate::core::{Query, ReadContext};
use crate::error::Result;
use crate::policy;
use crate::types::{MessageId, Timestamp, UserCard};

pub use parlance_store::table::reaction::ReactionCount;

/// Reactions in one answer at most.
const REACTIONS_MAX: i64 = 500;
/// Different signs counted on one message at most; the rarest are left out.
pub(crate) const SIGNS_MAX: i64 = 50;

/// A reaction and who put it on.
#[derive(Clone, Debug)]
pub struct ReactionBy {
    /// Who.
    pub user: UserCard,
    /// The sign.
    pub emoji: String,
    /// A word of the client for the kind of sign, or empty.
    pub reaction_type: String,
    /// When.
    pub created_at: Timestamp,
}

/// The oldest 500 reactions on a message, oldest first.
///
/// # Errors
/// `MessageMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct Reactions {
    /// On which message.
    pub message_id: MessageId,
}

impl Query for Reactions {
    type Answer = Vec<ReactionBy>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<ReactionBy>> {
        let (message, _) = policy::readable_message(cx.tx, cx.actor, self.message_id).await?;
        let rows = reaction::of_message(cx.tx, message.id, REACTIONS_MAX).await?;
        let reactions = rows.into_iter().map(|row| ReactionBy {
            user: UserCard::new(row.user_id, row.uid, row.name, row.nickname, row.avatar),
            emoji: row.emoji,
            reaction_type: row.reaction_type,
            created_at: row.created_at,
        });
        Ok(reactions.collect())
    }
}

/// How often each sign stands on a message, the most frequent first.
///
/// # Errors
/// `MessageMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct CountReactions {
    /// On which message.
    pub message_id: MessageId,
}

impl Query for CountReactions {
    type Answer = Vec<ReactionCount>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<ReactionCount>> {
        let (message, _) = policy::readable_message(cx.tx, cx.actor, self.message_id).await?;
        Ok(reaction::counts(cx.tx, &[message.id], cx.actor.user_id, SIGNS_MAX).await?)
    }
}
