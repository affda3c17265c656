//! Groups as whoever may know of them sees them, members or not: one with all that stands about it, the caller's own,
//! and those that anybody may find.

use parlance_store::Tx;
use parlance_store::table::{conversation, group_attribute, member, message};
use rustc_hash::FxHashMap;

use crate::core::{Query, ReadContext};
use crate::error::Result;
use crate::query::directory::Counted;
use crate::types::{Attributes, Conversation, ConversationId, Role, Timestamp, UserCard, UserId};
use crate::{field, policy};

/// Groups on one page.
const PAGE_MAX: i64 = 1_000;
/// Administrators named with one group; the list of members has them all.
const ADMINS_MAX: i64 = 100;
/// Characters of a word to search for.
const KEYWORD_CHARS_MAX: usize = 100;

/// A group.
#[derive(Clone, Debug)]
pub struct GroupProfile {
    /// The group; `members_count` tells how many are in, `muted_all` whether it is muted now.
    pub conversation: Conversation,
    /// The caller's role; none who is not in.
    pub role: Option<Role>,
    /// How the owner is shown; none for a group without one.
    pub owner: Option<UserCard>,
    /// Its administrators, by number: the first 100.
    pub admins: Vec<UserCard>,
    /// What its people keep with it; left out of lists.
    pub attributes: Attributes,
}

/// One group: for its members, for who acts by rank, and for everybody if it may be found.
///
/// # Errors
/// `GroupMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct GroupProfileOf(pub ConversationId);

impl Query for GroupProfileOf {
    type Answer = GroupProfile;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<GroupProfile> {
        let (group, role) = policy::visible_group(cx.tx, cx.actor, self.0).await?;
        let mut people = People::of(cx.tx, std::slice::from_ref(&group), cx.now).await?;
        let attributes = group_attribute::list(cx.tx, group.id)
            .await?
            .into_iter()
            .collect();
        let profile = people.profile(group, role);
        Ok(GroupProfile {
            attributes,
            ..profile
        })
    }
}

/// The groups the caller is in, counted, the last changed first.
#[derive(Clone, Copy, Debug)]
pub struct MyGroupProfiles {
    /// Groups before the page.
    pub skip: i64,
    /// Groups at most; 1,000 are the most.
    pub limit: i64,
}

impl Query for MyGroupProfiles {
    type Answer = Counted<GroupProfile>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        let me = cx.actor.user_id;
        let (skip, limit) = (self.skip.max(0), self.limit.clamp(1, PAGE_MAX));
        let groups = conversation::groups_page(cx.tx, me, skip, limit).await?;
        Ok(Counted {
            total: conversation::count_groups(cx.tx, me).await?,
            items: profiles(cx, groups).await?,
        })
    }
}

/// The groups of the tenant that anybody may find, counted, the newest first: all of them, or those with a word in
/// their text id or name.
///
/// # Errors
/// `Invalid` for more than 100 characters.
#[derive(Clone, Debug)]
pub struct OpenGroups {
    /// The word; empty for all.
    pub keyword: String,
    /// Groups before the page.
    pub skip: i64,
    /// Groups at most; 1,000 are the most.
    pub limit: i64,
}

impl Query for OpenGroups {
    type Answer = Counted<GroupProfile>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        field::at_most("a search", &self.keyword, KEYWORD_CHARS_MAX)?;
        let open = conversation::OpenGroups {
            tenant_id: cx.actor.tenant_id,
            types: policy::OPEN_TYPES,
            keyword: self.keyword.trim(),
        };
        let (skip, limit) = (self.skip.max(0), self.limit.clamp(1, PAGE_MAX));
        let groups = open.page(cx.tx, skip, limit).await?;
        Ok(Counted {
            total: open.count(cx.tx).await?,
            items: profiles(cx, groups).await?,
        })
    }
}

async fn profiles<T: Tx>(
    cx: &mut ReadContext<'_, T>,
    groups: Vec<Conversation>,
) -> Result<Vec<GroupProfile>> {
    let ids: Vec<ConversationId> = groups.iter().map(|group| group.id).collect();
    let standing = member::standing_in(cx.tx, cx.actor.user_id, &ids).await?;
    let roles: FxHashMap<ConversationId, Role> = standing
        .into_iter()
        .map(|(id, role, _)| (id, Role::of(role)))
        .collect();
    let mut people = People::of(cx.tx, &groups, cx.now).await?;
    let shown = |group: Conversation| {
        let role = roles.get(&group.id).copied();
        people.profile(group, role)
    };
    Ok(groups.into_iter().map(shown).collect())
}

/// Owners and administrators of some groups.
struct People {
    now: Timestamp,
    owners: FxHashMap<UserId, UserCard>,
    admins: FxHashMap<ConversationId, Vec<UserCard>>,
}

impl People {
    async fn of<T: Tx>(tx: &mut T, groups: &[Conversation], now: Timestamp) -> Result<Self> {
        let ids: Vec<ConversationId> = groups.iter().map(|group| group.id).collect();
        let owner_ids: Vec<UserId> = groups.iter().filter_map(|group| group.owner_id).collect();
        let owners = message::cards(tx, &owner_ids).await?;
        let mut admins: FxHashMap<ConversationId, Vec<UserCard>> = FxHashMap::default();
        for row in member::administrators(tx, &ids, ADMINS_MAX).await? {
            let card = UserCard::new(row.user_id, row.uid, row.name, row.nickname, row.avatar);
            admins.entry(row.conversation_id).or_default().push(card);
        }
        Ok(Self {
            now,
            owners: owners
                .into_iter()
                .map(|card| (card.id, UserCard::from(card)))
                .collect(),
            admins,
        })
    }

    fn profile(&mut self, mut conversation: Conversation, role: Option<Role>) -> GroupProfile {
        conversation.muted_all = conversation.is_muted(self.now);
        let owner = conversation
            .owner_id
            .and_then(|owner_id| self.owners.get(&owner_id));
        GroupProfile {
            role,
            owner: owner.cloned(),
            admins: self.admins.remove(&conversation.id).unwrap_or_default(),
            attributes: Attributes::new(),
            conversation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{CreateGroup, DissolveGroup, LeaveGroup, SetRole};
    use crate::testing::{TestCore, refusal};
    use crate::{Actor, ErrorKind, Mandate};

    async fn made(test: &TestCore, owner: &Actor, key: &str, name: &str, word: &str) -> ConversationId {
        let create = CreateGroup {
            group_key: Some(key.to_owned()),
            group_type: word.to_owned(),
            ..CreateGroup::named(name, Vec::new())
        };
        test.core.execute(owner, create).await.unwrap().conversation_id
    }

    fn keys(found: &Counted<GroupProfile>) -> Vec<&str> {
        found.items.iter().map(|one| one.conversation.key()).collect()
    }

    #[tokio::test]
    async fn open_groups_are_found_by_id_and_name_and_no_others() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let foreign = test.user_of(9, "foreign").await;
        made(&test, &ann, "chess", "国际象棋 Club", "PUBLIC").await;
        made(&test, &ann, "talks", "100% talks", "MEETING").await;
        made(&test, &ann, "secret", "Club of two", "WORK").await;
        made(&test, &ann, "plain", "Club", "").await;
        let conversation_id = made(&test, &ann, "over", "Club", "PUBLIC").await;
        test.core
            .execute(&ann, DissolveGroup { conversation_id })
            .await
            .unwrap();
        made(&test, &foreign, "elsewhere", "Club", "PUBLIC").await;
        for (keyword, expected) in [
            ("", vec!["talks", "chess"]),
            ("club", vec!["chess"]),
            (" 象棋 ", vec!["chess"]),
            ("TALK", vec!["talks"]),
            ("%", vec!["talks"]),
            ("_", vec![]),
            ("plain", vec![]),
            ("secret", vec![]),
        ] {
            let open = OpenGroups {
                keyword: keyword.to_owned(),
                skip: 0,
                limit: 10,
            };
            let found = test.core.query(&bob, open).await.unwrap();
            assert_eq!(keys(&found), expected, "{keyword}");
            assert_eq!(found.total, expected.len() as i64);
            assert!(found.items.iter().all(|one| one.role.is_none()));
        }
        let second = OpenGroups {
            keyword: String::new(),
            skip: 1,
            limit: 1,
        };
        let page = test.core.query(&ann, second).await.unwrap();
        assert_eq!((page.total, keys(&page)), (2, vec!["chess"]));
        assert_eq!(page.items[0].role, Some(Role::Owner));
        let long = OpenGroups {
            keyword: "x".repeat(101),
            skip: 0,
            limit: 1,
        };
        assert_eq!(refusal(test.core.query(&ann, long).await), ErrorKind::Invalid);
    }

    #[tokio::test]
    async fn ones_own_groups_are_paged_and_name_who_manages_them() {
        let test = TestCore::start().await;
        let (ann, bob, cid) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("cid").await,
        );
        let first = test.group(&ann, "first", &[&bob, &cid]).await;
        let second = test.group(&bob, "second", &[&ann]).await;
        let promote = SetRole {
            conversation_id: first,
            user_id: cid.user_id,
            role: Role::Admin,
        };
        test.core.execute(&ann, promote).await.unwrap();
        test.clock.advance_seconds(1);
        test.say(&ann, first, "up").await;
        let of = |skip, limit| MyGroupProfiles { skip, limit };
        let all = test.core.query(&bob, of(0, 1_000)).await.unwrap();
        let ids: Vec<ConversationId> = all.items.iter().map(|one| one.conversation.id).collect();
        assert_eq!((all.total, ids), (2, vec![first, second]));
        let shown = &all.items[0];
        assert_eq!(shown.role, Some(Role::Member));
        assert_eq!(shown.owner.as_ref().map(|card| card.uid.as_str()), Some("ann"));
        let admins: Vec<&str> = shown.admins.iter().map(|card| card.uid.as_str()).collect();
        assert_eq!(admins, ["cid"]);
        let rest = test.core.query(&bob, of(1, 5)).await.unwrap();
        assert_eq!((rest.total, rest.items[0].conversation.id), (2, second));
        test.core.execute(&bob, LeaveGroup::of(first)).await.unwrap();
        assert_eq!(test.core.query(&bob, of(-1, 0)).await.unwrap().total, 1);
    }

    #[tokio::test]
    async fn only_what_may_be_found_is_shown_to_outsiders() {
        let test = TestCore::start().await;
        let (ann, eve) = (test.user("ann").await, test.user("eve").await);
        let foreign = test.user_of(9, "foreign").await;
        let plain = test.admin("plain").await;
        let chief = Actor {
            mandate: Mandate::Rank,
            ..plain.clone()
        };
        let open = made(&test, &ann, "open", "open", "MEETING").await;
        let closed = made(&test, &ann, "closed", "closed", "WORK").await;
        for (who, group, expected) in [
            (&ann, closed, Ok(Some(Role::Owner))),
            (&eve, open, Ok(None)),
            (&eve, closed, Err(ErrorKind::NotMember)),
            (&plain, closed, Err(ErrorKind::NotMember)),
            (&chief, closed, Ok(None)),
            (&foreign, open, Err(ErrorKind::GroupMissing)),
        ] {
            let shown = test.core.query(who, GroupProfileOf(group)).await;
            let role = shown.map(|shown| shown.role).map_err(|error| error.kind);
            assert_eq!(role, expected);
        }
    }
}
