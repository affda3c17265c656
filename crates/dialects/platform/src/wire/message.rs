//! Messages and conversations as this contract shows them (seed 3, 4 and 5.3, decisions 6, 14 and 15), and what the
//! dialect keeps with a message that other dialects have no place for.

use parlance_core::place::{AppCard, Place};
use parlance_core::query::{CorrespondentCard, InboxEntry, InboxMessage};
use parlance_core::types::{Extra, Message, MessageView, shown_type};
use parlance_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::DIALECT;
use crate::app::App;
use crate::input::Word;
use crate::wire::media::with_links;
use crate::wire::time::local;

/// The title of a message that came without one, from another dialect.
const UNTITLED: &str = "私信";
/// What stands in the place of a message that was taken back.
const RECALLED: &str = "消息已撤回";
/// Who has sent a notification, and who a message, in the fixed words of pushes.
const SENDER_OF_NOTIFICATIONS: &str = "系统通知";
const SENDER_OF_MESSAGES: &str = "用户私信";
/// How the conversation is called in which no app speaks.
const SYSTEM: &str = "system";

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageType {
    /// From one person to another.
    Message,
    /// From an app.
    Notification,
}

impl Word for MessageType {
    const WORDS: &'static [(&'static str, Self)] =
        &[("MESSAGE", Self::Message), ("NOTIFICATION", Self::Notification)];
}

/// What the content of a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentType {
    /// Text to be read.
    Text,
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Any file.
    File,
    /// Something to be shown item by item, with a button.
    UserNotification,
}

impl Word for ContentType {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("TEXT", Self::Text),
        ("IMAGE", Self::Image),
        ("VIDEO", Self::Video),
        ("FILE", Self::File),
        ("USER_NOTIFICATION", Self::UserNotification),
    ];
}

impl ContentType {
    /// As what clients of this contract can show a message that may come from another dialect.
    fn shown(content_type: &str) -> Option<Self> {
        let name = shown_type(content_type);
        let known = Self::WORDS.iter().find(|(word, _)| *word == name);
        match (known, name) {
            (Some((_, known)), _) => Some(*known),
            (None, "VOICE" | "AUDIO") => Some(Self::File),
            (None, _) => None,
        }
    }
}

/// What the dialect keeps with a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action_text: Option<String>,
    /// Stands among an app's notifications, but is none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_message: bool,
}

impl Kept {
    /// What was kept with a message; none for those of other dialects.
    pub(crate) fn of(message: &Message) -> Option<Self> {
        Extra::of(message, DIALECT).and_then(|json| serde_json::from_str(json).ok())
    }

    pub(crate) fn extra(&self) -> Result<Extra, Error> {
        let json = serde_json::to_string(self)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("what is kept: {error}")))?;
        Ok(Extra {
            dialect: DIALECT,
            json,
        })
    }
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageResponse)]
pub(crate) struct WireMessage {
    id: i64,
    /// Who wrote it; none for an app.
    sender_id: Option<i64>,
    /// Whom it is for; none for everybody.
    receiver_id: Option<i64>,
    /// The number of the app that sent it; none for private messages.
    app_id: Option<i64>,
    app_name: Option<String>,
    /// `MESSAGE` or `NOTIFICATION`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// `TEXT`, `IMAGE`, `VIDEO`, `FILE` or `USER_NOTIFICATION`.
    content_type: &'static str,
    title: String,
    /// Text, or JSON as text; files as links that are good for an hour.
    content: String,
    action_url: Option<String>,
    action_text: Option<String>,
    is_read: bool,
    created_at: String,
    read_at: Option<String>,
    /// There when the message was taken back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_recalled: bool,
}

impl WireMessage {
    /// A message that nobody has read yet.
    pub(crate) fn unread(app: &App, view: &MessageView, place: &Place) -> Self {
        let message = &view.message;
        let kept = Kept::of(message).unwrap_or_else(|| Kept {
            title: UNTITLED.to_owned(),
            ..Kept::default()
        });
        let kind = match place {
            Place::Channel(_) if !kept.is_message => MessageType::Notification,
            _ => MessageType::Message,
        };
        let (content_type, content) = shown_content(app, message);
        let speaker = speaker(place)
            .filter(|_| kind == MessageType::Notification || content_type != ContentType::UserNotification);
        Self {
            id: message.id,
            sender_id: message.sender_id,
            receiver_id: place.receiver_of(message.sender_id),
            app_id: speaker.map(|app| app.id),
            app_name: speaker.map(|app| app.name.clone()),
            kind: kind.spelt(),
            content_type: content_type.spelt(),
            title: kept.title,
            content,
            action_url: kept.action_url,
            action_text: kept.action_text,
            is_read: false,
            created_at: local(message.created_at, &app.options.time_zone),
            read_at: None,
            is_recalled: message.recalled_at.is_some(),
        }
    }

    /// A message as its reader finds it.
    pub(crate) fn new(app: &App, message: &InboxMessage) -> Self {
        let read_at = message.read_at.map(|at| local(at, &app.options.time_zone));
        Self {
            is_read: message.read,
            read_at,
            ..Self::unread(app, &message.view, &message.place)
        }
    }

    /// Many of them.
    pub(crate) fn all(app: &App, messages: &[InboxMessage]) -> Vec<Self> {
        messages.iter().map(|message| Self::new(app, message)).collect()
    }
}

/// The app that speaks there.
fn speaker(place: &Place) -> Option<&AppCard> {
    match place {
        Place::Channel(channel) => channel.app.as_ref(),
        Place::Direct { .. } | Place::Group { .. } => None,
    }
}

/// What clients of this contract show of a message. Of other types than its own they get the text, or their name when
/// there is no text.
fn shown_content(app: &App, message: &Message) -> (ContentType, String) {
    if message.recalled_at.is_some() {
        return (ContentType::Text, RECALLED.to_owned());
    }
    match ContentType::shown(&message.content_type) {
        Some(known) => (known, with_links(app, message).into_owned()),
        None if message.content.trim_start().starts_with(['{', '[']) => {
            let name = shown_type(&message.content_type);
            (ContentType::Text, format!("[{name}]"))
        }
        None => (ContentType::Text, message.content.clone()),
    }
}

/// A message as it is pushed.
#[derive(Debug, Serialize)]
pub(crate) struct WirePush {
    #[serde(flatten)]
    message: WireMessage,
    sender_name: &'static str,
}

impl WirePush {
    pub(crate) fn new(app: &App, view: &MessageView, place: &Place) -> Self {
        let message = WireMessage::unread(app, view, place);
        let sender_name = if message.kind == MessageType::Notification.spelt() {
            SENDER_OF_NOTIFICATIONS
        } else {
            SENDER_OF_MESSAGES
        };
        Self { message, sender_name }
    }
}

/// A message that was just marked as read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReadMessage)]
pub(crate) struct WireRead {
    #[serde(flatten)]
    message: WireMessage,
    /// 1 when it had been unread.
    updated_count: i64,
}

impl WireRead {
    pub(crate) fn new(app: &App, message: &InboxMessage, newly: bool) -> Self {
        Self {
            message: WireMessage::new(app, message),
            updated_count: i64::from(newly),
        }
    }
}

/// How many messages were marked as read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpdatedCount)]
pub(crate) struct WireCount {
    pub(crate) updated_count: i64,
}

/// Where to go with a fresh ticket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallbackUrl)]
pub(crate) struct WireCallback {
    pub(crate) callback_url: String,
}

/// A line of the list of conversations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conversation)]
pub(crate) struct WireConversation {
    /// The person's number; below zero the app's; 0 for what no app has sent.
    user_id: i64,
    /// Mobile or user name of the person, or what the app calls itself.
    username: String,
    full_name: String,
    unread_count: i64,
    /// The text, or the type of what is no text in brackets.
    last_message: String,
    last_message_type: &'static str,
    updated_at: String,
    /// Whether it is an app's and not a person's.
    is_system: bool,
    app_id: Option<i64>,
    app_name: Option<String>,
}

impl WireConversation {
    pub(crate) fn new(app: &App, entry: InboxEntry) -> Self {
        let last = WireMessage::new(app, &entry.last);
        let (user_id, username, full_name) = match &entry.with {
            CorrespondentCard::Person {
                id,
                uid,
                mobile,
                name,
            } => (*id, mobile.as_ref().unwrap_or(uid).clone(), name.clone()),
            CorrespondentCard::App(app) => (-app.id, app.code.clone(), app.name.clone()),
            CorrespondentCard::Server => (0, SYSTEM.to_owned(), SENDER_OF_NOTIFICATIONS.to_owned()),
        };
        let speaker = speaker(&entry.last.place);
        Self {
            user_id,
            username,
            full_name,
            unread_count: entry.unread,
            last_message: if last.content_type == ContentType::Text.spelt() {
                last.content
            } else {
                format!("[{}]", last.content_type)
            },
            last_message_type: last.content_type,
            updated_at: last.created_at,
            is_system: !matches!(entry.with, CorrespondentCard::Person { .. }),
            app_id: speaker.map(|app| app.id),
            app_name: speaker.map(|app| app.name.clone()),
        }
    }
}
