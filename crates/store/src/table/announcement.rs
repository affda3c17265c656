//! Announcements: notes that owner and administrators of a group leave for everybody.

use crate::error::Result;
use crate::tx::Tx;
use crate::{params, row};

row! {
    /// An announcement. A recalled one keeps its row and is shown to nobody.
    pub struct Announcement {
        /// Number id, from 1; never given out twice.
        pub id: i64,
        /// The group.
        pub conversation_id: i64,
        /// Who posted it.
        pub author_id: i64,
        /// The text.
        pub content: String,
        /// A free word of the dialect that made it.
        pub kind: String,
        /// Kept on top.
        pub pinned: bool,
        /// When recalled.
        pub recalled_at: Option<i64>,
        /// When posted.
        pub created_at: i64,
        /// When last changed.
        pub updated_at: i64,
    }
}

/// Writes a new announcement and gives its id. `announcement.id` is ignored.
pub async fn insert<T: Tx>(tx: &mut T, announcement: &Announcement) -> Result<i64> {
    let row = tx
        .one::<(i64,)>(
            "INSERT INTO announcements (conversation_id, author_id, content, kind, pinned, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            params![
                announcement.conversation_id,
                announcement.author_id,
                &announcement.content,
                &announcement.kind,
                announcement.pinned,
                announcement.created_at,
                announcement.updated_at
            ],
        )
        .await?;
    Ok(row.map_or(0, |row| row.0))
}

/// Writes what can change of an announcement back.
pub async fn update<T: Tx>(tx: &mut T, announcement: &Announcement) -> Result<()> {
    tx.exec(
        "UPDATE announcements SET content = $1, pinned = $2, recalled_at = $3, updated_at = $4 WHERE id = $5",
        params![
            &announcement.content,
            announcement.pinned,
            announcement.recalled_at,
            announcement.updated_at,
            announcement.id
        ],
    )
    .await?;
    Ok(())
}

/// Forgets an announcement.
pub async fn delete<T: Tx>(tx: &mut T, id: i64) -> Result<()> {
    tx.exec("DELETE FROM announcements WHERE id = $1", params![id])
        .await?;
    Ok(())
}

/// The announcement with this number, also a recalled one.
pub async fn by_id<T: Tx>(tx: &mut T, id: i64) -> Result<Option<Announcement>> {
    let sql = format!(
        "SELECT {} FROM announcements WHERE id = $1",
        Announcement::COLUMNS
    );
    tx.one(&sql, params![id]).await
}

/// The newest `limit` announcements of a group without recalled ones, newest first.
pub async fn newest<T: Tx>(tx: &mut T, conversation_id: i64, limit: i64) -> Result<Vec<Announcement>> {
    let sql = format!(
        "SELECT {} FROM announcements WHERE conversation_id = $1 AND recalled_at IS NULL ORDER BY id DESC LIMIT $2",
        Announcement::COLUMNS
    );
    tx.many(&sql, params![conversation_id, limit]).await
}

/// The newest `limit` pinned announcements of a group without recalled ones, newest first.
pub async fn pinned<T: Tx>(tx: &mut T, conversation_id: i64, limit: i64) -> Result<Vec<Announcement>> {
    let sql = format!(
        "SELECT {} FROM announcements WHERE conversation_id = $1 AND recalled_at IS NULL AND pinned = 1 \
         ORDER BY id DESC LIMIT $2",
        Announcement::COLUMNS
    );
    tx.many(&sql, params![conversation_id, limit]).await
}
