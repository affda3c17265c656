//! Deletes an announcement, also a recalled one: owner and administrators of the group may.

use parlance_store::Tx;
use parlance_store::table::announcement;

use crate::command::{Command, Context};
use crate::error::Result;
use crate::event::Event;
use crate::policy;
use crate::types::Role;

/// Forgets an announcement.
///
/// # Errors
/// `ItemMissing` for no announcement of a group of the caller, `RoleTooLow` below administrator.
#[derive(Clone, Debug)]
pub struct DeleteAnnouncement {
    /// Which announcement.
    pub announcement_id: i64,
}

impl Command for DeleteAnnouncement {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let note = policy::announcement_as(cx.tx, cx.actor, self.announcement_id, Role::Admin).await?;
        announcement::delete(cx.tx, note.id).await?;
        cx.record(Event::ConversationChanged {
            conversation_id: note.conversation_id,
            by: cx.actor.user_id,
        });
        Ok(())
    }
}
