//! People: after a log-in, in lists and details, and as friends (B3, B7).

use jiff::tz::TimeZone;
use parlance_core::account::Issued;
use parlance_core::types::{User, UserCard};
use serde::Serialize;

use crate::wire::message::avatar;
use crate::wire::time::{local, local_opt};

/// The answer to a log-in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireLogin {
    token: String,
    user_info: WireUserInfo,
}

impl WireLogin {
    pub(crate) fn new(issued: &Issued) -> Self {
        Self {
            token: issued.token.clone(),
            user_info: WireUserInfo::new(&issued.user),
        }
    }
}

/// Who has logged in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireUserInfo {
    id: i64,
    username: String,
    nickname: String,
    avatar: String,
    role: String,
}

impl WireUserInfo {
    pub(crate) fn new(user: &User) -> Self {
        Self {
            id: user.id,
            username: user.uid.clone(),
            nickname: UserCard::from(user).name,
            avatar: avatar(&user.avatar),
            role: user.role.clone(),
        }
    }
}

/// A person in lists and details.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireUser {
    id: i64,
    username: String,
    nickname: String,
    avatar: String,
    email: Option<String>,
    mobile: Option<String>,
    gender: i64,
    /// 1 may log in, 0 may not.
    status: u8,
    role: String,
    signature: String,
    department: String,
    position: String,
    online: bool,
    last_online_time: Option<String>,
    create_time: String,
}

impl WireUser {
    pub(crate) fn new(user: &User, online: bool, zone: &TimeZone) -> Self {
        Self {
            id: user.id,
            username: user.uid.clone(),
            nickname: UserCard::from(user).name,
            avatar: avatar(&user.avatar),
            email: user.email.clone(),
            mobile: user.mobile.clone(),
            gender: user.gender,
            status: u8::from(user.status == "ACTIVE"),
            role: user.role.clone(),
            signature: user.signature.clone(),
            department: user.department.clone(),
            position: user.position.clone(),
            online,
            last_online_time: local_opt(user.last_online_at, zone),
            create_time: local(user.created_at, zone),
        }
    }
}
