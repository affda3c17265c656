//! Messages read one by one, beyond the read cursor.

use crate::error::Result;
use crate::params;
use crate::tx::Tx;

/// Notes a message as read; `false` if it was already.
pub async fn insert<T: Tx>(
    tx: &mut T,
    conversation_id: i64,
    user_id: i64,
    seq: i64,
    at: i64,
) -> Result<bool> {
    let touched = tx
        .exec(
            "INSERT INTO single_reads (conversation_id, user_id, seq, read_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
            params![conversation_id, user_id, seq, at],
        )
        .await?;
    Ok(touched > 0)
}

/// Forgets those that the cursor has passed. For groups: nobody asks there when one message was read.
pub async fn fold<T: Tx>(tx: &mut T, conversation_id: i64, user_id: i64, read_seq: i64) -> Result<()> {
    tx.exec(
        "DELETE FROM single_reads WHERE conversation_id = $1 AND user_id = $2 AND seq <= $3",
        params![conversation_id, user_id, read_seq],
    )
    .await?;
    Ok(())
}

/// Forgets those that the cursor, on its way from `after` to `read_seq`, passes at the very time they were read: the
/// mark of the cursor says as much. Earlier ones stay, for their time.
pub async fn fold_into_mark<T: Tx>(
    tx: &mut T,
    conversation_id: i64,
    user_id: i64,
    (after, read_seq): (i64, i64),
    at: i64,
) -> Result<()> {
    tx.exec(
        "DELETE FROM single_reads WHERE conversation_id = $1 AND user_id = $2 AND seq > $3 AND seq <= $4 \
         AND read_at = $5",
        params![conversation_id, user_id, after, read_seq, at],
    )
    .await?;
    Ok(())
}

/// The seqs that a person has read singly.
pub async fn of<T: Tx>(tx: &mut T, conversation_id: i64, user_id: i64) -> Result<Vec<i64>> {
    let sql = "SELECT seq FROM single_reads WHERE conversation_id = $1 AND user_id = $2 ORDER BY seq";
    let rows: Vec<(i64,)> = tx.many(sql, params![conversation_id, user_id]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}
