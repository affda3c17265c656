//! The search index as rows: segments, their pieces, and the messages they were made of or point to. What is in a
//! piece, and when a segment is built or merged, is not known here.

use crate::error::Result;
use crate::fragment::{in_json_list, json_list};
use crate::tx::Tx;
use crate::{params, row};

/// `state` of a segment that is being written: queries do not see it.
pub const BUILDING: i64 = 0;
/// `state` of a segment that queries read.
pub const LIVE: i64 = 1;
/// `state` of a segment that a larger one has replaced and whose pieces are being removed.
pub const RETIRED: i64 = 2;

row! {
    /// The index of a contiguous range of the event log.
    pub struct Segment {
        /// Number of the segment.
        pub id: i64,
        /// How often it was merged; sizes grow with it.
        pub level: i64,
        /// [`BUILDING`], [`LIVE`] or [`RETIRED`].
        pub state: i64,
        /// The first event of the range.
        pub first_event: i64,
        /// The last event of the range.
        pub last_event: i64,
        /// Number of texts in it.
        pub docs: i64,
        /// When the oldest of its messages was sent.
        pub first_at: i64,
        /// When the newest of its messages was sent.
        pub last_at: i64,
    }
}

row! {
    /// A message that was sent or edited, as the log tells of it.
    pub struct LoggedText {
        /// The event.
        pub event_id: i64,
        /// The message.
        pub message_id: i64,
        /// Where it is.
        pub conversation_id: i64,
        /// `TEXT`, `IMAGE`, …
        pub content_type: String,
        /// Its content now; empty when recalled or deleted since.
        pub content: String,
        /// When it was sent.
        pub created_at: i64,
    }
}

row! {
    /// What decides whether a message is a match.
    pub struct Candidate {
        /// The message.
        pub id: i64,
        /// Where it is.
        pub conversation_id: i64,
        /// Its number there.
        pub seq: i64,
        /// Who sent it.
        pub sender_id: Option<i64>,
        /// `TEXT`, `IMAGE`, …
        pub content_type: String,
        /// Its content now.
        pub content: String,
        /// When it was sent.
        pub created_at: i64,
    }
}

/// The segments in this state, newest range first.
pub async fn segments<T: Tx>(tx: &mut T, state: i64) -> Result<Vec<Segment>> {
    let sql = format!(
        "SELECT {} FROM search_segments WHERE state = $1 ORDER BY first_event DESC",
        Segment::COLUMNS
    );
    tx.many(&sql, params![state]).await
}

/// Writes a new segment and gives its id. `segment.id` is ignored.
pub async fn insert_segment<T: Tx>(tx: &mut T, segment: &Segment) -> Result<i64> {
    let row = tx
        .one::<(i64,)>(
            "INSERT INTO search_segments (level, state, first_event, last_event, docs, first_at, last_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            params![
                segment.level,
                segment.state,
                segment.first_event,
                segment.last_event,
                segment.docs,
                segment.first_at,
                segment.last_at
            ],
        )
        .await?;
    Ok(row.map_or(0, |row| row.0))
}

/// Moves a segment on to another state.
pub async fn set_state<T: Tx>(tx: &mut T, segment_id: i64, state: i64) -> Result<()> {
    tx.exec(
        "UPDATE search_segments SET state = $1 WHERE id = $2",
        params![state, segment_id],
    )
    .await?;
    Ok(())
}

/// Removes a segment whose pieces are gone.
pub async fn delete_segment<T: Tx>(tx: &mut T, segment_id: i64) -> Result<()> {
    tx.exec("DELETE FROM search_segments WHERE id = $1", params![segment_id])
        .await?;
    Ok(())
}

/// Writes one piece of a segment.
pub async fn insert_piece<T: Tx>(tx: &mut T, segment_id: i64, piece: i64, data: &[u8]) -> Result<()> {
    tx.exec(
        "INSERT INTO search_pieces (segment_id, piece, data) VALUES ($1, $2, $3)",
        params![segment_id, piece, data],
    )
    .await?;
    Ok(())
}

/// One piece of a segment; none if it was empty.
pub async fn piece<T: Tx>(tx: &mut T, segment_id: i64, piece: i64) -> Result<Option<Vec<u8>>> {
    let sql = "SELECT data FROM search_pieces WHERE segment_id = $1 AND piece = $2";
    Ok(tx
        .one::<(Vec<u8>,)>(sql, params![segment_id, piece])
        .await?
        .map(|row| row.0))
}

/// Removes up to `limit` pieces of a segment and tells how many there were.
pub async fn delete_pieces<T: Tx>(tx: &mut T, segment_id: i64, limit: i64) -> Result<u64> {
    tx.exec(
        "DELETE FROM search_pieces WHERE segment_id = $1 AND piece IN \
         (SELECT piece FROM search_pieces WHERE segment_id = $1 ORDER BY piece LIMIT $2)",
        params![segment_id, limit],
    )
    .await
}

/// Throws the whole index away; it is built again from the log at the next start. For measurements and repairs: all
/// of it is one change, during which nothing else is written.
pub async fn remove_all<T: Tx>(tx: &mut T) -> Result<()> {
    tx.exec("DELETE FROM search_segments", &[]).await?;
    tx.exec("DELETE FROM search_pieces", &[]).await?;
    Ok(())
}

/// Bytes of the whole index. Reads all of it.
pub async fn bytes<T: Tx>(tx: &mut T) -> Result<i64> {
    let sql = "SELECT COALESCE(SUM(LENGTH(data)), 0) FROM search_pieces";
    Ok(tx.one::<(i64,)>(sql, &[]).await?.map_or(0, |row| row.0))
}

/// How many events of the two kinds there are in the range `after` < id ≤ `upto`, counting no further than `most`.
pub async fn count_logged<T: Tx>(
    tx: &mut T,
    after: i64,
    upto: i64,
    kinds: (i64, i64),
    most: i64,
) -> Result<i64> {
    let row = tx
        .one::<(i64,)>(
            "SELECT COUNT(*) FROM (SELECT 1 FROM events WHERE id > $1 AND id <= $2 AND kind IN ($3, $4) LIMIT $5) t",
            params![after, upto, kinds.0, kinds.1, most],
        )
        .await?;
    Ok(row.map_or(0, |row| row.0))
}

/// The messages of the events of the two kinds in the range `after` < id ≤ `upto`, oldest event first.
pub async fn logged_texts<T: Tx>(
    tx: &mut T,
    after: i64,
    upto: i64,
    kinds: (i64, i64),
    limit: i64,
) -> Result<Vec<LoggedText>> {
    tx.many(
        "SELECT e.id, m.id, m.conversation_id, m.content_type, m.content, m.created_at \
         FROM events e JOIN messages m ON m.id = e.subject_id \
         WHERE e.id > $1 AND e.id <= $2 AND e.kind IN ($3, $4) ORDER BY e.id LIMIT $5",
        params![after, upto, kinds.0, kinds.1, limit],
    )
    .await
}

/// Message and conversation of the newest events of the two kinds after `after`, newest first.
pub async fn logged_ids<T: Tx>(
    tx: &mut T,
    after: i64,
    kinds: (i64, i64),
    limit: i64,
) -> Result<Vec<(i64, i64)>> {
    tx.many(
        "SELECT subject_id, conversation_id FROM events WHERE id > $1 AND kind IN ($2, $3) \
         ORDER BY id DESC LIMIT $4",
        params![after, kinds.0, kinds.1, limit],
    )
    .await
}

/// These messages as far as they still have a text.
pub async fn candidates<T: Tx>(tx: &mut T, ids: &[i64]) -> Result<Vec<Candidate>> {
    let sql = format!(
        "SELECT {} FROM messages WHERE {} AND recalled_at IS NULL AND deleted_at IS NULL",
        Candidate::COLUMNS,
        in_json_list("id", 1)
    );
    tx.many(&sql, params![&json_list(ids.iter().copied())]).await
}

/// The conversations of a person (of this kind, if one is named) that still exist, each with the seq up to which its history is out of sight.
pub async fn visible<T: Tx>(
    tx: &mut T,
    tenant_id: i64,
    user_id: i64,
    kind: Option<i64>,
) -> Result<Vec<(i64, i64)>> {
    tx.many(
        "SELECT m.conversation_id, MAX(m.joined_seq, m.cleared_seq) FROM conversations c \
         JOIN members m ON m.conversation_id = c.id \
         WHERE c.tenant_id = $1 AND c.dissolved_at IS NULL AND m.user_id = $2 AND m.state = 1 AND c.kind = COALESCE($3, c.kind)",
        params![tenant_id, user_id, kind],
    )
    .await
}
