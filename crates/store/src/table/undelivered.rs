//! Messages to a person that one of the person's devices was not given yet.

use std::sync::LazyLock;

use crate::error::Result;
use crate::fragment::{json_pairs, pairs_of};
use crate::params;
use crate::tx::Tx;

/// Messages looked at first for one question.
const FIRST_CANDIDATES: i64 = 1_024;
/// Messages looked at in one step at most.
const CANDIDATES_MAX: i64 = 262_144;

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

/// What makes a message one that is due to a person.
const DUE: &str = "m.sender_id IS DISTINCT FROM $2 AND m.recalled_at IS NULL AND m.deleted_at IS NULL";

/// The person's conversations that have something after a message, with the seq after which their messages count. Those
/// without anything new are passed over by one look at their newest message.
const MINE: &str = "mine AS (SELECT c.id, MAX(b.joined_seq, b.cleared_seq, b.entered_seq, c.last_seq - $1) AS floor \
     FROM members b JOIN conversations c ON c.id = b.conversation_id \
     WHERE b.user_id = $2 AND b.state = 1 AND c.kind IN (1, 2) AND c.dissolved_at IS NULL \
     AND (SELECT x.id FROM messages x WHERE x.conversation_id = c.id AND x.seq = c.last_seq) > $3)";

/// Candidates are taken from the index of seqs alone; only those are looked at.
static OLDEST: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH {MINE}, near AS MATERIALIZED (SELECT m.id FROM mine g JOIN messages m ON m.conversation_id = g.id \
         AND m.seq > g.floor WHERE m.id > $3 ORDER BY m.id LIMIT $4) \
         SELECT m.id, {DUE} FROM near n JOIN messages m ON m.id = n.id ORDER BY m.id"
    )
});

static COUNT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH {MINE}, held(after_id, until_id) AS MATERIALIZED ({}) SELECT COUNT(*) FROM (SELECT m.id FROM mine g \
         JOIN messages m ON m.conversation_id = g.id AND m.seq > g.floor WHERE m.id > $3 AND {DUE} \
         AND NOT EXISTS (SELECT 1 FROM held h WHERE m.id > h.after_id AND m.id <= h.until_id) LIMIT $5)",
        pairs_of(4)
    )
});

/// The ids of the oldest `limit` messages of others, over all conversations that the person is in now, that are in
/// sight, were sent since the person came and were not recalled; oldest first.
pub async fn oldest<T: Tx>(tx: &mut T, device: Device<'_>, limit: usize) -> Result<Vec<i64>> {
    let Device {
        user_id,
        mut after,
        windows,
        depth,
    } = device;
    let mut found = Vec::new();
    let mut batch = FIRST_CANDIDATES;
    loop {
        let candidates: Vec<(i64, bool)> = tx.many(&OLDEST, params![depth, user_id, after, batch]).await?;
        let is_held = |id: i64| windows.iter().any(|(start, end)| id > *start && id <= *end);
        let due = candidates.iter().filter(|(id, due)| *due && !is_held(*id));
        found.extend(due.map(|(id, _)| *id).take(limit - found.len()));
        let Some((last, _)) = candidates.last() else {
            return Ok(found);
        };
        if found.len() >= limit || candidates.len() < usize::try_from(batch).unwrap_or(usize::MAX) {
            return Ok(found);
        }
        after = *last;
        // Whoever has written most of it is found out in a few steps.
        batch = batch.saturating_mul(4).min(CANDIDATES_MAX);
    }
}

/// How many those are, counted to `most`.
pub async fn count<T: Tx>(tx: &mut T, device: Device<'_>, most: i64) -> Result<i64> {
    let Device {
        user_id,
        after,
        windows,
        depth,
    } = device;
    let windows = json_pairs(windows);
    let row = tx
        .one::<(i64,)>(&COUNT, params![depth, user_id, after, &windows, most])
        .await?;
    Ok(row.map_or(0, |row| row.0))
}
