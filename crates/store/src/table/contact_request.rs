//! Requests to become contacts.

use crate::error::Result;
use crate::tx::Tx;
use crate::{params, row};

/// `status` of a request that waits for an answer.
pub const PENDING: i64 = 0;
/// `status` of a request that was accepted.
pub const APPROVED: i64 = 1;
/// `status` of a request that was turned down.
pub const REJECTED: i64 = 2;

row! {
    /// One request. There is at most one pending request from one person to another.
    pub struct ContactRequest {
        /// Number id, from 1.
        pub id: i64,
        /// Who asks.
        pub from_user_id: i64,
        /// Who is asked.
        pub to_user_id: i64,
        /// A few words.
        pub message: String,
        /// The group of the asker's list that the other one goes to.
        pub group_name: String,
        /// [`PENDING`], [`APPROVED`] or [`REJECTED`].
        pub status: i64,
        /// When asked.
        pub created_at: i64,
        /// When answered.
        pub handled_at: Option<i64>,
    }
}

/// Writes a new request and gives its id. `request.id` is ignored.
pub async fn insert<T: Tx>(tx: &mut T, request: &ContactRequest) -> Result<i64> {
    let row = tx
        .one::<(i64,)>(
            "INSERT INTO contact_requests (from_user_id, to_user_id, message, group_name, status, created_at, \
             handled_at) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            params![
                request.from_user_id,
                request.to_user_id,
                &request.message,
                &request.group_name,
                request.status,
                request.created_at,
                request.handled_at
            ],
        )
        .await?;
    Ok(row.map_or(0, |row| row.0))
}

/// The request with this number.
pub async fn by_id<T: Tx>(tx: &mut T, id: i64) -> Result<Option<ContactRequest>> {
    let sql = format!(
        "SELECT {} FROM contact_requests WHERE id = $1",
        ContactRequest::COLUMNS
    );
    tx.one(&sql, params![id]).await
}

/// The request from one person to another that waits for an answer.
pub async fn pending<T: Tx>(
    tx: &mut T,
    from_user_id: i64,
    to_user_id: i64,
) -> Result<Option<ContactRequest>> {
    let sql = format!(
        "SELECT {} FROM contact_requests WHERE from_user_id = $1 AND to_user_id = $2 AND status = 0",
        ContactRequest::COLUMNS
    );
    tx.one(&sql, params![from_user_id, to_user_id]).await
}

/// Answers a request.
pub async fn settle<T: Tx>(tx: &mut T, id: i64, status: i64, at: i64) -> Result<()> {
    tx.exec(
        "UPDATE contact_requests SET status = $1, handled_at = $2 WHERE id = $3",
        params![status, at, id],
    )
    .await?;
    Ok(())
}

/// Pending requests to a person, newest first, without those from people whom that person has blocked.
pub async fn received<T: Tx>(tx: &mut T, to_user_id: i64, limit: i64) -> Result<Vec<ContactRequest>> {
    let sql = format!(
        "SELECT {} FROM contact_requests WHERE to_user_id = $1 AND status = 0 AND NOT EXISTS (SELECT 1 FROM blocks \
         WHERE user_id = $1 AND blocked_id = from_user_id) ORDER BY id DESC LIMIT $2",
        ContactRequest::COLUMNS
    );
    tx.many(&sql, params![to_user_id, limit]).await
}

/// Requests of a person, whatever became of them, newest first.
pub async fn sent<T: Tx>(tx: &mut T, from_user_id: i64, limit: i64) -> Result<Vec<ContactRequest>> {
    let sql = format!(
        "SELECT {} FROM contact_requests WHERE from_user_id = $1 ORDER BY id DESC LIMIT $2",
        ContactRequest::COLUMNS
    );
    tx.many(&sql, params![from_user_id, limit]).await
}

/// How many requests of a person wait for an answer.
pub async fn count_pending<T: Tx>(tx: &mut T, from_user_id: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM contact_requests WHERE from_user_id = $1 AND status = 0";
    Ok(tx
        .one::<(i64,)>(sql, params![from_user_id])
        .await?
        .map_or(0, |row| row.0))
}

/// Forgets the requests from and to a person that wait for an answer.
pub async fn delete_pending_of<T: Tx>(tx: &mut T, user_id: i64) -> Result<()> {
    tx.exec(
        "DELETE FROM contact_requests WHERE status = 0 AND (from_user_id = $1 OR to_user_id = $1)",
        params![user_id],
    )
    .await?;
    Ok(())
}
