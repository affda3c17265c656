//! Where the caller is mentioned, and whom the caller can mention.

use parlance_store::Tx;
use parlance_store::table::{member, mention};

use crate::core::{Query, ReadContext};
use crate::error::Result;
use crate::policy;
use crate::types::{ConversationId, ConversationKind, MessageId, Role, Timestamp, UserCard};

/// Mentions in one answer at most.
const MENTIONS_MAX: i64 = 100;
/// Unread mentions are counted to this.
pub(crate) const COUNTED_MAX: i64 = 1_000;
/// People proposed at most.
const PROPOSED_MAX: i64 = 50;

/// A mention of the caller.
#[derive(Clone, Debug)]
pub struct Mention {
    /// Its id.
    pub id: i64,
    /// The message that mentions.
    pub message_id: MessageId,
    /// Where that was sent.
    pub conversation_id: ConversationId,
    /// Whether it mentions everybody, not the caller by name.
    pub all: bool,
    /// Who mentions; none for the system.
    pub author: Option<UserCard>,
    /// Type of the message.
    pub content_type: String,
    /// Its content.
    pub content: String,
    /// When.
    pub created_at: Timestamp,
}

impl From<mention::MentionShown> for Mention {
    fn from(row: mention::MentionShown) -> Self {
        let author = row.uid.map(|uid| {
            let (name, nickname) = (row.name.unwrap_or_default(), row.nickname.unwrap_or_default());
            UserCard::new(
                row.mentioned_by,
                uid,
                name,
                nickname,
                row.avatar.unwrap_or_default(),
            )
        });
        Self {
            id: row.id,
            message_id: row.message_id,
            conversation_id: row.conversation_id,
            all: row.user_id == mention::EVERYBODY,
            author,
            content_type: row.content_type,
            content: row.content,
            created_at: row.created_at,
        }
    }
}

/// The newest 100 mentions of the caller that were not marked as read, newest first: by name, and of everybody by
/// somebody else, in conversations the caller is still in. Recalled and deleted messages mention nobody.
#[derive(Clone, Copy, Debug)]
pub struct UnreadMentions;

impl Query for UnreadMentions {
    type Answer = Vec<Mention>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<Mention>> {
        let rows = mention::unread(cx.tx, cx.actor.user_id, MENTIONS_MAX).await?;
        Ok(rows.into_iter().map(Mention::from).collect())
    }
}

/// How many mentions of the caller were not marked as read; counted to 1,000.
#[derive(Clone, Copy, Debug)]
pub struct CountUnreadMentions;

impl Query for CountUnreadMentions {
    type Answer = i64;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<i64> {
        Ok(mention::count_unread(cx.tx, cx.actor.user_id, COUNTED_MAX).await?)
    }
}

/// Other members of a conversation whose names contain the keyword, to be mentioned; 50 at most.
///
/// # Errors
/// `ConversationMissing`, `NotMember`.
#[derive(Clone, Debug)]
pub struct Mentionable {
    /// Where.
    pub conversation_id: ConversationId,
    /// Part of a name; empty for anybody.
    pub keyword: String,
}

impl Query for Mentionable {
    type Answer = Vec<UserCard>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<UserCard>> {
        policy::membership(cx.tx, cx.actor, self.conversation_id).await?;
        let (id, me) = (self.conversation_id, cx.actor.user_id);
        let cards = member::search(cx.tx, id, me, self.keyword.trim(), PROPOSED_MAX).await?;
        Ok(cards.into_iter().map(UserCard::from).collect())
    }
}

/// Whether a mention of everybody by the caller counts in a conversation: owners and administrators of groups.
///
/// # Errors
/// `ConversationMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct CanMentionAll {
    /// Where.
    pub conversation_id: ConversationId,
}

impl Query for CanMentionAll {
    type Answer = bool;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<bool> {
        let place = policy::membership(cx.tx, cx.actor, self.conversation_id).await?;
        Ok(place.kind() == ConversationKind::Group && place.role() >= Role::Admin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn members_are_proposed_by_part_of_a_name() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let joanna = test.user("joanna").await;
        let team = test.group(&ann, "team", &[&bob, &joanna]).await;
        let proposed = |keyword: &str| {
            let asked = Mentionable {
                conversation_id: team,
                keyword: keyword.into(),
            };
            let found = test.core.query(&bob, asked);
            async {
                found
                    .await
                    .unwrap()
                    .into_iter()
                    .map(|card| card.name)
                    .collect::<Vec<_>>()
            }
        };
        assert_eq!(proposed("ANN").await, ["ann", "joanna"]);
        assert_eq!(proposed("").await, ["ann", "joanna"]);
        assert_eq!(proposed("%").await, Vec::<String>::new());
        let asked = Mentionable {
            conversation_id: team,
            keyword: String::new(),
        };
        assert_eq!(refusal(test.core.query(&eve, asked).await), ErrorKind::NotMember);
    }

    #[tokio::test]
    async fn only_those_who_run_a_group_mention_everybody() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let team = CanMentionAll {
            conversation_id: test.group(&ann, "team", &[&bob]).await,
        };
        let pair = CanMentionAll {
            conversation_id: test.direct(&ann, &bob).await,
        };
        assert!(test.core.query(&ann, team).await.unwrap());
        assert!(!test.core.query(&bob, team).await.unwrap());
        assert!(!test.core.query(&ann, pair).await.unwrap());
        assert_eq!(refusal(test.core.query(&eve, team).await), ErrorKind::NotMember);
    }
}
