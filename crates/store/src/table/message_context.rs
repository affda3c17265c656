//! What is told beside messages, for a whole page of them at a time: what their conversations are called, whom they
//! mention, and how far the two people of a direct conversation have come.

use crate::error::Result;
use crate::fragment::{in_json_list, json_list};
use crate::table::conversation::Called;
use crate::tx::{FromRow, RowView, Tail, Tx};
use crate::{params, row};

/// A conversation and what it is called.
#[derive(Clone, Debug)]
pub struct Place {
    /// Which.
    pub conversation_id: i64,
    /// What it is called.
    pub called: Called,
}

impl FromRow for Place {
    fn from_row(row: &dyn RowView) -> Result<Self> {
        Ok(Self {
            conversation_id: row.int(0)?.unwrap_or(0),
            called: Called::from_row(&Tail { row, start: 1 })?,
        })
    }
}

/// What these conversations are called.
pub async fn places<T: Tx>(tx: &mut T, conversation_ids: &[i64]) -> Result<Vec<Place>> {
    let sql = format!(
        "SELECT c.id, c.kind, c.user_low, l.uid, c.user_high, h.uid, COALESCE(c.group_key, c.uuid) \
         FROM conversations c LEFT JOIN users l ON l.id = c.user_low LEFT JOIN users h ON h.id = c.user_high \
         WHERE {}",
        in_json_list("c.id", 1)
    );
    tx.many(&sql, params![&json_list(conversation_ids.iter().copied())])
        .await
}

row! {
    /// Somebody whom a message mentions by name.
    pub struct Mentioned {
        /// The message.
        pub message_id: i64,
        /// That person's text id.
        pub uid: String,
    }
}

/// Whom these messages mention by name, in the order of the mentions.
pub async fn mentioned<T: Tx>(tx: &mut T, message_ids: &[i64]) -> Result<Vec<Mentioned>> {
    let sql = format!(
        "SELECT x.message_id, u.uid FROM mentions x JOIN users u ON u.id = x.user_id WHERE {} \
         ORDER BY x.message_id, x.id",
        in_json_list("x.message_id", 1)
    );
    tx.many(&sql, params![&json_list(message_ids.iter().copied())])
        .await
}

row! {
    /// How far somebody has come in a direct conversation.
    pub struct Progress {
        /// Where.
        pub conversation_id: i64,
        /// Who.
        pub user_id: i64,
        /// Read up to this seq.
        pub read_seq: i64,
        /// Delivered up to this seq.
        pub delivered_seq: i64,
    }
}

/// How far the people of these conversations have come, of those between two people.
pub async fn direct_progress<T: Tx>(tx: &mut T, conversation_ids: &[i64]) -> Result<Vec<Progress>> {
    let sql = format!(
        "SELECT b.conversation_id, b.user_id, b.read_seq, b.delivered_seq FROM conversations c \
         JOIN members b ON b.conversation_id = c.id WHERE c.kind = 1 AND {}",
        in_json_list("c.id", 1)
    );
    tx.many(&sql, params![&json_list(conversation_ids.iter().copied())])
        .await
}

/// Those of these messages of direct conversations that somebody other than the sender has read singly.
pub async fn read_singly<T: Tx>(tx: &mut T, message_ids: &[i64]) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT m.id FROM messages m JOIN conversations c ON c.id = m.conversation_id AND c.kind = 1 \
         JOIN single_reads r ON r.conversation_id = m.conversation_id AND r.seq = m.seq \
         AND r.user_id IS DISTINCT FROM m.sender_id WHERE {}",
        in_json_list("m.id", 1)
    );
    let ids = json_list(message_ids.iter().copied());
    let rows: Vec<(i64,)> = tx.many(&sql, params![&ids]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}
