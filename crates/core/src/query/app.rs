//! Apps: all that the caller may see, one, and the categories.

use parlance_store::Tx;
use parlance_store::table::app;

use crate::app::{jump, redirect_origins};
use crate::command::CATEGORIES_MAX;
use crate::core::{Query, ReadContext};
use crate::error::{ErrorKind, Result};
use crate::policy;
use crate::types::{AppCategory, AppId, ListedApp};

/// Apps on one page.
const PAGE_MAX: i64 = 500;
/// Characters of a word to search for.
const KEYWORD_CHARS_MAX: usize = 100;

/// Apps whose name or code contains a word, by number, and how many there are in all: for the highest rank every app
/// of the tenant, for everybody else the active ones in which they have an active account.
///
/// # Errors
/// `Invalid` for more than 100 characters.
#[derive(Clone, Debug, Default)]
pub struct Apps {
    /// The word; empty for all.
    pub keyword: String,
    /// Apps passed over.
    pub skip: i64,
    /// Apps at most; 500 are the most.
    pub limit: i64,
}

impl Query for Apps {
    type Answer = (i64, Vec<ListedApp>);

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        crate::field::at_most("a search", &self.keyword, KEYWORD_CHARS_MAX)?;
        let viewer = policy::sees_apps_of(cx.actor);
        let (tenant_id, keyword) = (cx.actor.tenant_id, self.keyword.trim());
        let total = app::count(cx.tx, tenant_id, viewer, keyword).await?;
        let (skip, limit) = (self.skip.max(0), self.limit.clamp(1, PAGE_MAX));
        let listed = app::page(cx.tx, tenant_id, viewer, keyword, skip, limit).await?;
        Ok((total, listed))
    }
}

/// One app, for the highest rank.
///
/// # Errors
/// `Forbidden`, `ItemMissing`.
#[derive(Clone, Copy, Debug)]
pub struct OneApp {
    /// Which.
    pub app_id: AppId,
}

impl Query for OneApp {
    type Answer = ListedApp;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<ListedApp> {
        let app = policy::managed_app(cx.tx, cx.actor, self.app_id).await?;
        let found = app::listed(cx.tx, app.id).await?;
        found.ok_or_else(|| ErrorKind::ItemMissing.into())
    }
}

/// The categories of the tenant, oldest first, for the highest rank.
///
/// # Errors
/// `Forbidden`.
#[derive(Clone, Copy, Debug)]
pub struct AppCategories;

impl Query for AppCategories {
    type Answer = Vec<AppCategory>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<AppCategory>> {
        policy::super_administrator(cx.actor)?;
        Ok(app::categories(cx.tx, cx.actor.tenant_id, CATEGORIES_MAX).await?)
    }
}

/// Whether a jump into an app may land on this page; asked before one is written into a message.
///
/// # Errors
/// `ItemMissing` for an app that is not there, `Invalid` for a page that it does not let jumps land on.
#[derive(Clone, Debug)]
pub struct CheckLanding {
    /// What the app calls itself.
    pub code: String,
    /// The page; none for wherever the app receives people.
    pub landing: Option<String>,
}

impl Query for CheckLanding {
    type Answer = ();

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<()> {
        let app = policy::app_by_code(cx.tx, cx.actor.tenant_id, &self.code).await?;
        match &self.landing {
            Some(landing) => jump::landing(landing, &redirect_origins(&app)?),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{AppChanges, MappingChanges, UpdateApp, UpdateMapping};
    use crate::testing::{TestCore, new_app, refusal};
    use crate::{Actor, Core};

    async fn found(core: &Core, who: &Actor, keyword: &str) -> (i64, Vec<String>) {
        let apps = Apps {
            keyword: keyword.into(),
            skip: 0,
            limit: 10,
        };
        let (total, listed) = core.query(who, apps).await.unwrap();
        (total, listed.into_iter().map(|one| one.app.code).collect())
    }

    #[tokio::test]
    async fn everybody_sees_their_own_apps_and_the_highest_rank_all() {
        let t = TestCore::start().await;
        let (boss, ann, admin) = (
            t.super_admin("boss").await,
            t.user("ann").await,
            t.admin("admin").await,
        );
        let oa = t.app("oa").await.listed.app.id;
        t.app("crm").await;
        t.core
            .create_app(&Actor::system(2), new_app("elsewhere"))
            .await
            .unwrap();
        assert_eq!(
            found(&t.core, &boss, "").await,
            (2, vec!["oa".into(), "crm".into()])
        );
        for nobody in [&ann, &admin] {
            assert_eq!(found(&t.core, nobody, "").await, (0, vec![]));
        }
        let mapping_id = t.map(oa, &ann, "ann_oa").await;
        assert_eq!(found(&t.core, &ann, "").await, (1, vec!["oa".into()]));

        let mapping = |active| UpdateMapping {
            app_id: oa,
            mapping_id,
            changes: MappingChanges {
                active: Some(active),
                ..MappingChanges::default()
            },
        };
        t.core.execute(&boss, mapping(false)).await.unwrap();
        assert_eq!(found(&t.core, &ann, "").await.0, 0);
        t.core.execute(&boss, mapping(true)).await.unwrap();
        let app = UpdateApp {
            app_id: oa,
            changes: AppChanges {
                active: Some(false),
                ..AppChanges::default()
            },
        };
        t.core.execute(&boss, app).await.unwrap();
        assert_eq!(found(&t.core, &ann, "").await.0, 0);
        assert_eq!(found(&t.core, &boss, "").await.0, 2);
        assert_eq!(
            refusal(t.core.query(&ann, OneApp { app_id: oa }).await),
            ErrorKind::Forbidden
        );
        assert_eq!(
            refusal(t.core.query(&Actor::system(2), OneApp { app_id: oa }).await),
            ErrorKind::ItemMissing
        );
    }

    #[tokio::test]
    async fn apps_are_found_by_a_word_and_page_by_page() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        for code in ["oa_one", "oa_two", "crm"] {
            t.app(code).await;
        }
        assert_eq!(found(&t.core, &boss, " OA_ ").await.0, 2);
        assert_eq!(found(&t.core, &boss, "crm app").await.0, 1);
        assert_eq!(found(&t.core, &boss, "%").await.0, 0);
        let page = Apps {
            keyword: String::new(),
            skip: 1,
            limit: 1,
        };
        let (total, listed) = t.core.query(&boss, page).await.unwrap();
        assert_eq!(
            (total, listed.len(), listed[0].app.code.as_str()),
            (3, 1, "oa_two")
        );
        let odd = Apps {
            keyword: "x".repeat(101),
            ..Apps::default()
        };
        assert_eq!(refusal(t.core.query(&boss, odd).await), ErrorKind::Invalid);
        let beyond = Apps {
            skip: i64::MAX,
            limit: i64::MAX,
            ..Apps::default()
        };
        assert_eq!(t.core.query(&boss, beyond).await.unwrap().1.len(), 0);
    }
}
