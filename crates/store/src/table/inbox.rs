//! What one person gets from other people and from apps, groups aside: the statements behind lists and pages that go
//! over many conversations. Pages are found as ids first, so that no content is read that is not shown.

use crate::error::Result;
use crate::fragment::{in_json_list, json_list};
use crate::table::overview::UNREAD;
use crate::tx::Tx;
use crate::{params, row};

row! {
    /// A direct conversation in which something can be seen, with the other person.
    pub struct Direct {
        /// The conversation.
        pub conversation_id: i64,
        /// Its newest message.
        pub last_message_id: i64,
        /// Messages not read yet.
        pub unread: i64,
        /// The other person.
        pub peer_id: i64,
        /// Text id of the other person.
        pub uid: String,
        /// Mobile number of the other person.
        pub mobile: Option<String>,
        /// Name of the other person.
        pub name: String,
        /// Nickname of the other person.
        pub nickname: String,
    }
}

/// The direct conversations of a person that are not hidden and in which the person can see something, the one with
/// the newest message first.
pub async fn directs<T: Tx>(tx: &mut T, user_id: i64, limit: i64) -> Result<Vec<Direct>> {
    let sql = format!(
        "SELECT c.id, c.last_message_id, {UNREAD}, p.id, p.uid, p.mobile, p.name, p.nickname \
         FROM members m JOIN conversations c ON c.id = m.conversation_id \
         JOIN messages l ON l.id = c.last_message_id AND l.seq > MAX(m.joined_seq, m.cleared_seq) \
         JOIN users p ON p.id = c.user_low + c.user_high - m.user_id \
         WHERE m.user_id = $1 AND m.state = 1 AND c.kind = 1 AND m.hidden_seq < c.last_seq \
         ORDER BY c.last_message_id DESC LIMIT $2"
    );
    tx.many(&sql, params![user_id, limit]).await
}

/// Unread messages of a person over all direct conversations.
pub async fn unread_in_directs<T: Tx>(tx: &mut T, user_id: i64) -> Result<i64> {
    let sql = format!(
        "SELECT COALESCE(SUM({UNREAD}), 0) FROM members m JOIN conversations c ON c.id = m.conversation_id \
         WHERE m.user_id = $1 AND m.state = 1 AND c.kind = 1"
    );
    Ok(tx
        .one::<(i64,)>(&sql, params![user_id])
        .await?
        .map_or(0, |row| row.0))
}

/// Unread messages of a person in one conversation.
pub async fn unread_in<T: Tx>(tx: &mut T, user_id: i64, conversation_id: i64) -> Result<i64> {
    let sql = format!(
        "SELECT {UNREAD} FROM members m JOIN conversations c ON c.id = m.conversation_id \
         WHERE m.user_id = $1 AND m.conversation_id = $2 AND m.state = 1"
    );
    Ok(tx
        .one::<(i64,)>(&sql, params![user_id, conversation_id])
        .await?
        .map_or(0, |row| row.0))
}

/// The direct conversations with numbers behind `after` in which something is unread for a person, by number.
pub async fn unread_directs<T: Tx>(tx: &mut T, user_id: i64, after: i64, limit: i64) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT c.id FROM members m JOIN conversations c ON c.id = m.conversation_id \
         WHERE m.user_id = $1 AND m.state = 1 AND c.kind = 1 AND c.id > $2 AND {UNREAD} > 0 ORDER BY c.id LIMIT $3"
    );
    let rows: Vec<(i64,)> = tx.many(&sql, params![user_id, after, limit]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

row! {
    /// One of the places from which messages come to a person.
    pub struct Source {
        /// The conversation or channel.
        pub conversation_id: i64,
        /// No message of it has a larger id.
        pub last_message_id: i64,
        /// Its newest seq.
        pub last_seq: i64,
        /// Seqs up to this are out of the person's sight.
        pub floor: i64,
        /// The person has read up to this seq.
        pub read_seq: i64,
    }
}

/// The direct conversations of a person as sources, the one with the newest message first.
pub async fn direct_sources<T: Tx>(tx: &mut T, user_id: i64, limit: i64) -> Result<Vec<Source>> {
    tx.many(
        "SELECT c.id, c.last_message_id, c.last_seq, MAX(m.joined_seq, m.cleared_seq), m.read_seq \
         FROM members m JOIN conversations c ON c.id = m.conversation_id \
         WHERE m.user_id = $1 AND m.state = 1 AND c.kind = 1 AND c.last_message_id IS NOT NULL \
         ORDER BY c.last_message_id DESC LIMIT $2",
        params![user_id, limit],
    )
    .await
}

/// A piece of what came to somebody through one source.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// The source.
    pub conversation_id: i64,
    /// Only behind this seq.
    pub after: i64,
    /// Only before this seq.
    pub before: i64,
    /// Whose own messages are left out; 0: nobody's.
    pub except: i64,
    /// How many at most.
    pub limit: i64,
}

/// The newest messages of a piece that were not deleted, newest first: pairs of id and seq.
pub async fn received<T: Tx>(tx: &mut T, piece: &Piece) -> Result<Vec<(i64, i64)>> {
    tx.many(
        "SELECT id, seq FROM messages WHERE conversation_id = $1 AND seq > $2 AND seq < $3 \
         AND sender_id IS DISTINCT FROM $4 AND deleted_at IS NULL ORDER BY seq DESC LIMIT $5",
        params![
            piece.conversation_id,
            piece.after,
            piece.before,
            piece.except,
            piece.limit
        ],
    )
    .await
}

/// Those of them that `reader` has not read singly and that count as unread at all.
pub async fn received_unread<T: Tx>(tx: &mut T, piece: &Piece, reader: i64) -> Result<Vec<(i64, i64)>> {
    tx.many(
        "SELECT m.id, m.seq FROM messages m WHERE m.conversation_id = $1 AND m.seq > $2 AND m.seq < $3 \
         AND m.sender_id IS DISTINCT FROM $4 AND m.uncounted = 0 AND NOT EXISTS (SELECT 1 FROM single_reads r \
         WHERE r.conversation_id = m.conversation_id AND r.user_id = $5 AND r.seq = m.seq) \
         ORDER BY m.seq DESC LIMIT $6",
        params![
            piece.conversation_id,
            piece.after,
            piece.before,
            piece.except,
            reader,
            piece.limit
        ],
    )
    .await
}

/// The ids of a page of a conversation's history: after the newest `skip` of what is behind `floor`, the next `limit`,
/// newest first. Deleted messages are not there and not counted. Seqs have no gaps, so what is skipped is not read,
/// but for the deleted messages in it.
pub async fn page<T: Tx>(
    tx: &mut T,
    conversation_id: i64,
    floor: i64,
    last_seq: i64,
    skip: i64,
    limit: i64,
) -> Result<Vec<i64>> {
    let before = last_seq.saturating_sub(skip).saturating_add(1).max(floor + 1);
    let deleted = if before > last_seq {
        0
    } else {
        let sql = "SELECT COUNT(*) FROM messages WHERE conversation_id = $1 AND seq >= $2 AND uncounted = 1 \
                   AND deleted_at IS NOT NULL";
        tx.one::<(i64,)>(sql, params![conversation_id, before])
            .await?
            .map_or(0, |row| row.0)
    };
    let rows: Vec<(i64,)> = tx
        .many(
            "SELECT id FROM messages WHERE conversation_id = $1 AND seq > $2 AND seq < $3 AND deleted_at IS NULL \
             ORDER BY seq DESC LIMIT $4 OFFSET $5",
            params![conversation_id, floor, before, limit, deleted],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

row! {
    /// Where messages stand and who speaks there.
    pub struct PlaceRow {
        /// The conversation or channel.
        pub conversation_id: i64,
        /// Direct or channel.
        pub kind: i64,
        /// The tenant it belongs to.
        pub tenant_id: i64,
        /// Direct: the smaller of the two user ids. Channel: whom it is for, 0 for everybody.
        pub user_low: i64,
        /// Direct: the larger of the two user ids.
        pub user_high: Option<i64>,
        /// Channel: the app that speaks; 0 for none.
        pub app_id: Option<i64>,
        /// What that app calls itself.
        pub app_code: Option<String>,
        /// Its name.
        pub app_name: Option<String>,
    }
}

/// The direct conversations and channels with these numbers, in no particular order.
pub async fn places<T: Tx>(tx: &mut T, conversation_ids: &[i64]) -> Result<Vec<PlaceRow>> {
    let sql = format!(
        "SELECT c.id, c.kind, c.tenant_id, c.user_low, c.user_high, c.app_id, a.code, a.name FROM conversations c \
         LEFT JOIN apps a ON a.id = c.app_id WHERE c.kind IN (1, 3) AND {}",
        in_json_list("c.id", 1)
    );
    tx.many(&sql, params![&json_list(conversation_ids.iter().copied())])
        .await
}

row! {
    /// Whether a message was read by the one it is for, and when.
    pub struct Receipt {
        /// The message.
        pub message_id: i64,
        /// Whether it was read.
        pub read: bool,
        /// When, if it was.
        pub read_at: Option<i64>,
    }
}

/// What is known of the reading of these messages of direct conversations and channels. Read by whom: in a direct
/// conversation by the one who did not send it, in a channel by `user_id`.
pub async fn receipts<T: Tx>(tx: &mut T, user_id: i64, message_ids: &[i64]) -> Result<Vec<Receipt>> {
    let sql = format!(
        "WITH page AS (SELECT m.id, m.seq, m.conversation_id, c.kind, CASE WHEN c.kind = 1 AND m.sender_id = $1 \
         THEN c.user_low + c.user_high - $1 ELSE $1 END AS reader \
         FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE {}), \
         known AS (SELECT p.id, p.seq, s.read_at AS single_at, b.read_at AS last_at, \
         CASE p.kind WHEN 1 THEN b.read_seq ELSE (SELECT k.read_seq FROM channel_cursors k \
         WHERE k.conversation_id = p.conversation_id AND k.user_id = p.reader) END AS read_seq, \
         (SELECT q.read_at FROM read_marks q WHERE q.conversation_id = p.conversation_id AND q.user_id = p.reader \
         AND q.read_seq >= p.seq ORDER BY q.read_seq LIMIT 1) AS mark_at \
         FROM page p LEFT JOIN members b ON b.conversation_id = p.conversation_id AND b.user_id = p.reader \
         LEFT JOIN single_reads s ON s.conversation_id = p.conversation_id AND s.user_id = p.reader AND s.seq = p.seq) \
         SELECT id, single_at IS NOT NULL OR COALESCE(read_seq, 0) >= seq, \
         COALESCE(single_at, CASE WHEN COALESCE(read_seq, 0) >= seq THEN COALESCE(mark_at, last_at) END) FROM known",
        in_json_list("m.id", 2)
    );
    tx.many(&sql, params![user_id, &json_list(message_ids.iter().copied())])
        .await
}
