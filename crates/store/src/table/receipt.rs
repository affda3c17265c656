//! Who has read what: derived from the members' cursors and the messages read singly. Nothing is written here.

use crate::error::Result;
use crate::fragment::{in_json_list, json_list};
use crate::table::message::Message;
use crate::tx::Tx;
use crate::{params, row};

row! {
    /// Members who joined at one time and have read equally far.
    pub struct Cursors {
        /// When they joined.
        pub joined_at: i64,
        /// How far they have read.
        pub read_seq: i64,
        /// How many they are.
        pub members: i64,
    }
}

row! {
    /// A member, and when that one read the message asked about.
    pub struct Reader {
        /// The person.
        pub user_id: i64,
        /// Text id.
        pub uid: String,
        /// Name.
        pub name: String,
        /// Nickname.
        pub nickname: String,
        /// Picture.
        pub avatar: String,
        /// When the message was read singly, else when the cursor moved last.
        pub read_at: Option<i64>,
    }
}

/// Which members to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those who have read the message.
    Read,
    /// Those who have not.
    Unread,
}

/// Where the cursors of the people in a conversation stand, in one pass.
pub async fn cursors<T: Tx>(tx: &mut T, conversation_id: i64) -> Result<Vec<Cursors>> {
    tx.many(
        "SELECT joined_at, read_seq, COUNT(*) FROM members WHERE conversation_id = $1 AND state = 1 \
         GROUP BY joined_at, read_seq",
        params![conversation_id],
    )
    .await
}

/// How many people have read each of these messages singly, beyond their cursor: pairs of seq and count.
pub async fn single_counts<T: Tx>(tx: &mut T, conversation_id: i64, seqs: &[i64]) -> Result<Vec<(i64, i64)>> {
    let sql = format!(
        "SELECT r.seq, COUNT(*) FROM single_reads r JOIN members b ON b.conversation_id = r.conversation_id \
         AND b.user_id = r.user_id WHERE r.conversation_id = $1 AND {} AND b.state = 1 AND b.read_seq < r.seq \
         GROUP BY r.seq",
        in_json_list("r.seq", 2)
    );
    tx.many(&sql, params![conversation_id, &json_list(seqs.iter().copied())])
        .await
}

/// Members beside the sender who were there when `message` was sent, by id: the text id, and 1 for those who have read
/// it.
pub async fn readings<T: Tx>(tx: &mut T, message: &Message) -> Result<Vec<(String, i64)>> {
    tx.many(
        "SELECT u.uid, CASE WHEN b.read_seq >= $1 THEN 1 ELSE EXISTS (SELECT 1 FROM single_reads r \
         WHERE r.conversation_id = b.conversation_id AND r.user_id = b.user_id AND r.seq = $1) END \
         FROM members b JOIN users u ON u.id = b.user_id WHERE b.conversation_id = $2 AND b.state = 1 AND b.joined_at <= $3 AND b.user_id IS DISTINCT FROM $4 \
         ORDER BY b.user_id",
        params![
            message.seq,
            message.conversation_id,
            message.created_at,
            message.sender_id
        ],
    )
    .await
}

/// Members beside the sender who were there when `message` was sent and have, or have not, read it; by id, after
/// `after_user`.
pub async fn readers<T: Tx>(
    tx: &mut T,
    message: &Message,
    which: Which,
    after_user: i64,
    limit: i64,
) -> Result<Vec<Reader>> {
    let condition = match which {
        Which::Read => "(b.read_seq >= $1 OR r.seq IS NOT NULL)",
        Which::Unread => "b.read_seq < $1 AND r.seq IS NULL",
    };
    let sql = format!(
        "SELECT b.user_id, u.uid, u.name, u.nickname, u.avatar, COALESCE(r.read_at, b.read_at) FROM members b \
         JOIN users u ON u.id = b.user_id LEFT JOIN single_reads r ON r.conversation_id = b.conversation_id \
         AND r.user_id = b.user_id AND r.seq = $1 WHERE b.conversation_id = $2 AND b.user_id > $3 AND b.state = 1 \
         AND b.joined_at <= $4 AND b.user_id IS DISTINCT FROM $5 AND {condition} ORDER BY b.user_id LIMIT $6"
    );
    tx.many(
        &sql,
        params![
            message.seq,
            message.conversation_id,
            after_user,
            message.created_at,
            message.sender_id,
            limit
        ],
    )
    .await
}
