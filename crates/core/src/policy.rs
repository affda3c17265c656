//! Every permission check there is, once. Commands and queries ask here; dialects never decide.

mod app;
mod group;
mod people;
mod received;
mod sending;
mod sight;

use parlance_store::Tx;
use parlance_store::table::file::{self, StoredFile};
use parlance_store::table::upload::{self, Upload};
use parlance_store::table::{
    announcement, block, contact, contact_request, conversation, member, message, notification, user,
};

use crate::account::Actor;
use crate::command::ADMIN_UID;
use crate::env::{Env, Limits};
use crate::error::{Error, ErrorKind, Result};
use crate::types::{
    AccountRole, Announcement, Contact, ContactRequest, Conversation, ConversationId, ConversationKind,
    DEFAULT_TENANT, DELETED, FileId, FileRef, JoinOption, Member, Message, MessageId, Notification, Role,
    Timestamp, User, UserId,
};

pub(crate) use app::{
    account_holder, app_by_code, managed_app, managed_mapping, sees_apps_of, standing_app,
    super_administrator, visitor,
};
pub(crate) use group::{OPEN_TYPES, acts_by_rank, visible_group};
pub(crate) use people::{may_befriend, may_say, may_signal, person, place};
pub(crate) use received::{Channels, Received, received_message};
pub(crate) use sending::{changeable_message, in_time, may_act_for_others, place_to_send};
pub(crate) use sight::{oldest_shown, shown_message, sight_of};

/// A conversation together with the caller's place in it.
#[derive(Clone, Debug)]
pub(crate) struct Membership {
    pub(crate) conversation: Conversation,
    pub(crate) member: Member,
}

impl Membership {
    pub(crate) fn kind(&self) -> ConversationKind {
        ConversationKind::of(self.conversation.kind)
    }

    pub(crate) fn role(&self) -> Role {
        Role::of(self.member.role)
    }

    /// Whether the caller may see the message with this seq.
    pub(crate) fn sees(&self, message: &Message) -> bool {
        message.deleted_at.is_none() && message.seq > self.member.floor()
    }
}

/// A conversation of the caller's tenant that still exists.
pub(crate) async fn conversation<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    id: ConversationId,
) -> Result<Conversation> {
    let found = conversation::by_id(tx, id).await?;
    found
        .filter(|c| c.tenant_id == actor.tenant_id && c.dissolved_at.is_none())
        .ok_or_else(|| ErrorKind::ConversationMissing.into())
}

/// The caller as a member of a conversation: the right to read it.
pub(crate) async fn membership<T: Tx>(tx: &mut T, actor: &Actor, id: ConversationId) -> Result<Membership> {
    let conversation = conversation(tx, actor, id).await?;
    let member = member::get(tx, id, actor.user_id).await?;
    let member = member.filter(|member| member.state).ok_or(ErrorKind::NotMember)?;
    Ok(Membership { conversation, member })
}

/// The caller as a member of a group; a direct conversation is not one.
pub(crate) async fn group<T: Tx>(tx: &mut T, actor: &Actor, id: ConversationId) -> Result<Membership> {
    let group = live_group(tx, actor, id).await?;
    let member = member::get(tx, id, actor.user_id).await?;
    let member = member.filter(|member| member.state).ok_or(ErrorKind::NotMember)?;
    Ok(Membership {
        conversation: group,
        member,
    })
}

/// A group of the caller's tenant that still exists; nothing says yet what the caller may do there.
pub(crate) async fn live_group<T: Tx>(tx: &mut T, actor: &Actor, id: ConversationId) -> Result<Conversation> {
    let found = conversation::by_id(tx, id).await?;
    found
        .filter(|c| {
            c.tenant_id == actor.tenant_id && c.kind == conversation::GROUP && c.dissolved_at.is_none()
        })
        .ok_or_else(|| ErrorKind::GroupMissing.into())
}

/// A group of the caller's tenant by its UUID. What has none, as a direct conversation, is not found.
pub(crate) async fn group_named<T: Tx>(tx: &mut T, actor: &Actor, uuid: &str) -> Result<Conversation> {
    let found = conversation::by_uuid(tx, uuid).await?;
    found
        .filter(|c| c.tenant_id == actor.tenant_id && c.dissolved_at.is_none())
        .ok_or_else(|| ErrorKind::ConversationMissing.into())
}

/// A group of the caller's tenant by the text id that clients know it by: the creator's choice, or the UUID.
pub(crate) async fn group_by_key<T: Tx>(tx: &mut T, actor: &Actor, key: &str) -> Result<Conversation> {
    let found = conversation::by_key(tx, actor.tenant_id, key).await?;
    found
        .filter(|group| group.dissolved_at.is_none())
        .ok_or_else(|| ErrorKind::GroupMissing.into())
}

/// The caller as a member of the group with this UUID: the right to read it.
pub(crate) async fn membership_named<T: Tx>(tx: &mut T, actor: &Actor, uuid: &str) -> Result<Membership> {
    let conversation = group_named(tx, actor, uuid).await?;
    let member = member::get(tx, conversation.id, actor.user_id).await?;
    let member = member.filter(|member| member.state).ok_or(ErrorKind::NotMember)?;
    Ok(Membership { conversation, member })
}

/// Whether somebody may come into a group without being brought in.
pub(crate) fn may_join(group: &Conversation) -> Result<()> {
    match JoinOption::of(group.join_option) {
        JoinOption::Free => Ok(()),
        JoinOption::Invited | JoinOption::Approval => Err(ErrorKind::Forbidden.into()),
    }
}

/// Only the server itself: what an operator's own system asks for.
pub(crate) fn server(actor: &Actor) -> Result<()> {
    if actor.user_id == 0 {
        Ok(())
    } else {
        Err(ErrorKind::Forbidden.into())
    }
}

/// The server itself and its own administrator: the account `admin` of the default tenant.
pub(crate) async fn operator<T: Tx>(tx: &mut T, actor: &Actor) -> Result<()> {
    if server(actor).is_ok() {
        return Ok(());
    }
    if actor.tenant_id != DEFAULT_TENANT || at_least(actor, AccountRole::SuperAdmin).is_err() {
        return Err(ErrorKind::Forbidden.into());
    }
    let account = account(tx, actor, actor.user_id).await?;
    if account.uid == ADMIN_UID {
        Ok(())
    } else {
        Err(ErrorKind::Forbidden.into())
    }
}

/// A group, and the caller's role in it. Who acts by rank need not be in it and has an owner's rights; the server
/// itself has no role and stands above all.
pub(crate) async fn group_and_role<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    id: ConversationId,
) -> Result<(Conversation, Option<Role>)> {
    if server(actor).is_ok() {
        return Ok((live_group(tx, actor, id).await?, None));
    }
    if actor.commands() {
        return Ok((live_group(tx, actor, id).await?, Some(Role::Owner)));
    }
    let place = group(tx, actor, id).await?;
    let role = place.role();
    Ok((place.conversation, Some(role)))
}

/// The caller as a member of a group with at least this role.
pub(crate) async fn group_as<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    id: ConversationId,
    least: Role,
) -> Result<Membership> {
    let membership = group(tx, actor, id).await?;
    if membership.role() < least {
        return Err(ErrorKind::RoleTooLow.into());
    }
    Ok(membership)
}

/// Whether a member may act on another one: only downwards, and never on itself.
pub(crate) fn outranks(acting: Role, other: Role) -> Result<()> {
    if other == Role::Owner {
        return Err(ErrorKind::OwnerProtected.into());
    }
    if acting > other {
        Ok(())
    } else {
        Err(ErrorKind::RoleTooLow.into())
    }
}

/// An active account of the caller's tenant.
pub(crate) async fn peer<T: Tx>(tx: &mut T, actor: &Actor, id: UserId, missing: ErrorKind) -> Result<User> {
    let found = user::by_id(tx, id).await?;
    found
        .filter(|user| user.tenant_id == actor.tenant_id && user.status == "ACTIVE")
        .ok_or_else(|| missing.into())
}

/// A message that the caller may read, with the caller's place in its conversation. What the caller may not see
/// is missing, not forbidden: an id must not tell that something exists.
pub(crate) async fn readable_message<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    id: MessageId,
) -> Result<(Message, Membership)> {
    let message = message::by_id(tx, id).await?.ok_or(ErrorKind::MessageMissing)?;
    let membership = match membership(tx, actor, message.conversation_id).await {
        Ok(membership) => membership,
        Err(error) if error.kind == ErrorKind::ConversationMissing => {
            return Err(ErrorKind::MessageMissing.into());
        }
        Err(error) => return Err(error),
    };
    if !membership.sees(&message) {
        return Err(ErrorKind::MessageMissing.into());
    }
    Ok((message, membership))
}

/// A message of the caller's own, in a conversation the caller is still in.
pub(crate) async fn own_message<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    id: MessageId,
) -> Result<(Message, Membership)> {
    let (message, membership) = readable_message(tx, actor, id).await?;
    if message.sender_id != Some(actor.user_id) {
        return Err(ErrorKind::MessageForbidden.into());
    }
    Ok((message, membership))
}

/// Whether a member may pin a message for all: in a group its owner and administrators, in a direct conversation both.
pub(crate) fn may_pin(place: &Membership) -> Result<()> {
    if place.kind() == ConversationKind::Group && place.role() < Role::Admin {
        return Err(ErrorKind::RoleTooLow.into());
    }
    Ok(())
}

/// A file that the caller may open: its owner's own, a public one, or one that a message in the caller's sight
/// carries. A file that is somebody else's secret is missing.
pub(crate) async fn readable_file<T: Tx>(tx: &mut T, actor: &Actor, which: &FileRef) -> Result<StoredFile> {
    let found = match which {
        FileRef::Id(id) => file::by_id(tx, *id).await?,
        FileRef::Key(key) => file::by_key(tx, key).await?,
    };
    let found = found
        .filter(|file| file.tenant_id == actor.tenant_id && file.deleted_at.is_none())
        .ok_or(ErrorKind::FileMissing)?;
    let open = found.public || found.owner_id == actor.user_id;
    if open || file::is_in_sight(tx, found.id, actor.user_id).await? {
        Ok(found)
    } else {
        Err(ErrorKind::FileMissing.into())
    }
}

/// A file of the caller's own.
pub(crate) async fn own_file<T: Tx>(tx: &mut T, actor: &Actor, id: FileId) -> Result<StoredFile> {
    let found = file::by_id(tx, id).await?;
    found
        .filter(|file| file.owner_id == actor.user_id && file.deleted_at.is_none())
        .ok_or_else(|| ErrorKind::FileMissing.into())
}

/// An upload of the caller's own whose time is not over.
pub(crate) async fn own_upload<T: Tx>(tx: &mut T, actor: &Actor, id: &str, now: Timestamp) -> Result<Upload> {
    let found = upload::by_id(tx, id).await?;
    found
        .filter(|upload| upload.owner_id == actor.user_id && upload.expires_at > now)
        .ok_or_else(|| ErrorKind::FileMissing.into())
}

/// Whether a window that opened with a message is still open.
pub(crate) fn within(message: &Message, window_seconds: i64, now: Timestamp) -> bool {
    now - message.created_at <= window_seconds.saturating_mul(1_000_000)
}

/// Why a member may not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Silenced until this time.
    Member(Timestamp),
    /// Only owner and administrators may write in the group.
    Group,
}

/// Why somebody may not write where these flags hold, if so.
pub(crate) fn silence(
    role: Role,
    muted_all: bool,
    silenced_until: Option<Timestamp>,
    now: Timestamp,
) -> Option<Silence> {
    match silenced_until {
        Some(until) if until > now => Some(Silence::Member(until)),
        _ if muted_all && role == Role::Member => Some(Silence::Group),
        _ => None,
    }
}

/// Whether somebody may write where these flags hold.
pub(crate) fn may_write(
    role: Role,
    muted_all: bool,
    silenced_until: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    match silence(role, muted_all, silenced_until, now) {
        Some(_) => Err(ErrorKind::Muted.into()),
        None => Ok(()),
    }
}

/// How many members a group may have.
pub(crate) fn room(group: &Conversation, limits: &Limits) -> i64 {
    match group.members_max {
        0 => limits.group_members_max,
        most => most.min(limits.group_members_max),
    }
}

/// Whether somebody of this role may bring people into a group.
pub(crate) fn may_invite(group: &Conversation, role: Option<Role>) -> Result<()> {
    holds(role, Role::of(group.invite_role))
}

/// Whether a role is high enough; the server, which has none, stands above all.
pub(crate) fn holds(role: Option<Role>, least: Role) -> Result<()> {
    match role {
        Some(role) if role < least => Err(ErrorKind::RoleTooLow.into()),
        _ => Ok(()),
    }
}

/// Somebody else as a member of a conversation that the caller has been checked for.
pub(crate) async fn member_of<T: Tx>(tx: &mut T, id: ConversationId, user_id: UserId) -> Result<Member> {
    let found = member::get(tx, id, user_id).await?;
    found
        .filter(|member| member.state)
        .ok_or_else(|| ErrorKind::MemberMissing.into())
}

/// Whether all of these (distinct, rising) are active accounts of the caller's tenant; the detail names who is not.
pub(crate) async fn peers<T: Tx>(tx: &mut T, actor: &Actor, user_ids: &[UserId]) -> Result<()> {
    /// Ids that one refusal names.
    const NAMED_IDS_MAX: usize = 10;
    let active = user::active_ids(tx, actor.tenant_id, user_ids).await?;
    let missing: Vec<String> = user_ids
        .iter()
        .filter(|id| active.binary_search(id).is_err())
        .take(NAMED_IDS_MAX)
        .map(UserId::to_string)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::UserMissing,
        format!("no active account: {}", missing.join(", ")),
    ))
}

/// An announcement of a group where the caller has at least this role. To others it is missing, not forbidden: an id
/// must not tell that something exists.
pub(crate) async fn announcement_as<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    id: i64,
    least: Role,
) -> Result<Announcement> {
    let found = announcement::by_id(tx, id).await?.ok_or(ErrorKind::ItemMissing)?;
    match group_as(tx, actor, found.conversation_id, least).await {
        Ok(_) => Ok(found),
        Err(error) if matches!(error.kind, ErrorKind::GroupMissing | ErrorKind::NotMember) => {
            Err(ErrorKind::ItemMissing.into())
        }
        Err(error) => Err(error),
    }
}

/// Whether an announcement can still be changed.
pub(crate) fn not_recalled(announcement: &Announcement) -> Result<()> {
    match announcement.recalled_at {
        Some(_) => Err(ErrorKind::ItemMissing.into()),
        None => Ok(()),
    }
}

/// An account of the caller's tenant that was not deleted, active or not.
pub(crate) async fn account<T: Tx>(tx: &mut T, actor: &Actor, id: UserId) -> Result<User> {
    let found = user::by_id(tx, id).await?;
    found
        .filter(|user| user.tenant_id == actor.tenant_id && user.status != DELETED)
        .ok_or_else(|| ErrorKind::UserMissing.into())
}

/// An administrator of the tenant.
pub(crate) fn administrator(actor: &Actor) -> Result<()> {
    at_least(actor, AccountRole::Admin)
}

/// Whether the caller's account stands at least this high in its tenant.
pub(crate) fn at_least(actor: &Actor, role: AccountRole) -> Result<()> {
    if actor.role >= role {
        Ok(())
    } else {
        Err(ErrorKind::Forbidden.into())
    }
}

/// The rank that the caller manages others with; the server itself stands above all.
pub(crate) async fn rank<T: Tx>(tx: &mut T, actor: &Actor) -> Result<AccountRole> {
    administrator(actor)?;
    if actor.user_id == 0 {
        return Ok(AccountRole::SuperAdmin);
    }
    Ok(AccountRole::of(&account(tx, actor, actor.user_id).await?.role))
}

/// Whether the caller may manage an account that is somebody else's: only downwards, except that the highest rank
/// manages itself.
pub(crate) async fn manages<T: Tx>(tx: &mut T, actor: &Actor, other: &User) -> Result<()> {
    let mine = rank(tx, actor).await?;
    if mine == AccountRole::SuperAdmin || mine > AccountRole::of(&other.role) {
        Ok(())
    } else {
        Err(ErrorKind::Forbidden.into())
    }
}

/// Whether the caller may give somebody's account this rank: only the highest rank ranks others, and never itself.
pub(crate) async fn ranks<T: Tx>(tx: &mut T, actor: &Actor, other: &User) -> Result<()> {
    if rank(tx, actor).await? < AccountRole::SuperAdmin {
        return Err(ErrorKind::Forbidden.into());
    }
    dispensable(tx, actor, other).await
}

/// Whether an account may lose the right to log in: not the caller's own, and never the last that manages the tenant.
pub(crate) async fn dispensable<T: Tx>(tx: &mut T, actor: &Actor, other: &User) -> Result<()> {
    if other.id == actor.user_id {
        return Err(Error::new(
            ErrorKind::Forbidden,
            "nobody takes away their own account's access",
        ));
    }
    let highest = AccountRole::SuperAdmin.word();
    let last = other.role == highest && user::count_active(tx, other.tenant_id, highest).await? <= 1;
    if last && other.status == "ACTIVE" {
        return Err(Error::new(
            ErrorKind::Forbidden,
            "the last SUPER_ADMIN of a tenant keeps access: make another one first",
        ));
    }
    Ok(())
}

/// A row of the caller's own contact list.
pub(crate) async fn own_contact<T: Tx>(tx: &mut T, actor: &Actor, id: i64) -> Result<Contact> {
    let found = contact::by_id(tx, id).await?;
    found
        .filter(|contact| contact.owner_id == actor.user_id)
        .ok_or_else(|| ErrorKind::ContactMissing.into())
}

/// A contact request to the caller, from somebody the caller has not blocked.
pub(crate) async fn request_to_me<T: Tx>(tx: &mut T, actor: &Actor, id: i64) -> Result<ContactRequest> {
    let request = contact_request::by_id(tx, id)
        .await?
        .filter(|request| request.to_user_id == actor.user_id)
        .ok_or(ErrorKind::RequestMissing)?;
    if block::exists(tx, actor.user_id, request.from_user_id).await? {
        return Err(ErrorKind::RequestMissing.into());
    }
    Ok(request)
}

/// A notification of the caller's own.
pub(crate) async fn own_notification<T: Tx>(tx: &mut T, actor: &Actor, id: i64) -> Result<Notification> {
    let found = notification::by_id(tx, id).await?;
    found
        .filter(|notification| notification.user_id == actor.user_id)
        .ok_or_else(|| ErrorKind::ItemMissing.into())
}

/// Whether the caller may say something new in a conversation it is in.
pub(crate) async fn may_speak<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    env: &Env,
    conversation_id: ConversationId,
    now: Timestamp,
) -> Result<()> {
    let scope = message::send_scope(tx, actor.user_id, conversation_id)
        .await?
        .ok_or(ErrorKind::ConversationMissing)?;
    may_say(tx, actor, env, &scope, now).await
}
