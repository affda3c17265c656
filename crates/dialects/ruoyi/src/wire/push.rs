//! A new message as sockets get it (seed 5.4.2, B8): what a client needs to show it, and no more, because it is
//! written to every member of a group.

use jiff::tz::TimeZone;
use parlance_core::types::{Extra, MessageView, UserCard, shown_type};
use serde::Serialize;

use crate::DIALECT;
use crate::caller::Profile;
use crate::wire::message::{WireQuote, file_url, picture};
use crate::wire::time::local;

/// A message on its way to sockets.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WirePush<'a> {
    id: i64,
    conversation_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<i64>,
    sender_id: i64,
    sender_name: &'a str,
    sender_avatar: &'a str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    message_type: &'a str,
    content: &'a str,
    reply_to_message_id: Option<i64>,
    quoted_message: Option<WireQuote>,
    create_time: String,
    seq: i64,
    is_self: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_msg_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward_from_message_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<serde_json::Value>,
}

impl<'a> WirePush<'a> {
    /// A message for the sockets of one profile; `own` for those of its sender, which alone know `clientMsgId`.
    pub(crate) fn new(view: &'a MessageView, zone: &TimeZone, profile: Profile, own: bool) -> Self {
        let message = &view.message;
        let sender = view.sender.as_ref();
        let newer = profile == Profile::C;
        Self {
            id: message.id,
            conversation_id: message.conversation_id,
            session_id: newer.then_some(message.conversation_id),
            sender_id: message.sender_id.unwrap_or(0),
            sender_name: sender.map_or("", |card: &UserCard| card.name.as_str()),
            sender_avatar: picture(sender.map_or("", |card| card.avatar.as_str())),
            kind: newer.then_some(shown_type(&message.content_type)),
            message_type: shown_type(&message.content_type),
            content: &message.content,
            reply_to_message_id: message.reply_to,
            quoted_message: view.quote.as_ref().map(|quote| WireQuote::new(quote, zone)),
            create_time: local(message.created_at, zone),
            seq: message.seq,
            is_self: own,
            client_msg_id: if own { message.client_id.as_deref() } else { None },
            timestamp: newer.then_some(message.created_at / 1000),
            file_url: if newer {
                file_url(&message.content_type, &message.content)
            } else {
                None
            },
            forward_from_message_id: message.forwarded_from,
            extra: Extra::of(message, DIALECT).and_then(|extra| serde_json::from_str(extra).ok()),
        }
    }
}
