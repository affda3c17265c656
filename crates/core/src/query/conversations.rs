//! The caller's conversations, with unread counts.

use parlance_store::Tx;
use parlance_store::table::overview::{self, Overview};

use crate::command::FOLDERS_MAX;
use crate::core::{Query, ReadContext};
use crate::error::{ErrorKind, Result};
use crate::policy;
use crate::query::contact::Section;
use crate::query::directory::Counted;
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
        let limit = most(cx).unwrap_or(CONVERSATIONS_MAX).min(CONVERSATIONS_MAX);
        let rows = overview::list(cx.tx, cx.actor.user_id, limit).await?;
        filled(cx.tx, rows).await
    }
}

/// How many conversations the tenant lets a list give, if it says so.
fn most<T>(cx: &ReadContext<'_, T>) -> Option<i64> {
    let settings = cx.env.tenants().settings(cx.actor.tenant_id);
    Some(settings.conversations_max).filter(|most| *most > 0)
}

async fn filled<T: Tx>(tx: &mut T, rows: Vec<Overview>) -> Result<Vec<ConversationOverview>> {
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        out.push(fill(tx, row).await?);
    }
    Ok(out)
}

/// Part of the caller's conversations that are not hidden: pinned ones first, then the most recently used. Counted as
/// far as the tenant lets a list go.
#[derive(Clone, Debug)]
pub struct ConversationPage {
    /// Only this folder; none for the whole list.
    pub folder: Option<String>,
    /// Conversations before the page.
    pub skip: i64,
    /// Conversations at most; 1,000 are the most.
    pub limit: i64,
}

impl Query for ConversationPage {
    type Answer = Counted<ConversationOverview>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        let (me, folder) = (cx.actor.user_id, self.folder.as_deref());
        let (most, skip) = (most(cx).unwrap_or(i64::MAX), self.skip.max(0));
        let limit = self
            .limit
            .clamp(1, CONVERSATIONS_MAX)
            .min(most.saturating_sub(skip).max(0));
        let rows = overview::page(cx.tx, me, folder, skip, limit).await?;
        Ok(Counted {
            total: overview::count_page(cx.tx, me, folder).await?.min(most),
            items: filled(cx.tx, rows).await?,
        })
    }
}

/// The folders of the caller's list with the number of conversations in each, by name.
#[derive(Clone, Copy, Debug)]
pub struct Folders;

impl Query for Folders {
    type Answer = Vec<Section>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<Section>> {
        let sizes = overview::folder_sizes(cx.tx, cx.actor.user_id, FOLDERS_MAX as i64).await?;
        Ok(sizes.into_iter().map(Section::from).collect())
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
