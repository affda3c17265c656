//! Blocks: whom a person does not want to hear from.

use crate::error::Result;
use crate::params;
use crate::tx::Tx;

/// Blocks a person; `false` if it was so already.
pub async fn insert<T: Tx>(tx: &mut T, user_id: i64, blocked_id: i64, at: i64) -> Result<bool> {
    let touched = tx
        .exec(
            "INSERT INTO blocks (user_id, blocked_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            params![user_id, blocked_id, at],
        )
        .await?;
    Ok(touched > 0)
}

/// Lifts a block; `false` if there was none.
pub async fn delete<T: Tx>(tx: &mut T, user_id: i64, blocked_id: i64) -> Result<bool> {
    let touched = tx
        .exec(
            "DELETE FROM blocks WHERE user_id = $1 AND blocked_id = $2",
            params![user_id, blocked_id],
        )
        .await?;
    Ok(touched > 0)
}

/// Whether `user_id` has blocked `blocked_id`.
pub async fn exists<T: Tx>(tx: &mut T, user_id: i64, blocked_id: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM blocks WHERE user_id = $1 AND blocked_id = $2";
    Ok(tx
        .one::<(i64,)>(sql, params![user_id, blocked_id])
        .await?
        .is_some())
}

/// Whom a person has blocked and when, newest first.
pub async fn list<T: Tx>(tx: &mut T, user_id: i64, limit: i64) -> Result<Vec<(i64, i64)>> {
    tx.many(
        "SELECT blocked_id, created_at FROM blocks WHERE user_id = $1 ORDER BY created_at DESC, blocked_id LIMIT $2",
        params![user_id, limit],
    )
    .await
}

/// How many people a person has blocked.
pub async fn count<T: Tx>(tx: &mut T, user_id: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM blocks WHERE user_id = $1";
    Ok(tx
        .one::<(i64,)>(sql, params![user_id])
        .await?
        .map_or(0, |row| row.0))
}
