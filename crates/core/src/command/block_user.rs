//! Blocks somebody, and lifts the block.

use parlance_store::Tx;
use parlance_store::table::block;

use crate::command::{Command, Context};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy;
use crate::types::UserId;

/// People one person may block.
const BLOCKED_MAX: i64 = 5_000;

/// Blocks somebody: direct messages are refused as the dialects have it ([`crate::BlockRule`]), and contact requests from that person are not shown. The
/// blocked person is not told; a contact stays one. Twice is once.
///
/// # Errors
/// `UserMissing`, `Invalid` for oneself and beyond 5,000 people.
#[derive(Clone, Copy, Debug)]
pub struct BlockUser {
    /// Whom.
    pub user_id: UserId,
}

impl Command for BlockUser {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let me = cx.actor.user_id;
        if self.user_id == me {
            return Err(Error::invalid("nobody blocks themselves"));
        }
        policy::account(cx.tx, cx.actor, self.user_id).await?;
        if block::count(cx.tx, me).await? >= BLOCKED_MAX && !block::exists(cx.tx, me, self.user_id).await? {
            return Err(Error::invalid(format!(
                "at most {BLOCKED_MAX} people are blocked: lift some blocks first"
            )));
        }
        if block::insert(cx.tx, me, self.user_id, cx.now).await? {
            changed(cx);
        }
        Ok(())
    }
}

/// Lifts a block. Somebody who is not blocked stays so.
#[derive(Clone, Copy, Debug)]
pub struct UnblockUser {
    /// Whose.
    pub user_id: UserId,
}

impl Command for UnblockUser {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        if block::delete(cx.tx, cx.actor.user_id, self.user_id).await? {
            changed(cx);
        }
        Ok(())
    }
}

/// Tells only the caller's own connections.
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
    use crate::command::{SendMessage, Target};
    use crate::query::{Blocks, Contacts};
    use crate::testing::{TestCore, refusal};
    use crate::{Actor, ErrorKind};

    fn block(other: &Actor) -> BlockUser {
        BlockUser {
            user_id: other.user_id,
        }
    }

    #[tokio::test]
    async fn a_block_stops_direct_messages_both_ways_until_it_is_lifted() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        t.befriend(&a, &b).await;
        t.core.execute(&a, block(&b)).await.unwrap();
        t.core.execute(&a, block(&b)).await.unwrap();
        for (from, to) in [(&a, &b), (&b, &a)] {
            let message = SendMessage::text(Target::User(to.user_id), "hello");
            assert_eq!(refusal(t.core.execute(from, message).await), ErrorKind::Blocked);
        }
        let blocked = t.core.query(&a, Blocks::all()).await.unwrap();
        assert_eq!((blocked.total, blocked.items[0].user.id), (1, b.user_id));
        assert!(t.core.query(&b, Blocks::all()).await.unwrap().items.is_empty());
        let contacts = t.core.query(&a, Contacts { owner_id: a.user_id }).await.unwrap();
        assert!(contacts[0].blocked, "still a contact, shown as blocked");
        t.core
            .execute(&a, UnblockUser { user_id: b.user_id })
            .await
            .unwrap();
        t.core
            .execute(&a, UnblockUser { user_id: b.user_id })
            .await
            .unwrap();
        let message = SendMessage::text(Target::User(a.user_id), "hello");
        t.core.execute(&b, message).await.unwrap();
    }

    #[tokio::test]
    async fn nobody_blocks_themselves_or_who_is_not_there() {
        let t = TestCore::start().await;
        let (a, foreign) = (t.user("a").await, t.user_of(2, "b").await);
        assert_eq!(refusal(t.core.execute(&a, block(&a)).await), ErrorKind::Invalid);
        assert_eq!(
            refusal(t.core.execute(&a, block(&foreign)).await),
            ErrorKind::UserMissing
        );
        assert_eq!(
            refusal(t.core.execute(&a, BlockUser { user_id: -1 }).await),
            ErrorKind::UserMissing
        );
    }
}
