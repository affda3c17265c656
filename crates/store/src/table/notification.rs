//! Notifications: what a person is told beside messages.

use crate::error::Result;
use crate::fragment::{in_json_list, json_list};
use crate::tx::Tx;
use crate::{params, row};

row! {
    /// One notification.
    pub struct Notification {
        /// Number id, from 1.
        pub id: i64,
        /// Who is told.
        pub user_id: i64,
        /// What about, in core's words.
        pub kind: String,
        /// Who or what it comes from: the name of a person or group.
        pub title: String,
        /// What was said, or empty.
        pub content: String,
        /// The request, person, conversation or message it is about, by kind.
        pub subject_id: Option<i64>,
        /// When read.
        pub read_at: Option<i64>,
        /// When made.
        pub created_at: i64,
    }
}

/// Writes a new notification and gives its id. `notification.id` is ignored.
pub async fn insert<T: Tx>(tx: &mut T, notification: &Notification) -> Result<i64> {
    let row = tx
        .one::<(i64,)>(
            "INSERT INTO notifications (user_id, kind, title, content, subject_id, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
            params![
                notification.user_id,
                &notification.kind,
                &notification.title,
                &notification.content,
                notification.subject_id,
                notification.created_at
            ],
        )
        .await?;
    Ok(row.map_or(0, |row| row.0))
}

/// Forgets all but the newest `keep` of a person.
pub async fn keep_newest<T: Tx>(tx: &mut T, user_id: i64, keep: i64) -> Result<()> {
    tx.exec(
        "DELETE FROM notifications WHERE user_id = $1 AND id <= (SELECT id FROM notifications WHERE user_id = $1 \
         ORDER BY id DESC LIMIT 1 OFFSET $2)",
        params![user_id, keep],
    )
    .await?;
    Ok(())
}

/// The notification with this number.
pub async fn by_id<T: Tx>(tx: &mut T, id: i64) -> Result<Option<Notification>> {
    let sql = format!(
        "SELECT {} FROM notifications WHERE id = $1",
        Notification::COLUMNS
    );
    tx.one(&sql, params![id]).await
}

/// The newest of a person.
pub async fn list<T: Tx>(tx: &mut T, user_id: i64, limit: i64) -> Result<Vec<Notification>> {
    let sql = format!(
        "SELECT {} FROM notifications WHERE user_id = $1 ORDER BY id DESC LIMIT $2",
        Notification::COLUMNS
    );
    tx.many(&sql, params![user_id, limit]).await
}

/// How many a person has not read.
pub async fn count_unread<T: Tx>(tx: &mut T, user_id: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM notifications WHERE user_id = $1 AND read_at IS NULL";
    Ok(tx
        .one::<(i64,)>(sql, params![user_id])
        .await?
        .map_or(0, |row| row.0))
}

/// Marks one as read, unless it is.
pub async fn read<T: Tx>(tx: &mut T, id: i64, at: i64) -> Result<()> {
    tx.exec(
        "UPDATE notifications SET read_at = $1 WHERE id = $2 AND read_at IS NULL",
        params![at, id],
    )
    .await?;
    Ok(())
}

/// Marks all of a person as read.
pub async fn read_all<T: Tx>(tx: &mut T, user_id: i64, at: i64) -> Result<()> {
    tx.exec(
        "UPDATE notifications SET read_at = $1 WHERE user_id = $2 AND read_at IS NULL",
        params![at, user_id],
    )
    .await?;
    Ok(())
}

/// Deletes those of `ids` that are a person's own; tells how many.
pub async fn delete<T: Tx>(tx: &mut T, user_id: i64, ids: &[i64]) -> Result<u64> {
    let sql = format!(
        "DELETE FROM notifications WHERE user_id = $1 AND {}",
        in_json_list("id", 2)
    );
    let ids = json_list(ids.iter().copied());
    tx.exec(&sql, params![user_id, &ids]).await
}

/// Deletes all of a person.
pub async fn clear<T: Tx>(tx: &mut T, user_id: i64) -> Result<()> {
    tx.exec("DELETE FROM notifications WHERE user_id = $1", params![user_id])
        .await?;
    Ok(())
}
