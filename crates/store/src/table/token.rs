//! Tokens that were revoked one by one and have not expired yet.

use crate::error::Result;
use crate::params;
use crate::tx::Tx;

/// Revokes one token. Doing it twice changes nothing.
pub async fn revoke<T: Tx>(tx: &mut T, token_id: &str, user_id: i64, expires_at: i64) -> Result<()> {
    tx.exec(
        "INSERT INTO revoked_tokens (token_id, user_id, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        params![token_id, user_id, expires_at],
    )
    .await?;
    Ok(())
}

/// Every revoked token that is still within its life: (token id, expiry).
pub async fn revoked<T: Tx>(tx: &mut T, now: i64) -> Result<Vec<(String, i64)>> {
    tx.many(
        "SELECT token_id, expires_at FROM revoked_tokens WHERE expires_at > $1",
        params![now],
    )
    .await
}

/// Forgets revocations of tokens that have expired anyway.
pub async fn forget_expired<T: Tx>(tx: &mut T, now: i64) -> Result<u64> {
    tx.exec("DELETE FROM revoked_tokens WHERE expires_at <= $1", params![now])
        .await
}
