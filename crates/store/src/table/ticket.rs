//! One-time tickets by which an app learns who comes to it. Only hashes are kept; a row is gone when it is used.

use crate::error::Result;
use crate::tx::Tx;
use crate::{params, row};

row! {
    /// A ticket that waits to be used.
    pub struct Ticket {
        /// SHA-256 of the ticket, hexadecimal.
        pub hash: String,
        /// The only app that may use it.
        pub app_id: i64,
        /// Who comes.
        pub user_id: i64,
        /// Worth nothing from this time on.
        pub expires_at: i64,
    }
}

/// Adds a ticket.
pub async fn insert<T: Tx>(tx: &mut T, ticket: &Ticket) -> Result<()> {
    tx.exec(
        "INSERT INTO tickets (hash, app_id, user_id, expires_at) VALUES ($1, $2, $3, $4)",
        params![&ticket.hash, ticket.app_id, ticket.user_id, ticket.expires_at],
    )
    .await?;
    Ok(())
}

/// Takes a ticket of this app out, expired or not: nobody finds it again.
pub async fn take<T: Tx>(tx: &mut T, hash: &str, app_id: i64) -> Result<Option<Ticket>> {
    let sql = format!(
        "DELETE FROM tickets WHERE hash = $1 AND app_id = $2 RETURNING {}",
        Ticket::COLUMNS
    );
    tx.one(&sql, params![hash, app_id]).await
}

/// Removes up to `limit` of those that have expired; tells how many.
pub async fn sweep<T: Tx>(tx: &mut T, now: i64, limit: i64) -> Result<u64> {
    tx.exec(
        "DELETE FROM tickets WHERE hash IN (SELECT hash FROM tickets WHERE expires_at <= $1 \
         ORDER BY expires_at LIMIT $2)",
        params![now, limit],
    )
    .await
}

/// How many there are, expired ones that were not swept yet included.
pub async fn count<T: Tx>(tx: &mut T) -> Result<i64> {
    let row: Option<(i64,)> = tx.one("SELECT COUNT(*) FROM tickets", params![]).await?;
    Ok(row.map_or(0, |row| row.0))
}
