//! The messages of a conversation, page by page.

use parlance_store::Tx;
use parlance_store::table::message::{self, WithSender};

use crate::command::load_quote;
use crate::core::{Query, ReadContext};
use crate::error::Result;
use crate::id;
use crate::policy::{self, Membership};
use crate::types::{ConversationId, MessageId, MessageView, Seq, UserCard};

/// Messages in one page at most.
const PAGE_MESSAGES_MAX: i64 = 1_000;

/// The newest `limit` messages older than `before`, newest first: what the caller may see of them.
///
/// # Errors
/// `ConversationMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct History {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// Only messages with a smaller id; all if none.
    pub before: Option<MessageId>,
    /// How many, 1 to 1,000.
    pub limit: i64,
}

impl Query for History {
    type Answer = Vec<MessageView>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<MessageView>> {
        let place = policy::membership(cx.tx, cx.actor, self.conversation_id).await?;
        let last = place.conversation.last_seq;
        let before = match self.before {
            Some(id) => first_at_or_after(cx.tx, self.conversation_id, last, id).await?,
            None => last + 1,
        };
        let limit = self.limit.clamp(1, PAGE_MESSAGES_MAX);
        let floor = shown_floor(cx, &place).await?;
        let rows = message::page_before(cx.tx, self.conversation_id, floor, before, limit).await?;
        views(cx.tx, rows).await
    }
}

/// The seq up to which a conversation is out of the caller's sight, what is too old for its tenant counted in.
pub(crate) async fn shown_floor<T: Tx>(cx: &mut ReadContext<'_, T>, place: &Membership) -> Result<Seq> {
    let floor = place.member.floor();
    let oldest = policy::oldest_shown(cx.env, cx.actor, cx.now);
    if oldest == 0 {
        return Ok(floor);
    }
    let (here, last) = (place.conversation.id, place.conversation.last_seq);
    let first = first_at_or_after(cx.tx, here, last, id::first_at(oldest)).await?;
    Ok(floor.max(first - 1))
}

/// The smallest seq whose message id is at least `id`. Ids rise with seqs, so an id of another conversation, or of
/// none, has its place too.
pub(crate) async fn first_at_or_after<T: Tx>(
    tx: &mut T,
    conversation_id: ConversationId,
    last: Seq,
    id: MessageId,
) -> Result<Seq> {
    let (mut low, mut high) = (1, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        match message::id_at(tx, conversation_id, middle).await? {
            Some(found) if found >= id => high = middle,
            _ => low = middle + 1,
        }
    }
    Ok(low)
}

/// A stored message with what is shown beside it.
pub(crate) async fn view<T: Tx>(tx: &mut T, row: WithSender) -> Result<MessageView> {
    let quote = match row.message.reply_to {
        Some(id) => load_quote(tx, id).await?,
        None => None,
    };
    Ok(MessageView {
        message: row.message,
        sender: row.sender.map(UserCard::from),
        quote,
    })
}

pub(crate) async fn views<T: Tx>(tx: &mut T, rows: Vec<WithSender>) -> Result<Vec<MessageView>> {
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        out.push(view(tx, row).await?);
    }
    Ok(out)
}
