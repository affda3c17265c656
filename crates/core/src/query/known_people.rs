//! Which text ids are of somebody, for calls that take what they can of a list of people.

use parlance_store::Tx;
use parlance_store::table::user;

use crate::core::{Query, ReadContext};
use crate::error::{Error, Result};
use crate::types::UserId;

/// The active accounts of the caller's tenant among several text ids, in the order asked, each once; others are left
/// out.
///
/// # Errors
/// `Invalid` for more than a group may have.
#[derive(Clone, Debug)]
pub struct KnownPeople {
    /// Whom.
    pub uids: Vec<String>,
}

impl Query for KnownPeople {
    type Answer = Vec<(String, UserId)>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        let most = cx.env.limits.group_members_max;
        if self.uids.len() > usize::try_from(most).unwrap_or(0) {
            return Err(Error::invalid(format!(
                "at most {most} people are asked for at once"
            )));
        }
        let mut known: Vec<(String, UserId)> = Vec::with_capacity(self.uids.len());
        for uid in &self.uids {
            let id = user::id_of(cx.tx, cx.actor.tenant_id, uid).await?;
            known.extend(id.map(|id| (uid.clone(), id)));
        }
        let mut ids: Vec<UserId> = known.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut active = user::active_ids(cx.tx, cx.actor.tenant_id, &ids).await?;
        known.retain(|(_, id)| match active.binary_search(id) {
            Ok(place) => {
                active.remove(place);
                true
            }
            Err(_) => false,
        });
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::SetUserStatus;
    use crate::testing::TestCore;
    use crate::types::AccountStatus;

    #[tokio::test]
    async fn only_active_people_of_the_tenant_are_known_and_each_once() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        test.user_of(9, "foreign").await;
        let gone = test.user("gone").await;
        let disable = SetUserStatus {
            user_id: gone.user_id,
            status: AccountStatus::Disabled,
        };
        test.core.execute_as_system(disable).await.unwrap();
        let uids = ["bob", "", "foreign", "ann", "gone", "bob", "nobody"];
        let asked = KnownPeople {
            uids: uids.map(str::to_owned).to_vec(),
        };
        let known = test.core.query(&ann, asked).await.unwrap();
        let expected = [("bob".to_owned(), bob.user_id), ("ann".to_owned(), ann.user_id)];
        assert_eq!(known, expected);
    }
}
