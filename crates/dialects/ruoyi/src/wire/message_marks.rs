//! What hangs on a message: reactions, readers, earlier contents; and totals over all messages (B5).

use jiff::tz::TimeZone;
use parlance_core::query::{Edit, MessageTotals, ReactionBy, ReactionCount, ReadCount, ReadStatus, Reader};
use parlance_core::types::{Reaction, UserId};
use serde::Serialize;

use crate::wire::message::avatar;
use crate::wire::time::{local, local_opt};

/// One reaction of one person.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireReaction {
    message_id: i64,
    user_id: i64,
    user_name: Option<String>,
    user_nickname: Option<String>,
    user_avatar: Option<String>,
    emoji: String,
    reaction_type: String,
    is_mine: bool,
    create_time: String,
}

impl WireReaction {
    pub(crate) fn new(message_id: i64, reaction: ReactionBy, me: UserId, zone: &TimeZone) -> Self {
        Self {
            message_id,
            user_id: reaction.user.id,
            user_avatar: Some(avatar(&reaction.user.avatar)),
            user_nickname: Some(reaction.user.name.clone()),
            user_name: Some(reaction.user.name),
            emoji: reaction.emoji,
            reaction_type: reaction.reaction_type,
            is_mine: reaction.user.id == me,
            create_time: local(reaction.created_at, zone),
        }
    }

    /// The caller's own, just put on: the client knows who that is.
    pub(crate) fn own(reaction: &Reaction, zone: &TimeZone) -> Self {
        Self {
            message_id: reaction.message_id,
            user_id: reaction.user_id,
            user_name: None,
            user_nickname: None,
            user_avatar: None,
            emoji: reaction.emoji.clone(),
            reaction_type: reaction.reaction_type.clone(),
            is_mine: true,
            create_time: local(reaction.created_at, zone),
        }
    }
}

/// How often one sign stands on a message.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireReactionCount {
    emoji: String,
    count: i64,
    is_mine: bool,
    reaction_type: String,
}

impl From<ReactionCount> for WireReactionCount {
    fn from(count: ReactionCount) -> Self {
        Self {
            emoji: count.emoji,
            count: count.total,
            is_mine: count.mine,
            reaction_type: count.reaction_type,
        }
    }
}

/// How many have read a message.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireReadCount {
    read_count: i64,
    total_count: i64,
    unread_count: i64,
    /// Whole per cent, rounded down.
    read_percent: i64,
    all_read: bool,
}

impl From<ReadCount> for WireReadCount {
    fn from(count: ReadCount) -> Self {
        let all = count.read >= count.total;
        Self {
            read_count: count.read,
            total_count: count.total,
            unread_count: count.total - count.read,
            read_percent: if count.total == 0 {
                0
            } else {
                count.read * 100 / count.total
            },
            all_read: all && count.total > 0,
        }
    }
}

/// Somebody who has read a message, or not yet.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireReader {
    user_id: i64,
    user_name: String,
    nickname: String,
    avatar: String,
    read_time: Option<String>,
}

impl WireReader {
    pub(crate) fn new(reader: &Reader, zone: &TimeZone) -> Self {
        Self {
            user_id: reader.user.id,
            user_name: reader.user.uid.clone(),
            nickname: reader.user.name.clone(),
            avatar: avatar(&reader.user.avatar),
            read_time: local_opt(reader.read_at, zone),
        }
    }
}

/// Who has read a message and who has not.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireReadDetail {
    message_id: i64,
    #[serde(flatten)]
    count: WireReadCount,
    read_users: Vec<WireReader>,
    unread_users: Vec<WireReader>,
}

impl WireReadDetail {
    pub(crate) fn new(message_id: i64, status: &ReadStatus, zone: &TimeZone) -> Self {
        let people = |readers: &[Reader]| readers.iter().map(|r| WireReader::new(r, zone)).collect();
        Self {
            message_id,
            count: status.count.into(),
            read_users: people(&status.read),
            unread_users: people(&status.unread),
        }
    }
}

/// One change of a message's text.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireEdit {
    id: i64,
    message_id: i64,
    old_content: String,
    new_content: String,
    edit_time: String,
    create_time: String,
}

impl WireEdit {
    pub(crate) fn new(message_id: i64, edit: Edit, zone: &TimeZone) -> Self {
        let at = local(edit.edited_at, zone);
        Self {
            id: edit.version,
            message_id,
            old_content: edit.before,
            new_content: edit.after,
            edit_time: at.clone(),
            create_time: at,
        }
    }
}

/// Totals over everything the caller can see.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireTotals {
    conversation_count: i64,
    total_count: i64,
    unread_count: i64,
    favorite_count: i64,
    unread_mention_count: i64,
}

impl WireTotals {
    pub(crate) fn new(totals: MessageTotals, unread_count: i64) -> Self {
        Self {
            conversation_count: totals.conversations,
            total_count: totals.messages,
            unread_count,
            favorite_count: totals.favorites,
            unread_mention_count: totals.unread_mentions,
        }
    }
}
