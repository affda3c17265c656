//! Requests to come into a group.

use crate::error::Result;
use crate::fragment::{in_json_list, json_list};
use crate::tx::Tx;
use crate::{params, row};

/// `status` of a request that waits for an answer.
pub const PENDING: i64 = 0;
/// `status` of a request whose asker was let in.
pub const ACCEPTED: i64 = 1;
/// `status` of a request that was turned down.
pub const REJECTED: i64 = 2;

row! {
    /// One request. There is at most one pending request of a person in a group.
    pub struct JoinRequest {
        /// Number id, from 1; never used again.
        pub id: i64,
        /// Which group.
        pub conversation_id: i64,
        /// Who asks.
        pub user_id: i64,
        /// A few words.
        pub remark: String,
        /// [`PENDING`], [`ACCEPTED`] or [`REJECTED`].
        pub status: i64,
        /// Who answered; none for a group that lets everybody in.
        pub handled_by: Option<i64>,
        /// When asked.
        pub created_at: i64,
        /// When answered.
        pub handled_at: Option<i64>,
    }
}

/// Writes a new request and gives its id. `request.id` is ignored.
pub async fn insert<T: Tx>(tx: &mut T, request: &JoinRequest) -> Result<i64> {
    let row = tx
        .one::<(i64,)>(
            "INSERT INTO join_requests (conversation_id, user_id, remark, status, handled_by, created_at, handled_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            params![
                request.conversation_id,
                request.user_id,
                &request.remark,
                request.status,
                request.handled_by,
                request.created_at,
                request.handled_at
            ],
        )
        .await?;
    Ok(row.map_or(0, |row| row.0))
}

/// The request with this number, if it is one to this group.
pub async fn by_id<T: Tx>(tx: &mut T, conversation_id: i64, id: i64) -> Result<Option<JoinRequest>> {
    let sql = format!(
        "SELECT {} FROM join_requests WHERE id = $1 AND conversation_id = $2",
        JoinRequest::COLUMNS
    );
    tx.one(&sql, params![id, conversation_id]).await
}

/// The request of a person in a group that waits for an answer.
pub async fn pending<T: Tx>(tx: &mut T, conversation_id: i64, user_id: i64) -> Result<Option<JoinRequest>> {
    let sql = format!(
        "SELECT {} FROM join_requests WHERE conversation_id = $1 AND user_id = $2 AND status = 0",
        JoinRequest::COLUMNS
    );
    tx.one(&sql, params![conversation_id, user_id]).await
}

/// How many requests of a person wait for an answer.
pub async fn count_pending_of<T: Tx>(tx: &mut T, user_id: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM join_requests WHERE user_id = $1 AND status = 0";
    let row = tx.one::<(i64,)>(sql, params![user_id]).await?;
    Ok(row.map_or(0, |row| row.0))
}

/// Answers a request.
pub async fn settle<T: Tx>(tx: &mut T, request: &JoinRequest) -> Result<()> {
    tx.exec(
        "UPDATE join_requests SET status = $1, handled_by = $2, handled_at = $3 WHERE id = $4",
        params![request.status, request.handled_by, request.handled_at, request.id],
    )
    .await?;
    Ok(())
}

/// Accepts what these people have waiting in a group.
pub async fn accept_of<T: Tx>(
    tx: &mut T,
    conversation_id: i64,
    by: i64,
    at: i64,
    user_ids: &[i64],
) -> Result<()> {
    let sql = format!(
        "UPDATE join_requests SET status = 1, handled_by = $1, handled_at = $2 \
         WHERE conversation_id = $3 AND status = 0 AND {}",
        in_json_list("user_id", 4)
    );
    tx.exec(
        &sql,
        params![by, at, conversation_id, &json_list(user_ids.iter().copied())],
    )
    .await?;
    Ok(())
}

/// Requests in a group, newest first; of one status or, for none, whatever became of them.
pub async fn page<T: Tx>(
    tx: &mut T,
    conversation_id: i64,
    status: Option<i64>,
    skip: i64,
    limit: i64,
) -> Result<Vec<JoinRequest>> {
    let sql = format!(
        "SELECT {} FROM join_requests WHERE conversation_id = $1 AND ($2 IS NULL OR status = $2) \
         ORDER BY id DESC LIMIT $3 OFFSET $4",
        JoinRequest::COLUMNS
    );
    tx.many(&sql, params![conversation_id, status, limit, skip]).await
}

/// How many [`page`] has to give.
pub async fn count<T: Tx>(tx: &mut T, conversation_id: i64, status: Option<i64>) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM join_requests WHERE conversation_id = $1 AND ($2 IS NULL OR status = $2)";
    let row = tx.one::<(i64,)>(sql, params![conversation_id, status]).await?;
    Ok(row.map_or(0, |row| row.0))
}

/// Forgets all answered requests of a person in a group but the newest `kept`.
pub async fn keep_newest<T: Tx>(tx: &mut T, conversation_id: i64, user_id: i64, kept: i64) -> Result<()> {
    tx.exec(
        "DELETE FROM join_requests WHERE user_id = $1 AND conversation_id = $2 AND status <> 0 AND id <= \
         (SELECT id FROM join_requests WHERE user_id = $1 AND conversation_id = $2 AND status <> 0 \
         ORDER BY id DESC LIMIT 1 OFFSET $3)",
        params![user_id, conversation_id, kept],
    )
    .await?;
    Ok(())
}

/// Forgets the requests in a group that wait for an answer.
pub async fn delete_pending_in<T: Tx>(tx: &mut T, conversation_id: i64) -> Result<()> {
    let sql = "DELETE FROM join_requests WHERE conversation_id = $1 AND status = 0";
    tx.exec(sql, params![conversation_id]).await?;
    Ok(())
}

/// Forgets the requests of a person that wait for an answer.
pub async fn delete_pending_of<T: Tx>(tx: &mut T, user_id: i64) -> Result<()> {
    let sql = "DELETE FROM join_requests WHERE user_id = $1 AND status = 0";
    tx.exec(sql, params![user_id]).await?;
    Ok(())
}
