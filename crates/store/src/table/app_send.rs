//! Which message an app's own id stands for, so that a call that is repeated does not send a second one.

use crate::error::Result;
use crate::params;
use crate::tx::Tx;

/// Notes which message an app has sent under this id.
pub async fn insert<T: Tx>(tx: &mut T, app_id: i64, client_id: &str, message_id: i64) -> Result<()> {
    tx.exec(
        "INSERT INTO app_sends (app_id, client_id, message_id) VALUES ($1, $2, $3)",
        params![app_id, client_id, message_id],
    )
    .await?;
    Ok(())
}

/// The message that an app has sent under this id.
pub async fn find<T: Tx>(tx: &mut T, app_id: i64, client_id: &str) -> Result<Option<i64>> {
    let sql = "SELECT message_id FROM app_sends WHERE app_id = $1 AND client_id = $2";
    Ok(tx
        .one::<(i64,)>(sql, params![app_id, client_id])
        .await?
        .map(|row| row.0))
}
