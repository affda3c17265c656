//! The caller's favourites. What a message says there is what it says now: nothing, once it is recalled.

use parlance_store::Tx;
use parlance_store::table::favorite::{self, Filter};

use crate::core::{Query, ReadContext};
use crate::error::Result;
use crate::types::{ConversationId, MessageId, Timestamp, UserCard};

/// Favourites in one answer at most.
const FAVORITES_MAX: i64 = 200;

/// A favourite as it is shown.
#[derive(Clone, Debug)]
pub struct Favorite {
    /// Its id.
    pub id: i64,
    /// The message kept.
    pub message_id: MessageId,
    /// Where it was sent.
    pub conversation_id: ConversationId,
    /// Name of the group, or of the other person.
    pub conversation_name: String,
    /// Who sent it; none for the system.
    pub sender: Option<UserCard>,
    /// Type of the message.
    pub content_type: String,
    /// Its content now.
    pub content: String,
    /// When it was recalled; the content is empty then.
    pub recalled_at: Option<Timestamp>,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// A private note.
    pub remark: String,
    /// Words to find it by, divided by commas.
    pub tags: String,
    /// When it was kept.
    pub created_at: Timestamp,
}

impl From<favorite::FavoriteShown> for Favorite {
    fn from(row: favorite::FavoriteShown) -> Self {
        let peer = row.peer_id.map(|id| {
            let (name, nickname) = (
                row.peer_name.unwrap_or_default(),
                row.peer_nickname.unwrap_or_default(),
            );
            UserCard::new(
                id,
                row.peer_uid.unwrap_or_default(),
                name,
                nickname,
                String::new(),
            )
        });
        let sender = row.sender_id.zip(row.sender_uid).map(|(id, uid)| {
            let (name, nickname) = (
                row.sender_name.unwrap_or_default(),
                row.sender_nickname.unwrap_or_default(),
            );
            UserCard::new(id, uid, name, nickname, row.sender_avatar.unwrap_or_default())
        });
        Self {
            id: row.id,
            message_id: row.message_id,
            conversation_id: row.conversation_id,
            conversation_name: peer.map_or(row.conversation_name, |peer| peer.name),
            sender,
            content_type: row.content_type,
            content: row.content,
            recalled_at: row.recalled_at,
            sent_at: row.sent_at,
            remark: row.remark,
            tags: row.tags,
            created_at: row.created_at,
        }
    }
}

/// Favourites of the caller in conversations the caller is still in, newest first.
#[derive(Clone, Debug, Default)]
pub struct Favorites {
    /// Only of this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Only with this whole word among the tags.
    pub tag: Option<String>,
    /// Only with smaller ids: the next page.
    pub before: Option<i64>,
    /// How many; 200 at most, which is also the default.
    pub limit: Option<i64>,
}

impl Query for Favorites {
    type Answer = Vec<Favorite>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<Favorite>> {
        let filter = Filter {
            before: self.before.unwrap_or(i64::MAX),
            conversation_id: self.conversation_id,
            tag: self.tag.as_deref().map(str::trim),
        };
        let limit = self.limit.unwrap_or(FAVORITES_MAX).clamp(1, FAVORITES_MAX);
        let rows = favorite::list(cx.tx, cx.actor.user_id, &filter, limit).await?;
        Ok(rows.into_iter().map(Favorite::from).collect())
    }
}

/// Whether the caller keeps a message.
#[derive(Clone, Copy, Debug)]
pub struct IsFavorite {
    /// Which.
    pub message_id: MessageId,
}

impl Query for IsFavorite {
    type Answer = bool;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<bool> {
        let kept = favorite::get(cx.tx, cx.actor.user_id, self.message_id).await?;
        Ok(kept.is_some())
    }
}
