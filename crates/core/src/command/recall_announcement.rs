//! Takes an announcement back: owner and administrators of the group may. Its row stays, shown to nobody.

use parlance_store::Tx;
use parlance_store::table::announcement;

use crate::command::{Command, Context};
use crate::error::Result;
use crate::event::Event;
use crate::policy;
use crate::types::Role;

/// Recalls an announcement. A second recall changes nothing.
///
/// # Errors
/// `ItemMissing` for no announcement of a group of the caller, `RoleTooLow` below administrator.
#[derive(Clone, Debug)]
pub struct RecallAnnouncement {
    /// Which announcement.
    pub announcement_id: i64,
}

impl Command for RecallAnnouncement {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let mut note = policy::announcement_as(cx.tx, cx.actor, self.announcement_id, Role::Admin).await?;
        if note.recalled_at.is_some() {
            return Ok(());
        }
        note.recalled_at = Some(cx.now);
        note.updated_at = cx.now;
        announcement::update(cx.tx, &note).await?;
        cx.record(Event::ConversationChanged {
            conversation_id: note.conversation_id,
            by: cx.actor.user_id,
        });
        Ok(())
    }
}
