//! The people of a tenant for contracts that publish mobiles to everybody in it, and the counted list of all accounts.

use parlance_store::Tx;
use parlance_store::table::user;

use crate::core::{Query, ReadContext};
use crate::error::{ErrorKind, Result};
use crate::types::{AccountRole, User, UserId};
use crate::{field, policy};

/// People that one search gives.
const FOUND_MAX: i64 = 100;
/// People on one page.
const PAGE_MAX: i64 = 500;
/// Characters of a word to search for.
const KEYWORD_CHARS_MAX: usize = 100;

/// Active people of the caller's tenant whose name or latin name contains a word, or whose mobile begins with it. By
/// number; nobody for an empty word. Mobiles are shown, mail addresses are not.
///
/// # Errors
/// `Invalid` for more than 100 characters.
#[derive(Clone, Debug)]
pub struct Directory {
    /// The word.
    pub keyword: String,
    /// People at most; 100 are the most.
    pub limit: i64,
}

impl Query for Directory {
    type Answer = Vec<User>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<User>> {
        field::at_most("a search", &self.keyword, KEYWORD_CHARS_MAX)?;
        let keyword = self.keyword.trim();
        if keyword.is_empty() {
            return Ok(Vec::new());
        }
        let limit = self.limit.clamp(1, FOUND_MAX);
        let found = user::directory(cx.tx, cx.actor.tenant_id, keyword, limit).await?;
        Ok(found.into_iter().map(published).collect())
    }
}

/// One person of the caller's tenant with the mobile. Disabled people and mail addresses are shown to administrators
/// and to oneself.
///
/// # Errors
/// `UserMissing`.
#[derive(Clone, Copy, Debug)]
pub struct DirectoryEntry {
    /// Whom.
    pub id: UserId,
}

impl Query for DirectoryEntry {
    type Answer = User;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<User> {
        let found = policy::account(cx.tx, cx.actor, self.id).await?;
        if cx.actor.is_admin() || found.id == cx.actor.user_id {
            return Ok(User {
                password_hash: None,
                ..found
            });
        }
        if found.status != "ACTIVE" {
            return Err(ErrorKind::UserMissing.into());
        }
        Ok(published(found))
    }
}

/// Accounts of the tenant that were not deleted and have a word in text id, mobile or names, counted; all of them for
/// an empty word. By number. For the highest rank.
///
/// # Errors
/// `Forbidden`, `Invalid` for more than 100 characters.
#[derive(Clone, Debug)]
pub struct AccountPage {
    /// The word.
    pub keyword: String,
    /// Accounts before the page.
    pub skip: i64,
    /// Accounts at most; 500 are the most.
    pub limit: i64,
}

/// Some of many.
#[derive(Clone, Debug)]
pub struct Counted<V> {
    /// How many there are in all.
    pub total: i64,
    /// Those on this page.
    pub items: Vec<V>,
}

impl Query for AccountPage {
    type Answer = Counted<User>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Counted<User>> {
        policy::at_least(cx.actor, AccountRole::SuperAdmin)?;
        field::at_most("a search", &self.keyword, KEYWORD_CHARS_MAX)?;
        let (tenant_id, keyword) = (cx.actor.tenant_id, self.keyword.trim());
        let (skip, limit) = (self.skip.max(0), self.limit.clamp(1, PAGE_MAX));
        let mut items = user::listed(cx.tx, tenant_id, keyword, skip, limit).await?;
        for item in &mut items {
            item.password_hash = None;
        }
        Ok(Counted {
            total: user::count_listed(cx.tx, tenant_id, keyword).await?,
            items,
        })
    }
}

/// A person as everybody in the tenant may see them.
fn published(user: User) -> User {
    User {
        password_hash: None,
        email: None,
        ..user
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::account::NewAccount;
    use crate::command::SetUserStatus;
    use crate::testing::{TestCore, refusal};
    use crate::types::{AccountStatus, DEFAULT_TENANT};

    async fn zhangsan(t: &TestCore) -> UserId {
        let account = NewAccount {
            uid: "zs".into(),
            name: "张三".into(),
            english_name: "ZhangSan".into(),
            mobile: Some("13800138000".into()),
            email: Some("zs@example.org".into()),
            ..NewAccount::default()
        };
        let system = Actor::system(DEFAULT_TENANT);
        t.core.create_user(&system, account).await.unwrap()
    }

    fn directory(keyword: &str) -> Directory {
        Directory {
            keyword: keyword.into(),
            limit: 10,
        }
    }

    #[tokio::test]
    async fn people_are_found_by_names_and_the_beginning_of_their_mobile() {
        let t = TestCore::start().await;
        let (id, me) = (zhangsan(&t).await, t.user("me").await);
        for keyword in ["张", "三", " 张三 ", "zhangsan", "HANGS", "138", "13800138000"] {
            let found = t.core.query(&me, directory(keyword)).await.unwrap();
            assert_eq!(found.len(), 1, "{keyword}");
            assert_eq!(
                (found[0].id, found[0].mobile.as_deref()),
                (id, Some("13800138000"))
            );
            assert_eq!((&found[0].email, &found[0].password_hash), (&None, &None));
        }
        for keyword in ["", " ", "%", "_", "8000", "zs", "李", "example"] {
            let found = t.core.query(&me, directory(keyword)).await.unwrap();
            assert!(found.is_empty(), "{keyword}");
        }
        let elsewhere = t.user_of(2, "other").await;
        assert!(
            t.core
                .query(&elsewhere, directory("张"))
                .await
                .unwrap()
                .is_empty()
        );
        let missing = t.core.query(&elsewhere, DirectoryEntry { id }).await;
        assert_eq!(refusal(missing), ErrorKind::UserMissing);
        let long = t.core.query(&me, directory(&"x".repeat(101))).await;
        assert_eq!(refusal(long), ErrorKind::Invalid);
    }

    #[tokio::test]
    async fn disabled_people_are_for_administrators() {
        let t = TestCore::start().await;
        let (user_id, me, admin) = (zhangsan(&t).await, t.user("me").await, t.admin("boss").await);
        let entry = DirectoryEntry { id: user_id };
        let shown = t.core.query(&me, entry).await.unwrap();
        assert_eq!(
            (shown.mobile.as_deref(), shown.email),
            (Some("13800138000"), None)
        );
        let off = SetUserStatus {
            user_id,
            status: AccountStatus::Disabled,
        };
        t.core.execute(&admin, off).await.unwrap();
        assert!(t.core.query(&me, directory("张")).await.unwrap().is_empty());
        assert_eq!(refusal(t.core.query(&me, entry).await), ErrorKind::UserMissing);
        let shown = t.core.query(&admin, entry).await.unwrap();
        assert_eq!(shown.email.as_deref(), Some("zs@example.org"));
    }

    #[tokio::test]
    async fn the_page_of_accounts_counts_all_of_them_and_is_for_the_highest_rank() {
        let t = TestCore::start().await;
        let (root, admin) = (t.super_admin("root").await, t.admin("boss").await);
        for number in 0..5 {
            t.user(&format!("person{number}")).await;
        }
        let page = |keyword: &str, skip, limit| AccountPage {
            keyword: keyword.into(),
            skip,
            limit,
        };
        let some = t.core.query(&root, page("PERSON", 3, 10)).await.unwrap();
        let uids: Vec<&str> = some.items.iter().map(|user| user.uid.as_str()).collect();
        assert_eq!((some.total, uids), (5, vec!["person3", "person4"]));
        let all = t.core.query(&root, page("", 0, 2)).await.unwrap();
        assert_eq!((all.total, all.items.len()), (7, 2));
        let beyond = t.core.query(&root, page("", i64::MAX, i64::MAX)).await.unwrap();
        assert_eq!((beyond.total, beyond.items.len()), (7, 0));
        for actor in [&admin, &t.user("plain").await] {
            assert_eq!(
                refusal(t.core.query(actor, page("", 0, 1)).await),
                ErrorKind::Forbidden
            );
        }
    }
}
