//! Conversations as lists show them.

use parlance_core::query::ConversationOverview;
use parlance_core::types::{ConversationKind, shown_type};
use serde::Serialize;

use crate::wire::auth::millis;

/// A direct conversation.
const SINGLE: &str = "SINGLE";
/// A group.
const GROUP: &str = "GROUP";

/// A conversation (1.7).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireConversation {
    target_id: String,
    chat_type: &'static str,
    name: String,
    avatar: String,
    unread_count: i64,
    last_msg_id: Option<String>,
    last_msg_content: Option<String>,
    last_msg_type: Option<String>,
    last_msg_time: Option<i64>,
    pinned: bool,
    muted: bool,
    draft: String,
    group_name: Option<String>,
    hidden: bool,
}

impl WireConversation {
    pub(crate) fn new(overview: ConversationOverview) -> Self {
        let ConversationOverview {
            kind,
            conversation,
            member,
            unread,
            peer,
            last_message,
            ..
        } = overview;
        let peer = peer.unwrap_or_default();
        let key = conversation.key().to_owned();
        let (chat_type, target_id, name, avatar) = match kind {
            ConversationKind::Direct => (SINGLE, peer.uid, peer.name, peer.avatar),
            _ => (GROUP, key, conversation.name, conversation.avatar),
        };
        let last = last_message.map(|view| view.message);
        Self {
            target_id,
            chat_type,
            name: Some(member.remark).filter(|own| !own.is_empty()).unwrap_or(name),
            avatar,
            unread_count: unread,
            last_msg_id: last.as_ref().map(|message| message.id.to_string()),
            last_msg_type: last
                .as_ref()
                .map(|message| shown_type(&message.content_type).to_owned()),
            last_msg_time: last.as_ref().map(|message| millis(message.created_at)),
            last_msg_content: last.map(|message| message.content),
            pinned: member.pinned,
            muted: member.muted,
            draft: member.draft,
            group_name: Some(member.folder).filter(|name| !name.is_empty()),
            hidden: member.hidden_seq >= conversation.last_seq,
        }
    }
}

/// What is left to read in a conversation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireRead {
    target_id: String,
    unread_count: i64,
}

impl WireRead {
    pub(crate) fn new(target_id: String, unread_count: i64) -> Self {
        Self {
            target_id,
            unread_count,
        }
    }
}
