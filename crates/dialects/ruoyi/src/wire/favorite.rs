//! A favourite (B5).

use jiff::tz::TimeZone;
use parlance_core::query::Favorite;
use parlance_core::types::shown_type;
use serde::Serialize;

use crate::wire::message::{RECALLED_CONTENT, avatar};
use crate::wire::time::local;

/// A message kept, with the note on it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireFavorite {
    id: i64,
    message_id: i64,
    conversation_id: i64,
    conversation_name: String,
    message_content: String,
    sender_id: i64,
    sender_name: String,
    sender_avatar: String,
    message_type: String,
    message_time: String,
    remark: String,
    tags: String,
    create_time: String,
}

impl WireFavorite {
    pub(crate) fn new(favorite: Favorite, zone: &TimeZone) -> Self {
        let sender = favorite.sender.unwrap_or_default();
        Self {
            id: favorite.id,
            message_id: favorite.message_id,
            conversation_id: favorite.conversation_id,
            conversation_name: favorite.conversation_name,
            message_content: if favorite.recalled_at.is_some() {
                RECALLED_CONTENT.to_owned()
            } else {
                favorite.content
            },
            sender_id: sender.id,
            sender_name: sender.name,
            sender_avatar: avatar(&sender.avatar),
            message_type: shown_type(&favorite.content_type).to_owned(),
            message_time: local(favorite.sent_at, zone),
            remark: favorite.remark,
            tags: favorite.tags,
            create_time: local(favorite.created_at, zone),
        }
    }
}
