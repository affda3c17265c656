//! Settings: one JSON object per person and section.

use crate::error::Result;
use crate::params;
use crate::tx::Tx;

/// The JSON object of a section, if anything was ever saved.
pub async fn get<T: Tx>(tx: &mut T, user_id: i64, section: &str) -> Result<Option<String>> {
    let sql = "SELECT value FROM settings WHERE user_id = $1 AND section = $2";
    Ok(tx
        .one::<(String,)>(sql, params![user_id, section])
        .await?
        .map(|row| row.0))
}

/// Saves the JSON object of a section in place of the old one.
pub async fn put<T: Tx>(tx: &mut T, user_id: i64, section: &str, value: &str, at: i64) -> Result<()> {
    tx.exec(
        "INSERT INTO settings (user_id, section, value, updated_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (user_id, section) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        params![user_id, section, value, at],
    )
    .await?;
    Ok(())
}
