//! Keeps texts with a group under names of its people's choice, or forgets them: owner and administrators may.

use parlance_store::Tx;
use parlance_store::table::group_attribute;

use crate::command::{Command, Context};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::types::{Attributes, ConversationId, Role};
use crate::{field, policy};

/// Attributes of one group.
const ATTRIBUTES_MAX: usize = 50;
/// Characters of an attribute's name.
const NAME_CHARS_MAX: usize = 32;
/// Characters of an attribute's value.
const VALUE_CHARS_MAX: usize = 4_000;

/// Sets attributes of a group. Others stay as they are.
///
/// # Errors
/// `GroupMissing`, `NotMember`, `RoleTooLow` below administrator, `Invalid` for none, for a name without 1 to 32
/// characters, for a value of more than 4,000, and for more than 50 in all.
#[derive(Clone, Debug)]
pub struct SetAttributes {
    /// Which group.
    pub conversation_id: ConversationId,
    /// What is set.
    pub attributes: Attributes,
}

impl Command for SetAttributes {
    /// All attributes as they are then.
    type Reply = Attributes;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Attributes> {
        let (group, role) = policy::group_and_role(cx.tx, cx.actor, self.conversation_id).await?;
        policy::holds(role, Role::Admin)?;
        if self.attributes.is_empty() {
            return Err(Error::invalid("no attribute is named"));
        }
        let before: Attributes = group_attribute::list(cx.tx, group.id)
            .await?
            .into_iter()
            .collect();
        let mut after = before.clone();
        after.extend(self.attributes.clone());
        check_attributes(&after)?;
        put_attributes(cx, group.id, &self.attributes).await?;
        told(cx, group.id, &before, &after);
        Ok(after)
    }
}

/// Forgets attributes of a group. One that is not there is passed over.
///
/// # Errors
/// `GroupMissing`, `NotMember`, `RoleTooLow` below administrator, `Invalid` for none and for more than 50 names.
#[derive(Clone, Debug)]
pub struct DeleteAttributes {
    /// Which group.
    pub conversation_id: ConversationId,
    /// Which attributes.
    pub names: Vec<String>,
}

impl Command for DeleteAttributes {
    /// The attributes that are left.
    type Reply = Attributes;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Attributes> {
        let (group, role) = policy::group_and_role(cx.tx, cx.actor, self.conversation_id).await?;
        policy::holds(role, Role::Admin)?;
        if !(1..=ATTRIBUTES_MAX).contains(&self.names.len()) {
            return Err(Error::invalid(format!(
                "1 to {ATTRIBUTES_MAX} attributes are deleted at once"
            )));
        }
        let before: Attributes = group_attribute::list(cx.tx, group.id)
            .await?
            .into_iter()
            .collect();
        let mut after = before.clone();
        for name in &self.names {
            if after.remove(name).is_some() {
                group_attribute::delete(cx.tx, group.id, name).await?;
            }
        }
        told(cx, group.id, &before, &after);
        Ok(after)
    }
}

/// Whether a group may have these attributes.
pub(super) fn check_attributes(attributes: &Attributes) -> Result<()> {
    if attributes.len() > ATTRIBUTES_MAX {
        return Err(Error::invalid(format!(
            "a group has at most {ATTRIBUTES_MAX} attributes"
        )));
    }
    for (name, value) in attributes {
        field::line("the name of an attribute", name, NAME_CHARS_MAX)?;
        field::at_most("the value of an attribute", value, VALUE_CHARS_MAX)?;
    }
    Ok(())
}

/// Writes attributes that were checked.
pub(super) async fn put_attributes<T: Tx>(
    cx: &mut Context<'_, T>,
    conversation_id: ConversationId,
    attributes: &Attributes,
) -> Result<()> {
    for (name, value) in attributes {
        group_attribute::put(cx.tx, conversation_id, name, value).await?;
    }
    Ok(())
}

fn told<T: Tx>(
    cx: &mut Context<'_, T>,
    conversation_id: ConversationId,
    before: &Attributes,
    after: &Attributes,
) {
    if before != after {
        let by = cx.actor.user_id;
        cx.record(Event::ConversationChanged { conversation_id, by });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::CreateGroup;
    use crate::query::GroupProfileOf;
    use crate::testing::{TestCore, refusal};
    use crate::{Actor, ErrorKind};

    fn map(pairs: &[(&str, &str)]) -> Attributes {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(own).collect()
    }

    async fn shown(test: &TestCore, actor: &Actor, conversation_id: ConversationId) -> Attributes {
        let profile = test.core.query(actor, GroupProfileOf(conversation_id)).await;
        profile.unwrap().attributes
    }

    #[tokio::test]
    async fn attributes_are_merged_deleted_and_shown_with_the_group() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let create = CreateGroup {
            attributes: map(&[("颜色", "red"), ("b", "")]),
            ..CreateGroup::named("team", vec![bob.user_id])
        };
        let conversation_id = test.core.execute(&ann, create).await.unwrap().conversation_id;
        assert_eq!(
            shown(&test, &bob, conversation_id).await,
            map(&[("颜色", "red"), ("b", "")])
        );
        let live = test.core.attach(&bob);
        let set = |pairs| SetAttributes {
            conversation_id,
            attributes: map(pairs),
        };
        for _ in 0..2 {
            let all = test
                .core
                .execute(&ann, set(&[("颜色", "blue"), ("c", "3")]))
                .await
                .unwrap();
            assert_eq!(all, map(&[("颜色", "blue"), ("b", ""), ("c", "3")]));
        }
        let delete = |names: &[&str]| DeleteAttributes {
            conversation_id,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        for _ in 0..2 {
            let left = test
                .core
                .execute(&ann, delete(&["b", "c", "nothing"]))
                .await
                .unwrap();
            assert_eq!(left, map(&[("颜色", "blue")]));
        }
        test.say(&ann, conversation_id, "done").await;
        for _ in 0..2 {
            let told = live.next().await.unwrap();
            assert!(matches!(&told.event, Event::ConversationChanged { .. }));
        }
        let last = live.next().await.unwrap();
        assert!(
            matches!(&last.event, Event::MessageSent(_)),
            "what changes nothing is not told"
        );
        let none = test.core.execute(&ann, delete(&[])).await;
        assert_eq!(refusal(none), ErrorKind::Invalid);
    }

    #[tokio::test]
    async fn names_values_and_their_number_are_bounded() {
        let test = TestCore::start().await;
        let ann = test.user("ann").await;
        let conversation_id = test.group(&ann, "team", &[]).await;
        let set = |attributes| SetAttributes {
            conversation_id,
            attributes,
        };
        let many = |count: usize| (0..count).map(|n| (format!("n{n:02}"), String::new())).collect();
        for wrong in [
            map(&[]),
            map(&[("", "x")]),
            map(&[(" ", "x")]),
            map(&[("a\0", "x")]),
            map(&[(&"名".repeat(33), "x")]),
            map(&[("a", &"值".repeat(4_001))]),
            many(51),
        ] {
            assert_eq!(
                refusal(test.core.execute(&ann, set(wrong)).await),
                ErrorKind::Invalid
            );
        }
        assert!(shown(&test, &ann, conversation_id).await.is_empty());
        let longest = map(&[(&"名".repeat(32), &"值".repeat(4_000))]);
        test.core.execute(&ann, set(longest)).await.unwrap();
        test.core.execute(&ann, set(many(49))).await.unwrap();
        let one_more = set(map(&[("x", "")]));
        assert_eq!(
            refusal(test.core.execute(&ann, one_more).await),
            ErrorKind::Invalid
        );
        let again = test
            .core
            .execute(&ann, set(map(&[("n01", "new")])))
            .await
            .unwrap();
        assert_eq!(again.len(), 50);
    }
}
