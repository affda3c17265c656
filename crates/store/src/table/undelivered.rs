//! Messages to a person that one of the person's devices was not given yet.

use std::sync::LazyLock;

use crate::error::Result;
use crate::fragment::{json_pairs, pairs_of};
use crate::params;
use crate::tx::Tx;

/// Whose messages, and which of them the device has.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// The person.
    pub user_id: i64,
    /// The device has everything up to this message.
    pub after: i64,
    /// What it has beyond: pairs of the message before the first and the last one.
    pub windows: &'a [(i64, i64)],
    /// Only this many of the newest messages of each conversation.
    pub depth: i64,
}

/// Conversations without anything new are passed over by one look at their newest message.
static DUE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH held(after_id, until_id) AS MATERIALIZED ({}), \
         mine AS (SELECT c.id, MAX(b.joined_seq, b.cleared_seq, b.entered_seq, c.last_seq - $2) AS floor \
         FROM members b JOIN conversations c ON c.id = b.conversation_id \
         WHERE b.user_id = $3 AND b.state = 1 AND c.kind IN (1, 2) AND c.dissolved_at IS NULL \
         AND (SELECT x.id FROM messages x WHERE x.conversation_id = c.id AND x.seq = c.last_seq) > $4) \
         SELECT m.id FROM mine g JOIN messages m ON m.conversation_id = g.id AND m.seq > g.floor \
         WHERE m.id > $4 AND m.sender_id IS DISTINCT FROM $3 AND m.recalled_at IS NULL AND m.deleted_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM held h WHERE m.id > h.after_id AND m.id <= h.until_id)",
        pairs_of(1)
    )
});

/// The ids of the oldest `limit` messages of others, over all conversations that the person is in now, that are in
/// sight, were sent since the person came and were not recalled; oldest first.
pub async fn oldest<T: Tx>(tx: &mut T, device: Device<'_>, limit: i64) -> Result<Vec<i64>> {
    let sql = format!("{} ORDER BY m.id LIMIT $5", *DUE);
    let Device {
        user_id,
        after,
        windows,
        depth,
    } = device;
    let rows: Vec<(i64,)> = tx
        .many(&sql, params![&json_pairs(windows), depth, user_id, after, limit])
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// How many those are, counted to `most`.
pub async fn count<T: Tx>(tx: &mut T, device: Device<'_>, most: i64) -> Result<i64> {
    let (before, statement) = DUE.split_at(DUE.find("SELECT m.id").unwrap_or(0));
    let sql = format!("{before}SELECT COUNT(*) FROM ({statement} LIMIT $5)");
    let Device {
        user_id,
        after,
        windows,
        depth,
    } = device;
    let row = tx
        .one::<(i64,)>(&sql, params![&json_pairs(windows), depth, user_id, after, most])
        .await?;
    Ok(row.map_or(0, |row| row.0))
}
