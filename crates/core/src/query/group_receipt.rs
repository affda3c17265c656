//! Who of a group has read a message and who has not, as a whole: derived from the members' cursors.

use parlance_store::Tx;
use parlance_store::table::{message, receipt};

use crate::core::{Query, ReadContext};
use crate::error::{ErrorKind, Result};
use crate::policy;
use crate::types::{ConversationId, MessageId};

/// Text ids of those who have read a message, and of those who have not, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupReceipt {
    /// Those who have.
    pub read: Vec<String>,
    /// Those who have not.
    pub unread: Vec<String>,
}

/// Who has read a message of a group: beside its sender, everybody counts who is in now and was when it was sent. For
/// who acts by rank; as long as a group may have members.
///
/// # Errors
/// `Forbidden`, `GroupMissing`, `MessageMissing` for a message that is not of this group.
#[derive(Clone, Copy, Debug)]
pub struct GroupReceiptOf {
    /// Which group.
    pub conversation_id: ConversationId,
    /// Which message.
    pub message_id: MessageId,
}

impl Query for GroupReceiptOf {
    type Answer = GroupReceipt;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<GroupReceipt> {
        policy::acts_by_rank(cx.actor)?;
        let group = policy::live_group(cx.tx, cx.actor, self.conversation_id).await?;
        let found = message::by_id(cx.tx, self.message_id).await?;
        let message = found
            .filter(|message| message.conversation_id == group.id && message.deleted_at.is_none())
            .ok_or(ErrorKind::MessageMissing)?;
        let mut receipt = GroupReceipt::default();
        for (uid, read) in receipt::readings(cx.tx, &message).await? {
            match read {
                0 => receipt.unread.push(uid),
                _ => receipt.read.push(uid),
            }
        }
        Ok(receipt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{AddMembers, DeleteMessages, LeaveGroup, MarkRead, ReadUpTo};
    use crate::testing::{TestCore, refusal};
    use crate::{Actor, Mandate};

    #[tokio::test]
    async fn everybody_counts_who_was_there_and_is() {
        let test = TestCore::start().await;
        let (ann, bob, cid, dan) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("cid").await,
            test.user("dan").await,
        );
        let late = test.user("late").await;
        let plain = test.admin("plain").await;
        let chief = Actor {
            mandate: Mandate::Rank,
            ..plain.clone()
        };
        let conversation_id = test.group(&ann, "team", &[&bob, &cid, &dan]).await;
        let other = test.group(&ann, "other", &[]).await;
        let message_id = test.say(&ann, conversation_id, "one").await.view.message.id;
        let elsewhere = test.say(&ann, other, "two").await.view.message.id;
        test.say(&ann, conversation_id, "three").await;
        test.clock.advance_seconds(1);
        let add = AddMembers {
            conversation_id,
            user_ids: vec![late.user_id],
        };
        test.core.execute(&ann, add).await.unwrap();
        let asked = GroupReceiptOf {
            conversation_id,
            message_id,
        };
        let read = |up_to| MarkRead {
            conversation_id,
            up_to,
        };
        let newest = read(ReadUpTo::Newest);
        test.core.execute(&bob, newest).await.unwrap();
        let singly = read(ReadUpTo::Exactly(vec![message_id]));
        test.core.execute(&cid, singly).await.unwrap();
        let receipt = test.core.query(&chief, asked).await.unwrap();
        assert_eq!(receipt.read, ["bob", "cid"]);
        assert_eq!(receipt.unread, ["dan"], "neither the sender nor who came later");
        test.core
            .execute(&dan, LeaveGroup::of(conversation_id))
            .await
            .unwrap();
        assert!(test.core.query(&chief, asked).await.unwrap().unread.is_empty());

        for (who, asked, kind) in [
            (&ann, asked, ErrorKind::Forbidden),
            (&plain, asked, ErrorKind::Forbidden),
            (
                &chief,
                GroupReceiptOf {
                    message_id: elsewhere,
                    ..asked
                },
                ErrorKind::MessageMissing,
            ),
            (
                &chief,
                GroupReceiptOf {
                    message_id: 0,
                    ..asked
                },
                ErrorKind::MessageMissing,
            ),
            (
                &chief,
                GroupReceiptOf {
                    conversation_id: 77,
                    ..asked
                },
                ErrorKind::GroupMissing,
            ),
        ] {
            assert_eq!(refusal(test.core.query(who, asked).await), kind);
        }
        let delete = DeleteMessages {
            message_ids: vec![message_id],
        };
        test.core.execute(&ann, delete).await.unwrap();
        assert_eq!(
            refusal(test.core.query(&chief, asked).await),
            ErrorKind::MessageMissing
        );
    }
}
