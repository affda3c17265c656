//! Announcements of a group, as its members read them. Recalled ones are shown to nobody.

use parlance_store::Tx;
use parlance_store::table::{announcement, message};

use crate::core::{Query, ReadContext};
use crate::error::Result;
use crate::policy;
use crate::types::{Announcement, ConversationId, Role, UserCard, UserId};

/// Announcements in one list at most: the newest.
const ANNOUNCEMENTS_MAX: i64 = 200;

/// An announcement with who posted it.
#[derive(Clone, Debug)]
pub struct AnnouncementView {
    /// The announcement.
    pub announcement: Announcement,
    /// Who posted it.
    pub author: Option<UserCard>,
    /// Whether the caller may change it.
    pub may_manage: bool,
}

/// Which announcements of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The newest 200.
    All,
    /// The newest one.
    Latest,
    /// The newest 200 of those kept on top.
    Pinned,
}

/// Announcements of a group, newest first.
///
/// # Errors
/// `GroupMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct Announcements {
    /// Which group.
    pub conversation_id: ConversationId,
    /// Which of them.
    pub which: Which,
}

impl Query for Announcements {
    type Answer = Vec<AnnouncementView>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<AnnouncementView>> {
        let place = policy::group(cx.tx, cx.actor, self.conversation_id).await?;
        let (id, may_manage) = (place.conversation.id, place.role() >= Role::Admin);
        let found = match self.which {
            Which::All => announcement::newest(cx.tx, id, ANNOUNCEMENTS_MAX).await?,
            Which::Latest => announcement::newest(cx.tx, id, 1).await?,
            Which::Pinned => announcement::pinned(cx.tx, id, ANNOUNCEMENTS_MAX).await?,
        };
        let author_ids: Vec<UserId> = found.iter().map(|note| note.author_id).collect();
        let authors = message::cards(cx.tx, &author_ids).await?;
        let shown = |announcement: Announcement| AnnouncementView {
            author: authors
                .iter()
                .find(|card| card.id == announcement.author_id)
                .cloned()
                .map(UserCard::from),
            announcement,
            may_manage,
        };
        Ok(found.into_iter().map(shown).collect())
    }
}
