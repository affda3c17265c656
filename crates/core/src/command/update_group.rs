//! Changes the profile of a group: owner and administrators may.

use parlance_store::Tx;
use parlance_store::table::conversation;

use crate::command::create_group::{
    checked_avatar, checked_description, checked_members_max, checked_name, checked_notice,
};
use crate::command::{Command, Context};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy;
use crate::types::{ConversationId, JoinOption, Role};

/// Sets those fields of a group that are given; the bounds are those of [`CreateGroup`](super::CreateGroup).
///
/// # Errors
/// `GroupMissing`, `NotMember`, `RoleTooLow` below administrator, `Invalid` for a field out of range or room for
/// fewer members than there are.
#[derive(Clone, Debug, Default)]
pub struct UpdateGroup {
    /// Which one.
    pub conversation_id: ConversationId,
    /// Its name.
    pub name: Option<String>,
    /// URL of a picture, or empty.
    pub avatar: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// A line shown on top of it.
    pub notice: Option<String>,
    /// Most members.
    pub members_max: Option<i64>,
    /// Whether members who come from now on see what was said before.
    pub history_open: Option<bool>,
    /// The least role that may bring people in.
    pub invite_role: Option<Role>,
    /// Who may come in without being brought in.
    pub join_option: Option<JoinOption>,
}

impl Command for UpdateGroup {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let (mut group, role) = policy::group_and_role(cx.tx, cx.actor, self.conversation_id).await?;
        policy::holds(role, Role::Admin)?;
        if let Some(name) = &self.name {
            group.name = checked_name(cx, name)?;
        }
        if let Some(avatar) = &self.avatar {
            group.avatar = checked_avatar(avatar)?;
        }
        if let Some(description) = &self.description {
            group.description = checked_description(description)?;
        }
        if let Some(notice) = &self.notice {
            group.notice = checked_notice(notice)?;
        }
        if let Some(members_max) = self.members_max {
            group.members_max = checked_members_max(cx, members_max)?;
            if members_max < group.members_count {
                let there = group.members_count;
                return Err(Error::invalid(format!("the group has {there} members already")));
            }
        }
        group.history_open = self.history_open.unwrap_or(group.history_open);
        group.invite_role = self.invite_role.map_or(group.invite_role, Role::number);
        group.join_option = self.join_option.map_or(group.join_option, JoinOption::number);
        group.updated_at = cx.now;
        conversation::update(cx.tx, &group).await?;
        cx.record(Event::ConversationChanged {
            conversation_id: group.id,
            by: cx.actor.user_id,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::command::CreateGroup;
    use crate::query::GroupDetails;
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn only_the_given_fields_change_and_the_members_hear_of_it() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let mut create = CreateGroup::named("old", vec![bob.user_id]);
        create.avatar = "/a.png".into();
        let conversation_id = test.core.execute(&ann, create).await.unwrap().conversation_id;
        let live = test.core.attach(&bob);
        let update = UpdateGroup {
            conversation_id,
            name: Some("new".into()),
            notice: Some("be kind".into()),
            members_max: Some(50),
            ..UpdateGroup::default()
        };
        test.core.execute(&ann, update).await.unwrap();
        let told = live.next().await.unwrap();
        assert!(
            matches!(&told.event, Event::ConversationChanged { conversation_id: id, by } if *id == conversation_id && *by == ann.user_id)
        );
        let group = test
            .core
            .query(&bob, GroupDetails { conversation_id })
            .await
            .unwrap();
        let shown = &group.conversation;
        assert_eq!(
            (
                shown.name.as_str(),
                shown.notice.as_str(),
                shown.avatar.as_str(),
                group.room
            ),
            ("new", "be kind", "/a.png", 50)
        );
        assert!(shown.history_open);
        assert_eq!(shown.members_count, 2);
    }

    #[tokio::test]
    async fn room_for_fewer_than_there_are_is_refused() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let conversation_id = test.group(&ann, "team", &[&bob, &eve]).await;
        for (members_max, name) in [
            (Some(2), None),
            (Some(10_001), None),
            (None, Some(" ".to_owned())),
        ] {
            let update = UpdateGroup {
                conversation_id,
                name,
                members_max,
                ..UpdateGroup::default()
            };
            assert_eq!(refusal(test.core.execute(&ann, update).await), ErrorKind::Invalid);
        }
    }
}
