//! What was found, as the clients read it (4.8, B5, B7).

use jiff::tz::TimeZone;
use parlance_core::query::{FoundFile, FoundMessage, FoundMessages, Group};
use parlance_core::types::{User, UserCard, UserId, shown_type};
use serde::Serialize;

use crate::wire::conversation::group_avatar;
use crate::wire::file::WireFile;
use crate::wire::message::avatar;
use crate::wire::time::local;

/// A message that was found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireHit {
    id: i64,
    message_id: i64,
    conversation_id: i64,
    conversation_name: String,
    sender_id: i64,
    sender_name: String,
    sender_avatar: String,
    #[serde(rename = "type")]
    kind: String,
    message_type: String,
    content: String,
    highlight_snippet: String,
    send_time: String,
    timestamp: i64,
    is_self: bool,
}

impl WireHit {
    /// A message as `reader` sees it.
    pub(crate) fn new(found: &FoundMessage, reader: UserId, zone: &TimeZone) -> Self {
        let (message, sender) = (&found.message, found.sender.as_ref());
        Self {
            id: message.id,
            message_id: message.id,
            conversation_id: message.conversation_id,
            conversation_name: found.conversation_name.clone(),
            sender_id: message.sender_id.unwrap_or(0),
            sender_name: sender.map(|card| card.name.clone()).unwrap_or_default(),
            sender_avatar: avatar(sender.map_or("", |card| card.avatar.as_str())),
            kind: shown_type(&message.content_type).to_owned(),
            message_type: shown_type(&message.content_type).to_owned(),
            content: message.content.clone(),
            highlight_snippet: found.snippet.clone(),
            send_time: local(message.created_at, zone),
            timestamp: message.created_at / 1000,
            is_self: message.sender_id == Some(reader),
        }
    }
}

/// A page of messages.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireHits {
    items: Vec<WireHit>,
    total: usize,
    page_num: usize,
    page_size: usize,
    total_pages: usize,
}

impl WireHits {
    pub(crate) fn new(
        found: &FoundMessages,
        (page_num, page_size): (usize, usize),
        reader: UserId,
        zone: &TimeZone,
    ) -> Self {
        let items = found.messages.iter();
        Self {
            items: items.map(|found| WireHit::new(found, reader, zone)).collect(),
            total: found.total,
            page_num,
            page_size,
            total_pages: found.total.div_ceil(page_size.max(1)),
        }
    }
}

/// A person that was found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WirePersonHit {
    id: i64,
    user_id: i64,
    user_name: String,
    username: String,
    nickname: String,
    avatar: String,
    department: String,
    position: String,
    mobile: Option<String>,
    remark: String,
    is_friend: bool,
}

impl WirePersonHit {
    /// Somebody in the caller's contact list, under this private name.
    pub(crate) fn friend(user: &User, remark: &str) -> Self {
        Self {
            remark: remark.to_owned(),
            is_friend: true,
            ..Self::stranger(user)
        }
    }

    /// Anybody else.
    pub(crate) fn stranger(user: &User) -> Self {
        Self {
            id: user.id,
            user_id: user.id,
            user_name: user.uid.clone(),
            username: user.uid.clone(),
            nickname: UserCard::from(user).name,
            avatar: avatar(&user.avatar),
            department: user.department.clone(),
            position: user.position.clone(),
            mobile: user.mobile.clone(),
            remark: String::new(),
            is_friend: false,
        }
    }
}

/// A group that was found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireGroupHit {
    id: i64,
    group_id: i64,
    conversation_id: i64,
    group_name: String,
    name: String,
    avatar: String,
    member_count: i64,
    description: String,
}

impl WireGroupHit {
    pub(crate) fn new(group: &Group) -> Self {
        let conversation = &group.conversation;
        Self {
            id: conversation.id,
            group_id: conversation.id,
            conversation_id: conversation.id,
            group_name: conversation.name.clone(),
            name: conversation.name.clone(),
            avatar: group_avatar(&conversation.avatar),
            member_count: conversation.members_count,
            description: conversation.description.clone(),
        }
    }
}

/// A file that was found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireFileHit {
    #[serde(flatten)]
    file: WireFile,
    conversation_id: Option<i64>,
    conversation_name: Option<String>,
}

impl WireFileHit {
    pub(crate) fn new(found: &FoundFile, zone: &TimeZone) -> Self {
        Self {
            file: WireFile::new(&found.view, zone),
            conversation_id: found.conversation.as_ref().map(|(id, _)| *id),
            conversation_name: found.conversation.as_ref().map(|(_, name)| name.clone()),
        }
    }
}

/// Everything that was found under a keyword, by kind. Kinds that were not asked for are empty.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireEverything {
    keyword: String,
    pub(crate) messages: Vec<WireHit>,
    pub(crate) contacts: Vec<WirePersonHit>,
    pub(crate) groups: Vec<WireGroupHit>,
    pub(crate) files: Vec<WireFileHit>,
    /// Things of an office suite, which a messaging server has none of.
    workbench_items: Vec<()>,
    counts: WireCounts,
}

/// How many there are of each kind.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct WireCounts {
    messages: usize,
    contacts: usize,
    groups: usize,
    files: usize,
    workbench: usize,
}

impl WireEverything {
    /// Nothing yet.
    pub(crate) fn under(keyword: &str) -> Self {
        Self {
            keyword: keyword.to_owned(),
            ..Self::default()
        }
    }

    /// Counts what is listed; of the messages there may be more than listed.
    pub(crate) fn counted(mut self, messages: usize) -> Self {
        self.counts = WireCounts {
            messages,
            contacts: self.contacts.len(),
            groups: self.groups.len(),
            files: self.files.len(),
            workbench: 0,
        };
        self
    }
}
