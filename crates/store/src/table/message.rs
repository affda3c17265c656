//! Messages: one row each, however many people receive it.

use std::sync::LazyLock;

use crate::error::Result;
use crate::fragment::{in_json_list, json_list};
use crate::tx::{FromRow, RowView, Tail, Tx, qualified};
use crate::{params, row};

row! {
    /// A message. Seq numbers those of a conversation 1, 2, 3 … without gaps.
    pub struct Message {
        /// Time-ordered number id.
        pub id: i64,
        /// Where it was sent.
        pub conversation_id: i64,
        /// Its number in the conversation.
        pub seq: i64,
        /// Who sent it; none for the system.
        pub sender_id: Option<i64>,
        /// `TEXT`, `IMAGE`, …
        pub content_type: String,
        /// Opaque to the server for all but `TEXT`.
        pub content: String,
        /// The sender's own id for it, unique per sender.
        pub client_id: Option<String>,
        /// The message it answers, in the same conversation.
        pub reply_to: Option<i64>,
        /// The message it was forwarded from.
        pub forwarded_from: Option<i64>,
        /// What one dialect keeps with it: that dialect's name, a blank, JSON that the server never reads.
        pub extra: Option<String>,
        /// Keys of the files it carries, with blanks between.
        pub files: Option<String>,
        /// Whether everybody was mentioned.
        pub mention_all: bool,
        /// When last edited.
        pub edited_at: Option<i64>,
        /// When recalled; the content is gone then.
        pub recalled_at: Option<i64>,
        /// When deleted; the row only keeps its seq then.
        pub deleted_at: Option<i64>,
        /// Recalled, deleted or a notice: never unread.
        pub uncounted: bool,
        /// When sent.
        pub created_at: i64,
    }
}

/// Writes a new message.
pub async fn insert<T: Tx>(tx: &mut T, message: &Message) -> Result<()> {
    tx.exec(
        "INSERT INTO messages (id, conversation_id, seq, sender_id, content_type, content, client_id, reply_to, \
         forwarded_from, extra, files, mention_all, uncounted, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        params![
            message.id,
            message.conversation_id,
            message.seq,
            message.sender_id,
            &message.content_type,
            &message.content,
            message.client_id.as_deref(),
            message.reply_to,
            message.forwarded_from,
            message.extra.as_deref(),
            message.files.as_deref(),
            message.mention_all,
            message.uncounted,
            message.created_at
        ],
    )
    .await?;
    Ok(())
}

/// Writes what can change of a message back: content and states.
pub async fn update<T: Tx>(tx: &mut T, message: &Message) -> Result<()> {
    tx.exec(
        "UPDATE messages SET content = $1, extra = $2, files = $3, edited_at = $4, recalled_at = $5, \
         deleted_at = $6, uncounted = $7 WHERE id = $8",
        params![
            &message.content,
            message.extra.as_deref(),
            message.files.as_deref(),
            message.edited_at,
            message.recalled_at,
            message.deleted_at,
            message.uncounted,
            message.id
        ],
    )
    .await?;
    Ok(())
}

/// The message with this number, also a recalled or deleted one.
pub async fn by_id<T: Tx>(tx: &mut T, id: i64) -> Result<Option<Message>> {
    tx.one(
        &format!("SELECT {} FROM messages WHERE id = $1", Message::COLUMNS),
        params![id],
    )
    .await
}

/// The message that this sender gave this client id.
pub async fn by_client_id<T: Tx>(tx: &mut T, sender_id: i64, client_id: &str) -> Result<Option<Message>> {
    let sql = format!(
        "SELECT {} FROM messages WHERE sender_id = $1 AND client_id = $2",
        Message::COLUMNS
    );
    tx.one(&sql, params![sender_id, client_id]).await
}

/// The highest message id ever given out; 0 if none.
pub async fn last_id<T: Tx>(tx: &mut T) -> Result<i64> {
    Ok(tx
        .one::<(i64,)>("SELECT COALESCE(MAX(id), 0) FROM messages", &[])
        .await?
        .map_or(0, |row| row.0))
}

/// A message beside the one who sent it.
#[derive(Clone, Debug)]
pub struct WithSender {
    /// The message.
    pub message: Message,
    /// Its sender; none for the system.
    pub sender: Option<Card>,
}

impl FromRow for WithSender {
    fn from_row(row: &dyn RowView) -> Result<Self> {
        let message = Message::from_row(row)?;
        let tail = Tail {
            row,
            start: Message::WIDTH,
        };
        let sender = if tail.int(0)?.is_some() {
            Some(Card::from_row(&tail)?)
        } else {
            None
        };
        Ok(Self { message, sender })
    }
}

static WITH_SENDER: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {}, {} FROM messages m LEFT JOIN users u ON u.id = m.sender_id",
        qualified("m", Message::COLUMNS),
        qualified("u", Card::COLUMNS)
    )
});

/// A message with its sender, also a recalled or deleted one.
pub async fn with_sender<T: Tx>(tx: &mut T, id: i64) -> Result<Option<WithSender>> {
    tx.one(&format!("{} WHERE m.id = $1", *WITH_SENDER), params![id])
        .await
}

/// Those of these messages that were not deleted, with their senders, newest first.
pub async fn by_ids<T: Tx>(tx: &mut T, ids: &[i64]) -> Result<Vec<WithSender>> {
    let sql = format!(
        "{} WHERE {} AND m.deleted_at IS NULL ORDER BY m.id DESC",
        *WITH_SENDER,
        in_json_list("m.id", 1)
    );
    tx.many(&sql, params![&json_list(ids.iter().copied())]).await
}

/// The newest `limit` messages of a conversation with `floor` < seq < `before`, newest first, without deleted ones.
pub async fn page_before<T: Tx>(
    tx: &mut T,
    conversation_id: i64,
    floor: i64,
    before: i64,
    limit: i64,
) -> Result<Vec<WithSender>> {
    let sql = format!(
        "{} WHERE m.conversation_id = $1 AND m.seq > $2 AND m.seq < $3 AND m.deleted_at IS NULL \
         ORDER BY m.seq DESC LIMIT $4",
        *WITH_SENDER
    );
    tx.many(&sql, params![conversation_id, floor, before, limit])
        .await
}

/// The same without the newest `offset` of them.
pub async fn page_before_from<T: Tx>(
    tx: &mut T,
    conversation_id: i64,
    (floor, before): (i64, i64),
    (offset, limit): (i64, i64),
) -> Result<Vec<WithSender>> {
    let sql = format!(
        "{} WHERE m.conversation_id = $1 AND m.seq > $2 AND m.seq < $3 AND m.deleted_at IS NULL \
         ORDER BY m.seq DESC LIMIT $4 OFFSET $5",
        *WITH_SENDER
    );
    tx.many(&sql, params![conversation_id, floor, before, limit, offset])
        .await
}

/// How many messages of a conversation with `floor` < seq < `before` were deleted.
pub async fn count_deleted<T: Tx>(tx: &mut T, conversation_id: i64, floor: i64, before: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM messages WHERE conversation_id = $1 AND seq > $2 AND seq < $3 AND uncounted = 1 \
               AND deleted_at IS NOT NULL";
    Ok(tx
        .one::<(i64,)>(sql, params![conversation_id, floor, before])
        .await?
        .map_or(0, |row| row.0))
}

/// The oldest `limit` messages of a conversation with `after` < seq < `before`, oldest first, without deleted ones.
pub async fn page_after<T: Tx>(
    tx: &mut T,
    conversation_id: i64,
    after: i64,
    before: i64,
    limit: i64,
) -> Result<Vec<WithSender>> {
    let sql = format!(
        "{} WHERE m.conversation_id = $1 AND m.seq > $2 AND m.seq < $3 AND m.deleted_at IS NULL \
         ORDER BY m.seq LIMIT $4",
        *WITH_SENDER
    );
    tx.many(&sql, params![conversation_id, after, before, limit])
        .await
}

/// How many messages with seq > `after` this person has sent.
pub async fn count_own_after<T: Tx>(
    tx: &mut T,
    conversation_id: i64,
    after: i64,
    sender_id: i64,
) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM messages WHERE conversation_id = $1 AND seq > $2 AND sender_id = $3";
    Ok(tx
        .one::<(i64,)>(sql, params![conversation_id, after, sender_id])
        .await?
        .map_or(0, |row| row.0))
}

row! {
    /// All that decides about a send, in one read: the conversation, the sender's place in it, the sender.
    pub struct SendScope {
        /// Tenant of the conversation.
        pub tenant_id: i64,
        /// Direct or group.
        pub kind: i64,
        /// Direct: the smaller user id.
        pub user_low: Option<i64>,
        /// Direct: the larger user id.
        pub user_high: Option<i64>,
        /// Group: its UUID.
        pub uuid: Option<String>,
        /// Group: the text id that its creator gave it.
        pub group_key: Option<String>,
        /// Group: the number its creator gave it.
        pub category: i64,
        /// Seq of the newest message.
        pub last_seq: i64,
        /// Only owner and administrators may write.
        pub muted_all: bool,
        /// When that ends by itself; none for never.
        pub muted_until: Option<i64>,
        /// When dissolved.
        pub dissolved_at: Option<i64>,
        /// The sender's membership; none if never a member.
        pub state: Option<i64>,
        /// The sender's role.
        pub role: i64,
        /// The sender may not write before this time.
        pub silenced_until: Option<i64>,
        /// Seqs up to this are out of the sender's sight.
        pub floor: i64,
        /// Direct: the sender has blocked the other one.
        pub blocks_peer: bool,
        /// Direct: the other one has blocked the sender.
        pub blocked_by_peer: bool,
        /// The sender's text id.
        pub sender_uid: String,
        /// The sender's name.
        pub sender_name: String,
        /// The sender's nickname.
        pub sender_nickname: String,
        /// The sender's picture.
        pub sender_avatar: String,
        /// The sender's status.
        pub sender_status: String,
    }
}

impl SendScope {
    /// Whether only owner and administrators may write now.
    pub fn is_muted(&self, now: i64) -> bool {
        self.muted_all && self.muted_until.is_none_or(|until| until > now)
    }
}

/// Everything that decides about a send of `sender_id` into a conversation.
pub async fn send_scope<T: Tx>(
    tx: &mut T,
    sender_id: i64,
    conversation_id: i64,
) -> Result<Option<SendScope>> {
    tx.one(
        "SELECT c.tenant_id, c.kind, c.user_low, c.user_high, c.uuid, c.group_key, c.category, c.last_seq, c.muted_all, c.muted_until, c.dissolved_at, m.state, \
         COALESCE(m.role, 0), m.silenced_until, COALESCE(MAX(m.joined_seq, m.cleared_seq), 0), \
         c.kind = 1 AND EXISTS (SELECT 1 FROM blocks WHERE user_id = u.id \
         AND blocked_id = c.user_low + c.user_high - u.id), \
         c.kind = 1 AND EXISTS (SELECT 1 FROM blocks WHERE user_id = c.user_low + c.user_high - u.id \
         AND blocked_id = u.id), \
         u.uid, u.name, u.nickname, u.avatar, u.status \
         FROM users u JOIN conversations c LEFT JOIN members m ON m.conversation_id = c.id AND m.user_id = u.id \
         WHERE u.id = $1 AND c.id = $2",
        params![sender_id, conversation_id],
    )
    .await
}

row! {
    /// How a person is shown beside a message.
    pub struct Card {
        /// The person.
        pub id: i64,
        /// Text id.
        pub uid: String,
        /// Name.
        pub name: String,
        /// Nickname.
        pub nickname: String,
        /// Picture.
        pub avatar: String,
    }
}

/// How a person is shown.
pub async fn card<T: Tx>(tx: &mut T, user_id: i64) -> Result<Option<Card>> {
    tx.one(
        "SELECT id, uid, name, nickname, avatar FROM users WHERE id = $1",
        params![user_id],
    )
    .await
}

/// How these people are shown, in no particular order.
pub async fn cards<T: Tx>(tx: &mut T, user_ids: &[i64]) -> Result<Vec<Card>> {
    let sql = format!(
        "SELECT id, uid, name, nickname, avatar FROM users WHERE {}",
        in_json_list("id", 1)
    );
    tx.many(&sql, params![&json_list(user_ids.iter().copied())]).await
}

/// The id of the message with this seq.
pub async fn id_at<T: Tx>(tx: &mut T, conversation_id: i64, seq: i64) -> Result<Option<i64>> {
    let sql = "SELECT id FROM messages WHERE conversation_id = $1 AND seq = $2";
    Ok(tx
        .one::<(i64,)>(sql, params![conversation_id, seq])
        .await?
        .map(|row| row.0))
}

/// When the message with this seq was sent.
pub async fn sent_at<T: Tx>(tx: &mut T, conversation_id: i64, seq: i64) -> Result<Option<i64>> {
    let sql = "SELECT created_at FROM messages WHERE conversation_id = $1 AND seq = $2";
    Ok(tx
        .one::<(i64,)>(sql, params![conversation_id, seq])
        .await?
        .map(|row| row.0))
}

/// The ids of the newest `limit` messages of others with `after` < seq ≤ `upto` that were not read singly, oldest
/// first.
pub async fn unread_between<T: Tx>(
    tx: &mut T,
    member: &crate::table::member::Member,
    after: i64,
    upto: i64,
    limit: i64,
) -> Result<Vec<i64>> {
    let rows: Vec<(i64,)> = tx
        .many(
            "SELECT id FROM (SELECT m.id, m.seq FROM messages m WHERE m.conversation_id = $1 AND m.seq > $2 AND m.seq <= $3 \
             AND m.uncounted = 0 AND m.sender_id IS DISTINCT FROM $4 AND NOT EXISTS (SELECT 1 FROM single_reads r \
             WHERE r.conversation_id = m.conversation_id AND r.user_id = $4 AND r.seq = m.seq) \
             ORDER BY m.seq DESC LIMIT $5) ORDER BY seq",
            params![member.conversation_id, after.max(member.floor()), upto, member.user_id, limit],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// The seq of the first message after the read cursor that counts as unread; `last_seq` + 1 if there is none.
pub async fn first_unread<T: Tx>(
    tx: &mut T,
    member: &crate::table::member::Member,
    last_seq: i64,
) -> Result<i64> {
    let row = tx
        .one::<(i64,)>(
            "SELECT m.seq FROM messages m WHERE m.conversation_id = $1 AND m.seq > $2 AND m.uncounted = 0 \
             AND m.sender_id IS DISTINCT FROM $3 AND NOT EXISTS (SELECT 1 FROM single_reads r \
             WHERE r.conversation_id = m.conversation_id AND r.user_id = $3 AND r.seq = m.seq) \
             ORDER BY m.seq LIMIT 1",
            params![
                member.conversation_id,
                member.read_seq.max(member.floor()),
                member.user_id
            ],
        )
        .await?;
    Ok(row.map_or(last_seq + 1, |row| row.0))
}

/// The messages of one person with `after` < seq ≤ `upto`, oldest first, without deleted ones. The caller keeps the
/// span small: every message in it is looked at.
pub async fn own_between<T: Tx>(
    tx: &mut T,
    conversation_id: i64,
    sender_id: i64,
    after: i64,
    upto: i64,
) -> Result<Vec<Message>> {
    let sql = format!(
        "SELECT {} FROM messages WHERE conversation_id = $1 AND seq > $2 AND seq <= $3 AND sender_id = $4 \
         AND deleted_at IS NULL ORDER BY seq",
        Message::COLUMNS
    );
    tx.many(&sql, params![conversation_id, after, upto, sender_id])
        .await
}
