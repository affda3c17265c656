//! Moves a member's delivered cursor: a device has received everything up to a message.

use parlance_store::Tx;
use parlance_store::table::member;

use crate::command::{Command, Context};
use crate::error::Result;
use crate::policy;
use crate::types::MessageId;

/// Notes that a message arrived. Never moves back; nobody is told.
///
/// # Errors
/// `MessageMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct MarkDelivered {
    /// The newest message that arrived.
    pub message_id: MessageId,
}

impl Command for MarkDelivered {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let (message, place) = policy::readable_message(cx.tx, cx.actor, self.message_id).await?;
        if message.seq > place.member.delivered_seq {
            member::deliver_to(cx.tx, message.conversation_id, cx.actor.user_id, message.seq).await?;
        }
        Ok(())
    }
}
