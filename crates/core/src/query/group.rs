//! Groups as their members see them: details, the caller's own list, who is in, who may write.

use parlance_store::Tx;
use parlance_store::table::{conversation, member, message};
use rustc_hash::FxHashMap;

use crate::core::{Query, ReadContext};
use crate::error::{Error, Result};
use crate::policy::{self, Membership};
use crate::types::{Conversation, ConversationId, Role, Timestamp, UserCard, UserId};

pub use crate::policy::Silence;

/// Groups in one list at most: the last changed ones.
const GROUPS_MAX: i64 = 1_000;
/// Members in one page at most.
const MEMBERS_PAGE_MAX: i64 = 10_000;

/// A group as one of its members sees it.
#[derive(Clone, Debug)]
pub struct Group {
    /// The group; `members_count` tells how many are in, `muted_all` whether it is muted now.
    pub conversation: Conversation,
    /// The caller's role.
    pub role: Role,
    /// Why the caller may not write; none who may.
    pub silence: Option<Silence>,
    /// How the owner is shown; none for a group without one.
    pub owner: Option<UserCard>,
    /// Most members, the server's limit counted in.
    pub room: i64,
}

/// One group of the caller's.
///
/// # Errors
/// `GroupMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct GroupDetails {
    /// Which one.
    pub conversation_id: ConversationId,
}

impl Query for GroupDetails {
    type Answer = Group;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Group> {
        let place = policy::group(cx.tx, cx.actor, self.conversation_id).await?;
        let owner = match place.conversation.owner_id {
            Some(owner_id) => message::card(cx.tx, owner_id).await?.map(UserCard::from),
            None => None,
        };
        let (role, silenced_until) = (place.role(), place.member.silenced_until);
        Ok(Group::new(place.conversation, role, silenced_until, owner, cx))
    }
}

impl Group {
    fn new<T>(
        mut conversation: Conversation,
        role: Role,
        silenced_until: Option<Timestamp>,
        owner: Option<UserCard>,
        cx: &ReadContext<'_, T>,
    ) -> Self {
        conversation.muted_all = conversation.is_muted(cx.now);
        Self {
            role,
            silence: policy::silence(role, conversation.muted_all, silenced_until, cx.now),
            owner,
            room: policy::room(&conversation, &cx.env.limits),
            conversation,
        }
    }
}

/// The groups the caller is in, the last changed first; at most 1,000.
#[derive(Clone, Copy, Debug)]
pub struct MyGroups;

impl Query for MyGroups {
    type Answer = Vec<Group>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<Group>> {
        let me = cx.actor.user_id;
        let groups = conversation::groups_of(cx.tx, me, GROUPS_MAX).await?;
        let ids: Vec<ConversationId> = groups.iter().map(|group| group.id).collect();
        let owner_ids: Vec<UserId> = groups.iter().filter_map(|group| group.owner_id).collect();
        let standing = member::standing_in(cx.tx, me, &ids).await?;
        let standing: FxHashMap<_, _> = standing
            .into_iter()
            .map(|(id, role, until)| (id, (role, until)))
            .collect();
        let owners = message::cards(cx.tx, &owner_ids).await?;
        let owners: FxHashMap<_, _> = owners
            .into_iter()
            .map(|card| (card.id, UserCard::from(card)))
            .collect();
        let shown = |conversation: Conversation| {
            let owner = conversation.owner_id.and_then(|owner_id| owners.get(&owner_id));
            let (role, silenced_until) = *standing.get(&conversation.id)?;
            Some(Group::new(
                conversation,
                Role::of(role),
                silenced_until,
                owner.cloned(),
                cx,
            ))
        };
        Ok(groups.into_iter().filter_map(shown).collect())
    }
}

/// A member as lists show it.
#[derive(Clone, Debug)]
pub struct MemberView {
    /// Who it is.
    pub user: UserCard,
    /// The role.
    pub role: Role,
    /// When last joined.
    pub joined_at: Timestamp,
    /// May not write before this time; none when that is past.
    pub silenced_until: Option<Timestamp>,
}

impl MemberView {
    pub(super) fn new(row: member::Listed, now: Timestamp) -> Self {
        Self {
            user: UserCard::new(row.user_id, row.uid, row.name, row.nickname, row.avatar),
            role: Role::of(row.role),
            joined_at: row.joined_at,
            silenced_until: row.silenced_until.filter(|until| *until > now),
        }
    }
}

/// The members of a group, by user id.
///
/// # Errors
/// `GroupMissing`, `NotMember`, `Invalid` for a page of more than 10,000.
#[derive(Clone, Copy, Debug)]
pub struct GroupMembers {
    /// Which group.
    pub conversation_id: ConversationId,
    /// The last user id of the page before, 0 at first.
    pub after: UserId,
    /// Members on the page, from 1 to 10,000.
    pub limit: i64,
}

impl GroupMembers {
    /// The first and, in a group of usual size, only page.
    pub fn of(conversation_id: ConversationId) -> Self {
        Self {
            conversation_id,
            after: 0,
            limit: MEMBERS_PAGE_MAX,
        }
    }
}

impl Query for GroupMembers {
    type Answer = Vec<MemberView>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<MemberView>> {
        let group = policy::group(cx.tx, cx.actor, self.conversation_id)
            .await?
            .conversation;
        if !(1..=MEMBERS_PAGE_MAX).contains(&self.limit) {
            return Err(Error::invalid(format!(
                "a page has 1 to {MEMBERS_PAGE_MAX} members"
            )));
        }
        page(cx, group.id, self.after, self.limit).await
    }
}

/// The members of a conversation, direct or group, by user id: the first 10,000.
///
/// # Errors
/// `ConversationMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct ConversationMembers(pub ConversationId);

impl Query for ConversationMembers {
    type Answer = Vec<MemberView>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<MemberView>> {
        policy::membership(cx.tx, cx.actor, self.0).await?;
        page(cx, self.0, 0, MEMBERS_PAGE_MAX).await
    }
}

async fn page<T: Tx>(
    cx: &mut ReadContext<'_, T>,
    conversation_id: ConversationId,
    after: UserId,
    limit: i64,
) -> Result<Vec<MemberView>> {
    let rows = member::listed(cx.tx, conversation_id, after, limit).await?;
    let now = cx.now;
    Ok(rows.into_iter().map(|row| MemberView::new(row, now)).collect())
}

/// Why a member of a group may not write there; none who may.
///
/// # Errors
/// `GroupMissing`, `NotMember`, `MemberMissing`.
#[derive(Clone, Copy, Debug)]
pub struct WhySilent {
    /// Which group.
    pub conversation_id: ConversationId,
    /// Who.
    pub user_id: UserId,
}

impl Query for WhySilent {
    type Answer = Option<Silence>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Option<Silence>> {
        let Membership { conversation, .. } = policy::group(cx.tx, cx.actor, self.conversation_id).await?;
        let member = policy::member_of(cx.tx, self.conversation_id, self.user_id).await?;
        Ok(policy::silence(
            Role::of(member.role),
            conversation.is_muted(cx.now),
            member.silenced_until,
            cx.now,
        ))
    }
}
