//! What edited messages said before. The content that stands is in the message itself.

use crate::error::Result;
use crate::tx::Tx;
use crate::{params, row};

row! {
    /// A content that an edit replaced.
    pub struct MessageEdit {
        /// 1 for the content as it was sent, then one more for each edit.
        pub version: i64,
        /// The content replaced.
        pub content: String,
        /// When it was replaced.
        pub edited_at: i64,
    }
}

/// Keeps the content that an edit replaces.
pub async fn insert<T: Tx>(tx: &mut T, message_id: i64, content: &str, at: i64) -> Result<()> {
    tx.exec(
        "INSERT INTO message_edits (message_id, version, content, edited_at) \
         SELECT $1, COALESCE(MAX(version), 0) + 1, $2, $3 FROM message_edits WHERE message_id = $1",
        params![message_id, content, at],
    )
    .await?;
    Ok(())
}

/// Forgets all but the newest `keep` contents of a message.
pub async fn trim<T: Tx>(tx: &mut T, message_id: i64, keep: i64) -> Result<()> {
    tx.exec(
        "DELETE FROM message_edits WHERE message_id = $1 AND version <= \
         (SELECT MAX(version) FROM message_edits WHERE message_id = $1) - $2",
        params![message_id, keep],
    )
    .await?;
    Ok(())
}

/// The contents that edits replaced, oldest first, up to `limit`.
pub async fn of_message<T: Tx>(tx: &mut T, message_id: i64, limit: i64) -> Result<Vec<MessageEdit>> {
    let sql = format!(
        "SELECT {} FROM message_edits WHERE message_id = $1 ORDER BY version LIMIT $2",
        MessageEdit::COLUMNS
    );
    tx.many(&sql, params![message_id, limit]).await
}

/// Forgets every earlier content of a message.
pub async fn remove_all<T: Tx>(tx: &mut T, message_id: i64) -> Result<()> {
    tx.exec(
        "DELETE FROM message_edits WHERE message_id = $1",
        params![message_id],
    )
    .await?;
    Ok(())
}
