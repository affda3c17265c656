//! Takes a person's account in an app away.

use parlance_store::Tx;
use parlance_store::table::app_mapping;

use crate::command::{Command, Context};
use crate::error::Result;
use crate::policy;
use crate::types::AppId;

/// Removes a mapping. Tickets of the person for that app are worth nothing from then on.
///
/// # Errors
/// `Forbidden`, `ItemMissing`.
#[derive(Clone, Copy, Debug)]
pub struct DeleteMapping {
    /// In which app.
    pub app_id: AppId,
    /// Which.
    pub mapping_id: i64,
}

impl Command for DeleteMapping {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let mapping = policy::managed_mapping(cx.tx, cx.actor, self.app_id, self.mapping_id).await?;
        Ok(app_mapping::delete(cx.tx, mapping.id).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::query::{MyApps, WhichApps};
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn a_mapping_goes_from_its_own_app_and_by_the_highest_rank_only() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let (oa, crm) = (t.app("oa").await.listed.app.id, t.app("crm").await.listed.app.id);
        let ann = t.user("ann").await;
        let mapping_id = t.map(oa, &ann, "ann_oa").await;
        let delete = |app_id| DeleteMapping { app_id, mapping_id };
        assert_eq!(
            refusal(t.core.execute(&ann, delete(oa)).await),
            ErrorKind::Forbidden
        );
        assert_eq!(
            refusal(t.core.execute(&boss, delete(crm)).await),
            ErrorKind::ItemMissing
        );
        t.core.execute(&boss, delete(oa)).await.unwrap();
        assert_eq!(
            refusal(t.core.execute(&boss, delete(oa)).await),
            ErrorKind::ItemMissing
        );
        assert!(
            t.core
                .query(&ann, MyApps(WhichApps::All))
                .await
                .unwrap()
                .is_empty()
        );
    }
}
