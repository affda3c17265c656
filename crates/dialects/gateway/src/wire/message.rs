//! A message as clients read it, in the history and when it is pushed, and the numbers of its types (A5, decision 5).

use parlance_core::types::{Message, MessageView, NOTICE};
use serde::Serialize;

use crate::wire::msg_id;

/// Content types and their numbers here. Every other number is a type of the client's own.
const TYPES: [(i32, &str); 9] = [
    (0, NOTICE),
    (1, "TEXT"),
    (2, "IMAGE"),
    (3, "FILE"),
    (4, "VOICE"),
    (5, "VIDEO"),
    (6, "LOCATION"),
    (7, "CARD"),
    (8, "USER_NOTIFICATION"),
];
/// The number of whatever other dialects send and the table has not.
const FOREIGN: i32 = 99;
/// What a client's own type begins with.
const OWN: &str = "CUSTOM:";

/// The content type that a number stands for.
pub(crate) fn content_type(number: i32) -> String {
    match TYPES.iter().find(|(known, _)| *known == number) {
        Some((_, name)) => (*name).to_owned(),
        None => format!("{OWN}{number}"),
    }
}

/// The number of a content type.
fn number(content_type: &str) -> i32 {
    if let Some((number, _)) = TYPES.iter().find(|(_, known)| *known == content_type) {
        return *number;
    }
    let own = content_type.strip_prefix(OWN);
    own.and_then(|number| number.parse().ok()).unwrap_or(FOREIGN)
}

/// What has become of a message since it was sent.
fn status(message: &Message) -> u8 {
    match (message.recalled_at, message.edited_at) {
        (Some(_), _) => 1,
        (None, Some(_)) => 2,
        (None, None) => 0,
    }
}

/// A message in a conversation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct WireMessage<'a> {
    pub(crate) msg_id: String,
    #[serde(rename = "ConversationID")]
    conversation_id: &'a str,
    /// Empty for what the server says.
    from_session: &'a str,
    /// Microseconds since 1970 UTC.
    send_time: i64,
    status: u8,
    #[serde(rename = "Type")]
    kind: i32,
    content: &'a str,
}

impl<'a> WireMessage<'a> {
    /// The message as it stands, in the conversation of this id and type.
    pub(crate) fn new(view: &'a MessageView, conversation_id: &'a str, category: i64) -> Self {
        let message = &view.message;
        Self {
            msg_id: msg_id::text(message.id, category, conversation_id),
            conversation_id,
            from_session: view.sender.as_ref().map_or("", |sender| sender.uid.as_str()),
            send_time: message.created_at,
            status: status(message),
            kind: number(&message.content_type),
            content: if message.recalled_at.is_some() {
                ""
            } else {
                &message.content
            },
        }
    }
}

/// The answer to a message that was sent. One server spells the id in two ways.
#[derive(Debug, Serialize)]
pub(crate) struct WireSent {
    #[serde(rename = "MsgID")]
    msg_id: String,
    #[serde(rename = "MsgId")]
    same: String,
}

impl WireSent {
    pub(crate) fn new(msg_id: String) -> Self {
        Self {
            same: msg_id.clone(),
            msg_id,
        }
    }
}

/// Messages of a conversation.
#[derive(Debug, Serialize)]
pub(crate) struct WireMessages<'a> {
    #[serde(rename = "Msg")]
    pub(crate) messages: Vec<WireMessage<'a>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_content_types_go_there_and_back() {
        for number_sent in [0, 1, 8, 9, 42, 99, 100, -1, i32::MAX, i32::MIN] {
            assert_eq!(number(&content_type(number_sent)), number_sent);
        }
        assert_eq!(content_type(0), "NOTICE");
        assert_eq!(content_type(7), "CARD");
        assert_eq!(content_type(-5), "CUSTOM:-5");
        for foreign in ["EMOJI", "AUDIO", "CUSTOM", "CUSTOM:", "CUSTOM:x", ""] {
            assert_eq!(number(foreign), FOREIGN, "{foreign}");
        }
    }
}
