//! Members: who is in a conversation, with which role, and where each one's cursors stand.

use crate::error::Result;
use crate::fragment::{contains_pattern, in_json_list, json_list};
use crate::table::conversation;
use crate::table::message::Card;
use crate::tx::Tx;
use crate::{params, row};

/// `role` of an ordinary member.
pub const MEMBER: i64 = 1;
/// `role` of an administrator of the group.
pub const ADMIN: i64 = 2;
/// `role` of the group's owner.
pub const OWNER: i64 = 3;

row! {
    /// One person in one conversation. The row stays when the person leaves (`state` 0).
    pub struct Member {
        /// The conversation.
        pub conversation_id: i64,
        /// The person.
        pub user_id: i64,
        /// Whether in now.
        pub state: bool,
        /// [`MEMBER`], [`ADMIN`] or [`OWNER`].
        pub role: i64,
        /// When last joined.
        pub joined_at: i64,
        /// History before and at this seq is not shown.
        pub joined_seq: i64,
        /// The newest seq when this person came: what is older was not sent to it.
        pub entered_seq: i64,
        /// Read up to this seq.
        pub read_seq: i64,
        /// Delivered up to this seq.
        pub delivered_seq: i64,
        /// History cleared up to this seq, for this person only.
        pub cleared_seq: i64,
        /// Hidden from the list until a message after this seq; -1 when not hidden.
        pub hidden_seq: i64,
        /// Own messages after `read_seq`.
        pub own_after_read: i64,
        /// When the read cursor moved last.
        pub read_at: Option<i64>,
        /// Kept on top of the list.
        pub pinned: bool,
        /// No alerts.
        pub muted: bool,
        /// A private name for the conversation.
        pub remark: String,
        /// Text typed but not sent.
        pub draft: String,
        /// May not write before this time.
        pub silenced_until: Option<i64>,
        /// The heading under which this person keeps the conversation; empty for none.
        pub folder: String,
    }
}

impl Member {
    /// Messages up to and including this seq are out of sight for this person.
    pub fn floor(&self) -> i64 {
        self.joined_seq.max(self.cleared_seq)
    }
}

/// The row of a person in a conversation, also of one who has left.
pub async fn get<T: Tx>(tx: &mut T, conversation_id: i64, user_id: i64) -> Result<Option<Member>> {
    let sql = format!(
        "SELECT {} FROM members WHERE conversation_id = $1 AND user_id = $2",
        Member::COLUMNS
    );
    tx.one(&sql, params![conversation_id, user_id]).await
}

/// How people come into a conversation.
#[derive(Clone, Copy, Debug)]
pub struct Joining {
    /// Which one.
    pub conversation_id: i64,
    /// Their role: [`MEMBER`], [`ADMIN`] or [`OWNER`].
    pub role: i64,
    /// When.
    pub at: i64,
    /// History before and at this seq is not shown to them.
    pub joined_seq: i64,
    /// What was sent up to here is not unread for them: the newest seq, so that cursors never move back.
    pub read_seq: i64,
}

/// Adds people, or brings back who has left, none of whom may be in now. Role, floor and read cursor are set anew;
/// what is theirs (alerts, remark, silence) stays.
pub async fn join<T: Tx>(tx: &mut T, joining: &Joining, user_ids: &[i64]) -> Result<()> {
    let Joining {
        conversation_id,
        role,
        at,
        joined_seq,
        read_seq,
    } = *joining;
    let user_ids = json_list(user_ids.iter().copied());
    let sql = format!(
        "INSERT INTO members (conversation_id, user_id, state, role, joined_at, joined_seq, read_seq, delivered_seq, \
         entered_seq) SELECT $1, id, 1, $2, $3, $4, $5, $5, $5 FROM users WHERE {} \
         ON CONFLICT (conversation_id, user_id) DO UPDATE SET state = 1, role = excluded.role, \
         joined_at = excluded.joined_at, joined_seq = excluded.joined_seq, read_seq = excluded.read_seq, \
         delivered_seq = excluded.delivered_seq, entered_seq = excluded.entered_seq, own_after_read = 0, hidden_seq = -1",
        in_json_list("id", 6)
    );
    let came = tx
        .exec(
            &sql,
            params![conversation_id, role, at, joined_seq, read_seq, &user_ids],
        )
        .await?;
    // What a returning member had read singly lies behind the new cursor.
    let folded = format!(
        "DELETE FROM single_reads WHERE conversation_id = $1 AND {} AND seq <= $3",
        in_json_list("user_id", 2)
    );
    tx.exec(&folded, params![conversation_id, &user_ids, read_seq])
        .await?;
    conversation::count_members(tx, conversation_id, i64::try_from(came).unwrap_or(0)).await
}

/// Takes people out. Their rows stay; who is out already is passed over.
pub async fn leave<T: Tx>(tx: &mut T, conversation_id: i64, user_ids: &[i64]) -> Result<()> {
    let sql = format!(
        "UPDATE members SET state = 0, role = 1 WHERE conversation_id = $1 AND state = 1 AND {}",
        in_json_list("user_id", 2)
    );
    let went = tx
        .exec(
            &sql,
            params![conversation_id, &json_list(user_ids.iter().copied())],
        )
        .await?;
    conversation::count_members(tx, conversation_id, -i64::try_from(went).unwrap_or(0)).await
}

/// Takes everybody out.
pub async fn leave_all<T: Tx>(tx: &mut T, conversation_id: i64) -> Result<()> {
    let sql = "UPDATE members SET state = 0, role = 1 WHERE conversation_id = $1 AND state = 1";
    let went = tx.exec(sql, params![conversation_id]).await?;
    conversation::count_members(tx, conversation_id, -i64::try_from(went).unwrap_or(0)).await
}

/// Those of `user_ids` who are in now, with their roles, by id.
pub async fn among<T: Tx>(tx: &mut T, conversation_id: i64, user_ids: &[i64]) -> Result<Vec<(i64, i64)>> {
    let sql = format!(
        "SELECT user_id, role FROM members WHERE conversation_id = $1 AND state = 1 AND {} ORDER BY user_id",
        in_json_list("user_id", 2)
    );
    tx.many(
        &sql,
        params![conversation_id, &json_list(user_ids.iter().copied())],
    )
    .await
}

/// A person's role and silence in those of these conversations where the person is in now.
pub async fn standing_in<T: Tx>(
    tx: &mut T,
    user_id: i64,
    conversation_ids: &[i64],
) -> Result<Vec<(i64, i64, Option<i64>)>> {
    let sql = format!(
        "SELECT conversation_id, role, silenced_until FROM members WHERE user_id = $1 AND state = 1 AND {}",
        in_json_list("conversation_id", 2)
    );
    tx.many(
        &sql,
        params![user_id, &json_list(conversation_ids.iter().copied())],
    )
    .await
}

row! {
    /// A member as lists of members show it.
    pub struct Listed {
        /// The person.
        pub user_id: i64,
        /// [`MEMBER`], [`ADMIN`] or [`OWNER`].
        pub role: i64,
        /// When last joined.
        pub joined_at: i64,
        /// May not write before this time.
        pub silenced_until: Option<i64>,
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

/// The people in a conversation now with how they are shown, by id, after `after_user`.
pub async fn listed<T: Tx>(
    tx: &mut T,
    conversation_id: i64,
    after_user: i64,
    limit: i64,
) -> Result<Vec<Listed>> {
    let sql = "SELECT m.user_id, m.role, m.joined_at, m.silenced_until, u.uid, u.name, u.nickname, u.avatar \
               FROM members m JOIN users u ON u.id = m.user_id \
               WHERE m.conversation_id = $1 AND m.user_id > $2 AND m.state = 1 ORDER BY m.user_id LIMIT $3";
    tx.many(sql, params![conversation_id, after_user, limit]).await
}

/// Who manages a group now: owner and administrators, by id.
pub async fn managers<T: Tx>(tx: &mut T, conversation_id: i64, limit: i64) -> Result<Vec<i64>> {
    let sql = "SELECT user_id FROM members WHERE conversation_id = $1 AND role > 1 AND state = 1 \
               ORDER BY user_id LIMIT $2";
    let rows: Vec<(i64,)> = tx.many(sql, params![conversation_id, limit]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

row! {
    /// An administrator of a group.
    pub struct Administrator {
        /// The group.
        pub conversation_id: i64,
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
    }
}

/// The administrators of these groups, up to `each` of every one, by group and id.
pub async fn administrators<T: Tx>(
    tx: &mut T,
    conversation_ids: &[i64],
    each: i64,
) -> Result<Vec<Administrator>> {
    let sql = format!(
        "SELECT a.conversation_id, a.user_id, u.uid, u.name, u.nickname, u.avatar FROM \
         (SELECT conversation_id, user_id, ROW_NUMBER() OVER (PARTITION BY conversation_id ORDER BY user_id) AS place \
         FROM members WHERE {} AND role = 2 AND role > 1 AND state = 1) AS a JOIN users u ON u.id = a.user_id \
         WHERE a.place <= $2 ORDER BY a.conversation_id, a.user_id",
        in_json_list("conversation_id", 1)
    );
    let ids = json_list(conversation_ids.iter().copied());
    tx.many(&sql, params![&ids, each]).await
}

/// Some of the people in a conversation now whose text id or names contain `keyword` (case-blind; empty matches all),
/// by id.
pub async fn matching<T: Tx>(
    tx: &mut T,
    conversation_id: i64,
    keyword: &str,
    skip: i64,
    limit: i64,
) -> Result<Vec<Listed>> {
    let sql = "SELECT m.user_id, m.role, m.joined_at, m.silenced_until, u.uid, u.name, u.nickname, u.avatar \
               FROM members m JOIN users u ON u.id = m.user_id WHERE m.conversation_id = $1 AND m.state = 1 \
               AND (u.uid LIKE $2 ESCAPE '\\' OR u.name LIKE $2 ESCAPE '\\' OR u.nickname LIKE $2 ESCAPE '\\') \
               ORDER BY m.user_id LIMIT $3 OFFSET $4";
    let pattern = contains_pattern(keyword);
    tx.many(sql, params![conversation_id, &pattern, limit, skip])
        .await
}

/// How many [`matching`] has to give.
pub async fn count_matching<T: Tx>(tx: &mut T, conversation_id: i64, keyword: &str) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM members m JOIN users u ON u.id = m.user_id WHERE m.conversation_id = $1 \
               AND m.state = 1 AND (u.uid LIKE $2 ESCAPE '\\' OR u.name LIKE $2 ESCAPE '\\' \
               OR u.nickname LIKE $2 ESCAPE '\\')";
    let row = tx
        .one::<(i64,)>(sql, params![conversation_id, &contains_pattern(keyword)])
        .await?;
    Ok(row.map_or(0, |row| row.0))
}

/// Writes everything but the keys of a member back.
pub async fn update<T: Tx>(tx: &mut T, member: &Member) -> Result<()> {
    tx.exec(
        "UPDATE members SET state = $1, role = $2, joined_at = $3, joined_seq = $4, read_seq = $5, delivered_seq = $6, \
         cleared_seq = $7, hidden_seq = $8, own_after_read = $9, read_at = $10, pinned = $11, muted = $12, \
         remark = $13, draft = $14, silenced_until = $15, folder = $16 WHERE conversation_id = $17 AND user_id = $18",
        params![
            member.state,
            member.role,
            member.joined_at,
            member.joined_seq,
            member.read_seq,
            member.delivered_seq,
            member.cleared_seq,
            member.hidden_seq,
            member.own_after_read,
            member.read_at,
            member.pinned,
            member.muted,
            &member.remark,
            &member.draft,
            member.silenced_until,
            &member.folder,
            member.conversation_id,
            member.user_id
        ],
    )
    .await?;
    Ok(())
}

/// Counts one more own message after the read cursor.
pub async fn count_own<T: Tx>(tx: &mut T, conversation_id: i64, user_id: i64) -> Result<()> {
    tx.exec(
        "UPDATE members SET own_after_read = own_after_read + 1 WHERE conversation_id = $1 AND user_id = $2",
        params![conversation_id, user_id],
    )
    .await?;
    Ok(())
}

/// The people in a conversation now, by id, after `after_user`.
pub async fn page<T: Tx>(
    tx: &mut T,
    conversation_id: i64,
    after_user: i64,
    limit: i64,
) -> Result<Vec<Member>> {
    let sql = format!(
        "SELECT {} FROM members WHERE conversation_id = $1 AND user_id > $2 AND state = 1 ORDER BY user_id LIMIT $3",
        Member::COLUMNS
    );
    tx.many(&sql, params![conversation_id, after_user, limit]).await
}

/// The ids of the people in a conversation now.
pub async fn user_ids<T: Tx>(tx: &mut T, conversation_id: i64) -> Result<Vec<i64>> {
    let rows: Vec<(i64,)> = tx
        .many(
            "SELECT user_id FROM members WHERE conversation_id = $1 AND state = 1",
            params![conversation_id],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// How many people are in a conversation now.
pub async fn count<T: Tx>(tx: &mut T, conversation_id: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM members WHERE conversation_id = $1 AND state = 1";
    Ok(tx
        .one::<(i64,)>(sql, params![conversation_id])
        .await?
        .map_or(0, |row| row.0))
}

/// Who stands next to an owner who went: of the highest role the one who has been in longest.
pub async fn heir<T: Tx>(tx: &mut T, conversation_id: i64) -> Result<Option<Member>> {
    let sql = format!(
        "SELECT {} FROM members WHERE conversation_id = $1 AND state = 1 ORDER BY role DESC, joined_at, user_id LIMIT 1",
        Member::COLUMNS
    );
    tx.one(&sql, params![conversation_id]).await
}

/// The conversations a person is in now.
pub async fn conversation_ids<T: Tx>(tx: &mut T, user_id: i64) -> Result<Vec<i64>> {
    let rows: Vec<(i64,)> = tx
        .many(
            "SELECT conversation_id FROM members WHERE user_id = $1 AND state = 1",
            params![user_id],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Who has a direct conversation with a person now, or has it in the list of contacts.
pub async fn near_to<T: Tx>(tx: &mut T, user_id: i64) -> Result<Vec<i64>> {
    let rows: Vec<(i64,)> = tx
        .many(
            "SELECT CASE c.user_low WHEN $1 THEN c.user_high ELSE c.user_low END \
             FROM members b JOIN conversations c ON c.id = b.conversation_id \
             WHERE b.user_id = $1 AND b.state = 1 AND c.kind = 1 \
             UNION SELECT owner_id FROM contacts WHERE contact_id = $1",
            params![user_id],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Moves the delivered cursor.
pub async fn deliver_to<T: Tx>(tx: &mut T, conversation_id: i64, user_id: i64, seq: i64) -> Result<()> {
    tx.exec(
        "UPDATE members SET delivered_seq = $1 WHERE conversation_id = $2 AND user_id = $3",
        params![seq, conversation_id, user_id],
    )
    .await?;
    Ok(())
}

/// Moves the delivered cursor, unless it is there already.
pub async fn deliver_at_least<T: Tx>(tx: &mut T, conversation_id: i64, user_id: i64, seq: i64) -> Result<()> {
    tx.exec(
        "UPDATE members SET delivered_seq = $1 WHERE conversation_id = $2 AND user_id = $3 AND delivered_seq < $1",
        params![seq, conversation_id, user_id],
    )
    .await?;
    Ok(())
}

/// Whether two people are in some conversation together now.
pub async fn share_conversation<T: Tx>(tx: &mut T, a: i64, b: i64) -> Result<bool> {
    let found = tx
        .one::<(i64,)>(
            "SELECT 1 FROM members x JOIN members y ON y.conversation_id = x.conversation_id \
             WHERE x.user_id = $1 AND x.state = 1 AND y.user_id = $2 AND y.state = 1 LIMIT 1",
            params![a, b],
        )
        .await?;
    Ok(found.is_some())
}

/// The headings under which a person keeps conversations, each once.
pub async fn folders<T: Tx>(tx: &mut T, user_id: i64, limit: i64) -> Result<Vec<String>> {
    let sql =
        "SELECT DISTINCT folder FROM members WHERE user_id = $1 AND folder <> '' AND state = 1 LIMIT $2";
    let rows: Vec<(String,)> = tx.many(sql, params![user_id, limit]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// The people in a conversation now, without `except`, whose text id or names contain `keyword` (case-blind; empty
/// matches all), by id.
pub async fn search<T: Tx>(
    tx: &mut T,
    conversation_id: i64,
    except: i64,
    keyword: &str,
    limit: i64,
) -> Result<Vec<Card>> {
    tx.many(
        "SELECT u.id, u.uid, u.name, u.nickname, u.avatar FROM members b JOIN users u ON u.id = b.user_id \
         WHERE b.conversation_id = $1 AND b.user_id <> $2 AND b.state = 1 AND (u.uid LIKE $3 ESCAPE '\\' \
         OR u.name LIKE $3 ESCAPE '\\' OR u.nickname LIKE $3 ESCAPE '\\') ORDER BY b.user_id LIMIT $4",
        params![conversation_id, except, &contains_pattern(keyword), limit],
    )
    .await
}
