//! Joins an app to a tenant.

use parlance_store::Tx;
use parlance_store::table::app::{self, Keys};

use crate::app::NewApp;
use crate::command::update_app::checked;
use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::types::{App, ListedApp};
use crate::{field, policy};

/// Makes an app in the caller's tenant. Asked for through `Core::create_app`, which draws its keys.
///
/// # Errors
/// `Forbidden`, `Invalid`, and `Taken` with `code` as detail.
pub(crate) struct CreateApp {
    pub(crate) app: NewApp,
    pub(crate) sealed_secret: Vec<u8>,
    pub(crate) access_token_hash: String,
}

impl Command for CreateApp {
    type Reply = ListedApp;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<ListedApp> {
        policy::super_administrator(cx.actor)?;
        let new = &self.app;
        field::app_code(&new.code)?;
        let row = App {
            id: 0,
            tenant_id: cx.actor.tenant_id,
            code: new.code.clone(),
            name: new.name.clone(),
            callback_url: new.callback_url.clone(),
            protocol: new.protocol.clone(),
            description: new.description.clone(),
            category_id: new.category_id,
            active: new.active,
            redirect_origins: String::new(),
            created_at: cx.now,
            updated_at: cx.now,
            deleted_at: None,
        };
        let listed = checked(cx, row, Some(&new.redirect_origins)).await?;
        if app::by_code(cx.tx, listed.app.tenant_id, &new.code)
            .await?
            .is_some()
        {
            return Err(Error::new(ErrorKind::Taken, "code"));
        }
        let keys = Keys {
            secret: &self.sealed_secret,
            access_token_hash: &self.access_token_hash,
        };
        let id = app::insert(cx.tx, &listed.app, keys).await?;
        Ok(ListedApp {
            app: App { id, ..listed.app },
            category_name: listed.category_name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::app::redirect_origins;
    use crate::command::{CreateAppCategory, DeleteApp};
    use crate::query::OneApp;
    use crate::testing::{TestCore, new_app, refusal};

    #[tokio::test]
    async fn a_new_app_is_what_was_asked_for() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let name = "协同".to_owned();
        let category_id = t.core.execute(&boss, CreateAppCategory { name }).await.unwrap();
        let new = NewApp {
            description: "审批".into(),
            category_id: Some(category_id),
            redirect_origins: vec![
                "https://Biz.example.com:443".into(),
                "https://biz.example.com/".into(),
                "http://localhost:5173".into(),
            ],
            ..new_app("oa_system")
        };
        let made = t.core.create_app(&boss, new).await.unwrap();
        let app_id = made.listed.app.id;
        let found = t.core.query(&boss, OneApp { app_id }).await.unwrap();
        assert_eq!(found.category_name.as_deref(), Some("协同"));
        assert_eq!(made.listed.category_name, found.category_name);
        assert_eq!(
            redirect_origins(&found.app).unwrap(),
            ["https://biz.example.com", "http://localhost:5173"],
            "one spelling of each"
        );
        assert_eq!(
            (
                found.app.code.as_str(),
                found.app.description.as_str(),
                found.app.active
            ),
            ("oa_system", "审批", true)
        );
        assert_eq!(made.keys.secret.len(), 64);
        assert_ne!(made.keys.secret, made.keys.access_token);
    }

    #[tokio::test]
    async fn only_the_highest_rank_makes_apps() {
        let t = TestCore::start().await;
        let (ann, admin) = (t.user("ann").await, t.admin("admin").await);
        for somebody in [&ann, &admin] {
            let refused = t.core.create_app(somebody, new_app("oa")).await;
            assert_eq!(refusal(refused), ErrorKind::Forbidden);
        }
    }

    #[tokio::test]
    async fn an_app_with_odd_fields_is_refused() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        for change in [
            |app: &mut NewApp| app.code = "a b".into(),
            |app: &mut NewApp| app.code = String::new(),
            |app: &mut NewApp| app.name = " ".into(),
            |app: &mut NewApp| app.name = "名".repeat(101),
            |app: &mut NewApp| app.callback_url = String::new(),
            |app: &mut NewApp| app.callback_url = "javascript:alert(1)".into(),
            |app: &mut NewApp| app.callback_url = "//oa.example.com/callback".into(),
            |app: &mut NewApp| app.callback_url = "https://user@oa.example.com/".into(),
            |app: &mut NewApp| app.protocol = "x".repeat(33),
            |app: &mut NewApp| app.description = "x".repeat(1_001),
            |app: &mut NewApp| app.category_id = Some(1),
            |app: &mut NewApp| app.redirect_origins = vec!["https://biz.example.com/path".into()],
            |app: &mut NewApp| app.redirect_origins = vec!["https://*".into()],
            |app: &mut NewApp| {
                app.redirect_origins = (0..51).map(|n| format!("https://h{n}.example")).collect();
            },
        ] {
            let mut app = new_app("oa");
            change(&mut app);
            let shown = format!("{app:?}");
            let refused = t.core.create_app(&boss, app).await;
            assert_eq!(refusal(refused), ErrorKind::Invalid, "{shown}");
        }
    }

    #[tokio::test]
    async fn a_name_is_taken_in_its_tenant_until_the_app_is_deleted() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let first = t.app("oa").await;
        let refused = t.core.create_app(&boss, new_app("oa")).await.unwrap_err();
        assert_eq!(
            (refused.kind, refused.detail.as_str()),
            (ErrorKind::Taken, "code")
        );
        let elsewhere = t.core.create_app(&Actor::system(2), new_app("oa")).await;
        assert!(elsewhere.is_ok());
        let app_id = first.listed.app.id;
        t.core.execute(&boss, DeleteApp { app_id }).await.unwrap();
        let again = t.core.create_app(&boss, new_app("oa")).await.unwrap();
        assert!(again.listed.app.id > app_id, "a number is never given again");
    }
}
