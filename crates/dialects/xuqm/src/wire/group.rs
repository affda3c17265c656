//! Groups, their members and who wants to become one (1.7).

use parlance_core::ErrorKind;
use parlance_core::query::{GroupProfile, GroupReceipt, MemberView};
use parlance_core::types::{Attributes, JoinOption, JoinRequestView, MessageId, RequestStatus, Role};
use serde::Serialize;

use crate::refusal::Refusal;
use crate::wire::auth::millis;

/// Invite only; the type of a group that says nothing else.
pub(crate) const WORK: &str = "WORK";
/// Found by everybody, who may ask to come in.
pub(crate) const PUBLIC: &str = "PUBLIC";
/// Found by everybody, who may come in.
pub(crate) const MEETING: &str = "MEETING";

/// A group.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireGroup {
    group_id: String,
    name: String,
    avatar: String,
    announcement: String,
    description: String,
    group_type: &'static str,
    join_option: &'static str,
    owner_id: Option<String>,
    admin_ids: Vec<String>,
    member_count: i64,
    muted_all: bool,
    /// The caller's own; none who is not in.
    role: Option<&'static str>,
    /// Left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Attributes>,
    created_at: i64,
}

impl WireGroup {
    /// As details show it.
    pub(crate) fn new(mut profile: GroupProfile) -> Self {
        let attributes = Some(std::mem::take(&mut profile.attributes));
        Self {
            attributes,
            ..Self::listed(profile)
        }
    }

    /// As lists show it.
    pub(crate) fn listed(profile: GroupProfile) -> Self {
        let group = profile.conversation;
        Self {
            group_id: group.key().to_owned(),
            group_type: type_word(&group.group_type),
            join_option: join_word(JoinOption::of(group.join_option)),
            name: group.name,
            avatar: group.avatar,
            announcement: group.notice,
            description: group.description,
            owner_id: profile.owner.map(|card| card.uid),
            admin_ids: profile.admins.into_iter().map(|card| card.uid).collect(),
            member_count: group.members_count,
            muted_all: group.muted_all,
            role: profile.role.map(role_word),
            attributes: None,
            created_at: millis(group.created_at),
        }
    }
}

/// The type of a group; one that another dialect made is by invitation.
pub(crate) fn type_word(stored: &str) -> &'static str {
    match stored {
        PUBLIC => PUBLIC,
        MEETING => MEETING,
        _ => WORK,
    }
}

/// The type that a call names.
pub(crate) fn group_type(word: &str) -> Result<&'static str, Refusal> {
    let named = word.to_ascii_uppercase();
    let found = [WORK, PUBLIC, MEETING].into_iter().find(|known| *known == named);
    found.ok_or_else(|| Refusal::invalid("groupType is WORK, PUBLIC or MEETING"))
}

fn join_word(option: JoinOption) -> &'static str {
    match option {
        JoinOption::Free => "FREE",
        JoinOption::Approval => "APPROVAL",
        JoinOption::Invited => "DISABLED",
    }
}

/// Who may come into a group of this type when a call asks for `word`: by what it says or, without one, by its type.
/// A WORK group stays by invitation, whatever the call says (decision 6).
pub(crate) fn join_option(kind: &str, word: Option<&str>) -> Result<JoinOption, Refusal> {
    let all = [JoinOption::Free, JoinOption::Approval, JoinOption::Invited];
    let asked = word.map(|word| {
        let named = word.to_ascii_uppercase();
        let found = all.into_iter().find(|option| join_word(*option) == named);
        found.ok_or_else(|| Refusal::invalid("joinOption is FREE, APPROVAL or DISABLED"))
    });
    let asked = asked.transpose()?;
    Ok(match kind {
        PUBLIC => asked.unwrap_or(JoinOption::Approval),
        MEETING => asked.unwrap_or(JoinOption::Free),
        _ => JoinOption::Invited,
    })
}

/// A role as this dialect writes it.
pub(crate) fn role_word(role: Role) -> &'static str {
    match role {
        Role::Owner => "OWNER",
        Role::Admin => "ADMIN",
        Role::Member => "MEMBER",
    }
}

/// The role that a call names.
pub(crate) fn role(word: &str) -> Result<Role, Refusal> {
    let named = word.to_ascii_uppercase();
    let all = [Role::Owner, Role::Admin, Role::Member];
    let found = all.into_iter().find(|role| role_word(*role) == named);
    found.ok_or_else(|| Refusal::invalid("role is OWNER, ADMIN or MEMBER"))
}

/// A member of a group.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireMember {
    user_id: String,
    nickname: String,
    avatar: String,
    role: &'static str,
    joined_at: i64,
    /// May not write before this time; none who may.
    muted_until: Option<i64>,
}

impl WireMember {
    pub(crate) fn new(member: MemberView) -> Self {
        Self {
            user_id: member.user.uid,
            nickname: member.user.name,
            avatar: member.user.avatar,
            role: role_word(member.role),
            joined_at: millis(member.joined_at),
            muted_until: member.silenced_until.map(millis),
        }
    }
}

/// What became of a list of people.
#[derive(Debug, Default, Serialize)]
pub(crate) struct WirePeople {
    pub(crate) success: Vec<String>,
    pub(crate) failed: Vec<WireFailedPerson>,
}

/// Somebody with whom it did not go.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireFailedPerson {
    user_id: String,
    reason: String,
}

impl WirePeople {
    pub(crate) fn failed(&mut self, uid: String, why: ErrorKind) {
        self.failed.push(WireFailedPerson {
            user_id: uid,
            reason: Refusal::from(why).message,
        });
    }
}

/// A request to come into a group.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireJoinRequest {
    id: i64,
    group_id: String,
    user_id: String,
    remark: String,
    status: &'static str,
    handled_by: Option<String>,
    created_at: i64,
    handled_at: Option<i64>,
}

impl WireJoinRequest {
    pub(crate) fn new(view: JoinRequestView, group_id: &str) -> Self {
        Self {
            id: view.request.id,
            group_id: group_id.to_owned(),
            status: status_word(view.status()),
            user_id: view.user.uid,
            remark: view.request.remark,
            handled_by: view.handled_by.map(|card| card.uid),
            created_at: millis(view.request.created_at),
            handled_at: view.request.handled_at.map(millis),
        }
    }
}

fn status_word(status: RequestStatus) -> &'static str {
    match status {
        RequestStatus::Pending => "PENDING",
        RequestStatus::Approved => "ACCEPTED",
        RequestStatus::Rejected => "REJECTED",
    }
}

/// The status that a call names.
pub(crate) fn status(word: &str) -> Result<RequestStatus, Refusal> {
    let named = word.to_ascii_uppercase();
    let all = [
        RequestStatus::Pending,
        RequestStatus::Approved,
        RequestStatus::Rejected,
    ];
    let found = all.into_iter().find(|status| status_word(*status) == named);
    found.ok_or_else(|| Refusal::invalid("status is PENDING, ACCEPTED or REJECTED"))
}

/// What became of a list of requests.
#[derive(Debug, Default, Serialize)]
pub(crate) struct WireAnswered {
    success: Vec<WireJoinRequest>,
    failed: Vec<WireFailedRequest>,
}

/// A request that could not be answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireFailedRequest {
    request_id: i64,
    reason: String,
}

impl WireAnswered {
    pub(crate) fn new(outcomes: Vec<(i64, parlance_core::Result<JoinRequestView>)>, group_id: &str) -> Self {
        let mut answered = Self::default();
        for (request_id, outcome) in outcomes {
            match outcome {
                Ok(view) => answered.success.push(WireJoinRequest::new(view, group_id)),
                Err(error) => answered.failed.push(WireFailedRequest {
                    request_id,
                    reason: Refusal::from(error).message,
                }),
            }
        }
        answered
    }
}

/// Who has read a message of a group.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireGroupReceipt {
    message_id: String,
    read_count: usize,
    unread_count: usize,
    read_user_ids: Vec<String>,
    unread_user_ids: Vec<String>,
}

impl WireGroupReceipt {
    pub(crate) fn new(message_id: MessageId, receipt: GroupReceipt) -> Self {
        Self {
            message_id: message_id.to_string(),
            read_count: receipt.read.len(),
            unread_count: receipt.unread.len(),
            read_user_ids: receipt.read,
            unread_user_ids: receipt.unread,
        }
    }
}
