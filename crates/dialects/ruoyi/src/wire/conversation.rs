//! The conversation object: the union of the names that the client generations read (B4).

use parlance_core::query::{ConversationOverview, MemberView};
use parlance_core::types::{ConversationKind, Role, shown_type};
use serde::Serialize;

use crate::wire::message::{Reader, WireMessage, avatar};
use crate::wire::time::local;

/// The picture of a group that has none.
pub(crate) const DEFAULT_GROUP_AVATAR: &str = "/avatar/group_default.png";

/// A conversation in lists and details.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireConversation {
    pub(crate) id: i64,
    #[serde(rename = "type")]
    kind: &'static str,
    target_id: i64,
    name: String,
    avatar: String,
    peer_name: Option<String>,
    peer_avatar: Option<String>,
    peer_user_id: Option<i64>,
    peer_online: Option<bool>,
    unread_count: i64,
    pinned: bool,
    is_pinned: bool,
    muted: bool,
    is_muted: bool,
    remark: String,
    last_message: Option<WireMessage>,
    last_message_id: Option<i64>,
    last_message_time: Option<String>,
    last_message_type: Option<String>,
    has_mention: bool,
    draft: String,
    create_time: String,
    update_time: String,
}

impl WireConversation {
    /// A conversation as `reader` sees it; `online` says whether a person has a live connection.
    pub(crate) fn new(
        overview: &ConversationOverview,
        reader: Reader<'_>,
        online: impl Fn(i64) -> bool,
    ) -> Self {
        let (conversation, member) = (&overview.conversation, &overview.member);
        let peer = overview.peer.as_ref();
        let (kind, name, picture) = match overview.kind {
            ConversationKind::Direct => {
                let name = peer.map(|peer| peer.name.clone()).unwrap_or_default();
                (
                    "PRIVATE",
                    name,
                    avatar(peer.map_or("", |peer| peer.avatar.as_str())),
                )
            }
            ConversationKind::Group | ConversationKind::Channel => (
                "GROUP",
                conversation.name.clone(),
                group_avatar(&conversation.avatar),
            ),
        };
        let last = overview
            .last_message
            .as_ref()
            .map(|view| WireMessage::new(view, reader));
        Self {
            id: conversation.id,
            kind,
            target_id: peer.map_or(conversation.id, |peer| peer.id),
            name: if member.remark.is_empty() {
                name
            } else {
                member.remark.clone()
            },
            avatar: picture.clone(),
            peer_name: peer.map(|peer| peer.name.clone()),
            peer_avatar: peer.map(|_| picture),
            peer_user_id: peer.map(|peer| peer.id),
            peer_online: peer.map(|peer| online(peer.id)),
            unread_count: overview.unread,
            pinned: member.pinned,
            is_pinned: member.pinned,
            muted: member.muted,
            is_muted: member.muted,
            remark: member.remark.clone(),
            last_message_id: last.as_ref().map(|message| message.id),
            last_message_time: overview
                .last_message
                .as_ref()
                .map(|view| local(view.message.created_at, reader.zone)),
            last_message_type: overview
                .last_message
                .as_ref()
                .map(|view| shown_type(&view.message.content_type).to_owned()),
            last_message: last,
            has_mention: overview.mentioned,
            draft: member.draft.clone(),
            create_time: local(conversation.created_at, reader.zone),
            update_time: local(conversation.updated_at, reader.zone),
        }
    }
}

/// A group's picture, or the default one.
pub(crate) fn group_avatar(avatar: &str) -> String {
    if avatar.is_empty() {
        DEFAULT_GROUP_AVATAR.to_owned()
    } else {
        avatar.to_owned()
    }
}

/// A conversation with its members.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireDetail {
    #[serde(flatten)]
    conversation: WireConversation,
    pinned_message: Option<WireMessage>,
    member_count: usize,
    members: Vec<WirePerson>,
}

/// A member as the details of a conversation show it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WirePerson {
    user_id: i64,
    username: String,
    nickname: String,
    avatar: String,
    role: &'static str,
    online: bool,
}

impl WireDetail {
    /// A conversation with the people in it.
    pub(crate) fn new(
        conversation: WireConversation,
        pinned_message: Option<WireMessage>,
        members: &[MemberView],
        online: impl Fn(i64) -> bool,
    ) -> Self {
        let person = |member: &MemberView| WirePerson {
            user_id: member.user.id,
            username: member.user.uid.clone(),
            nickname: member.user.name.clone(),
            avatar: avatar(&member.user.avatar),
            role: match member.role {
                Role::Owner => "OWNER",
                Role::Admin => "ADMIN",
                Role::Member => "MEMBER",
            },
            online: online(member.user.id),
        };
        Self {
            conversation,
            pinned_message,
            member_count: members.len(),
            members: members.iter().map(person).collect(),
        }
    }
}
