//! Contact lists, requests and blocks.

use parlance_store::Tx;
use parlance_store::table::{block, contact, contact_request, message, user};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::account::Actor;
use crate::command::CONTACTS_MAX;
use crate::core::{Query, ReadContext};
use crate::error::{Error, ErrorKind, Result};
use crate::policy;
use crate::query::directory::Counted;
use crate::query::user::shown;
use crate::types::{
    Contact, ContactRequest, ContactRequestView, ContactView, Timestamp, User, UserCard, UserId,
};

/// Requests on one list.
const REQUESTS_MAX: i64 = 500;
/// Blocked people on one list: all that a person may block.
const BLOCKED_MAX: i64 = 5_000;
/// People asked for by name in one call.
const NAMED_MAX: usize = 1_000;
/// Contacts on one page.
const PAGE_MAX: i64 = 1_000;
/// Names of contact groups on one list.
const GROUPS_MAX: i64 = 1_000;

/// The contact list of a person, oldest first: the caller's own, or for administrators anybody's in the tenant.
///
/// # Errors
/// `UserMissing`, `Forbidden`.
#[derive(Clone, Copy, Debug)]
pub struct Contacts {
    /// Whose.
    pub owner_id: UserId,
}

impl Query for Contacts {
    type Answer = Vec<ContactView>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<ContactView>> {
        policy::account(cx.tx, cx.actor, self.owner_id).await?;
        if self.owner_id != cx.actor.user_id {
            policy::administrator(cx.actor)?;
        }
        let rows = contact::list(cx.tx, self.owner_id, CONTACTS_MAX).await?;
        views(cx.tx, cx.actor, self.owner_id, rows).await
    }
}

/// One row of the caller's own contact list.
///
/// # Errors
/// `ContactMissing`.
#[derive(Clone, Copy, Debug)]
pub struct FindContact {
    /// Which row.
    pub contact_id: i64,
}

impl Query for FindContact {
    type Answer = ContactView;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<ContactView> {
        let row = policy::own_contact(cx.tx, cx.actor, self.contact_id).await?;
        let mut found = views(cx.tx, cx.actor, cx.actor.user_id, vec![row]).await?;
        found.pop().ok_or_else(|| ErrorKind::ContactMissing.into())
    }
}

/// The names of the groups in the caller's contact list, in the order they came up; the default one has no name.
#[derive(Clone, Copy, Debug)]
pub struct ContactGroups;

impl Query for ContactGroups {
    type Answer = Vec<String>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<String>> {
        Ok(contact::group_names(cx.tx, cx.actor.user_id, GROUPS_MAX).await?)
    }
}

/// Which requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestDirection {
    /// To the caller, waiting for an answer, without those of blocked people.
    Received,
    /// By the caller, whatever became of them.
    Sent,
}

/// The newest 500 contact requests of the caller.
#[derive(Clone, Copy, Debug)]
pub struct ContactRequests {
    /// To or by the caller.
    pub direction: RequestDirection,
}

impl Query for ContactRequests {
    type Answer = Vec<ContactRequestView>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<ContactRequestView>> {
        let me = cx.actor.user_id;
        let requests = match self.direction {
            RequestDirection::Received => contact_request::received(cx.tx, me, REQUESTS_MAX).await?,
            RequestDirection::Sent => contact_request::sent(cx.tx, me, REQUESTS_MAX).await?,
        };
        let mut found = Vec::with_capacity(requests.len());
        for request in requests {
            found.push(request_view(cx.tx, request).await?);
        }
        Ok(found)
    }
}

/// Part of the caller's contact list, oldest first.
#[derive(Clone, Debug)]
pub struct ContactPage {
    /// Only this group, empty for the default one; none for the whole list.
    pub group_name: Option<String>,
    /// Contacts before the page.
    pub skip: i64,
    /// Contacts at most; 1,000 are the most.
    pub limit: i64,
}

impl Query for ContactPage {
    type Answer = Counted<ContactView>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        let (me, group_name) = (cx.actor.user_id, self.group_name.as_deref());
        let (skip, limit) = (self.skip.max(0), self.limit.clamp(1, PAGE_MAX));
        let rows = contact::page(cx.tx, me, group_name, skip, limit).await?;
        Ok(Counted {
            total: contact::count_page(cx.tx, me, group_name).await?,
            items: views(cx.tx, cx.actor, me, rows).await?,
        })
    }
}

/// Something that a list is divided by, and how much of the list that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// How many are in it.
    pub count: i64,
}

impl From<(String, i64)> for Section {
    fn from((name, count): (String, i64)) -> Self {
        Self { name, count }
    }
}

/// The groups of the caller's contact list with their sizes, without the default one, in the order they came up.
#[derive(Clone, Copy, Debug)]
pub struct ContactGroupSizes;

impl Query for ContactGroupSizes {
    type Answer = Vec<Section>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<Section>> {
        let sizes = contact::group_sizes(cx.tx, cx.actor.user_id, GROUPS_MAX).await?;
        Ok(sizes.into_iter().map(Section::from).collect())
    }
}

/// Those of these people who are in the caller's contact list, in the order asked for.
///
/// # Errors
/// `Invalid` for more than 1,000 people.
#[derive(Clone, Debug)]
pub struct ContactsWith {
    /// Text ids.
    pub uids: Vec<String>,
}

impl Query for ContactsWith {
    type Answer = Vec<ContactView>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<ContactView>> {
        if self.uids.len() > NAMED_MAX {
            return Err(Error::invalid(format!(
                "at most {NAMED_MAX} people are asked for at once"
            )));
        }
        let (me, tenant_id) = (cx.actor.user_id, cx.actor.tenant_id);
        let mut rows = Vec::with_capacity(self.uids.len());
        for uid in &self.uids {
            if let Some(other) = user::id_of(cx.tx, tenant_id, uid).await? {
                rows.extend(contact::pair(cx.tx, me, other).await?);
            }
        }
        views(cx.tx, cx.actor, me, rows).await
    }
}

/// Somebody whom a person has blocked.
#[derive(Clone, Debug)]
pub struct BlockView {
    /// Who it is.
    pub user: User,
    /// Since when.
    pub since: Timestamp,
}

/// Whom the caller has blocked, newest first.
#[derive(Clone, Copy, Debug)]
pub struct Blocks {
    /// People before the page.
    pub skip: i64,
    /// People at most; 5,000 are the most.
    pub limit: i64,
}

impl Blocks {
    /// All of them.
    pub fn all() -> Self {
        Self {
            skip: 0,
            limit: BLOCKED_MAX,
        }
    }
}

impl Query for Blocks {
    type Answer = Counted<BlockView>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        let me = cx.actor.user_id;
        let (skip, limit) = (self.skip.max(0), self.limit.clamp(1, BLOCKED_MAX));
        let rows = block::page(cx.tx, me, skip, limit).await?;
        let ids: Vec<UserId> = rows.iter().map(|(id, _)| *id).collect();
        let mut people = people(cx.tx, cx.actor, &ids).await?;
        let view = |(id, since)| people.remove(&id).map(|user| BlockView { user, since });
        let items = rows.into_iter().filter_map(view).collect();
        Ok(Counted {
            total: block::count(cx.tx, me).await?,
            items,
        })
    }
}

async fn people<T: Tx>(tx: &mut T, actor: &Actor, ids: &[UserId]) -> Result<FxHashMap<UserId, User>> {
    let found = user::by_ids(tx, actor.tenant_id, ids).await?;
    let found = shown(tx, actor, found).await?;
    Ok(found.into_iter().map(|user| (user.id, user)).collect())
}

async fn views<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    owner_id: UserId,
    rows: Vec<Contact>,
) -> Result<Vec<ContactView>> {
    let ids: Vec<UserId> = rows.iter().map(|row| row.contact_id).collect();
    let mut people = people(tx, actor, &ids).await?;
    let blocked: FxHashSet<UserId> = block::list(tx, owner_id, BLOCKED_MAX)
        .await?
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    let view = |contact: Contact| {
        people.remove(&contact.contact_id).map(|user| ContactView {
            blocked: blocked.contains(&user.id),
            contact,
            user,
        })
    };
    Ok(rows.into_iter().filter_map(view).collect())
}

async fn request_view<T: Tx>(tx: &mut T, request: ContactRequest) -> Result<ContactRequestView> {
    let from = message::card(tx, request.from_user_id).await?;
    let to = message::card(tx, request.to_user_id).await?;
    Ok(ContactRequestView {
        from: from.map(UserCard::from).unwrap_or_default(),
        to: to.map(UserCard::from).unwrap_or_default(),
        request,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn a_list_is_its_owners_and_the_administrators() {
        let t = TestCore::start().await;
        let (a, b, admin) = (t.user("a").await, t.user("b").await, t.admin("boss").await);
        t.befriend(&a, &b).await;
        let of_a = Contacts { owner_id: a.user_id };
        assert_eq!(t.core.query(&a, of_a).await.unwrap()[0].user.uid, "b");
        assert_eq!(t.core.query(&admin, of_a).await.unwrap().len(), 1);
        assert_eq!(refusal(t.core.query(&b, of_a).await), ErrorKind::Forbidden);
        let foreign = Actor {
            tenant_id: 2,
            ..admin
        };
        assert_eq!(
            refusal(t.core.query(&foreign, of_a).await),
            ErrorKind::UserMissing
        );
    }
}
