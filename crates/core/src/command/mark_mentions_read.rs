//! Notes mentions of the caller as read. The messages themselves are another matter, see [`super::MarkRead`].

use parlance_store::Tx;
use parlance_store::table::mention::{self, Named};

use crate::command::{Command, Context};
use crate::error::{Error, Result};
use crate::types::MessageId;

/// Mentions named in one call at most.
const IDS_MAX: usize = 1_000;

/// Marks mentions as read. What does not mention the caller is passed over.
///
/// # Errors
/// `Invalid` for more than 1,000 ids.
#[derive(Clone, Debug)]
pub struct MarkMentionsRead {
    /// By the messages that mention.
    pub message_ids: Vec<MessageId>,
    /// By the mentions' own ids.
    pub mention_ids: Vec<i64>,
}

impl Command for MarkMentionsRead {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        if self.message_ids.len().max(self.mention_ids.len()) > IDS_MAX {
            return Err(Error::invalid(format!(
                "at most {IDS_MAX} mentions are marked at once"
            )));
        }
        let me = cx.actor.user_id;
        mention::mark_read(cx.tx, me, &self.message_ids, Named::Messages, cx.now).await?;
        mention::mark_read(cx.tx, me, &self.mention_ids, Named::Mentions, cx.now).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Mentions, RecallMessage, SendMessage, Target};
    use crate::error::ErrorKind;
    use crate::query::{CountUnreadMentions, UnreadMentions};
    use crate::testing::{TestCore, refusal};
    use crate::{Actor, types::ConversationId};

    async fn mention(
        test: &TestCore,
        by: &Actor,
        to: ConversationId,
        who: &[&Actor],
        all: bool,
    ) -> MessageId {
        let mut message = SendMessage::text(Target::Conversation(to), "look");
        message.mentions = Mentions {
            user_ids: who.iter().map(|actor| actor.user_id).collect(),
            all,
            ..Mentions::default()
        };
        test.core.execute(by, message).await.unwrap().view.message.id
    }

    async fn unread(test: &TestCore, who: &Actor) -> Vec<(MessageId, bool)> {
        let mentions = test.core.query(who, UnreadMentions).await.unwrap();
        let count = test.core.query(who, CountUnreadMentions).await.unwrap();
        assert_eq!(count, mentions.len() as i64);
        mentions
            .iter()
            .map(|mention| (mention.message_id, mention.all))
            .collect()
    }

    #[tokio::test]
    async fn mentions_by_name_and_of_everybody_are_read_one_by_one() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let team = test.group(&ann, "team", &[&bob]).await;
        let named = mention(&test, &ann, team, &[&bob], false).await;
        let all = mention(&test, &ann, team, &[], true).await;
        let both = mention(&test, &ann, team, &[&bob], true).await;
        assert_eq!(
            unread(&test, &bob).await,
            [(both, false), (all, true), (named, false)]
        );
        assert_eq!(
            unread(&test, &ann).await,
            [],
            "the own call to everybody is not for oneself"
        );
        assert_eq!(unread(&test, &eve).await, []);

        let id = test.core.query(&bob, UnreadMentions).await.unwrap()[2].id;
        let read = MarkMentionsRead {
            message_ids: vec![all],
            mention_ids: vec![id],
        };
        // Somebody else's marks touch nothing of this one.
        test.core.execute(&eve, read.clone()).await.unwrap();
        assert_eq!(unread(&test, &bob).await.len(), 3);
        test.core.execute(&bob, read).await.unwrap();
        assert_eq!(unread(&test, &bob).await, [(both, false)]);
        test.core
            .execute(&ann, RecallMessage { message_id: both })
            .await
            .unwrap();
        assert_eq!(unread(&test, &bob).await, []);
        let much = MarkMentionsRead {
            message_ids: vec![1; IDS_MAX + 1],
            mention_ids: vec![],
        };
        assert_eq!(refusal(test.core.execute(&bob, much).await), ErrorKind::Invalid);
    }

    #[tokio::test]
    async fn an_ordinary_member_does_not_mention_everybody() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let team = test.group(&ann, "team", &[&bob]).await;
        mention(&test, &bob, team, &[], true).await;
        assert_eq!(unread(&test, &ann).await, []);
    }
}
