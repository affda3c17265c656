//! Blocks people by their text ids, which ends their being contacts, and lifts such blocks.

use parlance_store::Tx;
use parlance_store::table::user;

use crate::command::add_contacts::{Ways, several};
use crate::command::remove_contacts::{part, people};
use crate::command::{BlockUser, Command, Context, UnblockUser};
use crate::error::{Error, ErrorKind, Result};

/// Blocks people as [`BlockUser`] does, and ends their being contacts of the caller, both ways. Twice is once.
///
/// # Errors
/// `UserMissing`, which names who is nobody and refuses the whole; `Invalid` for oneself, for nobody, for more than 100
/// people at once and beyond 5,000 in all.
#[derive(Clone, Debug)]
pub struct BlockPeople {
    /// Text ids.
    pub uids: Vec<String>,
}

impl Command for BlockPeople {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let people = people(cx, &self.uids).await?;
        for user_id in &people {
            BlockUser { user_id: *user_id }.apply(cx).await?;
        }
        part(cx, &people, Ways::Both).await.map(|_| ())
    }
}

/// Lifts blocks, also of people who were deleted since. Who is not blocked stays so.
///
/// # Errors
/// `UserMissing`, which names who is nobody and refuses the whole; `Invalid` for nobody and for more than 100 people.
#[derive(Clone, Debug)]
pub struct UnblockPeople {
    /// Text ids.
    pub uids: Vec<String>,
}

impl Command for UnblockPeople {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        several(self.uids.len())?;
        for uid in &self.uids {
            let found = user::id_of(cx.tx, cx.actor.tenant_id, uid).await?;
            let user_id = found.ok_or_else(|| Error::new(ErrorKind::UserMissing, uid))?;
            UnblockUser { user_id }.apply(cx).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{SendMessage, Target};
    use crate::query::{Blocks, Contacts};
    use crate::testing::{TestCore, refusal};
    use crate::{Actor, BlockRule, Mandate};

    fn names(uids: &[&str]) -> Vec<String> {
        uids.iter().map(|uid| (*uid).to_owned()).collect()
    }

    async fn write(t: &TestCore, from: &Actor, to: &Actor) -> Option<ErrorKind> {
        let message = SendMessage::text(Target::User(to.user_id), "hello");
        t.core.execute(from, message).await.err().map(|error| error.kind)
    }

    #[tokio::test]
    async fn a_block_ends_a_friendship_and_keeps_only_the_blocked_one_from_writing() {
        let t = TestCore::start().await;
        let one_way = |actor: Actor| Actor {
            block_rule: BlockRule::OneWay,
            ..actor
        };
        let (a, b) = (one_way(t.user("a").await), one_way(t.user("b").await));
        t.befriend(&a, &b).await;
        let block = || BlockPeople { uids: names(&["b"]) };
        t.core.execute(&a, block()).await.unwrap();
        t.core.execute(&a, block()).await.unwrap();
        for who in [&a, &b] {
            let list = Contacts {
                owner_id: who.user_id,
            };
            assert!(t.core.query(who, list).await.unwrap().is_empty());
        }
        assert_eq!(write(&t, &a, &b).await, None);
        assert_eq!(write(&t, &b, &a).await, Some(ErrorKind::Blocked));
        let mutual = Actor {
            block_rule: BlockRule::Mutual,
            ..a.clone()
        };
        assert_eq!(write(&t, &mutual, &b).await, Some(ErrorKind::Blocked));
        let back = BlockPeople { uids: names(&["a"]) };
        t.core.execute(&b, back).await.unwrap();
        assert_eq!(write(&t, &a, &b).await, Some(ErrorKind::Blocked));
        let lift = || UnblockPeople { uids: names(&["b"]) };
        t.core.execute(&a, lift()).await.unwrap();
        t.core.execute(&a, lift()).await.unwrap();
        assert_eq!(write(&t, &b, &a).await, None);
    }

    #[tokio::test]
    async fn a_block_is_nothing_to_who_acts_by_rank_and_nothing_in_a_group() {
        let t = TestCore::start().await;
        let (a, mut boss) = (t.user("a").await, t.admin("boss").await);
        let group = t.group(&a, "team", &[&boss]).await;
        let block = BlockPeople {
            uids: names(&["boss"]),
        };
        t.core.execute(&a, block).await.unwrap();
        t.say(&boss, group, "hello").await;
        assert_eq!(write(&t, &boss, &a).await, Some(ErrorKind::Blocked));
        boss.mandate = Mandate::Rank;
        assert_eq!(write(&t, &boss, &a).await, None);
    }

    #[tokio::test]
    async fn people_are_blocked_all_or_none() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        t.user_of(2, "foreign").await;
        for (uids, kind) in [
            (names(&["b", "nobody"]), ErrorKind::UserMissing),
            (names(&["b", "foreign"]), ErrorKind::UserMissing),
            (names(&["b", "a"]), ErrorKind::Invalid),
            (vec![], ErrorKind::Invalid),
            (names(&["b"; 101]), ErrorKind::Invalid),
        ] {
            let refused = t.core.execute(&a, BlockPeople { uids: uids.clone() }).await;
            assert_eq!(refusal(refused), kind, "{uids:?}");
        }
        assert!(t.core.query(&a, Blocks::all()).await.unwrap().items.is_empty());
        let unknown = UnblockPeople {
            uids: names(&["nobody"]),
        };
        assert_eq!(refusal(t.core.execute(&a, unknown).await), ErrorKind::UserMissing);
        t.core
            .execute(&a, BlockPeople { uids: names(&["b"]) })
            .await
            .unwrap();
        let delete = crate::command::DeleteUser { user_id: b.user_id };
        t.core.execute(&t.admin("boss").await, delete).await.unwrap();
        let gone = UnblockPeople { uids: names(&["b"]) };
        t.core.execute(&a, gone).await.unwrap();
        assert!(t.core.query(&a, Blocks::all()).await.unwrap().items.is_empty());
    }
}
