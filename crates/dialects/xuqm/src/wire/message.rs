//! A message as clients see it, in answers and in pushes (1.4, 1.7, decisions 5 and 16).

use parlance_core::name::PlaceName;
use parlance_core::query::{FullMessage, MessageStatus};
use parlance_core::types::{Extra, shown_type};
use serde::Serialize;
use serde_json::Value;

use crate::DIALECT;
use crate::wire::auth::millis;

/// What other dialects call a type, and what clients of this one know it by. Every other word is shown as it is.
const FOREIGN_TYPES: [(&str, &str); 5] = [
    ("VOICE", "AUDIO"),
    ("NOTICE", "NOTIFY"),
    ("SYSTEM", "NOTIFY"),
    ("USER_NOTIFICATION", "NOTIFY"),
    ("COMBINE_FORWARD", "MERGE"),
];
/// Everybody of a group, among those who are mentioned.
pub(crate) const EVERYBODY: &str = "@all";

/// The type of a message's content as this dialect shows it.
pub(crate) fn msg_type(content_type: &str) -> &str {
    let shown = shown_type(content_type);
    let foreign = FOREIGN_TYPES.iter().find(|(stored, _)| *stored == shown);
    foreign.map_or(shown, |(_, known)| known)
}

/// A message.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireMessage {
    id: String,
    /// The sender's own id for it; the common one if there is none.
    message_id: String,
    /// Empty for what the server says.
    from_id: String,
    /// The receiver, or the group.
    to_id: String,
    chat_type: &'static str,
    msg_type: String,
    /// Empty once it was revoked.
    content: String,
    status: &'static str,
    mentioned_user_ids: Vec<String>,
    extra: Option<Value>,
    created_at: i64,
    edited_at: Option<i64>,
    revoked: bool,
    revoked_at: Option<i64>,
}

impl WireMessage {
    pub(crate) fn new(full: &FullMessage) -> Self {
        let message = &full.view.message;
        let id = message.id.to_string();
        let everybody = message.mention_all.then(|| EVERYBODY.to_owned());
        let extra = Extra::of(message, DIALECT).and_then(|json| serde_json::from_str(json).ok());
        Self {
            message_id: message.client_id.clone().unwrap_or_else(|| id.clone()),
            id,
            from_id: full
                .view
                .sender
                .as_ref()
                .map(|card| card.uid.clone())
                .unwrap_or_default(),
            to_id: full.place.seen_by(message.sender_id.unwrap_or(0)).to_string(),
            chat_type: chat_type(&full.place),
            msg_type: msg_type(&message.content_type).to_owned(),
            content: message.content.clone(),
            status: status(full.status),
            mentioned_user_ids: everybody.into_iter().chain(full.mentioned.clone()).collect(),
            extra,
            created_at: millis(message.created_at),
            edited_at: message.edited_at.map(millis),
            revoked: message.recalled_at.is_some(),
            revoked_at: message.recalled_at.map(millis),
        }
    }

    /// As JSON.
    pub(crate) fn json(&self) -> String {
        // A structure of texts and numbers is always JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The word for what became of a message.
pub(crate) fn status(status: MessageStatus) -> &'static str {
    match status {
        MessageStatus::Sent => "SENT",
        MessageStatus::Delivered => "DELIVERED",
        MessageStatus::Edited => "EDITED",
        MessageStatus::Read => "READ",
        MessageStatus::Recalled => "REVOKED",
    }
}

/// The word for a kind of conversation.
pub(crate) fn chat_type(place: &PlaceName) -> &'static str {
    match place {
        PlaceName::Direct { .. } => "SINGLE",
        PlaceName::Group(_) => "GROUP",
    }
}

/// Messages that a device has missed (decision 16).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireMissed {
    pub(crate) content: Vec<WireMessage>,
    pub(crate) has_more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_other_dialects_have_a_word_here() {
        for (stored, shown) in [
            ("VOICE", "AUDIO"),
            ("AUDIO", "AUDIO"),
            ("NOTICE", "NOTIFY"),
            ("CUSTOM:42", "CUSTOM"),
            ("TEXT", "TEXT"),
            ("ANY_OTHER", "ANY_OTHER"),
        ] {
            assert_eq!(msg_type(stored), shown);
        }
    }
}
