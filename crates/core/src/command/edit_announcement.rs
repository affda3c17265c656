//! Rewrites an announcement: owner and administrators of the group may.

use parlance_store::Tx;
use parlance_store::table::announcement;

use crate::command::post_announcement::check_content;
use crate::command::{Command, Context};
use crate::error::Result;
use crate::event::Event;
use crate::policy;
use crate::types::Role;

/// Gives an announcement a new text.
///
/// # Errors
/// `ItemMissing` for no announcement of a group of the caller and for a recalled one, `RoleTooLow` below administrator,
/// `ContentEmpty`, `TooLarge`.
#[derive(Clone, Debug)]
pub struct EditAnnouncement {
    /// Which announcement.
    pub announcement_id: i64,
    /// The new text.
    pub content: String,
}

impl Command for EditAnnouncement {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let mut note = policy::announcement_as(cx.tx, cx.actor, self.announcement_id, Role::Admin).await?;
        policy::not_recalled(&note)?;
        check_content(&self.content)?;
        note.content.clone_from(&self.content);
        note.updated_at = cx.now;
        announcement::update(cx.tx, &note).await?;
        cx.record(Event::ConversationChanged {
            conversation_id: note.conversation_id,
            by: cx.actor.user_id,
        });
        Ok(())
    }
}
