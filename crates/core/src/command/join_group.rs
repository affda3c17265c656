//! Comes into a group without being brought in: whoever knows the UUID of a free one may.

use parlance_store::Tx;
use parlance_store::table::member;

use crate::command::admit::admit;
use crate::command::{Command, Context};
use crate::error::Result;
use crate::policy;
use crate::types::ConversationId;

/// Takes the caller into a group as an ordinary member. Who is in already stays as they are.
///
/// # Errors
/// `ConversationMissing`, `Forbidden` for a group that is not free, `GroupFull`.
#[derive(Clone, Debug)]
pub struct JoinGroup {
    /// Which group.
    pub uuid: String,
}

impl Command for JoinGroup {
    type Reply = ConversationId;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<ConversationId> {
        let me = cx.actor.user_id;
        let group = policy::group_named(cx.tx, cx.actor, &self.uuid).await?;
        let known = member::get(cx.tx, group.id, me).await?;
        if known.is_some_and(|member| member.state) {
            return Ok(group.id);
        }
        policy::may_join(&group)?;
        admit(cx, &group, &[me]).await?;
        Ok(group.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{CreateGroup, DissolveGroup, LeaveGroup};
    use crate::query::{GroupMembers, History};
    use crate::testing::{TestCore, refusal};
    use crate::types::JoinOption;
    use crate::{ErrorKind, Event, Limits};

    fn free() -> CreateGroup {
        CreateGroup {
            join_option: JoinOption::Free,
            ..CreateGroup::named("open to all", Vec::new())
        }
    }

    #[tokio::test]
    async fn whoever_knows_a_free_group_comes_in_once() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let group = test.core.execute(&ann, free()).await.unwrap();
        test.say(&ann, group.conversation_id, "before").await;
        let live = test.core.attach(&ann);
        let join = JoinGroup {
            uuid: group.uuid.clone(),
        };
        for _ in 0..2 {
            let joined = test.core.execute(&bob, join.clone()).await.unwrap();
            assert_eq!(joined, group.conversation_id);
        }
        let told = live.next().await.unwrap();
        assert!(
            matches!(&told.event, Event::MembersAdded { user_ids, by, .. } if *user_ids == [bob.user_id] && *by == bob.user_id)
        );
        let members = GroupMembers::of(group.conversation_id);
        assert_eq!(test.core.query(&bob, members).await.unwrap().len(), 2);
        let history = History {
            conversation_id: group.conversation_id,
            before: None,
            limit: 10,
        };
        assert_eq!(test.core.query(&bob, history).await.unwrap().len(), 1);
        // The next thing that ann hears of is bob's leaving, so the second time was not told.
        let leave = LeaveGroup::of(group.conversation_id);
        test.core.execute(&bob, leave).await.unwrap();
        let told = live.next().await.unwrap();
        assert!(matches!(&told.event, Event::MembersRemoved { .. }));
    }

    #[tokio::test]
    async fn what_is_not_free_full_over_or_elsewhere_stays_closed() {
        let limits = Limits {
            group_members_max: 2,
            ..Limits::default()
        };
        let test = TestCore::with_limits(limits).await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let foreign = test.user_of(9, "foreign").await;
        let invited = CreateGroup::named("invited", vec![bob.user_id]);
        let invited = test.core.execute(&ann, invited).await.unwrap();
        let open = test.core.execute(&ann, free()).await.unwrap();
        let over = test.core.execute(&ann, free()).await.unwrap();
        let dissolve = DissolveGroup {
            conversation_id: over.conversation_id,
        };
        test.core.execute(&ann, dissolve).await.unwrap();
        let join = |uuid: &str| JoinGroup {
            uuid: uuid.to_owned(),
        };
        // Who is in already is welcome anyhow.
        test.core.execute(&bob, join(&invited.uuid)).await.unwrap();
        test.core.execute(&bob, join(&open.uuid)).await.unwrap();
        for (who, uuid, kind) in [
            (&eve, &invited.uuid, ErrorKind::Forbidden),
            (&eve, &open.uuid, ErrorKind::GroupFull),
            (&eve, &over.uuid, ErrorKind::ConversationMissing),
            (&foreign, &open.uuid, ErrorKind::ConversationMissing),
            (&eve, &"nothing".to_owned(), ErrorKind::ConversationMissing),
            (&eve, &String::new(), ErrorKind::ConversationMissing),
            (&eve, &open.uuid.to_uppercase(), ErrorKind::ConversationMissing),
        ] {
            assert_eq!(refusal(test.core.execute(who, join(uuid)).await), kind, "{uuid}");
        }
    }
}
