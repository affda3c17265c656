//! Groups and their members as clients read them (B7): the union of the names in the client generations.

use jiff::tz::TimeZone;
use parlance_core::query::{Group, MemberView, Silence};
use parlance_core::types::{ConversationId, Role};
use serde::Serialize;

use crate::wire::conversation::group_avatar;
use crate::wire::message::avatar;
use crate::wire::time::{local, local_opt};

/// The type of a group that was made without one.
const DEFAULT_TYPE: &str = "PRIVATE";

/// A group in lists and details. Its id is that of its conversation.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireGroup {
    id: i64,
    group_id: i64,
    conversation_id: i64,
    name: String,
    group_name: String,
    avatar: String,
    notice: String,
    description: String,
    #[serde(rename = "type")]
    kind: String,
    owner_id: Option<i64>,
    owner_name: Option<String>,
    owner_avatar: Option<String>,
    member_count: i64,
    member_limit: i64,
    max_members: i64,
    status: &'static str,
    my_role: &'static str,
    role: &'static str,
    is_muted: bool,
    all_muted: bool,
    create_time: String,
    update_time: String,
}

impl WireGroup {
    pub(crate) fn new(group: &Group, zone: &TimeZone) -> Self {
        let (conversation, owner) = (&group.conversation, group.owner.as_ref());
        let kind = conversation.group_type.as_str();
        Self {
            id: conversation.id,
            group_id: conversation.id,
            conversation_id: conversation.id,
            name: conversation.name.clone(),
            group_name: conversation.name.clone(),
            avatar: group_avatar(&conversation.avatar),
            notice: conversation.notice.clone(),
            description: conversation.description.clone(),
            kind: if kind.is_empty() { DEFAULT_TYPE } else { kind }.to_owned(),
            owner_id: conversation.owner_id,
            owner_name: owner.map(|card| card.name.clone()),
            owner_avatar: owner.map(|card| avatar(&card.avatar)),
            member_count: conversation.members_count,
            member_limit: group.room,
            max_members: group.room,
            status: "NORMAL",
            my_role: role_name(group.role),
            role: role_name(group.role),
            is_muted: matches!(group.silence, Some(Silence::Member(_))),
            all_muted: conversation.muted_all,
            create_time: local(conversation.created_at, zone),
            update_time: local(conversation.updated_at, zone),
        }
    }
}

/// A member of a group.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireMember {
    id: i64,
    group_id: i64,
    user_id: i64,
    username: String,
    user_name: String,
    nickname: String,
    name: String,
    group_nickname: String,
    user_avatar: String,
    avatar: String,
    role: &'static str,
    online: bool,
    is_muted: bool,
    mute_end_time: Option<String>,
    joined_time: String,
    join_time: String,
}

impl WireMember {
    pub(crate) fn new(view: &MemberView, group_id: ConversationId, online: bool, zone: &TimeZone) -> Self {
        let user = &view.user;
        Self {
            id: user.id,
            group_id,
            user_id: user.id,
            username: user.uid.clone(),
            user_name: user.name.clone(),
            nickname: user.name.clone(),
            name: user.name.clone(),
            group_nickname: user.name.clone(),
            user_avatar: avatar(&user.avatar),
            avatar: avatar(&user.avatar),
            role: role_name(view.role),
            online,
            is_muted: view.silenced_until.is_some(),
            mute_end_time: local_opt(view.silenced_until, zone),
            joined_time: local(view.joined_at, zone),
            join_time: local(view.joined_at, zone),
        }
    }
}

/// A role's name.
pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "OWNER",
        Role::Admin => "ADMIN",
        Role::Member => "MEMBER",
    }
}

/// The role with this name, in any case.
pub(crate) fn role(name: &str) -> Option<Role> {
    [Role::Owner, Role::Admin, Role::Member]
        .into_iter()
        .find(|role| role_name(*role).eq_ignore_ascii_case(name.trim()))
}
