//! What the personal queue carries beside messages (decision 4): `{event, …}`.

use parlance_core::event::{MessageRef, MessagesRead};
use parlance_core::name::PlaceName;
use parlance_core::query::FullMessage;
use parlance_core::types::{RequestStatus, Timestamp, UserId};
use serde::Serialize;

use crate::realtime::About;
use crate::refusal::Refusal;
use crate::wire::message::WireMessage;

/// What became of a group.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Group {
    Created,
    Updated,
    Dismissed,
    MembersAdded,
    MembersRemoved,
    MemberChanged,
    JoinRequested,
    JoinAccepted,
    JoinRejected,
}

/// An event. Whatever an event does not have is left out.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireEvent {
    event: &'static str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    message: Option<Box<WireMessage>>,
    #[serde(flatten)]
    told: Told,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<Group>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_ids: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    typing: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    online: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_more: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<i64>,
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn millis(at: Timestamp) -> Option<i64> {
    Some(at.div_euclid(1_000))
}

fn chat_type(place: &PlaceName) -> Option<&'static str> {
    Some(match place {
        PlaceName::Direct { .. } => "SINGLE",
        PlaceName::Group(_) => "GROUP",
    })
}

impl WireEvent {
    fn new(event: &'static str, told: Told) -> Self {
        Self {
            event,
            message: None,
            told,
        }
    }

    fn of_message(event: &'static str, message: &FullMessage, by: &str, at: Timestamp) -> Self {
        Self {
            message: Some(Box::new(WireMessage::new(message))),
            ..Self::new(
                event,
                Told {
                    operator_id: text(by),
                    timestamp: millis(at),
                    ..Told::default()
                },
            )
        }
    }

    /// A message was taken back.
    pub(crate) fn revoked(message: FullMessage, by: &str, at: Timestamp) -> Self {
        Self::of_message("REVOKED", &message, by, at)
    }

    /// A message is gone for everybody, which only other dialects do: here it is as good as taken back.
    pub(crate) fn gone(place: &PlaceName, by: &str, at: &MessageRef) -> Self {
        let id = Some(at.message_id.to_string());
        Self::new(
            "REVOKED",
            Told {
                id: id.clone(),
                message_id: id,
                chat_type: chat_type(place),
                operator_id: text(by),
                timestamp: millis(at.at),
                ..Told::default()
            },
        )
    }

    /// A message has new content.
    pub(crate) fn edited(message: FullMessage, by: &str, at: Timestamp) -> Self {
        Self::of_message("EDITED", &message, by, at)
    }

    /// Somebody has read on.
    pub(crate) fn read(place: &PlaceName, by: &str, read: &MessagesRead) -> Self {
        let ids = read.message_ids.iter().map(ToString::to_string);
        Self::new(
            "READ",
            Told {
                from_id: text(by),
                to_id: text(place.seen_by(read.user_id)),
                chat_type: chat_type(place),
                message_id: read.last_message_id.map(|id| id.to_string()),
                message_ids: Some(ids.collect()),
                timestamp: millis(read.at),
                ..Told::default()
            },
        )
    }

    /// Somebody is typing, or stopped.
    pub(crate) fn typing(place: &PlaceName, who: (UserId, &str), typing: bool, at: Timestamp) -> Self {
        Self::new(
            "TYPING",
            Told {
                from_id: text(who.1),
                to_id: text(place.seen_by(who.0)),
                chat_type: chat_type(place),
                typing: Some(typing),
                timestamp: millis(at),
                ..Told::default()
            },
        )
    }

    /// Somebody came or went.
    pub(crate) fn presence(who: &str, online: bool, at: Timestamp) -> Self {
        Self::new(
            "PRESENCE",
            Told {
                user_id: text(who),
                online: Some(online),
                timestamp: millis(at),
                ..Told::default()
            },
        )
    }

    /// The person's own view of a conversation has changed.
    pub(crate) fn conversation(place: &PlaceName, user_id: UserId) -> Self {
        Self::new(
            "CONVERSATION",
            Told {
                target_id: text(place.seen_by(user_id)),
                chat_type: chat_type(place),
                ..Told::default()
            },
        )
    }

    /// The person has taken a conversation off the list.
    pub(crate) fn conversation_deleted(place: &PlaceName, user_id: UserId) -> Self {
        let mut event = Self::conversation(place, user_id);
        event.told.deleted = Some(true);
        event
    }

    /// Somebody asks to come into a group, or is answered.
    pub(crate) fn join_request(group: &str, by: &str, request_id: i64, status: RequestStatus) -> Self {
        let change = match status {
            RequestStatus::Pending => Group::JoinRequested,
            RequestStatus::Approved => Group::JoinAccepted,
            RequestStatus::Rejected => Group::JoinRejected,
        };
        let mut event = Self::group(change, group, by);
        event.told.request_id = Some(request_id);
        event
    }

    /// A group has come into the person's list.
    pub(crate) fn conversation_of_group(group: &str) -> Self {
        Self::new(
            "CONVERSATION",
            Told {
                target_id: text(group),
                chat_type: Some("GROUP"),
                ..Told::default()
            },
        )
    }

    /// The person was put out of a group.
    pub(crate) fn kicked(group: &str, by: &str) -> Self {
        Self::new(
            "KICKED",
            Told {
                group_id: text(group),
                operator_id: text(by),
                ..Told::default()
            },
        )
    }

    /// The connection is ended.
    pub(crate) fn put_out(reason: &'static str) -> Self {
        Self::new(
            "KICKED",
            Told {
                reason: Some(reason),
                ..Told::default()
            },
        )
    }

    /// Something has become of a group.
    pub(crate) fn group(change: Group, group: &str, by: &str) -> Self {
        Self::new(
            "GROUP",
            Told {
                group_id: text(group),
                operator_id: text(by),
                change: Some(change),
                ..Told::default()
            },
        )
    }

    /// What was missed has been told.
    pub(crate) fn sync(count: usize, more: bool) -> Self {
        Self::new(
            "SYNC",
            Told {
                count: Some(count),
                has_more: Some(more),
                ..Told::default()
            },
        )
    }

    /// As JSON.
    pub(crate) fn json(&self) -> String {
        // A structure of texts and numbers is always JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// `SEND_FAILED`: what a client sent was refused.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireRefused<'a> {
    event: &'static str,
    message_id: Option<&'a str>,
    destination: &'a str,
    code: u16,
    message: &'a str,
}

impl<'a> WireRefused<'a> {
    /// A refusal of what `about` says.
    pub(crate) fn new(about: &'a About, refusal: &'a Refusal) -> Self {
        Self {
            event: "SEND_FAILED",
            message_id: about.message_id.as_deref(),
            destination: &about.destination,
            code: refusal.status.as_u16(),
            message: &refusal.message,
        }
    }

    /// As JSON.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
