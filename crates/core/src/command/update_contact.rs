//! Changes the caller's own contact list: private names, groups, and who is in it.

use parlance_store::Tx;
use parlance_store::table::contact;

use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::{field, policy};

/// Characters of a private name.
const REMARK_CHARS_MAX: usize = 50;
/// Characters of a group's name.
pub(super) const GROUP_NAME_CHARS_MAX: usize = 20;
/// Contacts moved in one call at most.
const MOVED_MAX: usize = 1_000;

/// Gives a contact a private name, or puts it into another group; what is `None` stays.
///
/// # Errors
/// `ContactMissing`, `Invalid`.
#[derive(Clone, Debug)]
pub struct UpdateContact {
    /// The row of the caller's list.
    pub contact_id: i64,
    /// The private name, at most 50 characters; empty for none.
    pub remark: Option<String>,
    /// The group, at most 20 characters; empty for the default one.
    pub group_name: Option<String>,
}

impl Command for UpdateContact {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let mut row = policy::own_contact(cx.tx, cx.actor, self.contact_id).await?;
        if let Some(remark) = &self.remark {
            field::at_most("a remark", remark, REMARK_CHARS_MAX)?;
            row.remark.clone_from(remark);
        }
        if let Some(group_name) = &self.group_name {
            check_group(group_name)?;
            row.group_name.clone_from(group_name);
        }
        contact::update(cx.tx, &row).await?;
        changed(cx);
        Ok(())
    }
}

/// Puts contacts into another group. Rows that are not of the caller's list are passed over.
///
/// # Errors
/// `Invalid`.
#[derive(Clone, Debug)]
pub struct MoveContacts {
    /// Rows of the caller's list, at most 1,000.
    pub contact_ids: Vec<i64>,
    /// Where to, at most 20 characters; empty for the default group.
    pub group_name: String,
}

impl Command for MoveContacts {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        check_group(&self.group_name)?;
        if self.contact_ids.len() > MOVED_MAX {
            return Err(Error::invalid(format!(
                "at most {MOVED_MAX} contacts are moved at once"
            )));
        }
        for id in &self.contact_ids {
            let row = contact::by_id(cx.tx, *id).await?;
            if let Some(mut row) = row.filter(|row| row.owner_id == cx.actor.user_id) {
                row.group_name.clone_from(&self.group_name);
                contact::update(cx.tx, &row).await?;
            }
        }
        changed(cx);
        Ok(())
    }
}

/// Gives a group of the caller's list another name. With the name of another group the two become one.
///
/// # Errors
/// `ItemMissing` for a group with nobody in it, `Invalid`.
#[derive(Clone, Debug)]
pub struct RenameContactGroup {
    /// The name so far; empty for the default group.
    pub old: String,
    /// The new one, at most 20 characters.
    pub new: String,
}

impl Command for RenameContactGroup {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        check_group(&self.new)?;
        let moved = contact::rename_group(cx.tx, cx.actor.user_id, &self.old, &self.new).await?;
        if moved == 0 {
            return Err(ErrorKind::ItemMissing.into());
        }
        changed(cx);
        Ok(())
    }
}

/// Dissolves a group of the caller's list: its people go to the default group. A group with nobody in it is as good
/// as dissolved.
///
/// # Errors
/// None but the store's.
#[derive(Clone, Debug)]
pub struct DeleteContactGroup {
    /// Its name.
    pub name: String,
}

impl Command for DeleteContactGroup {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        if contact::rename_group(cx.tx, cx.actor.user_id, &self.name, "").await? > 0 {
            changed(cx);
        }
        Ok(())
    }
}

/// Ends a contact: the two are out of each other's lists. What they wrote to each other stays.
///
/// # Errors
/// `ContactMissing`.
#[derive(Clone, Copy, Debug)]
pub struct DeleteContact {
    /// The row of the caller's list.
    pub contact_id: i64,
}

impl Command for DeleteContact {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let row = policy::own_contact(cx.tx, cx.actor, self.contact_id).await?;
        contact::delete_pair(cx.tx, row.owner_id, row.contact_id).await?;
        cx.record(Event::ContactsChanged {
            by: row.owner_id,
            user_ids: vec![row.owner_id, row.contact_id],
        });
        Ok(())
    }
}

fn check_group(name: &str) -> Result<()> {
    field::at_most("the name of a contact group", name, GROUP_NAME_CHARS_MAX)
}

/// Tells the caller's other connections.
fn changed<T: Tx>(cx: &mut Context<'_, T>) {
    let by = cx.actor.user_id;
    cx.record(Event::ContactsChanged {
        by,
        user_ids: vec![by],
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::query::{ContactGroups, Contacts, FindContact};
    use crate::testing::{TestCore, refusal};

    async fn row_of(t: &TestCore, owner: &Actor, other: &Actor) -> i64 {
        let all = t
            .core
            .query(
                owner,
                Contacts {
                    owner_id: owner.user_id,
                },
            )
            .await
            .unwrap();
        let found = all.into_iter().find(|view| view.user.id == other.user_id);
        found.unwrap().contact.id
    }

    #[tokio::test]
    async fn remark_and_group_are_private() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        t.befriend(&a, &b).await;
        let contact_id = row_of(&t, &a, &b).await;
        let update = |remark: Option<&str>, group_name: Option<&str>| UpdateContact {
            contact_id,
            remark: remark.map(str::to_owned),
            group_name: group_name.map(str::to_owned),
        };
        t.core.execute(&a, update(Some("老板"), None)).await.unwrap();
        t.core.execute(&a, update(None, Some("同事"))).await.unwrap();
        let shown = t
            .core
            .query(&a, FindContact { contact_id })
            .await
            .unwrap()
            .contact;
        assert_eq!(
            (shown.remark.as_str(), shown.group_name.as_str()),
            ("老板", "同事")
        );
        let theirs = t.core.query(&b, Contacts { owner_id: b.user_id }).await.unwrap();
        assert_eq!(theirs[0].contact.remark, "");
        assert_eq!(
            refusal(t.core.execute(&b, update(Some("x"), None)).await),
            ErrorKind::ContactMissing
        );
        let long = "x".repeat(51);
        assert_eq!(
            refusal(t.core.execute(&a, update(Some(&long), None)).await),
            ErrorKind::Invalid
        );
        assert_eq!(
            refusal(t.core.execute(&a, update(None, Some(&long))).await),
            ErrorKind::Invalid
        );
        assert_eq!(
            refusal(t.core.query(&b, FindContact { contact_id }).await),
            ErrorKind::ContactMissing
        );
    }

    #[tokio::test]
    async fn groups_are_moved_into_renamed_and_emptied() {
        let t = TestCore::start().await;
        let (a, b, c) = (t.user("a").await, t.user("b").await, t.user("c").await);
        t.befriend(&a, &b).await;
        t.befriend(&a, &c).await;
        let of_b = row_of(&t, &b, &a).await;
        let move_all = MoveContacts {
            contact_ids: vec![row_of(&t, &a, &b).await, row_of(&t, &a, &c).await, of_b, 9_999],
            group_name: "同事".into(),
        };
        t.core.execute(&a, move_all).await.unwrap();
        assert!(
            t.core.query(&b, ContactGroups).await.unwrap().is_empty(),
            "not the caller's row"
        );
        assert_eq!(t.core.query(&a, ContactGroups).await.unwrap(), vec!["同事"]);
        let rename = |old: &str, new: &str| RenameContactGroup {
            old: old.into(),
            new: new.into(),
        };
        t.core.execute(&a, rename("同事", "朋友")).await.unwrap();
        assert_eq!(t.core.query(&a, ContactGroups).await.unwrap(), vec!["朋友"]);
        assert_eq!(
            refusal(t.core.execute(&a, rename("同事", "x")).await),
            ErrorKind::ItemMissing
        );
        assert_eq!(
            refusal(t.core.execute(&b, rename("朋友", "x")).await),
            ErrorKind::ItemMissing
        );
        for _ in 0..2 {
            let delete = DeleteContactGroup {
                name: "朋友".into()
            };
            t.core.execute(&a, delete).await.unwrap();
        }
        assert!(t.core.query(&a, ContactGroups).await.unwrap().is_empty());
        let too_many = MoveContacts {
            contact_ids: vec![1; 1_001],
            group_name: String::new(),
        };
        assert_eq!(refusal(t.core.execute(&a, too_many).await), ErrorKind::Invalid);
    }

    #[tokio::test]
    async fn an_end_is_for_both() {
        let t = TestCore::start().await;
        let (a, b, c) = (t.user("a").await, t.user("b").await, t.user("c").await);
        t.befriend(&a, &b).await;
        t.befriend(&a, &c).await;
        let contact_id = row_of(&t, &a, &b).await;
        assert_eq!(
            refusal(t.core.execute(&b, DeleteContact { contact_id }).await),
            ErrorKind::ContactMissing
        );
        t.core.execute(&a, DeleteContact { contact_id }).await.unwrap();
        let left = t.core.query(&a, Contacts { owner_id: a.user_id }).await.unwrap();
        assert_eq!(left.len(), 1);
        assert!(
            t.core
                .query(&b, Contacts { owner_id: b.user_id })
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            refusal(t.core.execute(&a, DeleteContact { contact_id }).await),
            ErrorKind::ContactMissing
        );
    }
}
