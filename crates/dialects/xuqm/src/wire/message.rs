//! A message as clients see it, in answers and in pushes (1.4, decisions 5 and 16).

use parlance_core::name::PlaceName;
use parlance_core::query::{FullMessage, MessageStatus};
use serde::Serialize;

/// A message.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireMessage {
    id: String,
    message_id: Option<String>,
    from_id: Option<String>,
    to_id: String,
    chat_type: &'static str,
    msg_type: String,
    content: String,
    status: &'static str,
    created_at: i64,
}

impl WireMessage {
    /// A message with everything that is told beside it.
    pub(crate) fn new(full: &FullMessage) -> Self {
        let message = &full.view.message;
        Self {
            id: message.id.to_string(),
            message_id: message.client_id.clone(),
            from_id: full.view.sender.as_ref().map(|card| card.uid.clone()),
            to_id: full.place.seen_by(message.sender_id.unwrap_or(0)).to_string(),
            chat_type: match &*full.place {
                PlaceName::Direct { .. } => "SINGLE",
                PlaceName::Group(_) => "GROUP",
            },
            msg_type: message.content_type.clone(),
            content: message.content.clone(),
            status: match full.status {
                MessageStatus::Sent => "SENT",
                MessageStatus::Delivered => "DELIVERED",
                MessageStatus::Edited => "EDITED",
                MessageStatus::Read => "READ",
                MessageStatus::Recalled => "REVOKED",
            },
            created_at: message.created_at / 1000,
        }
    }

    /// As JSON.
    pub(crate) fn json(&self) -> String {
        // A structure of texts and numbers is always JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}
