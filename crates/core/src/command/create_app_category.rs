//! Adds a category that apps are shown under.

use parlance_store::Tx;
use parlance_store::table::app;

use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::{field, policy};

/// Categories of a tenant.
pub(crate) const CATEGORIES_MAX: i64 = 500;
/// Characters of a category's name.
const NAME_CHARS_MAX: usize = 50;

/// Adds a category to the caller's tenant and gives its number.
///
/// # Errors
/// `Forbidden`; `Invalid`, also for the 501st; `Taken` with `name` as detail.
#[derive(Clone, Debug)]
pub struct CreateAppCategory {
    /// 1 to 50 characters.
    pub name: String,
}

impl Command for CreateAppCategory {
    type Reply = i64;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<i64> {
        policy::super_administrator(cx.actor)?;
        field::line("a category's name", &self.name, NAME_CHARS_MAX)?;
        let tenant_id = cx.actor.tenant_id;
        let have = app::categories(cx.tx, tenant_id, CATEGORIES_MAX).await?;
        if have.iter().any(|category| category.name == self.name) {
            return Err(Error::new(ErrorKind::Taken, "name"));
        }
        if i64::try_from(have.len()).unwrap_or(i64::MAX) >= CATEGORIES_MAX {
            return Err(Error::invalid(format!(
                "a tenant has at most {CATEGORIES_MAX} categories"
            )));
        }
        let added = app::insert_category(cx.tx, tenant_id, &self.name).await?;
        added.ok_or_else(|| Error::new(ErrorKind::Taken, "name"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::query::AppCategories;
    use crate::testing::{TestCore, refusal};

    fn named(name: &str) -> CreateAppCategory {
        CreateAppCategory { name: name.into() }
    }

    #[tokio::test]
    async fn categories_are_listed_in_the_order_they_came() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        for name in ["协同", "财务"] {
            t.core.execute(&boss, named(name)).await.unwrap();
        }
        t.core
            .execute(&Actor::system(2), named("elsewhere"))
            .await
            .unwrap();
        let listed = t.core.query(&boss, AppCategories).await.unwrap();
        assert_eq!(
            listed.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
            ["协同", "财务"]
        );
    }

    #[tokio::test]
    async fn a_category_is_refused_when_it_is_odd_taken_or_somebody_elses_business() {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        t.core.execute(&boss, named("协同")).await.unwrap();
        let taken = t.core.execute(&boss, named("协同")).await.unwrap_err();
        assert_eq!((taken.kind, taken.detail.as_str()), (ErrorKind::Taken, "name"));
        for odd in ["", " ", "a\nb", &"名".repeat(51)] {
            assert_eq!(
                refusal(t.core.execute(&boss, named(odd)).await),
                ErrorKind::Invalid
            );
        }
        for somebody in [&t.user("ann").await, &t.admin("admin").await] {
            let refused = t.core.execute(somebody, named("财务")).await;
            assert_eq!(refusal(refused), ErrorKind::Forbidden);
            assert_eq!(
                refusal(t.core.query(somebody, AppCategories).await),
                ErrorKind::Forbidden
            );
        }
    }
}
