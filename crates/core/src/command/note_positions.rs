//! Writes down what devices were given: in batches what live connections have brought, and at once what a device has
//! asked for.

use std::sync::Arc;

use parlance_store::Tx;
use parlance_store::table::{device, member};

use crate::command::{Command, Context};
use crate::error::Result;
use crate::policy;
use crate::types::{ConversationId, MessageId, Seq, UserId};

/// Windows of one device; the oldest is forgotten beyond it, and its messages may be given again.
const WINDOWS_MAX: i64 = 16;
/// Devices of one person; the one not seen for longest is forgotten beyond it, and begins anew when it comes back.
const DEVICES_MAX: i64 = 64;

/// Messages that a connection has brought to a device.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    /// Whose device.
    pub(crate) user_id: UserId,
    /// Which.
    pub(crate) device: Arc<str>,
    /// The message before the first one.
    pub(crate) after: MessageId,
    /// The last one.
    pub(crate) until: MessageId,
}

/// Notes where devices stand. Only the server itself does.
#[derive(Clone, Debug)]
pub(crate) struct NotePositions {
    /// Windows that have grown.
    pub(crate) positions: Vec<Position>,
    /// How far people have been given direct conversations.
    pub(crate) delivered: Vec<(ConversationId, UserId, Seq)>,
}

impl Command for NotePositions {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        policy::server(cx.actor)?;
        for position in &self.positions {
            let (user_id, name) = (position.user_id, position.device.as_ref());
            let cursor = device::cursor(cx.tx, user_id, name).await?;
            if cursor.is_none() {
                device::advance(cx.tx, user_id, name, 0, cx.now).await?;
                device::trim(cx.tx, user_id, DEVICES_MAX).await?;
            }
            let cursor = cursor.unwrap_or(0);
            if position.until > cursor {
                let window = (position.after, position.until);
                device::put_window(cx.tx, user_id, name, window).await?;
                device::trim_windows(cx.tx, user_id, name, cursor, WINDOWS_MAX).await?;
            }
        }
        for (conversation_id, user_id, seq) in &self.delivered {
            member::deliver_at_least(cx.tx, *conversation_id, *user_id, *seq).await?;
        }
        Ok(())
    }
}

/// Notes that a device of the caller's was given everything up to a message.
#[derive(Clone, Debug)]
pub(crate) struct TakeDelivered {
    /// Which device.
    pub(crate) device: String,
    /// Up to which message.
    pub(crate) through: MessageId,
    /// How far it was given direct conversations.
    pub(crate) delivered: Vec<(ConversationId, Seq)>,
}

impl Command for TakeDelivered {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let (me, name) = (cx.actor.user_id, self.device.as_str());
        let is_new = device::cursor(cx.tx, me, name).await?.is_none();
        device::advance(cx.tx, me, name, self.through, cx.now).await?;
        device::trim_windows(cx.tx, me, name, self.through, WINDOWS_MAX).await?;
        if is_new {
            device::trim(cx.tx, me, DEVICES_MAX).await?;
        }
        for (conversation_id, seq) in &self.delivered {
            member::deliver_at_least(cx.tx, *conversation_id, me, *seq).await?;
        }
        Ok(())
    }
}
