//! How far polling clients have come: the last message that each was given. Nothing here decides what comes next.

use crate::error::Result;
use crate::params;
use crate::tx::Tx;

/// Where a person's client of this platform stands; none if it has never polled.
pub async fn get<T: Tx>(tx: &mut T, user_id: i64, platform: i64) -> Result<Option<i64>> {
    let sql = "SELECT message_id FROM poll_cursors WHERE user_id = $1 AND platform = $2";
    Ok(tx
        .one::<(i64,)>(sql, params![user_id, platform])
        .await?
        .map(|row| row.0))
}

/// Moves a cursor on, or writes it for the first time. It never goes back.
pub async fn advance<T: Tx>(tx: &mut T, user_id: i64, platform: i64, message_id: i64, at: i64) -> Result<()> {
    tx.exec(
        "INSERT INTO poll_cursors (user_id, platform, message_id, updated_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (user_id, platform) DO UPDATE SET message_id = excluded.message_id, \
         updated_at = excluded.updated_at WHERE excluded.message_id > poll_cursors.message_id",
        params![user_id, platform, message_id, at],
    )
    .await?;
    Ok(())
}
