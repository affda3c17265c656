//! Changes an app, and checks what an app must look like. What it calls itself stays, because its signatures and the
//! links to it carry that.

use parlance_store::Tx;
use parlance_store::table::app;

use crate::app::jump;
use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::types::{App, AppId, ListedApp};
use crate::{field, policy};

/// Characters of an app's name.
const NAME_CHARS_MAX: usize = 100;
/// Characters of the word for how an app takes over a log-in.
const PROTOCOL_CHARS_MAX: usize = 32;
/// Characters of a description.
const DESCRIPTION_CHARS_MAX: usize = 1_000;

/// Changes an app; what is none stays.
///
/// # Errors
/// `Forbidden`, `ItemMissing`, `Invalid`.
#[derive(Clone, Debug)]
pub struct UpdateApp {
    /// Which.
    pub app_id: AppId,
    /// What.
    pub changes: AppChanges,
}

/// What to change in an app; bounds as in [`NewApp`](crate::app::NewApp).
#[derive(Clone, Debug, Default)]
pub struct AppChanges {
    /// What people call it.
    pub name: Option<String>,
    /// Where people come in with a ticket.
    pub callback_url: Option<String>,
    /// How it takes over a log-in.
    pub protocol: Option<String>,
    /// A line about it.
    pub description: Option<String>,
    /// Another category, or none.
    pub category_id: Option<Option<i64>>,
    /// Whether it may do anything.
    pub active: Option<bool>,
    /// All origins that jumps may land on from now on.
    pub redirect_origins: Option<Vec<String>>,
}

impl Command for UpdateApp {
    type Reply = ListedApp;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<ListedApp> {
        let app = policy::managed_app(cx.tx, cx.actor, self.app_id).await?;
        let to = &self.changes;
        let changed = App {
            name: to.name.clone().unwrap_or(app.name),
            callback_url: to.callback_url.clone().unwrap_or(app.callback_url),
            protocol: to.protocol.clone().unwrap_or(app.protocol),
            description: to.description.clone().unwrap_or(app.description),
            category_id: to.category_id.unwrap_or(app.category_id),
            active: to.active.unwrap_or(app.active),
            updated_at: cx.now,
            ..app
        };
        let listed = checked(cx, changed, to.redirect_origins.as_deref()).await?;
        app::update(cx.tx, &listed.app).await?;
        Ok(listed)
    }
}

/// An app as it is kept, after every field was checked; with new origins if they are given.
pub(super) async fn checked<T: Tx>(
    cx: &mut Context<'_, T>,
    mut app: App,
    origins: Option<&[String]>,
) -> Result<ListedApp> {
    field::line("an app's name", &app.name, NAME_CHARS_MAX)?;
    field::line("an app's protocol", &app.protocol, PROTOCOL_CHARS_MAX)?;
    field::at_most("an app's description", &app.description, DESCRIPTION_CHARS_MAX)?;
    app.callback_url = jump::callback_address(&app.callback_url)?;
    if let Some(origins) = origins {
        app.redirect_origins = origin_list(origins)?;
    }
    let category_name = match app.category_id {
        None => None,
        Some(id) => {
            let found = app::category(cx.tx, app.tenant_id, id).await?;
            Some(found.ok_or_else(|| Error::invalid("no such category"))?.name)
        }
    };
    Ok(ListedApp { app, category_name })
}

/// Origins in one spelling each, as they are kept.
fn origin_list(origins: &[String]) -> Result<String> {
    let most = jump::ORIGINS_MAX;
    if origins.len() > most {
        return Err(Error::invalid(format!("an app lists at most {most} origins")));
    }
    let mut kept: Vec<String> = Vec::new();
    for origin in origins {
        let origin = jump::origin(origin)?;
        if !kept.contains(&origin) {
            kept.push(origin);
        }
    }
    serde_json::to_string(&kept).map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::app::redirect_origins;
    use crate::command::CreateAppCategory;
    use crate::query::OneApp;
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn only_what_is_named_changes() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let app_id = t.app("oa").await.listed.app.id;
        let update = |changes| UpdateApp { app_id, changes };
        let name = "协同".to_owned();
        let category_id = t.core.execute(&boss, CreateAppCategory { name }).await.unwrap();
        let first = AppChanges {
            name: Some("新OA".into()),
            category_id: Some(Some(category_id)),
            redirect_origins: Some(vec!["https://a.example".into()]),
            ..AppChanges::default()
        };
        let changed = t.core.execute(&boss, update(first)).await.unwrap();
        assert_eq!(
            (changed.app.name.as_str(), changed.category_name.as_deref()),
            ("新OA", Some("协同"))
        );
        let second = AppChanges {
            description: Some("审批".into()),
            active: Some(false),
            ..AppChanges::default()
        };
        t.core.execute(&boss, update(second)).await.unwrap();
        let app = t.core.query(&boss, OneApp { app_id }).await.unwrap().app;
        assert_eq!(
            (app.name.as_str(), app.description.as_str(), app.active),
            ("新OA", "审批", false)
        );
        assert_eq!(app.category_id, Some(category_id));
        assert_eq!(redirect_origins(&app).unwrap(), ["https://a.example"]);
        let third = AppChanges {
            category_id: Some(None),
            redirect_origins: Some(Vec::new()),
            ..AppChanges::default()
        };
        let emptied = t.core.execute(&boss, update(third)).await.unwrap();
        assert_eq!((emptied.app.category_id, emptied.category_name), (None, None));
        assert!(redirect_origins(&emptied.app).unwrap().is_empty());
    }

    #[tokio::test]
    async fn odd_changes_change_nothing() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let app_id = t.app("oa").await.listed.app.id;
        for changes in [
            AppChanges {
                name: Some(String::new()),
                ..AppChanges::default()
            },
            AppChanges {
                callback_url: Some("https://good.example@evil.example".into()),
                ..AppChanges::default()
            },
            AppChanges {
                category_id: Some(Some(77)),
                ..AppChanges::default()
            },
            AppChanges {
                name: Some("fine".into()),
                redirect_origins: Some(vec!["ftp://a.example".into()]),
                ..AppChanges::default()
            },
        ] {
            let refused = t.core.execute(&boss, UpdateApp { app_id, changes }).await;
            assert_eq!(refusal(refused), ErrorKind::Invalid);
        }
        let app = t.core.query(&boss, OneApp { app_id }).await.unwrap().app;
        assert_eq!(app.name, "oa app");
    }

    #[tokio::test]
    async fn apps_are_managed_by_the_highest_rank_of_their_tenant() {
        let t = TestCore::start().await;
        let app_id = t.app("oa").await.listed.app.id;
        let update = || UpdateApp {
            app_id,
            changes: AppChanges::default(),
        };
        let (ann, admin) = (t.user("ann").await, t.admin("admin").await);
        for somebody in [&ann, &admin] {
            let refused = t.core.execute(somebody, update()).await;
            assert_eq!(refusal(refused), ErrorKind::Forbidden);
        }
        let elsewhere = t.core.execute(&Actor::system(2), update()).await;
        assert_eq!(refusal(elsewhere), ErrorKind::ItemMissing);
    }
}
