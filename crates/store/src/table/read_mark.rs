//! When a read cursor came to a seq, in direct conversations and channels: what lies between two marks was read at the
//! later one.

use crate::error::Result;
use crate::params;
use crate::tx::Tx;

/// Notes that a person's cursor has come to `seq`.
pub async fn insert<T: Tx>(tx: &mut T, conversation_id: i64, user_id: i64, seq: i64, at: i64) -> Result<()> {
    tx.exec(
        "INSERT INTO read_marks (conversation_id, user_id, read_seq, read_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT DO NOTHING",
        params![conversation_id, user_id, seq, at],
    )
    .await?;
    Ok(())
}
