//! The event log: one row per change, numbered in the order of commit, which is also the outbox.

use crate::error::Result;
use crate::tx::Tx;
use crate::{params, row};

/// An event about to be written. What can be read from other tables is named by id, not copied.
#[derive(Clone, Debug, Default)]
pub struct NewEvent {
    /// What kind of change, in core's numbering.
    pub kind: i64,
    /// The conversation it happened in.
    pub conversation_id: Option<i64>,
    /// The user it is about or who did it, by kind.
    pub user_id: Option<i64>,
    /// The message or other thing it is about.
    pub subject_id: Option<i64>,
    /// JSON for what no table keeps.
    pub payload: Option<String>,
    /// When, in microseconds.
    pub created_at: i64,
}

row! {
    /// An event as it was written.
    pub struct Event {
        /// Position in the log.
        pub id: i64,
        /// What kind of change, in core's numbering.
        pub kind: i64,
        /// The conversation it happened in.
        pub conversation_id: Option<i64>,
        /// The user it is about.
        pub user_id: Option<i64>,
        /// The message or other thing it is about.
        pub subject_id: Option<i64>,
        /// JSON for what no table keeps.
        pub payload: Option<String>,
        /// When, in microseconds.
        pub created_at: i64,
    }
}

/// The position of the newest event; 0 in an empty log.
pub async fn last_position<T: Tx>(tx: &mut T) -> Result<i64> {
    Ok(tx
        .one::<(i64,)>("SELECT COALESCE(MAX(id), 0) FROM events", &[])
        .await?
        .map_or(0, |row| row.0))
}

/// Writes one event at `position`.
pub async fn append<T: Tx>(tx: &mut T, position: i64, event: &NewEvent) -> Result<()> {
    tx.exec(
        "INSERT INTO events (id, kind, conversation_id, user_id, subject_id, payload, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![
            position,
            event.kind,
            event.conversation_id,
            event.user_id,
            event.subject_id,
            event.payload.as_deref(),
            event.created_at
        ],
    )
    .await?;
    Ok(())
}

/// Up to `limit` events after `position`, oldest first.
pub async fn after<T: Tx>(tx: &mut T, position: i64, limit: i64) -> Result<Vec<Event>> {
    tx.many(
        &format!(
            "SELECT {} FROM events WHERE id > $1 ORDER BY id LIMIT $2",
            Event::COLUMNS
        ),
        params![position, limit],
    )
    .await
}
