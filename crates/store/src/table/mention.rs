//! Mentions: one row per person named; everybody at once is one row.

use crate::error::Result;
use crate::params;
use crate::table::message::Message;
use crate::tx::Tx;

/// The `user_id` of a mention of everybody.
pub const EVERYBODY: i64 = 0;

/// Notes that `message` mentions `user_id`.
pub async fn insert<T: Tx>(tx: &mut T, message: &Message, user_id: i64) -> Result<()> {
    tx.exec(
        "INSERT INTO mentions (message_id, conversation_id, user_id, mentioned_by, created_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        params![
            message.id,
            message.conversation_id,
            user_id,
            message.sender_id.unwrap_or(0),
            message.created_at
        ],
    )
    .await?;
    Ok(())
}
