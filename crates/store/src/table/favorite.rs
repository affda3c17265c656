//! Favourites: messages somebody wants to find again. The text is always that of the live message.

use crate::error::Result;
use crate::fragment::contains_pattern;
use crate::tx::Tx;
use crate::{params, row};

row! {
    /// A favourite as it was kept.
    pub struct Favorite {
        /// Number id, from 1.
        pub id: i64,
        /// Whose.
        pub user_id: i64,
        /// Which message.
        pub message_id: i64,
        /// Where that was sent.
        pub conversation_id: i64,
        /// A private note.
        pub remark: String,
        /// Words to find it by, divided by commas.
        pub tags: String,
        /// When kept.
        pub created_at: i64,
    }
}

row! {
    /// A favourite with what is shown of its message, conversation and sender.
    pub struct FavoriteShown {
        /// Number id, from 1.
        pub id: i64,
        /// Which message.
        pub message_id: i64,
        /// Where that was sent.
        pub conversation_id: i64,
        /// A private note.
        pub remark: String,
        /// Words to find it by, divided by commas.
        pub tags: String,
        /// When kept.
        pub created_at: i64,
        /// Type of the message.
        pub content_type: String,
        /// Its content now; empty when recalled.
        pub content: String,
        /// When it was recalled.
        pub recalled_at: Option<i64>,
        /// When it was sent.
        pub sent_at: i64,
        /// Name of the group; empty for a direct conversation.
        pub conversation_name: String,
        /// Direct: the other person.
        pub peer_id: Option<i64>,
        /// Direct: the other person's text id.
        pub peer_uid: Option<String>,
        /// Direct: the other person's name.
        pub peer_name: Option<String>,
        /// Direct: the other person's nickname.
        pub peer_nickname: Option<String>,
        /// The sender; none for the system.
        pub sender_id: Option<i64>,
        /// The sender's text id.
        pub sender_uid: Option<String>,
        /// The sender's name.
        pub sender_name: Option<String>,
        /// The sender's nickname.
        pub sender_nickname: Option<String>,
        /// The sender's picture.
        pub sender_avatar: Option<String>,
    }
}

/// Which favourites to list; what is `None` does not narrow.
#[derive(Clone, Copy, Debug)]
pub struct Filter<'a> {
    /// Only with smaller ids.
    pub before: i64,
    /// Only of this conversation.
    pub conversation_id: Option<i64>,
    /// Only with this whole word among the tags.
    pub tag: Option<&'a str>,
}

/// Keeps a favourite and gives its id; `None` if the message is kept already. `favorite.id` is ignored.
pub async fn insert<T: Tx>(tx: &mut T, favorite: &Favorite) -> Result<Option<i64>> {
    let row = tx
        .one::<(i64,)>(
            "INSERT INTO favorites (user_id, message_id, conversation_id, remark, tags, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, message_id) DO NOTHING RETURNING id",
            params![
                favorite.user_id,
                favorite.message_id,
                favorite.conversation_id,
                &favorite.remark,
                &favorite.tags,
                favorite.created_at
            ],
        )
        .await?;
    Ok(row.map(|row| row.0))
}

/// The favourite of a person on a message.
pub async fn get<T: Tx>(tx: &mut T, user_id: i64, message_id: i64) -> Result<Option<Favorite>> {
    let sql = format!(
        "SELECT {} FROM favorites WHERE user_id = $1 AND message_id = $2",
        Favorite::COLUMNS
    );
    tx.one(&sql, params![user_id, message_id]).await
}

/// Writes note and tags back.
pub async fn update<T: Tx>(tx: &mut T, favorite: &Favorite) -> Result<()> {
    tx.exec(
        "UPDATE favorites SET remark = $1, tags = $2 WHERE id = $3",
        params![&favorite.remark, &favorite.tags, favorite.id],
    )
    .await?;
    Ok(())
}

/// Drops the favourite of a person on a message.
pub async fn remove<T: Tx>(tx: &mut T, user_id: i64, message_id: i64) -> Result<()> {
    tx.exec(
        "DELETE FROM favorites WHERE user_id = $1 AND message_id = $2",
        params![user_id, message_id],
    )
    .await?;
    Ok(())
}

/// Drops everybody's favourites on a message.
pub async fn remove_of_message<T: Tx>(tx: &mut T, message_id: i64) -> Result<()> {
    tx.exec("DELETE FROM favorites WHERE message_id = $1", params![message_id])
        .await?;
    Ok(())
}

/// How many favourites a person has.
pub async fn count<T: Tx>(tx: &mut T, user_id: i64) -> Result<i64> {
    let row = tx
        .one::<(i64,)>(
            "SELECT COUNT(*) FROM favorites WHERE user_id = $1",
            params![user_id],
        )
        .await?;
    Ok(row.map_or(0, |row| row.0))
}

/// A person's favourites in conversations the person is still in, newest first. History that the person cleared
/// stays visible here: that is what favourites are for.
pub async fn list<T: Tx>(
    tx: &mut T,
    user_id: i64,
    filter: &Filter<'_>,
    limit: i64,
) -> Result<Vec<FavoriteShown>> {
    let tag = filter.tag.map(|tag| contains_pattern(&format!(",{tag},")));
    tx.many(
        "SELECT f.id, f.message_id, f.conversation_id, f.remark, f.tags, f.created_at, m.content_type, m.content, \
         m.recalled_at, m.created_at, c.name, p.id, p.uid, p.name, p.nickname, m.sender_id, s.uid, s.name, \
         s.nickname, s.avatar FROM favorites f JOIN messages m ON m.id = f.message_id \
         JOIN conversations c ON c.id = f.conversation_id \
         JOIN members b ON b.conversation_id = f.conversation_id AND b.user_id = f.user_id \
         LEFT JOIN users s ON s.id = m.sender_id \
         LEFT JOIN users p ON c.kind = 1 AND p.id = c.user_low + c.user_high - f.user_id \
         WHERE f.user_id = $1 AND f.id < $2 AND ($3 IS NULL OR f.conversation_id = $3) \
         AND ($4 IS NULL OR ',' || f.tags || ',' LIKE $4 ESCAPE '\\') AND b.state = 1 \
         AND c.dissolved_at IS NULL AND m.deleted_at IS NULL AND m.seq > b.joined_seq \
         ORDER BY f.id DESC LIMIT $5",
        params![user_id, filter.before, filter.conversation_id, tag.as_deref(), limit],
    )
    .await
}
