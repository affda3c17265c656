//! Deletes an app: nobody can be sent to it and it can do nothing more, but what it said stays under its name.

use parlance_store::Tx;
use parlance_store::table::app;

use crate::command::{Command, Context};
use crate::error::Result;
use crate::policy;
use crate::types::AppId;

/// Deletes an app. What it called itself is free again; its number is not.
///
/// # Errors
/// `Forbidden`, `ItemMissing`.
#[derive(Clone, Copy, Debug)]
pub struct DeleteApp {
    /// Which.
    pub app_id: AppId,
}

impl Command for DeleteApp {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let mut app = policy::managed_app(cx.tx, cx.actor, self.app_id).await?;
        app.active = false;
        app.updated_at = cx.now;
        app.deleted_at = Some(cx.now);
        Ok(app::update(cx.tx, &app).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Jump;
    use crate::query::{MyApps, OneApp, WhichApps};
    use crate::testing::{TestCore, refusal};
    use crate::{Actor, ErrorKind};

    #[tokio::test]
    async fn a_deleted_app_is_missing_everywhere() {
        let t = TestCore::start().await;
        let (boss, ann) = (t.super_admin("boss").await, t.user("ann").await);
        let app_id = t.app("oa").await.listed.app.id;
        t.map(app_id, &ann, "ann_oa").await;
        let delete = DeleteApp { app_id };
        for somebody in [&ann, &t.admin("admin").await] {
            assert_eq!(
                refusal(t.core.execute(somebody, delete).await),
                ErrorKind::Forbidden
            );
        }
        assert_eq!(
            refusal(t.core.execute(&Actor::system(2), delete).await),
            ErrorKind::ItemMissing
        );
        t.core.execute(&boss, delete).await.unwrap();
        assert_eq!(
            refusal(t.core.execute(&boss, delete).await),
            ErrorKind::ItemMissing
        );
        assert_eq!(
            refusal(t.core.query(&boss, OneApp { app_id }).await),
            ErrorKind::ItemMissing
        );
        assert!(
            t.core
                .query(&ann, MyApps(WhichApps::All))
                .await
                .unwrap()
                .is_empty()
        );
        let jump = Jump {
            code: "oa".into(),
            landing: None,
        };
        assert!(matches!(t.core.jump(&ann, jump).await, Err(error) if error.kind == ErrorKind::ItemMissing));
    }
}
