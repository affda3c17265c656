//! What the people of a group keep with it under names of their own.

use crate::error::Result;
use crate::params;
use crate::tx::Tx;

/// Sets one value.
pub async fn put<T: Tx>(tx: &mut T, conversation_id: i64, name: &str, value: &str) -> Result<()> {
    tx.exec(
        "INSERT INTO group_attributes (conversation_id, name, value) VALUES ($1, $2, $3) \
         ON CONFLICT (conversation_id, name) DO UPDATE SET value = excluded.value",
        params![conversation_id, name, value],
    )
    .await?;
    Ok(())
}

/// Forgets one; tells whether it was there.
pub async fn delete<T: Tx>(tx: &mut T, conversation_id: i64, name: &str) -> Result<bool> {
    let sql = "DELETE FROM group_attributes WHERE conversation_id = $1 AND name = $2";
    Ok(tx.exec(sql, params![conversation_id, name]).await? > 0)
}

/// All of a group, by name.
pub async fn list<T: Tx>(tx: &mut T, conversation_id: i64) -> Result<Vec<(String, String)>> {
    let sql = "SELECT name, value FROM group_attributes WHERE conversation_id = $1 ORDER BY name";
    tx.many(sql, params![conversation_id]).await
}
