//! The messages of a conversation by the text ids of the other person or of the group, with what became of them.

use parlance_store::Tx;
use parlance_store::table::{conversation, message, user};

use crate::core::{Query, ReadContext};
use crate::error::{Error, ErrorKind, Result};
use crate::id;
use crate::policy;
use crate::query::full_message::{FullMessage, full};
use crate::query::history::first_at_or_after;
use crate::types::{Conversation, ConversationId, MessageId, Seq, Timestamp};

/// Messages in one answer at most.
const PAGE_MAX: i64 = 1_000;
/// Messages that can be passed over; whoever wants older ones names the message before which they were sent.
const OFFSET_MAX: i64 = 100_000;

/// The other side of a conversation, by its text id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counterpart {
    /// A person: the direct conversation with that one.
    Person(String),
    /// A group.
    Group(String),
}

impl Counterpart {
    /// The conversation, and the seq up to which its history is out of the caller's sight; none if the two have no
    /// conversation yet.
    async fn place<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Option<(Conversation, Seq)>> {
        match self {
            Self::Group(key) => {
                let group = policy::group_by_key(cx.tx, cx.actor, key).await?;
                let floor = policy::sight_of(cx.tx, cx.actor, &group).await?;
                Ok(Some((group, floor)))
            }
            Self::Person(uid) => {
                let peer = user::id_of(cx.tx, cx.actor.tenant_id, uid).await?;
                let (me, peer) = (cx.actor.user_id, peer.ok_or(ErrorKind::UserMissing)?);
                let Some(pair) = conversation::direct(cx.tx, me.min(peer), me.max(peer)).await? else {
                    return Ok(None);
                };
                let place = policy::membership(cx.tx, cx.actor, pair.id).await?;
                let floor = place.member.floor();
                Ok(Some((place.conversation, floor)))
            }
        }
    }
}

/// The number of the conversation with somebody, or of a group that the caller may read; none if the two have no
/// conversation yet.
///
/// # Errors
/// `UserMissing`, `GroupMissing`, `NotMember`.
#[derive(Clone, Debug)]
pub struct FindConversation {
    /// With whom, or which.
    pub with: Counterpart,
}

impl Query for FindConversation {
    type Answer = Option<ConversationId>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Option<ConversationId>> {
        Ok(self.with.place(cx).await?.map(|(place, _)| place.id))
    }
}

/// The newest messages of a conversation within the bounds given, newest first: what the caller may see of them. Who
/// acts by rank may read every group.
///
/// # Errors
/// `UserMissing`, `GroupMissing`, `NotMember`, `Invalid` for more than 100,000 messages to pass over.
#[derive(Clone, Debug)]
pub struct Correspondence {
    /// With whom, or which.
    pub with: Counterpart,
    /// Only messages with a smaller id.
    pub before: Option<MessageId>,
    /// Only sent at this time or later.
    pub from: Option<Timestamp>,
    /// Only sent before this time.
    pub until: Option<Timestamp>,
    /// How many of the newest to pass over.
    pub offset: i64,
    /// How many, 1 to 1,000.
    pub limit: i64,
}

/// A part of a conversation.
#[derive(Clone, Debug, Default)]
pub struct CorrespondencePage {
    /// The messages, newest first.
    pub messages: Vec<FullMessage>,
    /// How many there are within the bounds.
    pub total: i64,
}

impl Query for Correspondence {
    type Answer = CorrespondencePage;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<CorrespondencePage> {
        if self.offset > OFFSET_MAX {
            return Err(Error::invalid(format!(
                "at most {OFFSET_MAX} messages can be passed over; ask for those before a message"
            )));
        }
        let Some((place, floor)) = self.with.place(cx).await? else {
            return Ok(CorrespondencePage::default());
        };
        let (floor, before) = self.span(cx, &place, floor).await?;
        if before <= floor + 1 {
            return Ok(CorrespondencePage::default());
        }
        let part = (self.offset.max(0), self.limit.clamp(1, PAGE_MAX));
        let rows = message::page_before_from(cx.tx, place.id, (floor, before), part).await?;
        let deleted = message::count_deleted(cx.tx, place.id, floor, before).await?;
        Ok(CorrespondencePage {
            messages: full(cx, rows).await?,
            total: before - floor - 1 - deleted,
        })
    }
}

impl Correspondence {
    /// The seqs asked for: those between these two. Ids follow time, and seqs follow ids.
    async fn span<T: Tx>(
        &self,
        cx: &mut ReadContext<'_, T>,
        place: &Conversation,
        floor: Seq,
    ) -> Result<(Seq, Seq)> {
        let (here, last) = (place.id, place.last_seq);
        let oldest = policy::oldest_shown(cx.env, cx.actor, cx.now);
        let from = self.from.unwrap_or(0).max(oldest);
        let first = match from {
            ..=0 => 1,
            _ => first_at_or_after(cx.tx, here, last, id::first_at(from)).await?,
        };
        let until = self.until.map(id::first_at);
        let before = match self.before.into_iter().chain(until).min() {
            Some(end) => first_at_or_after(cx.tx, here, last, end).await?,
            None => last + 1,
        };
        Ok((floor.max(first - 1), before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Actor, Mandate};
    use crate::command::{ClearHistory, DeleteMessages, TenantChanges};
    use crate::query::{History, SearchFullMessages, SearchMessages};
    use crate::testing::{TestCore, refusal};
    use crate::types::{ConversationKind, DEFAULT_TENANT};

    fn with(uid: &str) -> Correspondence {
        Correspondence {
            with: Counterpart::Person(uid.into()),
            before: None,
            from: None,
            until: None,
            offset: 0,
            limit: 100,
        }
    }

    async fn read(test: &TestCore, who: &Actor, query: Correspondence) -> (Vec<String>, i64) {
        let page = test.core.query(who, query).await.unwrap();
        let texts = page.messages.into_iter().map(|told| told.view.message.content);
        (texts.collect(), page.total)
    }

    #[tokio::test]
    async fn a_part_is_chosen_by_page_by_message_and_by_time() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        assert_eq!(read(&test, &ann, with("bob")).await, (vec![], 0));
        let here = test.direct(&ann, &bob).await;
        let mut sent = Vec::new();
        for number in 0..6 {
            let message = test.say(&ann, here, &number.to_string()).await.view.message;
            sent.push((message.id, message.created_at));
            test.clock.advance_seconds(10);
        }
        let delete = DeleteMessages {
            message_ids: vec![sent[3].0],
        };
        test.core.execute(&ann, delete).await.unwrap();
        let all = read(&test, &bob, with("ann")).await;
        assert_eq!((all.0.concat(), all.1), ("54210".to_owned(), 5));
        let page = Correspondence {
            offset: 2,
            limit: 2,
            ..with("ann")
        };
        assert_eq!(read(&test, &bob, page).await, (vec!["2".into(), "1".into()], 5));
        let before = Correspondence {
            before: Some(sent[2].0),
            ..with("ann")
        };
        assert_eq!(read(&test, &bob, before).await, (vec!["1".into(), "0".into()], 2));
        let between = Correspondence {
            from: Some(sent[1].1),
            until: Some(sent[4].1),
            ..with("ann")
        };
        assert_eq!(
            read(&test, &bob, between).await,
            (vec!["2".into(), "1".into()], 2)
        );
        let never = Correspondence {
            from: Some(sent[5].1),
            until: Some(sent[1].1),
            ..with("ann")
        };
        assert_eq!(read(&test, &bob, never).await, (vec![], 0));
        let far = Correspondence {
            offset: OFFSET_MAX + 1,
            ..with("ann")
        };
        assert_eq!(refusal(test.core.query(&bob, far).await), ErrorKind::Invalid);
        let clear = ClearHistory {
            conversation_id: here,
        };
        test.core.execute(&bob, clear).await.unwrap();
        assert_eq!(read(&test, &bob, with("ann")).await, (vec![], 0));
        let nobody = test.core.query(&bob, with("nobody")).await;
        assert_eq!(refusal(nobody), ErrorKind::UserMissing);
    }

    #[tokio::test]
    async fn a_group_is_read_by_its_members_and_by_who_acts_by_rank() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let team = test.group(&ann, "team", &[&bob]).await;
        let uuid = match test.say(&ann, team, "hear").await.place {
            crate::place::Place::Group { uuid, .. } => uuid,
            other => panic!("{other:?}"),
        };
        let group = Correspondence {
            with: Counterpart::Group(uuid),
            ..with("")
        };
        let mut chief = test.admin("chief").await;
        chief.mandate = Mandate::Rank;
        for who in [&bob, &chief] {
            assert_eq!(read(&test, who, group.clone()).await, (vec!["hear".into()], 1));
        }
        let refused = test.core.query(&eve, group.clone()).await;
        assert_eq!(refusal(refused), ErrorKind::NotMember);
        let foreigner = test.user_of(2, "far").await;
        let refused = test.core.query(&foreigner, group).await;
        assert_eq!(refusal(refused), ErrorKind::GroupMissing);
    }

    #[tokio::test]
    async fn what_is_older_than_the_tenant_keeps_is_shown_nowhere() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        test.say(&ann, here, "old word").await;
        test.clock.advance_seconds(3 * 86_400);
        test.say(&ann, here, "new word").await;
        let changes = TenantChanges {
            history_days: Some(2),
            ..TenantChanges::default()
        };
        let system = Actor::system(DEFAULT_TENANT);
        test.core
            .bootstrap("first password", "key", "secret of key")
            .await
            .unwrap();
        let key = test.core.tenant(DEFAULT_TENANT).unwrap().app_key.clone();
        test.core.update_tenant(&system, &key, changes).await.unwrap();
        let history = History {
            conversation_id: here,
            before: None,
            limit: 10,
        };
        assert_eq!(test.core.query(&bob, history).await.unwrap().len(), 1);
        assert_eq!(read(&test, &bob, with("ann")).await, (vec!["new word".into()], 1));
        let pulled = test.core.take_undelivered(&bob, "", 10).await.unwrap();
        assert_eq!(pulled.messages.len(), 1);
        for (kind, hits) in [
            (None, 1),
            (Some(ConversationKind::Direct), 1),
            (Some(ConversationKind::Group), 0),
        ] {
            let search = SearchMessages {
                kind,
                ..SearchMessages::for_text("word")
            };
            let found = test.core.query(&bob, SearchFullMessages(search)).await.unwrap();
            assert_eq!(found.messages.len(), hits);
        }
    }
}
