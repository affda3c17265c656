//! The message object: the union of the names that the client generations read (B5).

use jiff::tz::TimeZone;
use parlance_core::query::Marks;
use parlance_core::types::{Extra, MessageView, Quote, UserCard, UserId, shown_type};
use serde::Serialize;

use crate::DIALECT;
use crate::caller::Profile;
use crate::wire::message_marks::{WireReactionCount, WireReadCount};
use crate::wire::time::{local, local_opt};

/// What a recalled message shows instead of its content.
pub(crate) const RECALLED_CONTENT: &str = "[消息已撤回]";
/// Characters of a quoted text before it is cut.
const QUOTE_CHARS: usize = 50;

/// A message as lists, details and pushes carry it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireMessage {
    pub(crate) id: i64,
    message_id: i64,
    conversation_id: i64,
    session_id: i64,
    sender_id: i64,
    sender_name: String,
    sender_avatar: String,
    #[serde(rename = "type")]
    kind: String,
    message_type: String,
    content: String,
    client_msg_id: Option<String>,
    seq: i64,
    status: &'static str,
    send_status: &'static str,
    is_self: bool,
    is_revoked: bool,
    revoked: bool,
    #[serde(rename = "is_revoked")]
    is_revoked_number: u8,
    revoke_time: Option<String>,
    revoked_time: Option<String>,
    is_edited: bool,
    edit_time: Option<String>,
    reply_to_message_id: Option<i64>,
    quoted_message: Option<WireQuote>,
    forward_from_message_id: Option<i64>,
    extra: Option<serde_json::Value>,
    send_time: String,
    create_time: String,
    timestamp: i64,
    file_url: Option<String>,
    file_name: Option<String>,
    file_size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reactions: Option<Vec<WireReactionCount>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_status: Option<WireReadCount>,
}

/// The message that another one answers.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireQuote {
    id: i64,
    sender_name: String,
    #[serde(rename = "type")]
    kind: String,
    content: String,
    send_time: String,
    is_file: bool,
}

/// The picture of somebody who has none.
pub(crate) const DEFAULT_AVATAR: &str = "/avatar/default.png";

/// A person's picture, or the default one.
pub(crate) fn picture(avatar: &str) -> &str {
    if avatar.is_empty() { DEFAULT_AVATAR } else { avatar }
}

/// The same, to keep.
pub(crate) fn avatar(avatar: &str) -> String {
    picture(avatar).to_owned()
}

/// Who reads a message, and how.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// Times are written in this zone.
    pub(crate) zone: &'a TimeZone,
    /// Which generation of client.
    pub(crate) profile: Profile,
    /// Who.
    pub(crate) user_id: UserId,
}

impl WireMessage {
    /// A message as `reader` sees it.
    pub(crate) fn new(view: &MessageView, reader: Reader<'_>) -> Self {
        let message = &view.message;
        let recalled = message.recalled_at.is_some();
        let sender = view.sender.as_ref();
        let kind = if recalled && reader.profile == Profile::C {
            "RECALLED"
        } else {
            shown_type(&message.content_type)
        };
        let file = if recalled {
            None
        } else {
            file_fields(&message.content_type, &message.content)
        };
        let file = file.unwrap_or_default();
        Self {
            id: message.id,
            message_id: message.id,
            conversation_id: message.conversation_id,
            session_id: message.conversation_id,
            sender_id: message.sender_id.unwrap_or(0),
            sender_name: sender.map(|card| card.name.clone()).unwrap_or_default(),
            sender_avatar: avatar(sender.map_or("", |card| card.avatar.as_str())),
            kind: kind.to_owned(),
            message_type: shown_type(&message.content_type).to_owned(),
            content: if recalled {
                RECALLED_CONTENT.to_owned()
            } else {
                message.content.clone()
            },
            client_msg_id: message.client_id.clone(),
            seq: message.seq,
            status: if recalled { "recalled" } else { "sent" },
            send_status: "sent",
            is_self: message.sender_id == Some(reader.user_id),
            is_revoked: recalled,
            revoked: recalled,
            is_revoked_number: u8::from(recalled),
            revoke_time: local_opt(message.recalled_at, reader.zone),
            revoked_time: local_opt(message.recalled_at, reader.zone),
            is_edited: message.edited_at.is_some(),
            edit_time: local_opt(message.edited_at, reader.zone),
            reply_to_message_id: message.reply_to,
            quoted_message: view
                .quote
                .as_ref()
                .map(|quote| WireQuote::new(quote, reader.zone)),
            forward_from_message_id: message.forwarded_from,
            extra: Extra::of(message, DIALECT).and_then(|extra| serde_json::from_str(extra).ok()),
            send_time: local(message.created_at, reader.zone),
            create_time: local(message.created_at, reader.zone),
            timestamp: message.created_at / 1000,
            file_url: file.url,
            file_name: file.name,
            file_size: file.size,
            reactions: None,
            read_status: None,
        }
    }

    /// The same message with its reactions and how many have read it.
    pub(crate) fn marked(self, marks: Marks) -> Self {
        Self {
            reactions: Some(marks.reactions.into_iter().map(WireReactionCount::from).collect()),
            read_status: Some(marks.read.into()),
            ..self
        }
    }

    /// What a combined message shows of this one.
    pub(crate) fn in_combined(&self) -> serde_json::Value {
        serde_json::json!({
            "messageId": self.id,
            "senderId": self.sender_id,
            "senderName": self.sender_name,
            "senderAvatar": self.sender_avatar,
            "type": self.kind,
            "content": self.content,
            "sendTime": self.send_time,
            "timestamp": self.timestamp,
        })
    }
}

impl WireQuote {
    pub(crate) fn new(quote: &Quote, zone: &TimeZone) -> Self {
        let message = &quote.message;
        let gone = message.recalled_at.is_some() || message.deleted_at.is_some();
        let placeholder = media_placeholder(&message.content_type);
        Self {
            id: message.id,
            sender_name: quote
                .sender
                .as_ref()
                .map(|card: &UserCard| card.name.clone())
                .unwrap_or_default(),
            kind: shown_type(&message.content_type).to_owned(),
            content: match placeholder {
                _ if gone => RECALLED_CONTENT.to_owned(),
                Some(placeholder) => placeholder.to_owned(),
                None => cut(&message.content),
            },
            send_time: local(message.created_at, zone),
            is_file: placeholder.is_some(),
        }
    }
}

fn media_placeholder(content_type: &str) -> Option<&'static str> {
    match content_type {
        "IMAGE" => Some("[图片]"),
        "VIDEO" => Some("[视频]"),
        "VOICE" | "AUDIO" => Some("[语音]"),
        "FILE" => Some("[文件]"),
        _ => None,
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(QUOTE_CHARS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[derive(Default)]
struct FileFields {
    url: Option<String>,
    name: Option<String>,
    size: Option<i64>,
}

/// The URL of a media message's file, read from its content.
pub(crate) fn file_url(content_type: &str, content: &str) -> Option<String> {
    file_fields(content_type, content)?.url
}

/// The file fields beside the content, read from it where the client has put JSON or a bare URL there.
fn file_fields(content_type: &str, content: &str) -> Option<FileFields> {
    media_placeholder(content_type)?;
    let Ok(serde_json::Value::Object(object)) = serde_json::from_str(content) else {
        let is_url = content.starts_with('/') || content.starts_with("http");
        return is_url.then(|| FileFields {
            url: Some(content.to_owned()),
            ..FileFields::default()
        });
    };
    let text = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| object.get(*name)?.as_str())
            .map(str::to_owned)
    };
    Some(FileFields {
        url: text(&["fileUrl", "imageUrl", "videoUrl", "audioUrl", "voiceUrl", "url"]),
        name: text(&["fileName", "name"]),
        size: ["fileSize", "size"]
            .iter()
            .find_map(|name| object.get(*name)?.as_i64()),
    })
}
