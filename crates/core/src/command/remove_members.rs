//! Takes people out of a group: who ranks above them may, and the server itself.

use parlance_store::Tx;
use parlance_store::table::member;

use crate::command::create_group::distinct_without;
use crate::command::transfer_group::{Emptied, hand_on};
use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::policy;
use crate::types::{ConversationId, Role, UserId};

/// Removes people from a group: they neither read nor write there from now on. All or nothing, but who has left
/// already is passed over. The server itself removes anybody, the owner too: the group then goes to the administrator,
/// else the member, who has been in longest, and has no owner when nobody is left.
///
/// # Errors
/// `GroupMissing`; `NotMember` for a caller who is not in, and when none of the people is; `RoleTooLow` below
/// administrator and for an administrator who names another one; `OwnerProtected` for the owner; `Invalid` for the
/// caller itself, who leaves instead. The server gets only the first of these, and `Invalid` for too many.
#[derive(Clone, Debug)]
pub struct RemoveMembers {
    /// Which group.
    pub conversation_id: ConversationId,
    /// Who goes.
    pub user_ids: Vec<UserId>,
}

impl Command for RemoveMembers {
    /// Who was in before, in rising order.
    type Reply = Vec<UserId>;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Vec<UserId>> {
        let (me, id) = (cx.actor.user_id, self.conversation_id);
        let (group, role) = policy::group_and_role(cx.tx, cx.actor, id).await?;
        policy::holds(role, Role::Admin)?;
        let most = cx.env.limits.group_members_max;
        if self.user_ids.len() > usize::try_from(most).unwrap_or(0) {
            return Err(Error::invalid(format!(
                "at most {most} members are removed at once"
            )));
        }
        if self.user_ids.contains(&me) {
            return Err(match role {
                Some(Role::Owner) => ErrorKind::OwnerProtected.into(),
                _ => Error::invalid("nobody removes themselves: leave the group instead"),
            });
        }
        let asked = distinct_without(&self.user_ids, me);
        let there = member::among(cx.tx, id, &asked).await?;
        if let Some(role) = role {
            for (_, other) in &there {
                policy::outranks(role, Role::of(*other))?;
            }
        }
        let gone: Vec<UserId> = there.into_iter().map(|(user_id, _)| user_id).collect();
        if gone.is_empty() {
            return match role {
                Some(_) => Err(ErrorKind::NotMember.into()),
                None => Ok(gone),
            };
        }
        member::leave(cx.tx, id, &gone).await?;
        cx.record(Event::MembersRemoved {
            conversation_id: id,
            by: me,
            user_ids: gone.clone(),
        });
        if group.owner_id.is_some_and(|owner_id| gone.contains(&owner_id)) {
            hand_on(cx, group, Emptied::Kept).await?;
        }
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::command::{MarkRead, ReadUpTo, SendMessage, Target};
    use crate::query::GroupMembers;
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn who_is_removed_hears_it_and_neither_reads_nor_writes_any_more() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let conversation_id = test.group(&ann, "team", &[&bob]).await;
        let live = test.core.attach(&bob);
        let remove = RemoveMembers {
            conversation_id,
            user_ids: vec![bob.user_id],
        };
        assert_eq!(test.core.execute(&ann, remove).await.unwrap(), [bob.user_id]);
        let told = live.next().await.unwrap();
        assert!(
            matches!(&told.event, Event::MembersRemoved { user_ids, by, .. } if *user_ids == [bob.user_id] && *by == ann.user_id)
        );
        let send = SendMessage::text(Target::Conversation(conversation_id), "still here");
        assert_eq!(refusal(test.core.execute(&bob, send).await), ErrorKind::NotMember);
        let read = MarkRead {
            conversation_id,
            up_to: ReadUpTo::Newest,
        };
        assert_eq!(refusal(test.core.execute(&bob, read).await), ErrorKind::NotMember);
        let list = test.core.query(&bob, GroupMembers::of(conversation_id)).await;
        assert_eq!(refusal(list), ErrorKind::NotMember);

        // What is said afterwards does not reach the removed: the next thing bob hears is a direct message.
        test.say(&ann, conversation_id, "about bob").await;
        let direct = test.direct(&ann, &bob).await;
        let heard = live.next().await.unwrap();
        assert!(
            matches!(&heard.event, Event::ConversationCreated { conversation_id, .. } if *conversation_id == direct)
        );
    }

    #[tokio::test]
    async fn removing_is_all_or_nothing_but_passes_over_who_left() {
        let limits = Limits {
            group_members_max: 5,
            ..Limits::default()
        };
        let test = TestCore::with_limits(limits).await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let conversation_id = test.group(&ann, "team", &[&bob]).await;
        let remove = |user_ids: Vec<UserId>| RemoveMembers {
            conversation_id,
            user_ids,
        };
        let cases = [
            (vec![bob.user_id, ann.user_id], ErrorKind::OwnerProtected),
            (vec![eve.user_id, 0], ErrorKind::NotMember),
            (vec![], ErrorKind::NotMember),
            (vec![7; 6], ErrorKind::Invalid),
        ];
        for (user_ids, kind) in cases {
            assert_eq!(refusal(test.core.execute(&ann, remove(user_ids)).await), kind);
        }
        let gone = test
            .core
            .execute(&ann, remove(vec![eve.user_id, bob.user_id]))
            .await
            .unwrap();
        assert_eq!(gone, [bob.user_id]);
    }

    #[tokio::test]
    async fn an_administrator_leaves_instead_of_removing_itself() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let conversation_id = test.group(&ann, "team", &[&bob]).await;
        let promote = crate::command::SetRole {
            conversation_id,
            user_id: bob.user_id,
            role: Role::Admin,
        };
        test.core.execute(&ann, promote).await.unwrap();
        let remove = RemoveMembers {
            conversation_id,
            user_ids: vec![bob.user_id],
        };
        assert_eq!(refusal(test.core.execute(&bob, remove).await), ErrorKind::Invalid);
    }
}
