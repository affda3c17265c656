//! Clears what the caller sees of a conversation's past. Nobody else notices, but for the read cursor that follows.

use std::sync::Arc;

use parlance_store::Tx;
use parlance_store::table::member;

use crate::command::{Command, Context, mark_read};
use crate::error::{ErrorKind, Result};
use crate::event::Event;
use crate::policy;
use crate::types::ConversationId;

/// Puts everything there is out of the caller's sight, for good. What is unread counts as read.
///
/// # Errors
/// `ConversationMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct ClearHistory {
    /// Where.
    pub conversation_id: ConversationId,
}

impl Command for ClearHistory {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let place = policy::membership(cx.tx, cx.actor, self.conversation_id).await?;
        let newest = place.conversation.last_seq;
        if place.member.cleared_seq >= newest {
            return Ok(());
        }
        mark_read::read_to(cx, place, newest).await?;
        let mut mine = member::get(cx.tx, self.conversation_id, cx.actor.user_id)
            .await?
            .ok_or(ErrorKind::NotMember)?;
        mine.cleared_seq = newest;
        member::update(cx.tx, &mine).await?;
        cx.record(Event::ConversationViewChanged {
            conversation_id: self.conversation_id,
            user_id: cx.actor.user_id,
            token_id: Arc::clone(&cx.actor.token_id),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{History, MessagesById};
    use crate::session::Session;
    use crate::testing::{TestCore, refusal};

    /// The next event, not counting who comes and goes.
    async fn next(session: &Session) -> Event {
        loop {
            match &session.next().await.unwrap().event {
                Event::Presence { .. } => {}
                event => return event.clone(),
            }
        }
    }

    #[tokio::test]
    async fn cleared_history_is_out_of_sight_for_one_only() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let here = test.direct(&ann, &bob).await;
        let old = test.say(&ann, here, "old").await.view.message.id;
        let (live, other) = (test.core.attach(&ann), test.core.attach(&bob));
        let clear = ClearHistory {
            conversation_id: here,
        };
        test.core.execute(&bob, clear).await.unwrap();
        // The sender hears that it was read, and nothing of the clearing; the own devices hear both.
        for session in [&live, &other] {
            assert!(matches!(next(session).await, Event::MessagesRead(read) if read.read_seq == 1));
        }
        let heard = next(&other).await;
        assert!(matches!(heard, Event::ConversationViewChanged { user_id, .. } if user_id == bob.user_id));
        let new = test.say(&ann, here, "new").await.view.message.id;
        assert!(matches!(next(&live).await, Event::MessageSent(_)));

        let history = History {
            conversation_id: here,
            before: None,
            limit: 10,
        };
        let ids = |views: Vec<crate::types::MessageView>| -> Vec<_> {
            views.iter().map(|v| v.message.id).collect()
        };
        assert_eq!(ids(test.core.query(&bob, history).await.unwrap()), [new]);
        assert_eq!(ids(test.core.query(&ann, history).await.unwrap()), [new, old]);
        let refused = test.core.query(&bob, MessagesById { ids: vec![old] }).await;
        assert_eq!(refusal(refused), ErrorKind::MessageMissing);
        assert_eq!(
            refusal(test.core.execute(&eve, clear).await),
            ErrorKind::NotMember
        );
    }

    #[tokio::test]
    async fn clearing_twice_is_clearing_once() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        test.say(&ann, here, "old").await;
        let clear = ClearHistory {
            conversation_id: here,
        };
        test.core.execute(&bob, clear).await.unwrap();
        let live = test.core.attach(&bob);
        test.core.execute(&bob, clear).await.unwrap();
        test.say(&ann, here, "new").await;
        assert!(matches!(next(&live).await, Event::MessageSent(_)));
    }
}
