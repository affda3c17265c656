//! What was sent to a person's groups after a given message: for readers that were away and take up the stream again.

use std::sync::LazyLock;

use crate::error::Result;
use crate::params;
use crate::table::message::{Card, Message, WithSender};
use crate::tx::{FromRow, RowView, Tail, Tx, qualified};

/// A message of a group with what names the group.
#[derive(Clone, Debug)]
pub struct GroupMessage {
    /// The message and its sender.
    pub row: WithSender,
    /// The group's UUID.
    pub uuid: String,
    /// The text id that its creator gave it.
    pub key: Option<String>,
    /// The number its creator gave it.
    pub category: i64,
}

impl FromRow for GroupMessage {
    fn from_row(row: &dyn RowView) -> Result<Self> {
        let start = Message::WIDTH + Card::WIDTH;
        let names = Tail { row, start };
        Ok(Self {
            row: WithSender::from_row(row)?,
            uuid: names.text(0)?.unwrap_or_default().to_owned(),
            key: names.text(1)?.map(str::to_owned),
            category: names.int(2)?.unwrap_or(0),
        })
    }
}

/// Conversations without anything new are passed over by one look at their newest message; in the others, the index
/// of seqs bounds what is read.
static NEXT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH mine AS (SELECT c.id, c.uuid, c.group_key, c.category, \
         MAX(b.joined_seq, b.cleared_seq, b.entered_seq, c.last_seq - $1) AS floor \
         FROM members b JOIN conversations c ON c.id = b.conversation_id \
         WHERE b.user_id = $2 AND b.state = 1 AND c.kind = 2 AND c.dissolved_at IS NULL \
         AND (SELECT x.id FROM messages x WHERE x.conversation_id = c.id AND x.seq = c.last_seq) > $3) \
         SELECT {}, {}, g.uuid, g.group_key, g.category FROM mine g JOIN messages m ON m.conversation_id = g.id AND m.seq > g.floor \
         LEFT JOIN users u ON u.id = m.sender_id \
         WHERE m.id > $3 AND m.deleted_at IS NULL ORDER BY m.id LIMIT $4",
        qualified("m", Message::COLUMNS),
        qualified("u", Card::COLUMNS)
    )
});

/// The oldest `limit` messages after `after` in the groups that a person is in, oldest first: of each group only what
/// was sent since the person came, and of that only the newest `depth`. Deleted ones are left out.
pub async fn next<T: Tx>(
    tx: &mut T,
    user_id: i64,
    after: i64,
    depth: i64,
    limit: i64,
) -> Result<Vec<GroupMessage>> {
    tx.many(&NEXT, params![depth, user_id, after, limit]).await
}
