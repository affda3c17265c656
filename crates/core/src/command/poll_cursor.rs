//! Where polling clients stand: a client begins at what is newest then, and goes on as it is given messages. A cursor
//! never goes back.

use parlance_store::Tx;
use parlance_store::table::{message, poll_cursor};

use crate::command::{Command, Context};
use crate::error::Result;
use crate::types::MessageId;

/// Gives the caller's client of this platform a cursor: where it stands already, else at the newest message there is.
#[derive(Clone, Copy, Debug)]
pub struct StartPolling {
    /// The platform: a number that means something to the client only.
    pub platform: u8,
}

impl Command for StartPolling {
    /// Where the client stands.
    type Reply = MessageId;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<MessageId> {
        let (me, platform) = (cx.actor.user_id, i64::from(self.platform));
        if let Some(known) = poll_cursor::get(cx.tx, me, platform).await? {
            return Ok(known);
        }
        let newest = message::last_id(cx.tx).await?;
        poll_cursor::advance(cx.tx, me, platform, newest, cx.now).await?;
        Ok(newest)
    }
}

/// Notes that the caller's client of this platform has everything up to a message. What is newer than the newest
/// message counts as that one, so that a wrong number skips nothing that is still to come.
#[derive(Clone, Copy, Debug)]
pub struct AdvancePolling {
    /// The platform.
    pub platform: u8,
    /// The last message that it has; no message need have that number.
    pub message_id: MessageId,
}

impl Command for AdvancePolling {
    /// The message that it counts as: the cursor stands there, or further on.
    type Reply = MessageId;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<MessageId> {
        let reached = self.message_id.min(message::last_id(cx.tx).await?).max(0);
        let platform = i64::from(self.platform);
        poll_cursor::advance(cx.tx, cx.actor.user_id, platform, reached, cx.now).await?;
        Ok(reached)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::PollPosition;
    use crate::testing::TestCore;

    #[tokio::test]
    async fn a_cursor_begins_now_goes_on_and_never_back() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let first = test.say(&ann, here, "1").await.view.message.id;
        let start = |platform| StartPolling { platform };
        let at = |platform| PollPosition { platform };
        assert_eq!(test.core.query(&bob, at(1)).await.unwrap(), None);
        assert_eq!(test.core.execute(&bob, start(1)).await.unwrap(), first);
        let second = test.say(&ann, here, "2").await.view.message.id;
        assert_eq!(test.core.execute(&bob, start(1)).await.unwrap(), first);
        for (message_id, counts_as) in [
            (second, second),
            (first, first),
            (-5, 0),
            (MessageId::MAX, second),
        ] {
            let advance = AdvancePolling {
                platform: 1,
                message_id,
            };
            assert_eq!(test.core.execute(&bob, advance).await.unwrap(), counts_as);
            assert_eq!(test.core.query(&bob, at(1)).await.unwrap(), Some(second));
        }
        assert_eq!(test.core.query(&bob, at(2)).await.unwrap(), None);
        let test = test.restart().await;
        assert_eq!(test.core.query(&bob, at(1)).await.unwrap(), Some(second));
        assert_eq!(test.core.query(&ann, at(1)).await.unwrap(), None);
    }
}
