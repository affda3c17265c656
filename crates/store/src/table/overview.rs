//! A person's conversations as lists show them: conversation, own membership, newest message and unread count, in
//! one statement.

use std::sync::LazyLock;

use crate::error::Result;
use crate::params;
use crate::table::conversation::Conversation;
use crate::table::member::Member;
use crate::table::message::{Card, Message, WithSender};
use crate::tx::{FromRow, RowView, Tail, Tx, qualified};

/// One line of a list of conversations.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The conversation.
    pub conversation: Conversation,
    /// The person's own place in it.
    pub member: Member,
    /// Messages not read yet.
    pub unread: i64,
    /// Whether one of those mentions the person.
    pub mentioned: bool,
    /// Direct: the other person.
    pub peer: Option<Card>,
    /// The newest message that is in sight.
    pub last_message: Option<WithSender>,
}

impl FromRow for Overview {
    fn from_row(row: &dyn RowView) -> Result<Self> {
        let conversation = Conversation::from_row(row)?;
        let mut start = Conversation::WIDTH;
        let member = Member::from_row(&Tail { row, start })?;
        start += Member::WIDTH;
        let unread = row.int(start)?.unwrap_or(0);
        let mentioned = row.int(start + 1)?.unwrap_or(0) != 0;
        start += 2;
        let peer = Tail { row, start };
        let peer = if peer.int(0)?.is_some() {
            Some(Card::from_row(&peer)?)
        } else {
            None
        };
        start += Card::WIDTH;
        let last = Tail { row, start };
        let last_message = if last.int(0)?.is_some() {
            Some(WithSender::from_row(&last)?)
        } else {
            None
        };
        Ok(Self {
            conversation,
            member,
            unread,
            mentioned,
            peer,
            last_message,
        })
    }
}

/// Unread of member `m` in conversation `c`: what came after the cursor, less the own messages, less what others
/// sent that does not count, less what was read singly. No step of it grows with the number of messages.
pub(crate) const UNREAD: &str = "MAX(0, c.last_seq - m.read_seq - m.own_after_read \
    - (SELECT COUNT(*) FROM messages x WHERE x.conversation_id = c.id AND x.seq > m.read_seq AND x.uncounted = 1 \
       AND x.sender_id IS DISTINCT FROM m.user_id) \
    - (SELECT COUNT(*) FROM single_reads r WHERE r.conversation_id = c.id AND r.user_id = m.user_id \
       AND r.seq > m.read_seq AND NOT EXISTS (SELECT 1 FROM messages y WHERE y.conversation_id = c.id \
       AND y.seq = r.seq AND y.uncounted = 1)))";

/// Whether a message after the cursor mentions member `m`, by name or with everybody.
const MENTIONED: &str = "EXISTS (SELECT 1 FROM mentions n WHERE n.conversation_id = c.id \
    AND n.user_id IN (m.user_id, 0) AND n.mentioned_by <> m.user_id \
    AND n.message_id > COALESCE((SELECT id FROM messages z WHERE z.conversation_id = c.id AND z.seq = m.read_seq), 0) \
    AND NOT EXISTS (SELECT 1 FROM mention_reads q WHERE q.user_id = m.user_id AND q.mention_id = n.id))";

static SELECT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {}, {}, {UNREAD}, {MENTIONED}, {}, {}, {} \
         FROM members m JOIN conversations c ON c.id = m.conversation_id \
         LEFT JOIN users p ON p.id = CASE c.kind WHEN 1 THEN c.user_low + c.user_high - m.user_id END \
         LEFT JOIN messages l ON l.id = c.last_message_id AND l.seq > MAX(m.joined_seq, m.cleared_seq) \
         LEFT JOIN users u ON u.id = l.sender_id \
         WHERE m.user_id = $1 AND m.state = 1 AND c.dissolved_at IS NULL",
        qualified("c", Conversation::COLUMNS),
        qualified("m", Member::COLUMNS),
        qualified("p", Card::COLUMNS),
        qualified("l", Message::COLUMNS),
        qualified("u", Card::COLUMNS)
    )
});

/// The conversations of a person that are not hidden, most recently used first.
pub async fn list<T: Tx>(tx: &mut T, user_id: i64, limit: i64) -> Result<Vec<Overview>> {
    let sql = format!(
        "{} AND m.hidden_seq < c.last_seq ORDER BY c.updated_at DESC, c.id DESC LIMIT $2",
        *SELECT
    );
    tx.many(&sql, params![user_id, limit]).await
}

/// Part of the same list, pinned ones first, without the first `skip`; of one folder only if it is named.
pub async fn page<T: Tx>(
    tx: &mut T,
    user_id: i64,
    folder: Option<&str>,
    skip: i64,
    limit: i64,
) -> Result<Vec<Overview>> {
    let sql = format!(
        "{} AND m.hidden_seq < c.last_seq AND ($2 IS NULL OR m.folder = $2) \
         ORDER BY m.pinned DESC, c.updated_at DESC, c.id DESC LIMIT $3 OFFSET $4",
        *SELECT
    );
    tx.many(&sql, params![user_id, folder, limit, skip]).await
}

/// How many [`page`] would give in all.
pub async fn count_page<T: Tx>(tx: &mut T, user_id: i64, folder: Option<&str>) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM members m JOIN conversations c ON c.id = m.conversation_id \
               WHERE m.user_id = $1 AND m.state = 1 AND c.dissolved_at IS NULL AND m.hidden_seq < c.last_seq \
               AND ($2 IS NULL OR m.folder = $2)";
    let row = tx.one::<(i64,)>(sql, params![user_id, folder]).await?;
    Ok(row.map_or(0, |row| row.0))
}

/// The folders of a person's list and how many conversations are in each, by name.
pub async fn folder_sizes<T: Tx>(tx: &mut T, user_id: i64, limit: i64) -> Result<Vec<(String, i64)>> {
    let sql = "SELECT m.folder, COUNT(*) FROM members m JOIN conversations c ON c.id = m.conversation_id \
               WHERE m.user_id = $1 AND m.folder <> '' AND m.state = 1 AND c.dissolved_at IS NULL \
               AND m.hidden_seq < c.last_seq GROUP BY m.folder ORDER BY m.folder LIMIT $2";
    tx.many(sql, params![user_id, limit]).await
}

/// One conversation of a person, also a hidden one.
pub async fn one<T: Tx>(tx: &mut T, user_id: i64, conversation_id: i64) -> Result<Option<Overview>> {
    tx.one(
        &format!("{} AND m.conversation_id = $2", *SELECT),
        params![user_id, conversation_id],
    )
    .await
}

/// Unread messages of a person over all conversations.
pub async fn unread_total<T: Tx>(tx: &mut T, user_id: i64) -> Result<i64> {
    let sql = format!(
        "SELECT COALESCE(SUM({UNREAD}), 0) FROM members m JOIN conversations c ON c.id = m.conversation_id \
         WHERE m.user_id = $1 AND m.state = 1 AND c.dissolved_at IS NULL"
    );
    Ok(tx
        .one::<(i64,)>(&sql, params![user_id])
        .await?
        .map_or(0, |row| row.0))
}
