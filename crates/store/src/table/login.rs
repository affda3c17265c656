//! Log-ins: which token stands for which device of a person, as long as the token lives.

use crate::error::Result;
use crate::tx::Tx;
use crate::{params, row};

/// Log-ins of one person that are looked at, newest first.
const LOGINS_MAX: i64 = 1_000;
/// Expired log-ins that one sweep forgets.
const SWEPT_MAX: i64 = 100;

row! {
    /// A log-in.
    pub struct Login {
        /// The token.
        pub token_id: String,
        /// Whose.
        pub user_id: i64,
        /// Kind of the device; may be empty.
        pub platform: String,
        /// What the device calls itself; may be empty.
        pub device: String,
        /// When the token ends.
        pub expires_at: i64,
        /// When it was issued.
        pub created_at: i64,
    }
}

/// Writes a log-in.
pub async fn insert<T: Tx>(tx: &mut T, login: &Login) -> Result<()> {
    tx.exec(
        "INSERT INTO logins (token_id, user_id, platform, device, expires_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            &login.token_id,
            login.user_id,
            &login.platform,
            &login.device,
            login.expires_at,
            login.created_at
        ],
    )
    .await?;
    Ok(())
}

/// The log-ins of a person, newest first.
pub async fn of_user<T: Tx>(tx: &mut T, user_id: i64) -> Result<Vec<Login>> {
    let sql = format!(
        "SELECT {} FROM logins WHERE user_id = $1 ORDER BY created_at DESC, token_id LIMIT $2",
        Login::COLUMNS
    );
    tx.many(&sql, params![user_id, LOGINS_MAX]).await
}

/// Forgets a log-in.
pub async fn delete<T: Tx>(tx: &mut T, token_id: &str) -> Result<()> {
    tx.exec("DELETE FROM logins WHERE token_id = $1", params![token_id])
        .await?;
    Ok(())
}

/// Forgets some of those whose token has expired.
pub async fn delete_expired<T: Tx>(tx: &mut T, now: i64) -> Result<()> {
    tx.exec(
        "DELETE FROM logins WHERE token_id IN (SELECT token_id FROM logins WHERE expires_at <= $1 LIMIT $2)",
        params![now, SWEPT_MAX],
    )
    .await?;
    Ok(())
}
