//! Groups under their UUID: which there are, who is in, their newest message, and their messages between two ids.

use parlance_store::Tx;
use parlance_store::table::{conversation, member, message, poll_cursor};

use crate::core::{Query, ReadContext};
use crate::error::Result;
use crate::policy;
use crate::query::history::{first_at_or_after, shown_floor, view, views};
use crate::types::{Conversation, ConversationId, MessageId, MessageView};

/// Groups in one list at most: the last changed ones.
const GROUPS_MAX: i64 = 10_000;
/// Messages in one answer at most.
const MESSAGES_MAX: i64 = 1_000;

/// The number of a group. Whoever knows the UUID may know it.
///
/// # Errors
/// `ConversationMissing`.
#[derive(Clone, Debug)]
pub struct FindGroup {
    /// Which.
    pub uuid: String,
}

impl Query for FindGroup {
    type Answer = ConversationId;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<ConversationId> {
        Ok(policy::group_named(cx.tx, cx.actor, &self.uuid).await?.id)
    }
}

/// The number of a group by the text id that clients know it by: its creator's choice, or its UUID. Whoever knows
/// that may know it.
///
/// # Errors
/// `GroupMissing`.
#[derive(Clone, Debug)]
pub struct FindGroupByKey {
    /// Which.
    pub key: String,
}

impl Query for FindGroupByKey {
    type Answer = ConversationId;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<ConversationId> {
        Ok(policy::group_by_key(cx.tx, cx.actor, &self.key).await?.id)
    }
}

/// The number of a group that the caller is in, and so hears of live.
///
/// # Errors
/// `GroupMissing`, `NotMember`, also for who acts by rank: what is said in a group reaches its members.
#[derive(Clone, Debug)]
pub struct JoinedGroup {
    /// Which: its text id.
    pub key: String,
}

impl Query for JoinedGroup {
    type Answer = ConversationId;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<ConversationId> {
        let group = policy::group_by_key(cx.tx, cx.actor, &self.key).await?;
        policy::membership(cx.tx, cx.actor, group.id).await?;
        Ok(group.id)
    }
}

/// Whether the caller is in a group.
///
/// # Errors
/// `ConversationMissing`.
#[derive(Clone, Debug)]
pub struct IsMember {
    /// Which group.
    pub uuid: String,
}

impl Query for IsMember {
    type Answer = bool;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<bool> {
        let group = policy::group_named(cx.tx, cx.actor, &self.uuid).await?;
        let member = member::get(cx.tx, group.id, cx.actor.user_id).await?;
        Ok(member.is_some_and(|member| member.state))
    }
}

/// The UUIDs of the groups that the caller is in, the last changed first; at most 10,000.
#[derive(Clone, Copy, Debug)]
pub struct MyGroupUuids;

impl Query for MyGroupUuids {
    type Answer = Vec<String>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<String>> {
        Ok(conversation::uuids_of(cx.tx, cx.actor.user_id, GROUPS_MAX).await?)
    }
}

/// A group with its newest message.
#[derive(Clone, Debug)]
pub struct NamedGroupView {
    /// The group.
    pub conversation: Conversation,
    /// The message that lists show, if it is in the caller's sight.
    pub last_message: Option<MessageView>,
}

/// One group of the caller's.
///
/// # Errors
/// `ConversationMissing`, `NotMember`.
#[derive(Clone, Debug)]
pub struct NamedGroup {
    /// Which.
    pub uuid: String,
}

impl Query for NamedGroup {
    type Answer = NamedGroupView;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<NamedGroupView> {
        let place = policy::membership_named(cx.tx, cx.actor, &self.uuid).await?;
        let last = match place.conversation.last_message_id {
            Some(id) => message::with_sender(cx.tx, id).await?,
            None => None,
        };
        let last_message = match last.filter(|last| place.sees(&last.message)) {
            Some(last) => Some(view(cx.tx, last).await?),
            None => None,
        };
        Ok(NamedGroupView {
            conversation: place.conversation,
            last_message,
        })
    }
}

/// Which of many messages to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Those at the beginning.
    Oldest,
    /// Those at the end.
    Newest,
}

/// Messages of a group.
#[derive(Clone, Debug)]
pub struct GroupMessages {
    /// The number that the group's creator gave it.
    pub category: i64,
    /// The messages, oldest first.
    pub messages: Vec<MessageView>,
}

/// Messages of a group between two ids, both of them included, oldest first: what the caller may see of them. Ids are
/// places in time, so they need not be of messages of this group.
///
/// # Errors
/// `ConversationMissing`, `NotMember`.
#[derive(Clone, Debug)]
pub struct GroupHistory {
    /// Which group.
    pub uuid: String,
    /// The first id; the beginning if none.
    pub from: Option<MessageId>,
    /// The last id; the end if none.
    pub to: Option<MessageId>,
    /// Which of them, if there are more than `limit`.
    pub pick: Pick,
    /// How many, 1 to 1,000.
    pub limit: i64,
}

impl Query for GroupHistory {
    type Answer = GroupMessages;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<GroupMessages> {
        let place = policy::membership_named(cx.tx, cx.actor, &self.uuid).await?;
        let (id, last) = (place.conversation.id, place.conversation.last_seq);
        let mut after = shown_floor(cx, &place).await?;
        if let Some(from) = self.from {
            after = after.max(first_at_or_after(cx.tx, id, last, from).await? - 1);
        }
        let before = match self.to {
            Some(to) => first_at_or_after(cx.tx, id, last, to.saturating_add(1)).await?,
            None => last + 1,
        };
        let limit = self.limit.clamp(1, MESSAGES_MAX);
        let rows = match self.pick {
            Pick::Oldest => message::page_after(cx.tx, id, after, before, limit).await?,
            Pick::Newest => {
                let mut rows = message::page_before(cx.tx, id, after, before, limit).await?;
                rows.reverse();
                rows
            }
        };
        Ok(GroupMessages {
            category: place.conversation.category,
            messages: views(cx.tx, rows).await?,
        })
    }
}

/// Where the caller's polling client of a platform stands; none if it has never polled.
#[derive(Clone, Copy, Debug)]
pub struct PollPosition {
    /// The platform.
    pub platform: u8,
}

impl Query for PollPosition {
    type Answer = Option<MessageId>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Option<MessageId>> {
        let platform = i64::from(self.platform);
        Ok(poll_cursor::get(cx.tx, cx.actor.user_id, platform).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::command::{
        AddMembers, CreateGroup, DeleteMessages, RecallMessage, RemoveMembers, SendMessage, Target,
    };
    use crate::error::ErrorKind;
    use crate::query::{Conversations, UnreadTotal};
    use crate::testing::{TestCore, refusal};
    use crate::types::{NOTICE, UserId};

    /// A group of these people that begins with a notice.
    async fn opened(test: &TestCore, by: &Actor, others: &[UserId]) -> crate::command::CreatedGroup {
        let create = CreateGroup {
            name: None,
            opening: Some("welcome".into()),
            ..CreateGroup::named("", others.to_vec())
        };
        test.core.execute(by, create).await.unwrap()
    }

    fn texts(views: &[MessageView]) -> Vec<&str> {
        views.iter().map(|view| view.message.content.as_str()).collect()
    }

    fn all(uuid: &str) -> GroupHistory {
        GroupHistory {
            uuid: uuid.to_owned(),
            from: None,
            to: None,
            pick: Pick::Newest,
            limit: 100,
        }
    }

    #[tokio::test]
    async fn the_opening_is_in_the_history_and_nowhere_else() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let live = test.core.attach(&bob);
        let group = opened(&test, &ann, &[bob.user_id]).await;
        let uuid = group.uuid.clone();
        assert!(matches!(
            &live.next().await.unwrap().event,
            crate::Event::ConversationCreated { .. }
        ));
        let told = live.next().await.unwrap();
        assert!(
            matches!(&told.event, crate::Event::MessageSent(sent) if sent.view.message.content == "welcome"
            && sent.view.message.content_type == NOTICE && sent.view.sender.as_ref().is_some_and(|card| card.uid == "ann"))
        );
        for who in [&ann, &bob] {
            let seen = test.core.query(who, all(&uuid)).await.unwrap().messages;
            assert_eq!(texts(&seen), ["welcome"]);
            assert_eq!(test.core.query(who, UnreadTotal).await.unwrap(), 0);
            let shown = NamedGroup { uuid: uuid.clone() };
            assert!(test.core.query(who, shown).await.unwrap().last_message.is_none());
            let lists = test.core.query(who, Conversations).await.unwrap();
            assert_eq!(lists[0].conversation.name, "ann、bob");
            assert!(lists[0].last_message.is_none() && lists[0].unread == 0);
        }
        // Once another message has come and gone, the notice is not shown in its place.
        let id = test
            .say(&bob, group.conversation_id, "hello")
            .await
            .view
            .message
            .id;
        assert_eq!(test.core.query(&ann, UnreadTotal).await.unwrap(), 1);
        assert_eq!(test.core.query(&bob, UnreadTotal).await.unwrap(), 0);
        let delete = DeleteMessages {
            message_ids: vec![id],
        };
        test.core.execute(&bob, delete).await.unwrap();
        let shown = NamedGroup { uuid: uuid.clone() };
        assert!(test.core.query(&ann, shown).await.unwrap().last_message.is_none());
        assert_eq!(test.core.query(&ann, UnreadTotal).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_group_of_the_server_has_no_owner_and_any_member_can_be_taken_out() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let create = CreateGroup {
            name: None,
            opening: Some("welcome".into()),
            ..CreateGroup::named("", vec![bob.user_id, ann.user_id, bob.user_id])
        };
        let group = test.core.execute_as_system(create.clone()).await.unwrap();
        let shown = test.core.query(&ann, all(&group.uuid)).await.unwrap().messages;
        assert!(shown[0].sender.is_none());
        let of = NamedGroup {
            uuid: group.uuid.clone(),
        };
        let seen = test.core.query(&ann, of).await.unwrap().conversation;
        assert_eq!((seen.owner_id, seen.name.as_str()), (None, "bob、ann"));
        let nobody = CreateGroup {
            member_ids: Vec::new(),
            ..create
        };
        assert_eq!(
            refusal(test.core.execute_as_system(nobody).await),
            ErrorKind::Invalid
        );

        let own = opened(&test, &ann, &[bob.user_id]).await;
        let kick = |user_ids| RemoveMembers {
            conversation_id: own.conversation_id,
            user_ids,
        };
        let gone = test.core.execute_as_system(kick(vec![ann.user_id, 77])).await;
        assert_eq!(gone.unwrap(), [ann.user_id]);
        let gone = test.core.execute_as_system(kick(vec![ann.user_id])).await;
        assert!(gone.unwrap().is_empty());
        assert_eq!(
            refusal(test.core.query(&ann, all(&own.uuid)).await),
            ErrorKind::NotMember
        );
        let of = NamedGroup {
            uuid: own.uuid.clone(),
        };
        let seen = test.core.query(&bob, of).await.unwrap().conversation;
        assert_eq!(seen.owner_id, Some(bob.user_id));
        let back = AddMembers {
            conversation_id: own.conversation_id,
            user_ids: vec![ann.user_id],
        };
        assert_eq!(test.core.execute_as_system(back).await.unwrap(), [ann.user_id]);
        let is = |uuid: &str| IsMember {
            uuid: uuid.to_owned(),
        };
        assert!(test.core.query(&ann, is(&own.uuid)).await.unwrap());
        assert_eq!(
            refusal(test.core.query(&ann, is("nothing")).await),
            ErrorKind::ConversationMissing
        );
        let mine = test.core.query(&ann, MyGroupUuids).await.unwrap();
        assert_eq!(mine, [own.uuid, group.uuid]);
    }

    #[tokio::test]
    async fn a_range_has_both_its_ends() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let group = opened(&test, &ann, &[]).await;
        let mut ids = Vec::new();
        for number in 0..5 {
            let send = SendMessage::text(Target::Group(group.uuid.clone()), number.to_string());
            ids.push(test.core.execute(&ann, send).await.unwrap().view.message.id);
        }
        let seen = |from, to, pick, limit| {
            let history = GroupHistory {
                from,
                to,
                pick,
                limit,
                ..all(&group.uuid)
            };
            async {
                let views = test.core.query(&ann, history).await.unwrap().messages;
                texts(&views).concat()
            }
        };
        use Pick::{Newest, Oldest};
        for (from, to, pick, limit, expected) in [
            (None, None, Newest, 100, "welcome01234"),
            (None, None, Newest, 2, "34"),
            (None, None, Oldest, 2, "welcome0"),
            (Some(ids[1]), Some(ids[3]), Oldest, 100, "123"),
            (Some(ids[1]), Some(ids[3]), Newest, 2, "23"),
            (Some(ids[1]), Some(ids[1]), Newest, 100, "1"),
            (Some(ids[1] + 1), Some(ids[3] - 1), Newest, 100, "2"),
            (Some(ids[3]), Some(ids[1]), Newest, 100, ""),
            (Some(ids[4] + 1), None, Oldest, 100, ""),
            (None, Some(0), Newest, 100, ""),
            (Some(i64::MIN), Some(i64::MAX), Oldest, i64::MAX, "welcome01234"),
            (Some(ids[2]), None, Oldest, 0, "2"),
        ] {
            assert_eq!(
                seen(from, to, pick, limit).await,
                expected,
                "{from:?} {to:?} {pick:?}"
            );
        }
        let recall = RecallMessage { message_id: ids[4] };
        test.core.execute(&ann, recall).await.unwrap();
        let of = NamedGroup {
            uuid: group.uuid.clone(),
        };
        let last = test.core.query(&ann, of).await.unwrap().last_message.unwrap();
        assert_eq!(last.message.id, ids[4], "a recalled message keeps its place");
        assert_eq!(
            refusal(test.core.query(&bob, all(&group.uuid)).await),
            ErrorKind::NotMember
        );
        let find = FindGroup { uuid: group.uuid };
        assert_eq!(
            test.core.query(&bob, find.clone()).await.unwrap(),
            group.conversation_id
        );
        let foreign = test.user_of(9, "foreign").await;
        assert_eq!(
            refusal(test.core.query(&foreign, find).await),
            ErrorKind::ConversationMissing
        );
    }
}
