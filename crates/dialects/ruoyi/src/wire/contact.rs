//! Friends, their groups and requests (B7, row contact).

use jiff::tz::TimeZone;
use parlance_core::types::{ContactRequestView, ContactView, RequestStatus, UserCard};
use serde::Serialize;

use crate::wire::message::avatar;
use crate::wire::time::{local, local_opt};

/// What this dialect calls the group that has no name.
pub(crate) const DEFAULT_GROUP: &str = "默认分组";

/// The name of a group as a client writes it.
pub(crate) fn group_in(name: &str) -> String {
    let name = name.trim();
    if name == DEFAULT_GROUP {
        String::new()
    } else {
        name.to_owned()
    }
}

fn group_out(name: &str) -> String {
    if name.is_empty() {
        DEFAULT_GROUP.to_owned()
    } else {
        name.to_owned()
    }
}

/// A friend in the caller's list. Clients of different ages read the same thing under different names.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireFriend {
    id: i64,
    friend_id: i64,
    friend_name: String,
    friend_avatar: String,
    name: String,
    avatar: String,
    nickname: String,
    username: String,
    email: Option<String>,
    phone: Option<String>,
    signature: String,
    department: String,
    position: String,
    remark: String,
    group_name: String,
    status: &'static str,
    online: bool,
    create_time: String,
}

impl WireFriend {
    pub(crate) fn new(view: &ContactView, online: bool, zone: &TimeZone) -> Self {
        let (contact, user) = (&view.contact, &view.user);
        let (name, picture) = (UserCard::from(user).name, avatar(&user.avatar));
        Self {
            id: contact.id,
            friend_id: user.id,
            friend_name: name.clone(),
            friend_avatar: picture.clone(),
            name: name.clone(),
            avatar: picture,
            nickname: name,
            username: user.uid.clone(),
            email: user.email.clone(),
            phone: user.mobile.clone(),
            signature: user.signature.clone(),
            department: user.department.clone(),
            position: user.position.clone(),
            remark: contact.remark.clone(),
            group_name: group_out(&contact.group_name),
            status: if view.blocked { "BLOCKED" } else { "NORMAL" },
            online,
            create_time: local(contact.created_at, zone),
        }
    }
}

/// Friends of one group.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireFriendGroup {
    group_name: String,
    pub(crate) count: usize,
    friends: Vec<WireFriend>,
}

impl WireFriendGroup {
    pub(crate) fn new(name: &str, friends: Vec<WireFriend>) -> Self {
        Self {
            group_name: group_out(name),
            count: friends.len(),
            friends,
        }
    }
}

/// A friend request.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireFriendRequest {
    id: i64,
    from_user_id: i64,
    to_user_id: i64,
    message: String,
    status: &'static str,
    create_time: String,
    handled_time: Option<String>,
    from_user_name: String,
    from_user_avatar: String,
    to_user_name: String,
    to_user_avatar: String,
}

impl WireFriendRequest {
    pub(crate) fn new(view: &ContactRequestView, zone: &TimeZone) -> Self {
        let request = &view.request;
        Self {
            id: request.id,
            from_user_id: request.from_user_id,
            to_user_id: request.to_user_id,
            message: request.message.clone(),
            status: match view.status() {
                RequestStatus::Pending => "PENDING",
                RequestStatus::Approved => "APPROVED",
                RequestStatus::Rejected => "REJECTED",
            },
            create_time: local(request.created_at, zone),
            handled_time: local_opt(request.handled_at, zone),
            from_user_name: view.from.name.clone(),
            from_user_avatar: avatar(&view.from.avatar),
            to_user_name: view.to.name.clone(),
            to_user_avatar: avatar(&view.to.avatar),
        }
    }
}
