//! What each device of a person was given of the messages to that person: a cursor, and windows beyond it that live
//! connections have brought.

use crate::error::Result;
use crate::params;
use crate::tx::Tx;

/// Everything up to this message was given to a device; none for one that was never seen.
pub async fn cursor<T: Tx>(tx: &mut T, user_id: i64, device: &str) -> Result<Option<i64>> {
    let sql = "SELECT message_id FROM device_cursors WHERE user_id = $1 AND device = $2";
    Ok(tx
        .one::<(i64,)>(sql, params![user_id, device])
        .await?
        .map(|row| row.0))
}

/// Moves a device's cursor on, or writes it for the first time. It never goes back.
pub async fn advance<T: Tx>(tx: &mut T, user_id: i64, device: &str, message_id: i64, at: i64) -> Result<()> {
    tx.exec(
        "INSERT INTO device_cursors (user_id, device, message_id, updated_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (user_id, device) DO UPDATE SET message_id = MAX(message_id, excluded.message_id), \
         updated_at = excluded.updated_at",
        params![user_id, device, message_id, at],
    )
    .await?;
    Ok(())
}

/// The windows of a device, oldest first: pairs of the message before the first and the last one.
pub async fn windows<T: Tx>(tx: &mut T, user_id: i64, device: &str) -> Result<Vec<(i64, i64)>> {
    let sql =
        "SELECT after_id, until_id FROM device_windows WHERE user_id = $1 AND device = $2 ORDER BY after_id";
    tx.many(sql, params![user_id, device]).await
}

/// Writes a window, or moves its end on.
pub async fn put_window<T: Tx>(
    tx: &mut T,
    user_id: i64,
    device: &str,
    (after, until): (i64, i64),
) -> Result<()> {
    tx.exec(
        "INSERT INTO device_windows (user_id, device, after_id, until_id) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (user_id, device, after_id) DO UPDATE SET until_id = MAX(until_id, excluded.until_id)",
        params![user_id, device, after, until],
    )
    .await?;
    Ok(())
}

/// Forgets the windows that end at this message or before, and of the others all but the newest `kept`.
pub async fn trim_windows<T: Tx>(
    tx: &mut T,
    user_id: i64,
    device: &str,
    behind: i64,
    kept: i64,
) -> Result<()> {
    tx.exec(
        "DELETE FROM device_windows WHERE user_id = $1 AND device = $2 AND (until_id <= $3 OR after_id NOT IN \
         (SELECT after_id FROM device_windows WHERE user_id = $1 AND device = $2 ORDER BY after_id DESC LIMIT $4))",
        params![user_id, device, behind, kept],
    )
    .await?;
    Ok(())
}

/// Forgets all devices of a person but the `kept` that were seen last.
pub async fn trim<T: Tx>(tx: &mut T, user_id: i64, kept: i64) -> Result<()> {
    tx.exec(
        "DELETE FROM device_cursors WHERE user_id = $1 AND device NOT IN (SELECT device FROM device_cursors \
         WHERE user_id = $1 ORDER BY updated_at DESC, device LIMIT $2)",
        params![user_id, kept],
    )
    .await?;
    tx.exec(
        "DELETE FROM device_windows WHERE user_id = $1 AND device NOT IN \
         (SELECT device FROM device_cursors WHERE user_id = $1)",
        params![user_id],
    )
    .await?;
    Ok(())
}
