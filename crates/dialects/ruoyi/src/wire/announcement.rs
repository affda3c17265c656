//! Announcements as clients read them (B7).

use jiff::tz::TimeZone;
use parlance_core::query::AnnouncementView;
use serde::Serialize;
use serde_json::{Value, json};

use crate::wire::message::avatar;
use crate::wire::time::local;

/// An announcement. Recalled ones are never shown, so `status` is always 1.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireAnnouncement {
    id: i64,
    group_id: i64,
    sender_id: i64,
    sender_name: String,
    sender_avatar: String,
    publisher_name: String,
    content: String,
    #[serde(rename = "type")]
    kind: Value,
    is_pinned: u8,
    pinned: bool,
    status: u8,
    can_edit: bool,
    can_delete: bool,
    create_time: String,
    publish_time: String,
    update_time: String,
}

impl WireAnnouncement {
    pub(crate) fn new(view: &AnnouncementView, zone: &TimeZone) -> Self {
        let (note, author) = (&view.announcement, view.author.as_ref());
        let name = author.map(|card| card.name.clone()).unwrap_or_default();
        Self {
            id: note.id,
            group_id: note.conversation_id,
            sender_id: note.author_id,
            sender_name: name.clone(),
            sender_avatar: avatar(author.map_or("", |card| card.avatar.as_str())),
            publisher_name: name,
            content: note.content.clone(),
            kind: kind(&note.kind),
            is_pinned: u8::from(note.pinned),
            pinned: note.pinned,
            status: 1,
            can_edit: view.may_manage,
            can_delete: view.may_manage,
            create_time: local(note.created_at, zone),
            publish_time: local(note.created_at, zone),
            update_time: local(note.updated_at, zone),
        }
    }
}

/// The type as it was sent: a number (1 ordinary, 2 of the system), else a word.
fn kind(kind: &str) -> Value {
    match kind.parse::<i64>() {
        Ok(number) => json!(number),
        Err(_) if kind.is_empty() => json!(1),
        Err(_) => json!(kind),
    }
}
