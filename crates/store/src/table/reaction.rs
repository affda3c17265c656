//! Reactions: one of each person on a message. Whether somebody may react is not decided here.

use crate::error::Result;
use crate::fragment::{in_json_list, json_list};
use crate::tx::Tx;
use crate::{params, row};

row! {
    /// A reaction as it was put on.
    pub struct Reaction {
        /// On which message.
        pub message_id: i64,
        /// Whose.
        pub user_id: i64,
        /// The sign itself.
        pub emoji: String,
        /// A word of the client for the kind of sign, or empty.
        pub reaction_type: String,
        /// When.
        pub created_at: i64,
    }
}

row! {
    /// A reaction with the person who put it on.
    pub struct ReactionBy {
        /// Whose.
        pub user_id: i64,
        /// The person's text id.
        pub uid: String,
        /// The person's name.
        pub name: String,
        /// The person's nickname.
        pub nickname: String,
        /// The person's picture.
        pub avatar: String,
        /// The sign itself.
        pub emoji: String,
        /// A word of the client for the kind of sign, or empty.
        pub reaction_type: String,
        /// When.
        pub created_at: i64,
    }
}

row! {
    /// How often one sign stands on a message.
    pub struct ReactionCount {
        /// On which message.
        pub message_id: i64,
        /// The sign.
        pub emoji: String,
        /// A word of the client for the kind of sign, or empty.
        pub reaction_type: String,
        /// How many people.
        pub total: i64,
        /// Whether the one who asks is among them.
        pub mine: bool,
    }
}

/// The reaction of a person on a message.
pub async fn get<T: Tx>(tx: &mut T, message_id: i64, user_id: i64) -> Result<Option<Reaction>> {
    let sql = format!(
        "SELECT {} FROM reactions WHERE message_id = $1 AND user_id = $2",
        Reaction::COLUMNS
    );
    tx.one(&sql, params![message_id, user_id]).await
}

/// Puts a reaction on, in the place of an earlier one of the same person.
pub async fn put<T: Tx>(tx: &mut T, reaction: &Reaction) -> Result<()> {
    tx.exec(
        "INSERT INTO reactions (message_id, user_id, emoji, reaction_type, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (message_id, user_id) DO UPDATE SET emoji = excluded.emoji, \
         reaction_type = excluded.reaction_type, created_at = excluded.created_at",
        params![
            reaction.message_id,
            reaction.user_id,
            &reaction.emoji,
            &reaction.reaction_type,
            reaction.created_at
        ],
    )
    .await?;
    Ok(())
}

/// Takes the reaction of a person off.
pub async fn remove<T: Tx>(tx: &mut T, message_id: i64, user_id: i64) -> Result<()> {
    tx.exec(
        "DELETE FROM reactions WHERE message_id = $1 AND user_id = $2",
        params![message_id, user_id],
    )
    .await?;
    Ok(())
}

/// Takes all reactions off a message.
pub async fn remove_all<T: Tx>(tx: &mut T, message_id: i64) -> Result<()> {
    tx.exec("DELETE FROM reactions WHERE message_id = $1", params![message_id])
        .await?;
    Ok(())
}

/// The reactions on a message, oldest first, up to `limit`.
pub async fn of_message<T: Tx>(tx: &mut T, message_id: i64, limit: i64) -> Result<Vec<ReactionBy>> {
    tx.many(
        "SELECT r.user_id, u.uid, u.name, u.nickname, u.avatar, r.emoji, r.reaction_type, r.created_at \
         FROM reactions r JOIN users u ON u.id = r.user_id WHERE r.message_id = $1 \
         ORDER BY r.created_at, r.user_id LIMIT $2",
        params![message_id, limit],
    )
    .await
}

/// How often each sign stands on these messages, the most frequent first, up to `limit` signs a message.
pub async fn counts<T: Tx>(
    tx: &mut T,
    message_ids: &[i64],
    user_id: i64,
    limit: i64,
) -> Result<Vec<ReactionCount>> {
    let sql = format!(
        "SELECT message_id, emoji, reaction_type, total, mine FROM (SELECT message_id, emoji, \
         MIN(reaction_type) AS reaction_type, COUNT(*) AS total, \
         MAX(CASE WHEN user_id = $1 THEN 1 ELSE 0 END) AS mine, ROW_NUMBER() OVER \
         (PARTITION BY message_id ORDER BY COUNT(*) DESC, MIN(created_at), emoji) AS place FROM reactions \
         WHERE {} GROUP BY message_id, emoji) AS ranked WHERE place <= $3 ORDER BY message_id, place",
        in_json_list("message_id", 2)
    );
    let ids = json_list(message_ids.iter().copied());
    tx.many(&sql, params![user_id, &ids, limit]).await
}
