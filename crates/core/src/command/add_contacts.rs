//! Makes people contacts without asking them, unless one of the two has blocked the other.

use parlance_store::Tx;
use parlance_store::table::{contact, contact_request};

use crate::command::contact_request::CONTACTS_MAX;
use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::types::{Contact, UserId};
use crate::{field, policy};

/// People in one call of those that name several.
pub(super) const PEOPLE_MAX: usize = 100;
/// Characters of the name of a contact group.
const GROUP_CHARS_MAX: usize = 64;
/// Named groups in the list of one person.
const GROUPS_MAX: usize = 50;
/// Characters of a private name.
const REMARK_CHARS_MAX: usize = 64;

/// Whose lists a change of contacts is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ways {
    /// The caller's and the other one's.
    #[default]
    Both,
    /// Only the caller's.
    One,
}

/// Somebody for the caller's contact list.
#[derive(Clone, Debug)]
pub struct NewContact {
    /// Text id.
    pub uid: String,
    /// A private name, at most 64 characters; none leaves the one there is.
    pub remark: Option<String>,
    /// The group of the list, 1 to 64 characters, or empty for the default one; none leaves the one there is.
    pub group_name: Option<String>,
}

/// Puts people into the caller's contact list, and the caller into theirs, if `ways` says so. Who is in already stays,
/// with the new private name and group. A contact request that waits between the two is answered by it.
///
/// Each person has an outcome: their number, or why they could not be added. The refusals are `UserMissing`,
/// `Blocked`, and `Invalid` for oneself, a long name, the 51st group, or a full list.
///
/// # Errors
/// `Invalid` for nobody and for more than 100 people.
#[derive(Clone, Debug)]
pub struct AddContacts {
    /// Whom.
    pub people: Vec<NewContact>,
    /// In whose lists.
    pub ways: Ways,
}

impl Command for AddContacts {
    type Reply = Vec<Result<UserId>>;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Self::Reply> {
        several(self.people.len())?;
        let mut told = vec![cx.actor.user_id];
        let mut outcomes = Vec::with_capacity(self.people.len());
        for person in &self.people {
            let outcome = add(cx, person, self.ways).await;
            match (&outcome, self.ways) {
                (Ok(id), Ways::Both) => told.push(*id),
                (Err(error), _) if !is_refusal(error) => return Err(error.clone()),
                _ => {}
            }
            outcomes.push(outcome);
        }
        if outcomes.iter().any(Result::is_ok) {
            cx.record(Event::ContactsChanged {
                by: cx.actor.user_id,
                user_ids: told,
            });
        }
        Ok(outcomes)
    }
}

/// Whether a call may name this many people.
pub(super) fn several(count: usize) -> Result<()> {
    if (1..=PEOPLE_MAX).contains(&count) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "1 to {PEOPLE_MAX} people are named at once"
    )))
}

/// Whether it concerns one person of several, and not the whole.
pub(super) fn is_refusal(error: &Error) -> bool {
    !matches!(
        error.kind,
        ErrorKind::Internal | ErrorKind::Unavailable | ErrorKind::Overloaded
    )
}

async fn add<T: Tx>(cx: &mut Context<'_, T>, person: &NewContact, ways: Ways) -> Result<UserId> {
    let me = cx.actor.user_id;
    let other = policy::person(cx.tx, cx.actor, &person.uid).await?.id;
    if other == me {
        return Err(Error::invalid("nobody is their own contact"));
    }
    policy::may_befriend(cx.tx, cx.actor, other).await?;
    if let Some(remark) = &person.remark {
        field::at_most("a remark", remark, REMARK_CHARS_MAX)?;
    }
    if let Some(group_name) = &person.group_name {
        group_for(cx, group_name).await?;
    }
    let known = contact::pair(cx.tx, me, other).await?;
    if known.is_none() {
        room(cx, me).await?;
    }
    if ways == Ways::Both && contact::pair(cx.tx, other, me).await?.is_none() {
        room(cx, other).await?;
        contact::insert(cx.tx, other, me, "", cx.now).await?;
        settle_requests(cx, other).await?;
    }
    contact::insert(cx.tx, me, other, "", cx.now).await?;
    let row = match known {
        Some(row) => Some(row),
        None => contact::pair(cx.tx, me, other).await?,
    };
    if let Some(row) = row {
        contact::update(cx.tx, &labelled(row, person)).await?;
    }
    Ok(other)
}

fn labelled(row: Contact, person: &NewContact) -> Contact {
    Contact {
        remark: person.remark.clone().unwrap_or(row.remark),
        group_name: person.group_name.clone().unwrap_or(row.group_name),
        ..row
    }
}

/// Whether there is room for one more in somebody's list.
async fn room<T: Tx>(cx: &mut Context<'_, T>, owner_id: UserId) -> Result<()> {
    if contact::count(cx.tx, owner_id).await? < CONTACTS_MAX {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "a contact list holds at most {CONTACTS_MAX} people: remove some first"
    )))
}

/// Two people who are in each other's lists wait for no answer any more.
async fn settle_requests<T: Tx>(cx: &mut Context<'_, T>, other: UserId) -> Result<()> {
    let me = cx.actor.user_id;
    for (from, to) in [(me, other), (other, me)] {
        if let Some(request) = contact_request::pending(cx.tx, from, to).await? {
            contact_request::settle(cx.tx, request.id, contact_request::APPROVED, cx.now).await?;
        }
    }
    Ok(())
}

/// Whether the caller's list may have a group of this name: one that it has, or a new one within the bound.
async fn group_for<T: Tx>(cx: &mut Context<'_, T>, name: &str) -> Result<()> {
    if name.is_empty() {
        return Ok(());
    }
    field::line("the name of a contact group", name, GROUP_CHARS_MAX)?;
    let known = contact::group_names(cx.tx, cx.actor.user_id, GROUPS_MAX as i64).await?;
    if known.len() >= GROUPS_MAX && !known.iter().any(|known| known == name) {
        return Err(Error::invalid(format!(
            "a contact list has at most {GROUPS_MAX} groups: empty one of them first"
        )));
    }
    Ok(())
}

/// Puts somebody of the caller's contact list into another group.
///
/// # Errors
/// `UserMissing`, `ContactMissing`, `Invalid` for a long name and for the 51st group.
#[derive(Clone, Debug)]
pub struct SetContactGroup {
    /// Text id.
    pub uid: String,
    /// Where to, 1 to 64 characters; empty for the default group.
    pub group_name: String,
}

impl Command for SetContactGroup {
    type Reply = UserId;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<UserId> {
        let me = cx.actor.user_id;
        let other = policy::person(cx.tx, cx.actor, &self.uid).await?.id;
        let row = contact::pair(cx.tx, me, other).await?;
        let mut row = row.ok_or(ErrorKind::ContactMissing)?;
        group_for(cx, &self.group_name).await?;
        row.group_name.clone_from(&self.group_name);
        contact::update(cx.tx, &row).await?;
        cx.record(Event::ContactsChanged {
            by: me,
            user_ids: vec![me],
        });
        Ok(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::command::{BlockUser, RemoveContacts, WhichContacts};
    use crate::query::{ContactGroupSizes, ContactPage, ContactRequests, RequestDirection};
    use crate::testing::{TestCore, refusal};

    fn new(uid: &str) -> NewContact {
        NewContact {
            uid: uid.to_owned(),
            remark: None,
            group_name: None,
        }
    }

    fn in_group(uid: &str, group_name: &str) -> NewContact {
        NewContact {
            group_name: Some(group_name.to_owned()),
            ..new(uid)
        }
    }

    async fn add(t: &TestCore, who: &Actor, people: Vec<NewContact>, ways: Ways) -> Vec<Result<UserId>> {
        t.core.execute(who, AddContacts { people, ways }).await.unwrap()
    }

    fn kinds(outcomes: Vec<Result<UserId>>) -> Vec<Option<ErrorKind>> {
        let kind = |outcome: Result<UserId>| outcome.err().map(|error| error.kind);
        outcomes.into_iter().map(kind).collect()
    }

    async fn list(t: &TestCore, who: &Actor) -> Vec<String> {
        let page = ContactPage {
            group_name: None,
            skip: 0,
            limit: 1_000,
        };
        let found = t.core.query(who, page).await.unwrap();
        assert_eq!(found.total, found.items.len() as i64);
        found.items.into_iter().map(|view| view.user.uid).collect()
    }

    #[tokio::test]
    async fn people_are_added_both_ways_or_one_way() {
        let t = TestCore::start().await;
        let (a, b, c) = (t.user("a").await, t.user("b").await, t.user("c").await);
        let (at_b, at_c) = (t.core.attach(&b), t.core.attach(&c));
        let named = NewContact {
            remark: Some("老板".into()),
            ..in_group("b", "同事")
        };
        assert_eq!(
            add(&t, &a, vec![named], Ways::Both).await[0].as_ref().unwrap(),
            &b.user_id
        );
        assert_eq!(
            add(&t, &a, vec![new("c")], Ways::One).await[0].as_ref().unwrap(),
            &c.user_id
        );
        assert_eq!(list(&t, &a).await, ["b", "c"]);
        assert_eq!(
            (list(&t, &b).await, list(&t, &c).await),
            (vec!["a".to_owned()], vec![])
        );
        assert!(
            matches!(&at_b.next().await.unwrap().event, Event::ContactsChanged { by, .. } if *by == a.user_id)
        );
        t.core
            .execute(
                &c,
                SetContactGroup {
                    uid: "a".into(),
                    group_name: String::new(),
                },
            )
            .await
            .unwrap_err();
        add(&t, &c, vec![new("b")], Ways::Both).await;
        assert!(
            matches!(&at_c.next().await.unwrap().event, Event::ContactsChanged { by, .. } if *by == c.user_id),
            "one way is told to nobody else"
        );
        // Again: what is not said stays.
        add(&t, &a, vec![new("b")], Ways::Both).await;
        let group = ContactPage {
            group_name: Some("同事".into()),
            skip: 0,
            limit: 9,
        };
        let found = t.core.query(&a, group).await.unwrap();
        assert_eq!((found.total, found.items[0].contact.remark.as_str()), (1, "老板"));
    }

    #[tokio::test]
    async fn a_block_in_either_direction_refuses_and_so_do_odd_people() {
        let t = TestCore::start().await;
        let (a, b, c) = (t.user("a").await, t.user("b").await, t.user("c").await);
        t.user_of(2, "foreign").await;
        t.core
            .execute(&a, BlockUser { user_id: b.user_id })
            .await
            .unwrap();
        t.core
            .execute(&c, BlockUser { user_id: a.user_id })
            .await
            .unwrap();
        let people = ["b", "c", "a", "foreign", "", "nobody"].map(new).to_vec();
        let outcomes = kinds(add(&t, &a, people, Ways::Both).await);
        let (blocked, missing) = (Some(ErrorKind::Blocked), Some(ErrorKind::UserMissing));
        assert_eq!(
            outcomes,
            [
                blocked,
                blocked,
                Some(ErrorKind::Invalid),
                missing,
                missing,
                missing
            ]
        );
        assert!(list(&t, &a).await.is_empty() && list(&t, &b).await.is_empty());
        for people in [vec![], vec![new("b"); 101]] {
            let refused = t
                .core
                .execute(
                    &a,
                    AddContacts {
                        people,
                        ways: Ways::Both,
                    },
                )
                .await;
            assert_eq!(refusal(refused), ErrorKind::Invalid);
        }
        let mut boss = t.admin("boss").await;
        t.core
            .execute(
                &b,
                BlockUser {
                    user_id: boss.user_id,
                },
            )
            .await
            .unwrap();
        assert_eq!(kinds(add(&t, &boss, vec![new("b")], Ways::Both).await), [blocked]);
        boss.mandate = crate::Mandate::Rank;
        assert_eq!(kinds(add(&t, &boss, vec![new("b")], Ways::Both).await), [None]);
    }

    #[tokio::test]
    async fn a_list_has_fifty_groups_and_their_names_have_a_bound() {
        let t = TestCore::start().await;
        let a = t.user("a").await;
        for number in 0..52 {
            t.user(&format!("u{number}")).await;
        }
        let people = (0..51).map(|number| in_group(&format!("u{number}"), &format!("g{number}")));
        let outcomes = kinds(add(&t, &a, people.collect(), Ways::One).await);
        assert!(outcomes[..50].iter().all(Option::is_none));
        assert_eq!(outcomes[50], Some(ErrorKind::Invalid));
        let set = |uid: &str, group_name: &str| SetContactGroup {
            uid: uid.into(),
            group_name: group_name.into(),
        };
        assert_eq!(
            kinds(add(&t, &a, vec![in_group("u50", "g0")], Ways::One).await),
            [None]
        );
        assert_eq!(
            refusal(t.core.execute(&a, set("u50", "new")).await),
            ErrorKind::Invalid
        );
        t.core.execute(&a, set("u1", "")).await.unwrap();
        t.core.execute(&a, set("u50", &"组".repeat(64))).await.unwrap();
        for name in ["组".repeat(65).as_str(), " ", "a\nb"] {
            assert_eq!(
                refusal(t.core.execute(&a, set("u2", name)).await),
                ErrorKind::Invalid
            );
        }
        assert_eq!(
            refusal(t.core.execute(&a, set("u51", "g0")).await),
            ErrorKind::ContactMissing
        );
        assert_eq!(
            refusal(t.core.execute(&a, set("nobody", "g0")).await),
            ErrorKind::UserMissing
        );
        let sizes = t.core.query(&a, ContactGroupSizes).await.unwrap();
        assert_eq!(
            (sizes.len(), sizes[0].name.as_str(), sizes[0].count),
            (50, "g0", 1)
        );
    }

    #[tokio::test]
    async fn who_is_added_waits_for_no_answer_any_more() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        t.ask(&a, &b).await;
        add(&t, &b, vec![new("a")], Ways::Both).await;
        let received = ContactRequests {
            direction: RequestDirection::Received,
        };
        assert!(t.core.query(&b, received).await.unwrap().is_empty());
        let remove = RemoveContacts {
            which: WhichContacts::Everybody,
            ways: Ways::Both,
        };
        assert_eq!(t.core.execute(&a, remove).await.unwrap(), 1);
        t.ask(&a, &b).await;
    }
}
