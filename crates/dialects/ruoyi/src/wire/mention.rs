//! Mentions, and people who can be mentioned (B5).

use jiff::tz::TimeZone;
use parlance_core::query::Mention;
use parlance_core::types::{UserCard, UserId, shown_type};
use serde::Serialize;

use crate::wire::message::avatar;
use crate::wire::time::local;

/// A mention of the caller that is not read yet.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireMention {
    id: i64,
    message_id: i64,
    conversation_id: i64,
    mentioned_user_id: i64,
    mentioned_by: i64,
    mentioned_by_name: String,
    mention_type: &'static str,
    message_type: String,
    content: String,
    is_read: bool,
    create_time: String,
}

impl WireMention {
    pub(crate) fn new(mention: Mention, me: UserId, zone: &TimeZone) -> Self {
        let author = mention.author.unwrap_or_default();
        Self {
            id: mention.id,
            message_id: mention.message_id,
            conversation_id: mention.conversation_id,
            mentioned_user_id: me,
            mentioned_by: author.id,
            mentioned_by_name: author.name,
            mention_type: if mention.all { "ALL" } else { "USER" },
            message_type: shown_type(&mention.content_type).to_owned(),
            content: mention.content,
            is_read: false,
            create_time: local(mention.created_at, zone),
        }
    }
}

/// Somebody who can be mentioned.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireMentionable {
    id: i64,
    user_id: i64,
    username: String,
    nickname: String,
    avatar: String,
}

impl From<UserCard> for WireMentionable {
    fn from(card: UserCard) -> Self {
        Self {
            id: card.id,
            user_id: card.id,
            username: card.uid,
            nickname: card.name,
            avatar: avatar(&card.avatar),
        }
    }
}
