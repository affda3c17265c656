//! Conversations: direct ones between two people, and groups.

use crate::error::Result;
use crate::fragment::contains_pattern;
use crate::tx::Tx;
use crate::{params, row};

/// `kind` of a conversation between two people.
pub const DIRECT: i64 = 1;
/// `kind` of a group.
pub const GROUP: i64 = 2;
/// `kind` of what an app says to one person, or to everybody of a tenant.
pub const CHANNEL: i64 = 3;

row! {
    /// A conversation.
    pub struct Conversation {
        /// Number id, from 1.
        pub id: i64,
        /// The tenant it belongs to.
        pub tenant_id: i64,
        /// [`DIRECT`], [`GROUP`] or [`CHANNEL`].
        pub kind: i64,
        /// Direct: the smaller of the two user ids. Channel: whom it is for, 0 for everybody.
        pub user_low: Option<i64>,
        /// Direct: the larger of the two user ids.
        pub user_high: Option<i64>,
        /// Group name.
        pub name: String,
        /// Group picture.
        pub avatar: String,
        /// What the group is about.
        pub description: String,
        /// A line shown on top of the group.
        pub notice: String,
        /// A free word of the dialect that made it.
        pub group_type: String,
        /// Who owns the group.
        pub owner_id: Option<i64>,
        /// Most members; 0 for the server's limit.
        pub members_max: i64,
        /// How many members are in now.
        pub members_count: i64,
        /// Whether new members see what was said before.
        pub history_open: bool,
        /// The least role that may bring people in.
        pub invite_role: i64,
        /// Whether only owner and administrators may write.
        pub muted_all: bool,
        /// Seq of the newest message.
        pub last_seq: i64,
        /// The message to show in lists.
        pub last_message_id: Option<i64>,
        /// When that was sent.
        pub last_message_at: Option<i64>,
        /// A message pinned for all.
        pub pinned_message_id: Option<i64>,
        /// When made.
        pub created_at: i64,
        /// When last changed, messages included.
        pub updated_at: i64,
        /// When the group was dissolved.
        pub dissolved_at: Option<i64>,
        /// Group: its other name, under which it can be joined.
        pub uuid: Option<String>,
        /// Group: a number of its creator, 0 to 15, that means nothing to the server.
        pub category: i64,
        /// Group: marked as put aside; nothing else follows from it.
        pub archived: bool,
        /// Group: who may come in without being brought in.
        pub join_option: i64,
        /// Channel: the app that speaks; 0 for none.
        pub app_id: Option<i64>,
        /// Group: the text id that its creator gave it, unique in the tenant. Without one its UUID stands for it.
        pub group_key: Option<String>,
        /// When `muted_all` ends by itself; none for never.
        pub muted_until: Option<i64>,
    }
}

impl Conversation {
    /// Whether only owner and administrators may write now.
    pub fn is_muted(&self, now: i64) -> bool {
        self.muted_all && self.muted_until.is_none_or(|until| until > now)
    }

    /// Group: the text id that clients know it by, which is the creator's choice or else its UUID.
    pub fn key(&self) -> &str {
        self.group_key
            .as_deref()
            .or(self.uuid.as_deref())
            .unwrap_or_default()
    }
}

/// Writes a new conversation and gives its id. `id`, counters and cursors of `conversation` are ignored.
pub async fn insert<T: Tx>(tx: &mut T, conversation: &Conversation) -> Result<i64> {
    let row = tx
        .one::<(i64,)>(
            "INSERT INTO conversations (tenant_id, kind, user_low, user_high, name, avatar, description, notice, \
             group_type, owner_id, members_max, history_open, invite_role, created_at, updated_at, uuid, category, \
             join_option, app_id, group_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
             $18, $19, $20) RETURNING id",
            params![
                conversation.tenant_id,
                conversation.kind,
                conversation.user_low,
                conversation.user_high,
                &conversation.name,
                &conversation.avatar,
                &conversation.description,
                &conversation.notice,
                &conversation.group_type,
                conversation.owner_id,
                conversation.members_max,
                conversation.history_open,
                conversation.invite_role,
                conversation.created_at,
                conversation.updated_at,
                conversation.uuid.as_deref(),
                conversation.category,
                conversation.join_option,
                conversation.app_id,
                conversation.group_key.as_deref()
            ],
        )
        .await?;
    Ok(row.map_or(0, |row| row.0))
}

/// Writes the profile of a group back: everything but its counters.
pub async fn update<T: Tx>(tx: &mut T, conversation: &Conversation) -> Result<()> {
    tx.exec(
        "UPDATE conversations SET name = $1, avatar = $2, description = $3, notice = $4, group_type = $5, \
         owner_id = $6, members_max = $7, history_open = $8, invite_role = $9, muted_all = $10, \
         pinned_message_id = $11, updated_at = $12, dissolved_at = $13, archived = $14, join_option = $15, \
         muted_until = $16 WHERE id = $17",
        params![
            &conversation.name,
            &conversation.avatar,
            &conversation.description,
            &conversation.notice,
            &conversation.group_type,
            conversation.owner_id,
            conversation.members_max,
            conversation.history_open,
            conversation.invite_role,
            conversation.muted_all,
            conversation.pinned_message_id,
            conversation.updated_at,
            conversation.dissolved_at,
            conversation.archived,
            conversation.join_option,
            conversation.muted_until,
            conversation.id
        ],
    )
    .await?;
    Ok(())
}

/// The conversation with this number.
pub async fn by_id<T: Tx>(tx: &mut T, id: i64) -> Result<Option<Conversation>> {
    tx.one(
        &format!(
            "SELECT {} FROM conversations WHERE id = $1",
            Conversation::COLUMNS
        ),
        params![id],
    )
    .await
}

/// The direct conversation of two people; `low` is the smaller id.
pub async fn direct<T: Tx>(tx: &mut T, low: i64, high: i64) -> Result<Option<Conversation>> {
    let sql = format!(
        "SELECT {} FROM conversations WHERE kind = 1 AND user_low = $1 AND user_high = $2",
        Conversation::COLUMNS
    );
    tx.one(&sql, params![low, high]).await
}

/// The group with this UUID.
pub async fn by_uuid<T: Tx>(tx: &mut T, uuid: &str) -> Result<Option<Conversation>> {
    let sql = format!(
        "SELECT {} FROM conversations WHERE uuid = $1",
        Conversation::COLUMNS
    );
    tx.one(&sql, params![uuid]).await
}

/// The number of the group with this UUID, dissolved or not.
pub async fn id_by_uuid<T: Tx>(tx: &mut T, uuid: &str) -> Result<Option<i64>> {
    let sql = "SELECT id FROM conversations WHERE uuid = $1";
    Ok(tx.one::<(i64,)>(sql, params![uuid]).await?.map(|row| row.0))
}

row! {
    /// What a conversation is called in text.
    pub struct Called {
        /// [`DIRECT`], [`GROUP`] or [`CHANNEL`].
        pub kind: i64,
        /// Direct: the smaller of the two user ids.
        pub user_low: Option<i64>,
        /// Direct: that person's text id.
        pub uid_low: Option<String>,
        /// Direct: the larger of the two user ids.
        pub user_high: Option<i64>,
        /// Direct: that person's text id.
        pub uid_high: Option<String>,
        /// Group: the word of its creator, else its UUID.
        pub group: Option<String>,
    }
}

/// What a conversation is called.
pub async fn called<T: Tx>(tx: &mut T, id: i64) -> Result<Option<Called>> {
    tx.one(
        "SELECT c.kind, c.user_low, l.uid, c.user_high, h.uid, COALESCE(c.group_key, c.uuid) FROM conversations c \
         LEFT JOIN users l ON l.id = c.user_low LEFT JOIN users h ON h.id = c.user_high WHERE c.id = $1",
        params![id],
    )
    .await
}

/// The group of a tenant that has this text id or this UUID, dissolved or not.
pub async fn by_key<T: Tx>(tx: &mut T, tenant_id: i64, key: &str) -> Result<Option<Conversation>> {
    let sql = format!(
        "SELECT {} FROM conversations WHERE tenant_id = $1 AND group_key = $2 OR tenant_id = $1 AND uuid = $2",
        Conversation::COLUMNS
    );
    tx.one(&sql, params![tenant_id, key]).await
}

/// The number of the group of a tenant that has this text id or this UUID, dissolved or not.
pub async fn id_by_key<T: Tx>(tx: &mut T, tenant_id: i64, key: &str) -> Result<Option<i64>> {
    let sql = "SELECT id FROM conversations WHERE tenant_id = $1 AND group_key = $2 OR tenant_id = $1 AND uuid = $2";
    let row = tx.one::<(i64,)>(sql, params![tenant_id, key]).await?;
    Ok(row.map(|row| row.0))
}

/// The UUIDs of the groups a person is in now, the last changed first.
pub async fn uuids_of<T: Tx>(tx: &mut T, user_id: i64, limit: i64) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = tx
        .many(
            "SELECT c.uuid FROM members b JOIN conversations c ON c.id = b.conversation_id \
             WHERE b.user_id = $1 AND b.state = 1 AND c.kind = 2 AND c.dissolved_at IS NULL AND c.uuid IS NOT NULL \
             ORDER BY c.updated_at DESC, c.id DESC LIMIT $2",
            params![user_id, limit],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// The groups a person is in now, the last changed first.
pub async fn groups_of<T: Tx>(tx: &mut T, user_id: i64, limit: i64) -> Result<Vec<Conversation>> {
    let sql = format!(
        "SELECT {} FROM conversations WHERE kind = 2 AND dissolved_at IS NULL AND id IN \
         (SELECT conversation_id FROM members WHERE user_id = $1 AND state = 1) \
         ORDER BY updated_at DESC, id DESC LIMIT $2",
        Conversation::COLUMNS
    );
    tx.many(&sql, params![user_id, limit]).await
}

/// Some of the groups a person is in now, the last changed first.
pub async fn groups_page<T: Tx>(
    tx: &mut T,
    user_id: i64,
    skip: i64,
    limit: i64,
) -> Result<Vec<Conversation>> {
    let sql = format!(
        "SELECT {} FROM conversations WHERE kind = 2 AND dissolved_at IS NULL AND id IN \
         (SELECT conversation_id FROM members WHERE user_id = $1 AND state = 1) \
         ORDER BY updated_at DESC, id DESC LIMIT $2 OFFSET $3",
        Conversation::COLUMNS
    );
    tx.many(&sql, params![user_id, limit, skip]).await
}

/// How many groups a person is in now.
pub async fn count_groups<T: Tx>(tx: &mut T, user_id: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM members b JOIN conversations c ON c.id = b.conversation_id \
               WHERE b.user_id = $1 AND b.state = 1 AND c.kind = 2 AND c.dissolved_at IS NULL";
    let row = tx.one::<(i64,)>(sql, params![user_id]).await?;
    Ok(row.map_or(0, |row| row.0))
}

/// Groups of a tenant by their types, all of them or those with a word in text id or name (case-blind).
#[derive(Clone, Copy, Debug)]
pub struct OpenGroups<'a> {
    /// Whose.
    pub tenant_id: i64,
    /// The types.
    pub types: [&'a str; 2],
    /// The word; empty for all.
    pub keyword: &'a str,
}

impl OpenGroups<'_> {
    const WHERE: &'static str = "FROM conversations WHERE tenant_id = $1 AND group_type IN ($2, $3) AND kind = 2 \
         AND dissolved_at IS NULL AND (name LIKE $4 ESCAPE '\\' OR COALESCE(group_key, uuid) LIKE $4 ESCAPE '\\')";

    /// Some of them, the newest first.
    pub async fn page<T: Tx>(&self, tx: &mut T, skip: i64, limit: i64) -> Result<Vec<Conversation>> {
        let sql = format!(
            "SELECT {} {} ORDER BY id DESC LIMIT $5 OFFSET $6",
            Conversation::COLUMNS,
            Self::WHERE
        );
        let [first, second] = self.types;
        let pattern = contains_pattern(self.keyword);
        tx.many(
            &sql,
            params![self.tenant_id, first, second, &pattern, limit, skip],
        )
        .await
    }

    /// How many they are.
    pub async fn count<T: Tx>(&self, tx: &mut T) -> Result<i64> {
        let sql = format!("SELECT COUNT(*) {}", Self::WHERE);
        let [first, second] = self.types;
        let pattern = contains_pattern(self.keyword);
        let params = params![self.tenant_id, first, second, &pattern];
        Ok(tx.one::<(i64,)>(&sql, params).await?.map_or(0, |row| row.0))
    }
}

/// Takes up how many members came or, below zero, went.
pub(crate) async fn count_members<T: Tx>(tx: &mut T, id: i64, change: i64) -> Result<()> {
    tx.exec(
        "UPDATE conversations SET members_count = members_count + $1 WHERE id = $2",
        params![change, id],
    )
    .await?;
    Ok(())
}

/// Takes up a message that was just written as the newest one.
pub async fn advance<T: Tx>(tx: &mut T, id: i64, seq: i64, message_id: i64, at: i64) -> Result<()> {
    tx.exec(
        "UPDATE conversations SET last_seq = $1, last_message_id = $2, last_message_at = $3, updated_at = $3 \
         WHERE id = $4",
        params![seq, message_id, at, id],
    )
    .await?;
    Ok(())
}

/// Takes up a message that was just written and that lists do not show: only the numbering goes on.
pub async fn advance_unlisted<T: Tx>(tx: &mut T, id: i64, seq: i64) -> Result<()> {
    tx.exec(
        "UPDATE conversations SET last_seq = $1 WHERE id = $2",
        params![seq, id],
    )
    .await?;
    Ok(())
}

/// Shows the newest message that is left after one was deleted; never one that was written unlisted, which is
/// uncounted from the start.
pub async fn refresh_last_message<T: Tx>(tx: &mut T, id: i64) -> Result<()> {
    tx.exec(
        "UPDATE conversations SET last_message_id = (SELECT id FROM messages WHERE conversation_id = $1 \
         AND deleted_at IS NULL AND (uncounted = 0 OR recalled_at IS NOT NULL) ORDER BY seq DESC LIMIT 1) \
         WHERE id = $1",
        params![id],
    )
    .await?;
    Ok(())
}

/// Pins a message for all, or takes the pin off. The conversation keeps its place in lists.
pub async fn pin_message<T: Tx>(tx: &mut T, id: i64, message_id: Option<i64>) -> Result<()> {
    tx.exec(
        "UPDATE conversations SET pinned_message_id = $1 WHERE id = $2",
        params![message_id, id],
    )
    .await?;
    Ok(())
}

/// Shows no pinned message any more if `message_id` was it; tells whether it was.
pub async fn unpin_message<T: Tx>(tx: &mut T, id: i64, message_id: i64) -> Result<bool> {
    let touched = tx
        .exec(
            "UPDATE conversations SET pinned_message_id = NULL WHERE id = $1 AND pinned_message_id = $2",
            params![id, message_id],
        )
        .await?;
    Ok(touched > 0)
}

row! {
    /// The end of a conversation as one of its people sees it.
    pub struct Tail {
        /// The conversation.
        pub id: i64,
        /// The newest message that is not deleted.
        pub last_message_id: i64,
        /// Seqs up to this are out of the person's sight.
        pub floor: i64,
    }
}

/// The conversations of a person in which the newest messages are, newest first.
pub async fn tails<T: Tx>(tx: &mut T, user_id: i64, limit: i64) -> Result<Vec<Tail>> {
    tx.many(
        "SELECT c.id, c.last_message_id, CASE WHEN b.joined_seq > b.cleared_seq THEN b.joined_seq \
         ELSE b.cleared_seq END FROM members b JOIN conversations c ON c.id = b.conversation_id \
         WHERE b.user_id = $1 AND b.state = 1 AND c.dissolved_at IS NULL AND c.last_message_id IS NOT NULL \
         ORDER BY c.last_message_id DESC LIMIT $2",
        params![user_id, limit],
    )
    .await
}

/// How many conversations a person is in, and how many messages the person can see in them, recalled ones and
/// notices not counted.
pub async fn totals<T: Tx>(tx: &mut T, user_id: i64) -> Result<(i64, i64)> {
    let row = tx
        .one::<(i64, i64)>(
            "SELECT COUNT(*), COALESCE(SUM(last_seq - floor - (SELECT COUNT(*) FROM messages m \
             WHERE m.conversation_id = own.id AND m.uncounted = 1 AND m.seq > own.floor)), 0) FROM \
             (SELECT c.id, c.last_seq, CASE WHEN b.joined_seq > b.cleared_seq THEN b.joined_seq \
             ELSE b.cleared_seq END AS floor FROM members b JOIN conversations c ON c.id = b.conversation_id \
             WHERE b.user_id = $1 AND b.state = 1 AND c.dissolved_at IS NULL) AS own",
            params![user_id],
        )
        .await?;
    Ok(row.unwrap_or_default())
}
