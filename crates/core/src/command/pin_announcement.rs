//! Keeps an announcement on top, or no longer: owner and administrators of the group may.

use parlance_store::Tx;
use parlance_store::table::announcement;

use crate::command::{Command, Context};
use crate::error::Result;
use crate::event::Event;
use crate::policy;
use crate::types::Role;

/// Pins or unpins an announcement. Several may be pinned. The state it is in already changes nothing.
///
/// # Errors
/// `ItemMissing` for no announcement of a group of the caller and for a recalled one, `RoleTooLow` below administrator.
#[derive(Clone, Debug)]
pub struct PinAnnouncement {
    /// Which announcement.
    pub announcement_id: i64,
    /// Whether it is kept on top from now on.
    pub pinned: bool,
}

impl Command for PinAnnouncement {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let mut note = policy::announcement_as(cx.tx, cx.actor, self.announcement_id, Role::Admin).await?;
        policy::not_recalled(&note)?;
        if note.pinned == self.pinned {
            return Ok(());
        }
        note.pinned = self.pinned;
        note.updated_at = cx.now;
        announcement::update(cx.tx, &note).await?;
        cx.record(Event::ConversationChanged {
            conversation_id: note.conversation_id,
            by: cx.actor.user_id,
        });
        Ok(())
    }
}
