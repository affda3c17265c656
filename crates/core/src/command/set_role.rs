//! Makes a member an administrator, or an ordinary member again: the owner may.

use parlance_store::Tx;
use parlance_store::table::member;

use crate::command::{Command, Context};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy;
use crate::types::{ConversationId, Role, UserId};

/// Sets the role of a member. The role it has already changes nothing.
///
/// # Errors
/// `GroupMissing`; `NotMember`; `MemberMissing`; `RoleTooLow` for anybody but the owner;
/// `OwnerProtected` for the owner itself; `Invalid` for the role of owner, which is handed on by
/// [`TransferGroup`](super::TransferGroup).
#[derive(Clone, Copy, Debug)]
pub struct SetRole {
    /// Which group.
    pub conversation_id: ConversationId,
    /// Whose role.
    pub user_id: UserId,
    /// Administrator or ordinary member.
    pub role: Role,
}

impl Command for SetRole {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let (_, role) = policy::group_and_role(cx.tx, cx.actor, self.conversation_id).await?;
        policy::holds(role, Role::Owner)?;
        let mut other = policy::member_of(cx.tx, self.conversation_id, self.user_id).await?;
        policy::outranks(role.unwrap_or(Role::Owner), Role::of(other.role))?;
        if self.role == Role::Owner {
            return Err(Error::invalid(
                "a group gets another owner only by being transferred",
            ));
        }
        if other.role == self.role.number() {
            return Ok(());
        }
        other.role = self.role.number();
        member::update(cx.tx, &other).await?;
        cx.record(Event::MemberChanged {
            conversation_id: self.conversation_id,
            by: cx.actor.user_id,
            user_id: self.user_id,
            role: self.role,
            silenced_until: other.silenced_until,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn a_new_role_is_told_once() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let conversation_id = test.group(&ann, "team", &[&bob]).await;
        let live = test.core.attach(&bob);
        let set = |role| SetRole {
            conversation_id,
            user_id: bob.user_id,
            role,
        };
        for role in [Role::Admin, Role::Admin, Role::Member] {
            test.core.execute(&ann, set(role)).await.unwrap();
        }
        for expected in [Role::Admin, Role::Member] {
            let told = live.next().await.unwrap();
            assert!(
                matches!(&told.event, Event::MemberChanged { user_id, role, .. } if *user_id == bob.user_id && *role == expected),
                "{:?}",
                told.event
            );
        }
    }

    #[tokio::test]
    async fn ownership_is_not_given_as_a_role_nor_a_role_to_outsiders() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let conversation_id = test.group(&ann, "team", &[&bob]).await;
        for (who, role, kind) in [
            (&bob, Role::Owner, ErrorKind::Invalid),
            (&eve, Role::Admin, ErrorKind::MemberMissing),
        ] {
            let set = SetRole {
                conversation_id,
                user_id: who.user_id,
                role,
            };
            assert_eq!(refusal(test.core.execute(&ann, set).await), kind);
        }
    }
}
