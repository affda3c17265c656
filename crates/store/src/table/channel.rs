//! Channels: what an app says to one person, or to everybody of a tenant, and how far a person has read there. The
//! row of a channel itself is a conversation's; nobody is a member of it.

use crate::error::Result;
use crate::table::conversation::Conversation;
use crate::tx::Tx;
use crate::{params, row};

/// The receiver of a channel that is for everybody of the tenant.
pub const EVERYBODY: i64 = 0;

row! {
    /// A channel as one of those whom it is for sees it.
    pub struct Channel {
        /// Its number, that of a conversation.
        pub id: i64,
        /// The app that speaks; 0 for none.
        pub app_id: i64,
        /// Whom it is for; [`EVERYBODY`] or the person.
        pub receiver_id: i64,
        /// Seq of the newest message.
        pub last_seq: i64,
        /// The newest message.
        pub last_message_id: i64,
        /// When the newest message was sent.
        pub last_message_at: i64,
        /// When the first one was.
        pub created_at: i64,
        /// The person has read up to this seq; none if never.
        pub read_seq: Option<i64>,
        /// How many messages behind that the person has read singly.
        pub single: i64,
    }
}

impl Channel {
    /// Whether it is for everybody of the tenant.
    pub fn is_broadcast(&self) -> bool {
        self.receiver_id == EVERYBODY
    }
}

/// The person is `$1`.
const SELECT: &str = "SELECT c.id, c.app_id, c.user_low, c.last_seq, c.last_message_id, c.last_message_at, c.created_at, k.read_seq, \
     (SELECT COUNT(*) FROM single_reads r WHERE r.conversation_id = c.id AND r.user_id = $1 \
     AND r.seq > COALESCE(k.read_seq, 0)) FROM conversations c \
     LEFT JOIN channel_cursors k ON k.conversation_id = c.id AND k.user_id = $1 \
     WHERE c.kind = 3 AND c.last_seq > 0";

/// The channels that are for a person: the person's own, and those for everybody. There are two for an app at most.
pub async fn of_user<T: Tx>(tx: &mut T, user_id: i64, tenant_id: i64, limit: i64) -> Result<Vec<Channel>> {
    let sql = format!("{SELECT} AND c.tenant_id = $2 AND c.user_low IN ($1, 0) ORDER BY c.id LIMIT $3");
    tx.many(&sql, params![user_id, tenant_id, limit]).await
}

/// Those of one app, the person's own first.
pub async fn of_app<T: Tx>(tx: &mut T, user_id: i64, tenant_id: i64, app_id: i64) -> Result<Vec<Channel>> {
    let sql = format!(
        "{SELECT} AND c.tenant_id = $2 AND c.app_id = $3 AND c.user_low IN ($1, 0) ORDER BY c.user_low DESC"
    );
    tx.many(&sql, params![user_id, tenant_id, app_id]).await
}

/// The channel with this number if it is for the person.
pub async fn one<T: Tx>(tx: &mut T, user_id: i64, tenant_id: i64, id: i64) -> Result<Option<Channel>> {
    let sql = format!("{SELECT} AND c.tenant_id = $2 AND c.id = $3 AND c.user_low IN ($1, 0)");
    tx.one(&sql, params![user_id, tenant_id, id]).await
}

/// The channel of an app to this receiver, as the app writes into it.
pub async fn find<T: Tx>(
    tx: &mut T,
    tenant_id: i64,
    app_id: i64,
    receiver_id: i64,
) -> Result<Option<Conversation>> {
    let sql = format!(
        "SELECT {} FROM conversations WHERE kind = 3 AND tenant_id = $1 AND app_id = $2 AND user_low = $3",
        Conversation::COLUMNS
    );
    tx.one(&sql, params![tenant_id, app_id, receiver_id]).await
}

/// Moves a person's cursor in a channel. The caller sees to it that it does not go back.
pub async fn read_to<T: Tx>(tx: &mut T, id: i64, user_id: i64, seq: i64) -> Result<()> {
    tx.exec(
        "INSERT INTO channel_cursors (conversation_id, user_id, read_seq) VALUES ($1, $2, $3) \
         ON CONFLICT (conversation_id, user_id) DO UPDATE SET read_seq = excluded.read_seq",
        params![id, user_id, seq],
    )
    .await?;
    Ok(())
}

/// The seq of the first message behind `after` that a person has not read singly; none if there is none.
pub async fn first_unread<T: Tx>(tx: &mut T, id: i64, user_id: i64, after: i64) -> Result<Option<i64>> {
    let row = tx
        .one::<(i64,)>(
            "SELECT m.seq FROM messages m WHERE m.conversation_id = $1 AND m.seq > $2 AND NOT EXISTS \
             (SELECT 1 FROM single_reads r WHERE r.conversation_id = m.conversation_id AND r.user_id = $3 \
             AND r.seq = m.seq) ORDER BY m.seq LIMIT 1",
            params![id, after, user_id],
        )
        .await?;
    Ok(row.map(|row| row.0))
}
