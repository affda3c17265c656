//! Files: what was uploaded, which messages carry it, and whose bytes are still to be erased.

use crate::error::Result;
use crate::fragment::contains_pattern;
use crate::tx::Tx;
use crate::{params, row};

row! {
    /// A file whose bytes lie in the object store under `storage_key`.
    pub struct StoredFile {
        /// Number; never used again.
        pub id: i64,
        /// Tenant of the owner.
        pub tenant_id: i64,
        /// Who uploaded it.
        pub owner_id: i64,
        /// The name its owner gave it, for show only.
        pub name: String,
        /// Length in bytes.
        pub size: i64,
        /// Media type as found in the bytes.
        pub content_type: String,
        /// `image`, `video`, `audio`, `document` or `other`.
        pub category: String,
        /// Where the bytes lie: 32 hexadecimal digits that nobody can guess.
        pub storage_key: String,
        /// SHA-256 of the bytes, hexadecimal.
        pub sha256: String,
        /// MD5 of the bytes, hexadecimal.
        pub md5: String,
        /// Readable by everybody.
        pub public: bool,
        /// How often it was fetched.
        pub downloads: i64,
        /// When it was uploaded.
        pub created_at: i64,
        /// When it was deleted.
        pub deleted_at: Option<i64>,
    }
}

/// Adds a file and tells its number; the number in `file` is not looked at.
pub async fn insert<T: Tx>(tx: &mut T, file: &StoredFile) -> Result<i64> {
    let row = tx
        .one::<(i64,)>(
            "INSERT INTO files (tenant_id, owner_id, name, size, content_type, category, storage_key, sha256, md5, \
             public, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
            params![
                file.tenant_id,
                file.owner_id,
                &file.name,
                file.size,
                &file.content_type,
                &file.category,
                &file.storage_key,
                &file.sha256,
                &file.md5,
                file.public,
                file.created_at
            ],
        )
        .await?;
    Ok(row.map_or(0, |row| row.0))
}

/// The file with this number, also a deleted one.
pub async fn by_id<T: Tx>(tx: &mut T, id: i64) -> Result<Option<StoredFile>> {
    tx.one(
        &format!("SELECT {} FROM files WHERE id = $1", StoredFile::COLUMNS),
        params![id],
    )
    .await
}

/// The file whose bytes lie under this key, also a deleted one.
pub async fn by_key<T: Tx>(tx: &mut T, storage_key: &str) -> Result<Option<StoredFile>> {
    tx.one(
        &format!("SELECT {} FROM files WHERE storage_key = $1", StoredFile::COLUMNS),
        params![storage_key],
    )
    .await
}

/// The newest private file of this person with these bytes, as far as MD5 and length tell.
pub async fn by_md5<T: Tx>(tx: &mut T, owner_id: i64, md5: &str, size: i64) -> Result<Option<StoredFile>> {
    let sql = format!(
        "SELECT {} FROM files WHERE owner_id = $1 AND md5 = $2 AND size = $3 AND public = 0 \
         AND deleted_at IS NULL ORDER BY id DESC LIMIT 1",
        StoredFile::COLUMNS
    );
    tx.one(&sql, params![owner_id, md5, size]).await
}

/// The private files of a person with a number below `before`, newest first; of one category or of all.
pub async fn page_of_owner<T: Tx>(
    tx: &mut T,
    owner_id: i64,
    category: Option<&str>,
    before: i64,
    limit: i64,
) -> Result<Vec<StoredFile>> {
    let sql = format!(
        "SELECT {} FROM files WHERE owner_id = $1 AND ($2 IS NULL OR category = $2) AND id < $3 AND public = 0 \
         AND deleted_at IS NULL ORDER BY id DESC LIMIT $4",
        StoredFile::COLUMNS
    );
    tx.many(&sql, params![owner_id, category, before, limit]).await
}

/// What a person's private files come to, by category: (category, files, bytes, downloads).
pub async fn totals<T: Tx>(tx: &mut T, owner_id: i64) -> Result<Vec<(String, i64, i64, i64)>> {
    tx.many(
        "SELECT category, COUNT(*), SUM(size), SUM(downloads) FROM files WHERE owner_id = $1 AND public = 0 \
         AND deleted_at IS NULL GROUP BY category ORDER BY category",
        params![owner_id],
    )
    .await
}

/// How many private files a person has uploaded since a time and still has.
pub async fn count_since<T: Tx>(tx: &mut T, owner_id: i64, since: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM files WHERE owner_id = $1 AND created_at >= $2 AND public = 0 \
               AND deleted_at IS NULL";
    Ok(tx
        .one::<(i64,)>(sql, params![owner_id, since])
        .await?
        .map_or(0, |row| row.0))
}

/// Counts one more download.
pub async fn count_download<T: Tx>(tx: &mut T, id: i64) -> Result<()> {
    tx.exec(
        "UPDATE files SET downloads = downloads + 1 WHERE id = $1",
        params![id],
    )
    .await?;
    Ok(())
}

/// Deletes a file: the row stays, the bytes are noted for erasure.
pub async fn delete<T: Tx>(tx: &mut T, file: &StoredFile, now: i64) -> Result<()> {
    tx.exec(
        "UPDATE files SET deleted_at = $1 WHERE id = $2",
        params![now, file.id],
    )
    .await?;
    tx.exec("DELETE FROM file_shares WHERE file_id = $1", params![file.id])
        .await?;
    tx.exec(
        "INSERT INTO file_erasures (storage_key) VALUES ($1) ON CONFLICT DO NOTHING",
        params![&file.storage_key],
    )
    .await?;
    Ok(())
}

/// Keys of bytes that are still to be erased.
pub async fn erasures<T: Tx>(tx: &mut T, limit: i64) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = tx
        .many(
            "SELECT storage_key FROM file_erasures ORDER BY storage_key LIMIT $1",
            params![limit],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Notes that bytes are erased.
pub async fn forget_erasure<T: Tx>(tx: &mut T, storage_key: &str) -> Result<()> {
    tx.exec(
        "DELETE FROM file_erasures WHERE storage_key = $1",
        params![storage_key],
    )
    .await?;
    Ok(())
}

/// Notes that a message carries a file.
pub async fn share<T: Tx>(tx: &mut T, file_id: i64, conversation_id: i64, message_id: i64) -> Result<()> {
    tx.exec(
        "INSERT INTO file_shares (file_id, conversation_id, message_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        params![file_id, conversation_id, message_id],
    )
    .await?;
    Ok(())
}

/// The files that a message carries.
pub async fn carried_by<T: Tx>(tx: &mut T, message_id: i64, limit: i64) -> Result<Vec<i64>> {
    let rows: Vec<(i64,)> = tx
        .many(
            "SELECT file_id FROM file_shares WHERE message_id = $1 ORDER BY file_id LIMIT $2",
            params![message_id, limit],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Takes the files of a message away from it: it was recalled, edited or deleted.
pub async fn unshare<T: Tx>(tx: &mut T, message_id: i64) -> Result<()> {
    tx.exec(
        "DELETE FROM file_shares WHERE message_id = $1",
        params![message_id],
    )
    .await?;
    Ok(())
}

/// Whether a message that this person can see carries the file.
pub async fn is_in_sight<T: Tx>(tx: &mut T, file_id: i64, user_id: i64) -> Result<bool> {
    let row = tx
        .one::<(i64,)>(
            "SELECT s.message_id FROM file_shares s \
             JOIN members p ON p.conversation_id = s.conversation_id AND p.user_id = $1 \
             JOIN conversations c ON c.id = s.conversation_id \
             JOIN messages m ON m.id = s.message_id \
             WHERE s.file_id = $2 AND p.state = 1 AND c.dissolved_at IS NULL AND m.recalled_at IS NULL \
             AND m.deleted_at IS NULL AND m.seq > p.joined_seq AND m.seq > p.cleared_seq LIMIT 1",
            params![user_id, file_id],
        )
        .await?;
    Ok(row.is_some())
}

/// Files by name that a person may open, newest first, each with a conversation where it was sent in sight of that
/// person: private ones of their own, and those that came with a message.
pub async fn search<T: Tx>(
    tx: &mut T,
    tenant_id: i64,
    user_id: i64,
    name: &str,
    limit: i64,
) -> Result<Vec<(i64, Option<i64>)>> {
    tx.many(
        "WITH open AS (SELECT id AS file_id, NULL AS conversation_id FROM files WHERE owner_id = $1 AND public = 0 \
         UNION ALL SELECT s.file_id, s.conversation_id FROM members p \
         JOIN conversations c ON c.id = p.conversation_id \
         JOIN file_shares s ON s.conversation_id = p.conversation_id \
         JOIN messages m ON m.id = s.message_id \
         WHERE p.user_id = $1 AND p.state = 1 AND c.dissolved_at IS NULL AND m.recalled_at IS NULL \
         AND m.deleted_at IS NULL AND m.seq > p.joined_seq AND m.seq > p.cleared_seq) \
         SELECT f.id, MAX(open.conversation_id) FROM open JOIN files f ON f.id = open.file_id \
         WHERE f.tenant_id = $2 AND f.deleted_at IS NULL AND f.name LIKE $3 ESCAPE '\\' \
         GROUP BY f.id ORDER BY f.id DESC LIMIT $4",
        params![user_id, tenant_id, &contains_pattern(name), limit],
    )
    .await
}
