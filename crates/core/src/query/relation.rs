//! How the caller stands with other people: contacts and blocks, each way.

use parlance_store::Tx;
use parlance_store::table::{block, contact, user};
use rustc_hash::FxHashSet;

use crate::core::{Query, ReadContext};
use crate::error::{Error, Result};
use crate::policy;
use crate::types::UserId;

/// People asked about in one call.
const PEOPLE_MAX: usize = 1_000;

/// A relation between the caller and somebody else, each way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The other one's text id, as it was asked for.
    pub uid: String,
    /// From the caller to the other one.
    pub from_caller: bool,
    /// From the other one to the caller.
    pub to_caller: bool,
}

/// Who of these people is in the caller's contact list, and has the caller in theirs. In the order asked for; with
/// somebody whom nobody knows there is no relation.
///
/// # Errors
/// `Invalid` for nobody and for more than 1,000 people.
#[derive(Clone, Debug)]
pub struct ContactRelations {
    /// Text ids.
    pub uids: Vec<String>,
}

impl Query for ContactRelations {
    type Answer = Vec<Relation>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<Relation>> {
        check_count(&self.uids)?;
        let mut people = Vec::with_capacity(self.uids.len());
        for uid in &self.uids {
            people.push(user::id_of(cx.tx, cx.actor.tenant_id, uid).await?);
        }
        let ids: Vec<UserId> = people.iter().copied().flatten().collect();
        let me = cx.actor.user_id;
        let from_caller = contact::among(cx.tx, me, &ids).await?;
        let to_caller = contact::owners_among(cx.tx, me, &ids).await?;
        Ok(relations(&self.uids, &people, from_caller, to_caller))
    }
}

/// Whom of these people the caller has blocked, and who has blocked the caller. In the order asked for.
///
/// # Errors
/// `UserMissing`, which names who is nobody; `Invalid` for nobody and for more than 1,000 people.
#[derive(Clone, Debug)]
pub struct BlockRelations {
    /// Text ids.
    pub uids: Vec<String>,
}

impl Query for BlockRelations {
    type Answer = Vec<Relation>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<Relation>> {
        check_count(&self.uids)?;
        let mut ids = Vec::with_capacity(self.uids.len());
        for uid in &self.uids {
            ids.push(policy::person(cx.tx, cx.actor, uid).await?.id);
        }
        let me = cx.actor.user_id;
        let from_caller = block::blocked_among(cx.tx, me, &ids).await?;
        let to_caller = block::blocking_among(cx.tx, me, &ids).await?;
        let people: Vec<Option<UserId>> = ids.into_iter().map(Some).collect();
        Ok(relations(&self.uids, &people, from_caller, to_caller))
    }
}

fn check_count(uids: &[String]) -> Result<()> {
    if (1..=PEOPLE_MAX).contains(&uids.len()) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "1 to {PEOPLE_MAX} people are asked about at once"
    )))
}

fn relations(
    uids: &[String],
    people: &[Option<UserId>],
    from_caller: Vec<UserId>,
    to_caller: Vec<UserId>,
) -> Vec<Relation> {
    let from_caller: FxHashSet<UserId> = from_caller.into_iter().collect();
    let to_caller: FxHashSet<UserId> = to_caller.into_iter().collect();
    let relation = |(uid, id): (&String, &Option<UserId>)| Relation {
        uid: uid.clone(),
        from_caller: id.is_some_and(|id| from_caller.contains(&id)),
        to_caller: id.is_some_and(|id| to_caller.contains(&id)),
    };
    uids.iter().zip(people).map(relation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{AddContacts, BlockUser, NewContact, Ways};
    use crate::testing::{TestCore, refusal};
    use crate::{Actor, ErrorKind};

    async fn keep(t: &TestCore, who: &Actor, uid: &str) {
        let person = NewContact {
            uid: uid.into(),
            remark: None,
            group_name: None,
        };
        let add = AddContacts {
            people: vec![person],
            ways: Ways::One,
        };
        t.core.execute(who, add).await.unwrap();
    }

    fn names(uids: &[&str]) -> Vec<String> {
        uids.iter().map(|uid| (*uid).to_owned()).collect()
    }

    fn flags(relations: &[Relation]) -> Vec<(&str, bool, bool)> {
        let flags = |relation: &'_ Relation| (relation.from_caller, relation.to_caller);
        let each = relations
            .iter()
            .map(|relation| (relation.uid.as_str(), flags(relation)));
        each.map(|(uid, (from, to))| (uid, from, to)).collect()
    }

    #[tokio::test]
    async fn relations_are_told_each_way() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        let (c, d) = (t.user("c").await, t.user("d").await);
        t.user_of(2, "foreign").await;
        for (who, whom) in [(&a, "b"), (&c, "a"), (&a, "d"), (&d, "a")] {
            keep(&t, who, whom).await;
        }
        let uids = names(&["d", "c", "b", "foreign", "a"]);
        let found = t.core.query(&a, ContactRelations { uids }).await.unwrap();
        let expected = [
            ("d", true, true),
            ("c", false, true),
            ("b", true, false),
            ("foreign", false, false),
            ("a", false, false),
        ];
        assert_eq!(flags(&found), expected);

        for (who, whom) in [(&a, &b), (&c, &a), (&a, &d), (&d, &a)] {
            let block = BlockUser {
                user_id: whom.user_id,
            };
            t.core.execute(who, block).await.unwrap();
        }
        let uids = names(&["d", "c", "b", "a"]);
        let found = t.core.query(&a, BlockRelations { uids }).await.unwrap();
        assert_eq!(
            flags(&found),
            [expected[0], expected[1], expected[2], expected[4]]
        );
        let unknown = BlockRelations {
            uids: names(&["b", "foreign"]),
        };
        assert_eq!(refusal(t.core.query(&a, unknown).await), ErrorKind::UserMissing);
        for uids in [vec![], names(&["b"; 1_001])] {
            let contacts = ContactRelations { uids: uids.clone() };
            assert_eq!(refusal(t.core.query(&a, contacts).await), ErrorKind::Invalid);
            assert_eq!(
                refusal(t.core.query(&a, BlockRelations { uids }).await),
                ErrorKind::Invalid
            );
        }
    }
}
