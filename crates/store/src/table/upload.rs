//! Uploads in parts: what was announced, and which chunks have come. The bytes of chunks lie in the object store.

use crate::error::Result;
use crate::tx::Tx;
use crate::{params, row};

/// `state` while chunks are taken.
pub const OPEN: i64 = 0;
/// `state` while its owner has paused it.
pub const PAUSED: i64 = 1;
/// `state` once it has become a file.
pub const MERGED: i64 = 2;

row! {
    /// An upload in parts.
    pub struct Upload {
        /// 32 hexadecimal digits that nobody can guess.
        pub id: String,
        /// Who uploads.
        pub owner_id: i64,
        /// The name the file will have.
        pub name: String,
        /// Length of the whole in bytes.
        pub size: i64,
        /// MD5 of the whole, hexadecimal, or empty.
        pub md5: String,
        /// Length of every chunk but the last.
        pub chunk_size: i64,
        /// [`OPEN`], [`PAUSED`] or [`MERGED`].
        pub state: i64,
        /// The file it has become.
        pub file_id: Option<i64>,
        /// Forgotten after this time.
        pub expires_at: i64,
        /// When it was announced.
        pub created_at: i64,
    }
}

impl Upload {
    /// How many chunks make the whole.
    pub fn chunks(&self) -> i64 {
        (self.size + self.chunk_size - 1) / self.chunk_size.max(1)
    }

    /// How long the chunk with this number has to be; none for a number out of range.
    pub fn chunk_length(&self, number: i64) -> Option<i64> {
        if number < 1 || number > self.chunks() {
            return None;
        }
        Some(self.chunk_size.min(self.size - (number - 1) * self.chunk_size))
    }
}

/// Adds an upload.
pub async fn insert<T: Tx>(tx: &mut T, upload: &Upload) -> Result<()> {
    tx.exec(
        "INSERT INTO uploads (id, owner_id, name, size, md5, chunk_size, state, file_id, expires_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            &upload.id,
            upload.owner_id,
            &upload.name,
            upload.size,
            &upload.md5,
            upload.chunk_size,
            upload.state,
            upload.file_id,
            upload.expires_at,
            upload.created_at
        ],
    )
    .await?;
    Ok(())
}

/// The upload with this id.
pub async fn by_id<T: Tx>(tx: &mut T, id: &str) -> Result<Option<Upload>> {
    tx.one(
        &format!("SELECT {} FROM uploads WHERE id = $1", Upload::COLUMNS),
        params![id],
    )
    .await
}

/// An unfinished upload of the same bytes, cut alike, by the same person.
pub async fn unfinished_like<T: Tx>(tx: &mut T, like: &Upload, now: i64) -> Result<Option<Upload>> {
    let sql = format!(
        "SELECT {} FROM uploads WHERE owner_id = $1 AND md5 = $2 AND size = $3 AND chunk_size = $4 AND name = $5 \
         AND state <> 2 AND expires_at > $6 ORDER BY created_at DESC LIMIT 1",
        Upload::COLUMNS
    );
    let params = params![
        like.owner_id,
        &like.md5,
        like.size,
        like.chunk_size,
        &like.name,
        now
    ];
    tx.one(&sql, params).await
}

/// How many unfinished uploads a person has.
pub async fn count_unfinished<T: Tx>(tx: &mut T, owner_id: i64, now: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM uploads WHERE owner_id = $1 AND state <> 2 AND expires_at > $2";
    Ok(tx
        .one::<(i64,)>(sql, params![owner_id, now])
        .await?
        .map_or(0, |row| row.0))
}

/// Writes the state of an upload back, and the file it has become.
pub async fn update<T: Tx>(tx: &mut T, upload: &Upload) -> Result<()> {
    tx.exec(
        "UPDATE uploads SET state = $1, file_id = $2 WHERE id = $3",
        params![upload.state, upload.file_id, &upload.id],
    )
    .await?;
    Ok(())
}

/// Notes that a chunk has come.
pub async fn add_chunk<T: Tx>(tx: &mut T, upload_id: &str, number: i64, size: i64) -> Result<()> {
    tx.exec(
        "INSERT INTO upload_chunks (upload_id, number, size) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        params![upload_id, number, size],
    )
    .await?;
    Ok(())
}

/// The numbers of the chunks that have come, in order. An upload bounds how many there can be.
pub async fn chunk_numbers<T: Tx>(tx: &mut T, upload_id: &str) -> Result<Vec<i64>> {
    let rows: Vec<(i64,)> = tx
        .many(
            "SELECT number FROM upload_chunks WHERE upload_id = $1 ORDER BY number",
            params![upload_id],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Forgets the chunks of an upload.
pub async fn delete_chunks<T: Tx>(tx: &mut T, upload_id: &str) -> Result<()> {
    tx.exec(
        "DELETE FROM upload_chunks WHERE upload_id = $1",
        params![upload_id],
    )
    .await?;
    Ok(())
}

/// Forgets an upload and its chunks.
pub async fn delete<T: Tx>(tx: &mut T, id: &str) -> Result<()> {
    delete_chunks(tx, id).await?;
    tx.exec("DELETE FROM uploads WHERE id = $1", params![id]).await?;
    Ok(())
}

/// Uploads whose time is over, the oldest first.
pub async fn expired<T: Tx>(tx: &mut T, now: i64, limit: i64) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = tx
        .many(
            "SELECT id FROM uploads WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2",
            params![now, limit],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}
