//! Blocks: whom a person does not want to hear from.

use crate::error::Result;
use crate::fragment::{in_json_list, json_list};
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

/// Of `ids`, those whom a person has blocked.
pub async fn blocked_among<T: Tx>(tx: &mut T, user_id: i64, ids: &[i64]) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT blocked_id FROM blocks WHERE user_id = $1 AND {}",
        in_json_list("blocked_id", 2)
    );
    let ids = json_list(ids.iter().copied());
    let rows: Vec<(i64,)> = tx.many(&sql, params![user_id, &ids]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Of `ids`, those who have blocked a person.
pub async fn blocking_among<T: Tx>(tx: &mut T, blocked_id: i64, ids: &[i64]) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT user_id FROM blocks WHERE blocked_id = $1 AND {}",
        in_json_list("user_id", 2)
    );
    let ids = json_list(ids.iter().copied());
    let rows: Vec<(i64,)> = tx.many(&sql, params![blocked_id, &ids]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Whom a person has blocked and when, newest first.
pub async fn list<T: Tx>(tx: &mut T, user_id: i64, limit: i64) -> Result<Vec<(i64, i64)>> {
    page(tx, user_id, 0, limit).await
}

/// The same without the first `skip`.
pub async fn page<T: Tx>(tx: &mut T, user_id: i64, skip: i64, limit: i64) -> Result<Vec<(i64, i64)>> {
    tx.many(
        "SELECT blocked_id, created_at FROM blocks WHERE user_id = $1 ORDER BY created_at DESC, blocked_id \
         LIMIT $2 OFFSET $3",
        params![user_id, limit, skip],
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
