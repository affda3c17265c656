//! Mappings: whom an app knows, and in which apps a person has an account.

use parlance_store::Tx;
use parlance_store::table::app_mapping::{self, Which};

use crate::app::AppActor;
use crate::core::{Query, ReadContext};
use crate::error::Result;
use crate::policy;
use crate::types::{AppId, MappedApp, MappedUser};

/// Mappings on one page.
const PAGE_MAX: i64 = 1_000;
/// Apps in which one person has an account, at most shown.
const MY_APPS_MAX: i64 = 1_000;

/// A page of mappings.
#[derive(Clone, Copy, Debug)]
pub struct MappingsPage {
    /// Mappings passed over.
    pub skip: i64,
    /// Mappings at most; 1,000 are the most.
    pub limit: i64,
}

impl Default for MappingsPage {
    fn default() -> Self {
        Self {
            skip: 0,
            limit: PAGE_MAX,
        }
    }
}

/// Whom an app knows, by the people's numbers, and how many there are: for the highest rank.
///
/// # Errors
/// `Forbidden`, `ItemMissing`.
#[derive(Clone, Copy, Debug)]
pub struct AppMappings {
    /// Which app.
    pub app_id: AppId,
    /// Which of them.
    pub page: MappingsPage,
}

impl Query for AppMappings {
    type Answer = (i64, Vec<MappedUser>);

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        policy::managed_app(cx.tx, cx.actor, self.app_id).await?;
        page(cx, self.app_id, Which::All, self.page).await
    }
}

/// The active people who have an active account in the asking app, by their numbers, and how many there are.
///
/// # Errors
/// `Unauthenticated` when the app is gone.
#[derive(Clone, Debug)]
pub struct MappedPeople {
    /// The app that asks.
    pub app: AppActor,
    /// Which of them.
    pub page: MappingsPage,
}

impl Query for MappedPeople {
    type Answer = (i64, Vec<MappedUser>);

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        let app = policy::standing_app(cx.tx, &self.app).await?;
        page(cx, app.id, Which::Active, self.page).await
    }
}

async fn page<T: Tx>(
    cx: &mut ReadContext<'_, T>,
    app_id: AppId,
    which: Which,
    page: MappingsPage,
) -> Result<(i64, Vec<MappedUser>)> {
    let total = app_mapping::count_of_app(cx.tx, app_id, which).await?;
    let (skip, limit) = (page.skip.max(0), page.limit.clamp(1, PAGE_MAX));
    let mut listed = app_mapping::page_of_app(cx.tx, app_id, which, skip, limit).await?;
    for one in &mut listed {
        one.user.password_hash = None;
    }
    Ok((total, listed))
}

/// Which of a person's apps are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichApps {
    /// Every one that was not deleted.
    All,
    /// Those that the person can be sent to: the app active, and the account in it.
    Open,
}

/// The apps in which the caller has an account.
#[derive(Clone, Copy, Debug)]
pub struct MyApps(
    /// Which of them.
    pub WhichApps,
);

impl Query for MyApps {
    type Answer = Vec<MappedApp>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<MappedApp>> {
        let mut listed = app_mapping::of_person(cx.tx, cx.actor.user_id, MY_APPS_MAX).await?;
        if self.0 == WhichApps::Open {
            listed.retain(|one| one.mapping.active && one.listed.app.active);
        }
        Ok(listed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{
        AppChanges, CreateAppCategory, MappingChanges, SetUserStatus, UpdateApp, UpdateMapping,
    };
    use crate::testing::{TestCore, new_app, refusal};
    use crate::types::AccountStatus;
    use crate::{Actor, ErrorKind};

    #[tokio::test]
    async fn an_app_sees_the_active_people_who_have_an_active_account_in_it() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let made = t.app("oa").await;
        let app_id = made.listed.app.id;
        let crm = t.app("crm").await.listed.app.id;
        let people = [t.user("a").await, t.user("b").await, t.user("c").await];
        t.map(app_id, &people[0], "a_oa").await;
        t.map(app_id, &people[2], "c_oa").await;
        let b = t.map(app_id, &people[1], "b_oa").await;
        t.map(crm, &people[0], "a_crm").await;
        let app = t
            .core
            .authenticate_app_token(&made.keys.access_token)
            .await
            .unwrap();
        let system = Actor::system(app.tenant_id);
        let ask = |skip, limit| MappedPeople {
            app: app.clone(),
            page: MappingsPage { skip, limit },
        };
        let (total, all) = t.core.query(&system, ask(0, 10)).await.unwrap();
        let uids: Vec<&str> = all.iter().map(|one| one.user.uid.as_str()).collect();
        assert_eq!((total, uids), (3, vec!["a", "b", "c"]));
        let (total, second) = t.core.query(&system, ask(1, 1)).await.unwrap();
        assert_eq!((total, second[0].user.uid.as_str()), (3, "b"));

        let off = UpdateMapping {
            app_id,
            mapping_id: b,
            changes: MappingChanges {
                active: Some(false),
                ..MappingChanges::default()
            },
        };
        t.core.execute(&boss, off).await.unwrap();
        let disable = SetUserStatus {
            user_id: people[2].user_id,
            status: AccountStatus::Disabled,
        };
        t.core.execute(&boss, disable).await.unwrap();
        let (total, left) = t.core.query(&system, ask(0, 10)).await.unwrap();
        assert_eq!((total, left.len(), left[0].user.uid.as_str()), (1, 1, "a"));
        let page = MappingsPage::default();
        let listed = AppMappings { app_id, page };
        assert_eq!(t.core.query(&boss, listed).await.unwrap().0, 3);
        assert_eq!(
            refusal(t.core.query(&people[0], listed).await),
            ErrorKind::Forbidden
        );

        let stop = UpdateApp {
            app_id,
            changes: AppChanges {
                active: Some(false),
                ..AppChanges::default()
            },
        };
        t.core.execute(&boss, stop).await.unwrap();
        assert_eq!(
            refusal(t.core.query(&system, ask(0, 10)).await),
            ErrorKind::Unauthenticated
        );
    }

    #[tokio::test]
    async fn a_person_sees_all_mappings_and_the_open_apps_among_them() {
        let t = TestCore::start().await;
        let (boss, ann) = (t.super_admin("boss").await, t.user("ann").await);
        let name = "协同".to_owned();
        let category_id = Some(t.core.execute(&boss, CreateAppCategory { name }).await.unwrap());
        let sorted = crate::app::NewApp {
            category_id,
            ..new_app("oa")
        };
        let oa = t.core.create_app(&boss, sorted).await.unwrap().listed.app.id;
        let (crm, hr) = (t.app("crm").await.listed.app.id, t.app("hr").await.listed.app.id);
        t.map(oa, &ann, "ann_oa").await;
        let in_crm = t.map(crm, &ann, "ann_crm").await;
        t.map(hr, &ann, "ann_hr").await;
        t.map(oa, &t.user("bob").await, "bob_oa").await;
        let off = UpdateMapping {
            app_id: crm,
            mapping_id: in_crm,
            changes: MappingChanges {
                active: Some(false),
                ..MappingChanges::default()
            },
        };
        t.core.execute(&boss, off).await.unwrap();
        let stop = UpdateApp {
            app_id: hr,
            changes: AppChanges {
                active: Some(false),
                ..AppChanges::default()
            },
        };
        t.core.execute(&boss, stop).await.unwrap();
        let all = t.core.query(&ann, MyApps(WhichApps::All)).await.unwrap();
        let codes: Vec<&str> = all.iter().map(|one| one.listed.app.code.as_str()).collect();
        assert_eq!(codes, ["oa", "crm", "hr"]);
        let open = t.core.query(&ann, MyApps(WhichApps::Open)).await.unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!(
            (
                open[0].mapping.mapped_key.as_str(),
                open[0].listed.category_name.as_deref()
            ),
            ("ann_oa", Some("协同"))
        );
    }
}
