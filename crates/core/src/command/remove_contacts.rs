//! Takes people out of the caller's contact list, and the caller out of theirs if so wished.

use parlance_store::Tx;
use parlance_store::table::contact;

use crate::command::add_contacts::{Ways, several};
use crate::command::contact_request::CONTACTS_MAX;
use crate::command::{Command, Context};
use crate::error::Result;
use crate::event::Event;
use crate::policy;
use crate::types::UserId;

/// Which contacts go.
#[derive(Clone, Debug)]
pub enum WhichContacts {
    /// People with these text ids, at most 100.
    These(Vec<String>),
    /// Everybody in the caller's list.
    Everybody,
}

/// Ends contacts; what was written stays. Tells how many people went: who was no contact is not counted.
///
/// # Errors
/// `UserMissing`, which names who is nobody and refuses the whole; `Invalid` for nobody and for more than 100 people.
#[derive(Clone, Debug)]
pub struct RemoveContacts {
    /// Whom.
    pub which: WhichContacts,
    /// From whose lists.
    pub ways: Ways,
}

impl Command for RemoveContacts {
    type Reply = usize;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<usize> {
        let people = match &self.which {
            WhichContacts::These(uids) => people(cx, uids).await?,
            WhichContacts::Everybody => {
                let rows = contact::list(cx.tx, cx.actor.user_id, CONTACTS_MAX).await?;
                rows.into_iter().map(|row| row.contact_id).collect()
            }
        };
        part(cx, &people, self.ways).await
    }
}

/// The people with these text ids.
pub(super) async fn people<T: Tx>(cx: &mut Context<'_, T>, uids: &[String]) -> Result<Vec<UserId>> {
    several(uids.len())?;
    let mut ids = Vec::with_capacity(uids.len());
    for uid in uids {
        ids.push(policy::person(cx.tx, cx.actor, uid).await?.id);
    }
    Ok(ids)
}

/// Ends the contacts of the caller with these people, and tells how many there were.
pub(super) async fn part<T: Tx>(cx: &mut Context<'_, T>, people: &[UserId], ways: Ways) -> Result<usize> {
    let me = cx.actor.user_id;
    let mut told = vec![me];
    let mut gone = 0;
    for other in people {
        let mut rows = contact::delete(cx.tx, me, *other).await?;
        if ways == Ways::Both {
            rows += contact::delete(cx.tx, *other, me).await?;
            told.push(*other);
        }
        gone += usize::from(rows > 0);
    }
    if gone > 0 {
        cx.record(Event::ContactsChanged {
            by: me,
            user_ids: told,
        });
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::ErrorKind;
    use crate::query::Contacts;
    use crate::testing::{TestCore, refusal};

    async fn count(t: &TestCore, who: &Actor) -> usize {
        let list = Contacts {
            owner_id: who.user_id,
        };
        t.core.query(who, list).await.unwrap().len()
    }

    fn these(uids: &[&str], ways: Ways) -> RemoveContacts {
        let uids = uids.iter().map(|uid| (*uid).to_owned()).collect();
        RemoveContacts {
            which: WhichContacts::These(uids),
            ways,
        }
    }

    #[tokio::test]
    async fn contacts_end_one_way_both_ways_or_all_at_once() {
        let t = TestCore::start().await;
        let (a, b, c, d) = (
            t.user("a").await,
            t.user("b").await,
            t.user("c").await,
            t.user("d").await,
        );
        for other in [&b, &c, &d] {
            t.befriend(&a, other).await;
        }
        assert_eq!(t.core.execute(&a, these(&["b"], Ways::One)).await.unwrap(), 1);
        assert_eq!((count(&t, &a).await, count(&t, &b).await), (2, 1));
        let both = these(&["b", "c", "c"], Ways::Both);
        assert_eq!(t.core.execute(&a, both.clone()).await.unwrap(), 2);
        assert_eq!(t.core.execute(&a, both).await.unwrap(), 0);
        assert_eq!((count(&t, &b).await, count(&t, &c).await), (0, 0));
        let all = RemoveContacts {
            which: WhichContacts::Everybody,
            ways: Ways::One,
        };
        assert_eq!(t.core.execute(&a, all).await.unwrap(), 1);
        assert_eq!((count(&t, &a).await, count(&t, &d).await), (0, 1));
    }

    #[tokio::test]
    async fn who_is_nobody_refuses_the_whole() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        t.befriend(&a, &b).await;
        t.user_of(2, "foreign").await;
        for uids in [["b", "nobody"], ["b", "foreign"]] {
            let refused = t.core.execute(&a, these(&uids, Ways::Both)).await;
            assert_eq!(refusal(refused), ErrorKind::UserMissing);
        }
        for uids in [vec![], vec!["b"; 101]] {
            let refused = t.core.execute(&a, these(&uids, Ways::Both)).await;
            assert_eq!(refusal(refused), ErrorKind::Invalid);
        }
        assert_eq!(count(&t, &a).await, 1);
    }
}
