//! People: one, several, found by a word, or all of a tenant.

use parlance_store::Tx;
use parlance_store::table::{contact, user};
use rustc_hash::FxHashSet;

use crate::account::Actor;
use crate::core::{Query, ReadContext};
use crate::error::{Error, ErrorKind, Result};
use crate::query::directory::Counted;
use crate::types::{DELETED, User, UserId};
use crate::{field, policy};

/// People asked for by number in one call.
const IDS_MAX: usize = 1_000;
/// People on one page.
const PAGE_MAX: i64 = 500;
/// People on one page of those that are counted.
const COUNTED_PAGE_MAX: i64 = 1_000;
/// Characters of a word to search for.
const KEYWORD_CHARS_MAX: usize = 100;

/// One person of the caller's tenant. Mobile and mail are shown to the person, to administrators and to those whom
/// the person has as a contact; a password hash is never shown.
///
/// # Errors
/// `UserMissing`.
#[derive(Clone, Copy, Debug)]
pub struct FindUser {
    /// Whom.
    pub id: UserId,
}

impl Query for FindUser {
    type Answer = User;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<User> {
        let found = policy::account(cx.tx, cx.actor, self.id).await?;
        one(cx, found).await
    }
}

/// One person of the caller's tenant by text id; shown as [`FindUser`] does.
///
/// # Errors
/// `UserMissing`.
#[derive(Clone, Debug)]
pub struct FindUserByUid {
    /// Whom.
    pub uid: String,
}

impl Query for FindUserByUid {
    type Answer = User;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<User> {
        let found = user::by_uid(cx.tx, cx.actor.tenant_id, &self.uid).await?;
        let found = found
            .filter(|user| user.status != DELETED)
            .ok_or(ErrorKind::UserMissing)?;
        one(cx, found).await
    }
}

/// The numbers of several people of the caller's tenant by text id, in the order asked for; what
/// becomes of text ids of nobody, `unknown` says.
///
/// # Errors
/// `Invalid` for more than a group may have and for what cannot be a text id, `UserMissing`.
#[derive(Clone, Debug)]
pub struct FindUserIds {
    /// Whom.
    pub uids: Vec<String>,
    /// What to do about text ids of nobody.
    pub unknown: Unknown,
}

/// What to do about people whom nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// They are passed over.
    PassedOver,
    /// They refuse the whole, with `UserMissing`.
    Refused,
}

impl Query for FindUserIds {
    type Answer = Vec<UserId>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<UserId>> {
        let most = cx.env.limits.group_members_max;
        if self.uids.len() > usize::try_from(most).unwrap_or(0) {
            return Err(Error::invalid(format!(
                "at most {most} people are asked for at once"
            )));
        }
        let mut ids = Vec::with_capacity(self.uids.len());
        for uid in &self.uids {
            field::uid(uid)?;
            match user::id_of(cx.tx, cx.actor.tenant_id, uid).await? {
                Some(id) => ids.push(id),
                None if self.unknown == Unknown::PassedOver => {}
                None => return Err(Error::new(ErrorKind::UserMissing, uid.clone())),
            }
        }
        Ok(ids)
    }
}

/// Several people of the caller's tenant, by number; numbers of nobody are passed over.
///
/// # Errors
/// `Invalid` for more than 1,000.
#[derive(Clone, Debug)]
pub struct FindUsers {
    /// Whom.
    pub ids: Vec<UserId>,
}

impl Query for FindUsers {
    type Answer = Vec<User>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<User>> {
        if self.ids.len() > IDS_MAX {
            return Err(Error::invalid(format!(
                "at most {IDS_MAX} people are asked for at once"
            )));
        }
        let mut found = user::by_ids(cx.tx, cx.actor.tenant_id, &self.ids).await?;
        found.retain(|user| user.status != DELETED);
        shown(cx.tx, cx.actor, found).await
    }
}

/// Active people of the caller's tenant whose text id or names contain a word, or whose mobile or mail is exactly it;
/// everybody for an empty word. By number.
///
/// # Errors
/// `Invalid` for more than 100 characters.
#[derive(Clone, Debug, Default)]
pub struct SearchUsers {
    /// The word.
    pub keyword: String,
    /// Only people with a greater number: the last one of the page before.
    pub after_id: UserId,
    /// People at most; 500 are the most.
    pub limit: i64,
}

impl Query for SearchUsers {
    type Answer = Vec<User>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<User>> {
        field::at_most("a search", &self.keyword, KEYWORD_CHARS_MAX)?;
        let limit = self.limit.clamp(1, PAGE_MAX);
        let tenant_id = cx.actor.tenant_id;
        let found = user::search(cx.tx, tenant_id, self.keyword.trim(), self.after_id, limit).await?;
        shown(cx.tx, cx.actor, found).await
    }
}

/// The people that [`SearchUsers`] finds, counted, and a part of them. By number.
///
/// # Errors
/// `Invalid` for more than 100 characters.
#[derive(Clone, Debug)]
pub struct PeoplePage {
    /// The word; empty for everybody.
    pub keyword: String,
    /// People before the page.
    pub skip: i64,
    /// People at most; 1,000 are the most.
    pub limit: i64,
}

impl Query for PeoplePage {
    type Answer = Counted<User>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        field::at_most("a search", &self.keyword, KEYWORD_CHARS_MAX)?;
        let (tenant_id, keyword) = (cx.actor.tenant_id, self.keyword.trim());
        let (skip, limit) = (self.skip.max(0), self.limit.clamp(1, COUNTED_PAGE_MAX));
        let items = user::found(cx.tx, tenant_id, keyword, skip, limit).await?;
        Ok(Counted {
            total: user::count_found(cx.tx, tenant_id, keyword).await?,
            items: shown(cx.tx, cx.actor, items).await?,
        })
    }
}

/// Everybody of the tenant, disabled people included, for administrators. By number.
///
/// # Errors
/// `Forbidden`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListUsers {
    /// Only people with a greater number: the last one of the page before.
    pub after_id: UserId,
    /// People at most; 500 are the most.
    pub limit: i64,
}

impl Query for ListUsers {
    type Answer = Vec<User>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<User>> {
        policy::administrator(cx.actor)?;
        let limit = self.limit.clamp(1, PAGE_MAX);
        let mut found = user::page(cx.tx, cx.actor.tenant_id, self.after_id, limit).await?;
        found.retain(|user| user.status != DELETED);
        shown(cx.tx, cx.actor, found).await
    }
}

async fn one<T: Tx>(cx: &mut ReadContext<'_, T>, found: User) -> Result<User> {
    let mut shown = shown(cx.tx, cx.actor, vec![found]).await?;
    shown.pop().ok_or_else(|| ErrorKind::UserMissing.into())
}

/// People as the caller may see them.
pub(super) async fn shown<T: Tx>(tx: &mut T, actor: &Actor, mut people: Vec<User>) -> Result<Vec<User>> {
    let ids: Vec<UserId> = people.iter().map(|user| user.id).collect();
    let open: FxHashSet<UserId> = if actor.is_admin() {
        ids.into_iter().collect()
    } else {
        let friends = contact::owners_among(tx, actor.user_id, &ids).await?;
        friends.into_iter().chain([actor.user_id]).collect()
    };
    for person in &mut people {
        person.password_hash = None;
        if !open.contains(&person.id) {
            person.mobile = None;
            person.email = None;
        }
    }
    Ok(people)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Registration;
    use crate::testing::{TestCore, refusal};
    use crate::types::DEFAULT_TENANT;

    async fn lisi(t: &TestCore) -> Actor {
        let registration = Registration {
            tenant_id: DEFAULT_TENANT,
            uid: "lisi".into(),
            password: "secret1".into(),
            nickname: "李四".into(),
            mobile: Some("13800138000".into()),
            email: Some("lisi@example.org".into()),
        };
        t.core.register(registration).await.unwrap();
        t.authenticated(&t.log_in("lisi", "secret1").await.unwrap()).await
    }

    fn search(keyword: &str) -> SearchUsers {
        SearchUsers {
            keyword: keyword.into(),
            after_id: 0,
            limit: 10,
        }
    }

    #[tokio::test]
    async fn mobile_and_mail_are_for_contacts_and_administrators() {
        let t = TestCore::start().await;
        let (lisi, friend, stranger) = (lisi(&t).await, t.user("friend").await, t.user("stranger").await);
        let admin = t.admin("boss").await;
        t.befriend(&friend, &lisi).await;
        for (who, mobile) in [
            (&lisi, Some("13800138000")),
            (&friend, Some("13800138000")),
            (&admin, Some("13800138000")),
            (&stranger, None),
        ] {
            let shown = t.core.query(who, FindUser { id: lisi.user_id }).await.unwrap();
            assert_eq!(shown.mobile.as_deref(), mobile, "{who:?}");
            assert_eq!(shown.email.is_some(), mobile.is_some());
            assert_eq!(shown.password_hash, None);
        }
    }

    #[tokio::test]
    async fn people_are_found_by_name_but_only_by_the_whole_number() {
        let t = TestCore::start().await;
        let (lisi, stranger) = (lisi(&t).await, t.user("stranger").await);
        for keyword in ["LIS", "李", " 四", "13800138000", "lisi@example.org"] {
            let found = t.core.query(&stranger, search(keyword)).await.unwrap();
            assert_eq!(
                found.iter().map(|user| user.id).collect::<Vec<_>>(),
                vec![lisi.user_id],
                "{keyword}"
            );
            assert_eq!(found[0].mobile, None);
        }
        for keyword in ["1380013800", "example.org", "%", "_", "nobody"] {
            assert!(
                t.core.query(&stranger, search(keyword)).await.unwrap().is_empty(),
                "{keyword}"
            );
        }
        assert_eq!(t.core.query(&stranger, search("")).await.unwrap().len(), 2);
        let long = "x".repeat(101);
        assert_eq!(
            refusal(t.core.query(&stranger, search(&long)).await),
            ErrorKind::Invalid
        );
        let second = SearchUsers {
            after_id: lisi.user_id,
            limit: 1,
            ..SearchUsers::default()
        };
        let page = t.core.query(&stranger, second).await.unwrap();
        assert_eq!(
            page.iter().map(|user| user.uid.as_str()).collect::<Vec<_>>(),
            vec!["stranger"]
        );
    }

    #[tokio::test]
    async fn nobody_is_seen_across_tenants() {
        let t = TestCore::start().await;
        let (lisi, foreign) = (lisi(&t).await, t.user_of(2, "f").await);
        assert_eq!(
            refusal(t.core.query(&foreign, FindUser { id: lisi.user_id }).await),
            ErrorKind::UserMissing
        );
        let by_uid = FindUserByUid { uid: "lisi".into() };
        assert_eq!(
            refusal(t.core.query(&foreign, by_uid).await),
            ErrorKind::UserMissing
        );
        let ids = vec![lisi.user_id, foreign.user_id, 0, -1, i64::MAX];
        let found = t.core.query(&foreign, FindUsers { ids }).await.unwrap();
        assert_eq!(
            found.iter().map(|user| user.id).collect::<Vec<_>>(),
            vec![foreign.user_id]
        );
        assert!(t.core.query(&foreign, search("lisi")).await.unwrap().is_empty());
        let too_many = FindUsers { ids: vec![1; 1_001] };
        assert_eq!(refusal(t.core.query(&lisi, too_many).await), ErrorKind::Invalid);
    }

    #[tokio::test]
    async fn the_whole_list_is_for_administrators() {
        let t = TestCore::start().await;
        let (lisi, admin) = (lisi(&t).await, t.admin("boss").await);
        let all = ListUsers {
            after_id: 0,
            limit: 500,
        };
        assert_eq!(refusal(t.core.query(&lisi, all).await), ErrorKind::Forbidden);
        let listed = t.core.query(&admin, all).await.unwrap();
        assert_eq!(
            listed.iter().map(|user| user.uid.as_str()).collect::<Vec<_>>(),
            vec!["lisi", "boss"]
        );
    }
}
