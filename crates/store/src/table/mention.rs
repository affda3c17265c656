//! Mentions: one row per person named; everybody at once is one row.

use crate::error::Result;
use crate::fragment::{in_json_list, json_list};
use crate::table::message::Message;
use crate::tx::Tx;
use crate::{params, row};

/// The `user_id` of a mention of everybody.
pub const EVERYBODY: i64 = 0;

/// Notes that `message` mentions `user_id`.
pub async fn insert<T: Tx>(tx: &mut T, message: &Message, user_id: i64) -> Result<()> {
    tx.exec(
        "INSERT INTO mentions (message_id, conversation_id, user_id, mentioned_by, created_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        params![
            message.id,
            message.conversation_id,
            user_id,
            message.sender_id.unwrap_or(0),
            message.created_at
        ],
    )
    .await?;
    Ok(())
}

row! {
    /// A mention with what is shown of its message and its author.
    pub struct MentionShown {
        /// Number id, from 1.
        pub id: i64,
        /// The message that mentions.
        pub message_id: i64,
        /// Where that was sent.
        pub conversation_id: i64,
        /// Who is mentioned; [`EVERYBODY`] for all.
        pub user_id: i64,
        /// Who mentions.
        pub mentioned_by: i64,
        /// When.
        pub created_at: i64,
        /// Type of the message.
        pub content_type: String,
        /// Its content.
        pub content: String,
        /// The author's text id.
        pub uid: Option<String>,
        /// The author's name.
        pub name: Option<String>,
        /// The author's nickname.
        pub nickname: Option<String>,
        /// The author's picture.
        pub avatar: Option<String>,
    }
}

/// What has to hold of a mention `x`, its message `m`, conversation `c` and the reader's membership `b`.
const UNREAD: &str = "b.state = 1 AND c.dissolved_at IS NULL AND m.deleted_at IS NULL AND m.recalled_at IS NULL \
    AND m.seq > b.joined_seq AND m.seq > b.cleared_seq AND NOT EXISTS (SELECT 1 FROM mention_reads r \
    WHERE r.user_id = b.user_id AND r.mention_id = x.id)";

/// The ids of the mentions that the person `$1` has not read: first by name, then of everybody by somebody else,
/// unless the same message also names the person.
fn unread_ids() -> String {
    format!(
        "SELECT x.id FROM mentions x JOIN messages m ON m.id = x.message_id \
         JOIN conversations c ON c.id = x.conversation_id \
         JOIN members b ON b.conversation_id = x.conversation_id AND b.user_id = x.user_id \
         WHERE x.user_id = $1 AND {UNREAD} \
         UNION ALL SELECT x.id FROM members b JOIN conversations c ON c.id = b.conversation_id \
         JOIN mentions x ON x.conversation_id = b.conversation_id AND x.user_id = {EVERYBODY} \
         JOIN messages m ON m.id = x.message_id WHERE b.user_id = $1 AND x.mentioned_by <> $1 AND {UNREAD} \
         AND NOT EXISTS (SELECT 1 FROM mentions named WHERE named.message_id = x.message_id AND named.user_id = $1)"
    )
}

/// The newest `limit` mentions that a person has not read, newest first.
pub async fn unread<T: Tx>(tx: &mut T, user_id: i64, limit: i64) -> Result<Vec<MentionShown>> {
    let sql = format!(
        "SELECT x.id, x.message_id, x.conversation_id, x.user_id, x.mentioned_by, x.created_at, m.content_type, \
         m.content, u.uid, u.name, u.nickname, u.avatar FROM ({}) AS found JOIN mentions x ON x.id = found.id \
         JOIN messages m ON m.id = x.message_id LEFT JOIN users u ON u.id = x.mentioned_by \
         ORDER BY x.id DESC LIMIT $2",
        unread_ids()
    );
    tx.many(&sql, params![user_id, limit]).await
}

/// How many mentions a person has not read; counts to `most`.
pub async fn count_unread<T: Tx>(tx: &mut T, user_id: i64, most: i64) -> Result<i64> {
    let sql = format!(
        "SELECT COUNT(*) FROM (SELECT id FROM ({}) AS found LIMIT $2) AS counted",
        unread_ids()
    );
    let row = tx.one::<(i64,)>(&sql, params![user_id, most]).await?;
    Ok(row.map_or(0, |row| row.0))
}

/// What a list of ids names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Messages.
    Messages,
    /// The mentions themselves.
    Mentions,
}

/// Notes mentions of a person, by name or as one of everybody, as read. Others are passed over.
pub async fn mark_read<T: Tx>(tx: &mut T, user_id: i64, ids: &[i64], named: Named, at: i64) -> Result<()> {
    let column = match named {
        Named::Messages => "x.message_id",
        Named::Mentions => "x.id",
    };
    let sql = format!(
        "INSERT INTO mention_reads (user_id, mention_id, read_at) SELECT $1, x.id, $2 FROM mentions x \
         WHERE {} AND (x.user_id = $1 OR (x.user_id = {EVERYBODY} AND EXISTS (SELECT 1 FROM members b \
         WHERE b.conversation_id = x.conversation_id AND b.user_id = $1 AND b.state = 1))) \
         ON CONFLICT DO NOTHING",
        in_json_list(column, 3)
    );
    tx.exec(&sql, params![user_id, at, &json_list(ids.iter().copied())])
        .await?;
    Ok(())
}
