//! Takes people out of a group: who ranks above them may, and the server itself.

use parlance_store::Tx;
use parlance_store::table::member;

use crate::command::create_group::{distinct, distinct_without};
use crate::command::transfer_group::{Emptied, hand_on};
use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::policy;
use crate::types::{ConversationId, Role, UserId};

/// People that one call removes one by one at most.
const REMOVED_MAX: i64 = 500;

/// Removes people from a group: they neither read nor write there from now on. All or nothing, but who has left
/// already is passed over. The server itself removes anybody, the owner too: the group then goes to the administrator,
/// else the member, who has been in longest, and has no owner when nobody is left.
///
/// # Errors
/// `GroupMissing`; `NotMember`; `MemberMissing` when none of the people is in; `RoleTooLow` below
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
        at_once(&self.user_ids, cx.env.limits.group_members_max)?;
        if self.user_ids.contains(&me) {
            return Err(self_removed(group.owner_id == Some(me)));
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
                Some(_) => Err(ErrorKind::MemberMissing.into()),
                None => Ok(gone),
            };
        }
        take_out(cx, id, &gone).await?;
        if group.owner_id.is_some_and(|owner_id| gone.contains(&owner_id)) {
            hand_on(cx, group, Emptied::Kept).await?;
        }
        Ok(gone)
    }
}

/// Removes people from a group, each for itself: who may not be removed does not stop the others.
///
/// # Errors
/// Of the whole: `GroupMissing`, `NotMember` for the caller, `RoleTooLow` below administrator, `Invalid` for nobody and
/// for more than 500. Of one: `MemberMissing`; `RoleTooLow` for an administrator who names another one; `OwnerProtected`
/// for the owner; `Invalid` for the caller itself, who leaves instead.
#[derive(Clone, Debug)]
pub struct RemoveEach {
    /// Which group.
    pub conversation_id: ConversationId,
    /// Who goes.
    pub user_ids: Vec<UserId>,
}

/// What became of those who were to be removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Who is out now, in rising order.
    pub gone: Vec<UserId>,
    /// Who is not, and why, in rising order.
    pub refused: Vec<(UserId, ErrorKind)>,
}

impl Command for RemoveEach {
    type Reply = Removed;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Removed> {
        let (me, id) = (cx.actor.user_id, self.conversation_id);
        let (group, role) = policy::group_and_role(cx.tx, cx.actor, id).await?;
        policy::holds(role, Role::Admin)?;
        if self.user_ids.is_empty() {
            return Err(Error::invalid("nobody is named"));
        }
        at_once(&self.user_ids, REMOVED_MAX)?;
        let asked = distinct(&self.user_ids);
        let there = member::among(cx.tx, id, &asked).await?;
        let acting = role.unwrap_or(Role::Owner);
        let mut removed = Removed::default();
        for user_id in asked {
            let known = there.binary_search_by_key(&user_id, |(user_id, _)| *user_id);
            let allowed = match known.map(|place| Role::of(there[place].1)) {
                Err(_) => Err(ErrorKind::MemberMissing.into()),
                Ok(_) if user_id == me => Err(self_removed(group.owner_id == Some(me))),
                Ok(other) => policy::outranks(acting, other),
            };
            match allowed {
                Ok(()) => removed.gone.push(user_id),
                Err(error) => removed.refused.push((user_id, error.kind)),
            }
        }
        if !removed.gone.is_empty() {
            take_out(cx, id, &removed.gone).await?;
        }
        Ok(removed)
    }
}

fn at_once(user_ids: &[UserId], most: i64) -> Result<()> {
    if user_ids.len() > usize::try_from(most).unwrap_or(0) {
        return Err(Error::invalid(format!(
            "at most {most} members are removed at once"
        )));
    }
    Ok(())
}

/// Why nobody removes themselves.
fn self_removed(owner: bool) -> Error {
    if owner {
        ErrorKind::OwnerProtected.into()
    } else {
        Error::invalid("nobody removes themselves: leave the group instead")
    }
}

async fn take_out<T: Tx>(
    cx: &mut Context<'_, T>,
    conversation_id: ConversationId,
    gone: &[UserId],
) -> Result<()> {
    member::leave(cx.tx, conversation_id, gone).await?;
    cx.record(Event::MembersRemoved {
        conversation_id,
        by: cx.actor.user_id,
        user_ids: gone.to_vec(),
    });
    Ok(())
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
            (vec![eve.user_id, 0], ErrorKind::MemberMissing),
            (vec![], ErrorKind::MemberMissing),
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

    #[tokio::test]
    async fn who_may_not_be_removed_does_not_stop_the_others() {
        let test = TestCore::start().await;
        let (ann, bob, cid, dan) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("cid").await,
            test.user("dan").await,
        );
        let conversation_id = test.group(&ann, "team", &[&bob, &cid, &dan]).await;
        for admin in [&bob, &cid] {
            let promote = crate::command::SetRole {
                conversation_id,
                user_id: admin.user_id,
                role: Role::Admin,
            };
            test.core.execute(&ann, promote).await.unwrap();
        }
        let remove = |user_ids: &[UserId]| RemoveEach {
            conversation_id,
            user_ids: user_ids.to_vec(),
        };
        let all = [
            77,
            dan.user_id,
            cid.user_id,
            bob.user_id,
            ann.user_id,
            dan.user_id,
        ];
        let removed = test.core.execute(&bob, remove(&all)).await.unwrap();
        let expected = Removed {
            gone: vec![dan.user_id],
            refused: vec![
                (ann.user_id, ErrorKind::OwnerProtected),
                (bob.user_id, ErrorKind::Invalid),
                (cid.user_id, ErrorKind::RoleTooLow),
                (77, ErrorKind::MemberMissing),
            ],
        };
        assert_eq!(removed, expected);
        let chief = crate::Actor {
            mandate: crate::Mandate::Rank,
            ..test.admin("chief").await
        };
        let removed = test.core.execute(&chief, remove(&all)).await.unwrap();
        assert_eq!(removed.gone, [bob.user_id, cid.user_id]);
        assert_eq!(
            removed.refused,
            [
                (ann.user_id, ErrorKind::OwnerProtected),
                (dan.user_id, ErrorKind::MemberMissing),
                (77, ErrorKind::MemberMissing)
            ]
        );
        for user_ids in [Vec::new(), vec![bob.user_id; 501]] {
            let refused = test.core.execute(&ann, remove(&user_ids)).await;
            assert_eq!(refusal(refused), ErrorKind::Invalid);
        }
    }
}
