//! A conversation as clients read it (A5). Two spellings of its id are in use where something was done with it: both
//! are sent.

use parlance_core::query::NamedGroupView;
use serde::Serialize;

use crate::wire::msg_id;

/// The answer to what was done with one conversation.
#[derive(Debug, Serialize)]
pub(crate) struct WireId {
    #[serde(rename = "ConversationID")]
    conversation_id: String,
    #[serde(rename = "ConversationId")]
    same: String,
}

impl WireId {
    pub(crate) fn new(conversation_id: String) -> Self {
        Self {
            same: conversation_id.clone(),
            conversation_id,
        }
    }
}

/// The same where it can fail for some of those named. It never does: whoever is not in has gone already.
#[derive(Debug, Serialize)]
pub(crate) struct WireGone {
    #[serde(flatten)]
    id: WireId,
    #[serde(rename = "Failed")]
    failed: [&'static str; 0],
}

impl WireGone {
    pub(crate) fn new(conversation_id: String) -> Self {
        Self {
            id: WireId::new(conversation_id),
            failed: [],
        }
    }
}

/// Those named that it failed for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct WireFailed {
    pub(crate) failed: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct WireJoined {
    pub(crate) joined: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct WireConversations {
    pub(crate) conversations: Vec<String>,
}

/// The newest message by its id only; empty when there is none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct WireLast {
    msg_id: String,
}

/// A conversation. What is said of the newest message is null when there is none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct WireDetail {
    #[serde(rename = "ConversationID")]
    conversation_id: String,
    #[serde(rename = "LastMsgID")]
    last_msg_id: Option<String>,
    /// Microseconds since 1970 UTC.
    last_send_time: Option<i64>,
    /// What is deleted is not found.
    is_delete: bool,
    conversation_type: i64,
    last_send_session: Option<String>,
    is_archive: bool,
}

/// The id of the newest message.
fn last_id(group: &NamedGroupView) -> Option<String> {
    let (group, last) = (&group.conversation, group.last_message.as_ref()?);
    let uuid = group.uuid.as_deref().unwrap_or_default();
    Some(msg_id::text(last.message.id, group.category, uuid))
}

impl WireLast {
    pub(crate) fn new(group: &NamedGroupView) -> Self {
        Self {
            msg_id: last_id(group).unwrap_or_default(),
        }
    }
}

impl WireDetail {
    pub(crate) fn new(group: NamedGroupView) -> Self {
        let last_msg_id = last_id(&group);
        let NamedGroupView {
            conversation,
            last_message,
        } = group;
        let last_send_time = last_message.as_ref().map(|last| last.message.created_at);
        let sender = |last: parlance_core::types::MessageView| last.sender.map_or(String::new(), |s| s.uid);
        Self {
            conversation_id: conversation.uuid.unwrap_or_default(),
            last_msg_id,
            last_send_time,
            is_delete: false,
            conversation_type: conversation.category,
            last_send_session: last_message.map(sender),
            is_archive: conversation.archived,
        }
    }
}
