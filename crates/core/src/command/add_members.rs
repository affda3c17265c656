//! Brings people into a group: who has the role that the group asks for may, an administrator if it asks for nothing,
//! and the server itself.

use parlance_store::Tx;
use parlance_store::table::member;

use crate::command::admit::admit;
use crate::command::create_group::distinct;
use crate::command::notify::notify_each;
use crate::command::{Command, Context};
use crate::error::{ErrorKind, Result};
use crate::policy;
use crate::types::{ConversationId, NotificationKind, UserId};

/// Adds people to a group as ordinary members. Who is in already is passed over.
///
/// Nothing that was sent before is unread for who comes; it can be read if the group's history is open. Who comes
/// back finds alerts, remark and silence as they were, but no role. Who acts by rank may bring in itself.
///
/// # Errors
/// `GroupMissing`, `NotMember`, `RoleTooLow` below the group's `invite_role`, `UserMissing` for nobody, somebody
/// disabled or of another tenant (the detail names them, nobody is added), `GroupFull`.
#[derive(Clone, Debug)]
pub struct AddMembers {
    /// Which group.
    pub conversation_id: ConversationId,
    /// Who comes.
    pub user_ids: Vec<UserId>,
}

impl Command for AddMembers {
    /// Who was not in before, in rising order.
    type Reply = Vec<UserId>;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Vec<UserId>> {
        let (group, role) = policy::group_and_role(cx.tx, cx.actor, self.conversation_id).await?;
        policy::may_invite(&group, role)?;
        let asked = distinct(&self.user_ids);
        let room = policy::room(&group, &cx.env.limits);
        if asked.len() > usize::try_from(room).unwrap_or(0) {
            return Err(ErrorKind::GroupFull.into());
        }
        let there = member::among(cx.tx, group.id, &asked).await?;
        let newcomers = without(asked, &there);
        policy::peers(cx.tx, cx.actor, &newcomers).await?;
        admit(cx, &group, &newcomers).await?;
        let told = NotificationKind::GroupJoined;
        notify_each(cx, &newcomers, told, &group.name, group.id).await?;
        Ok(newcomers)
    }
}

/// `asked` without those who are there; both rise.
fn without(mut asked: Vec<UserId>, there: &[(UserId, i64)]) -> Vec<UserId> {
    asked.retain(|id| there.binary_search_by_key(id, |(user_id, _)| *user_id).is_err());
    asked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{CreateGroup, MarkRead, ReadUpTo, RemoveMembers, UpdateGroup};
    use crate::query::{GroupDetails, MyGroups};
    use crate::testing::{TestCore, refusal};
    use crate::types::{Member, MessageId, Role, Seq};
    use crate::{Actor, Event, Limits, Query, ReadContext};
    use parlance_store::table::{message, single_read};

    /// A member's row, and what is unread for that member.
    struct Standing(ConversationId);

    impl Query for Standing {
        type Answer = (Member, Vec<MessageId>);

        async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
            let place = policy::membership(cx.tx, cx.actor, self.0).await?;
            let newest = place.conversation.last_seq;
            let unread =
                message::unread_between(cx.tx, &place.member, place.member.read_seq, newest, 100).await?;
            Ok((place.member, unread))
        }
    }

    async fn standing(test: &TestCore, actor: &Actor, group: ConversationId) -> (Member, Vec<MessageId>) {
        test.core.query(actor, Standing(group)).await.unwrap()
    }

    /// A group where every member may bring people in.
    async fn open_group(test: &TestCore, owner: &Actor, member: &Actor) -> ConversationId {
        let mut create = CreateGroup::named("team", vec![member.user_id]);
        create.invite_role = Role::Member;
        test.core.execute(owner, create).await.unwrap().conversation_id
    }

    async fn add(test: &TestCore, by: &Actor, group: ConversationId, who: &[&Actor]) -> Vec<UserId> {
        let add = AddMembers {
            conversation_id: group,
            user_ids: who.iter().map(|actor| actor.user_id).collect(),
        };
        test.core.execute(by, add).await.unwrap()
    }

    async fn remove(test: &TestCore, by: &Actor, group: ConversationId, who: &Actor) {
        let remove = RemoveMembers {
            conversation_id: group,
            user_ids: vec![who.user_id],
        };
        test.core.execute(by, remove).await.unwrap();
    }

    #[tokio::test]
    async fn what_was_sent_before_is_not_unread_for_who_comes() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let group = open_group(&test, &ann, &bob).await;
        test.say(&ann, group, "one").await;
        test.say(&bob, group, "two").await;
        let live = test.core.attach(&eve);
        assert_eq!(add(&test, &bob, group, &[&eve, &ann, &bob]).await, [eve.user_id]);
        let told = live.next().await.unwrap();
        assert!(
            matches!(&told.event, Event::MembersAdded { user_ids, by, .. } if *user_ids == [eve.user_id] && *by == bob.user_id)
        );
        let (member, unread) = standing(&test, &eve, group).await;
        assert_eq!((member.read_seq, member.delivered_seq, member.floor()), (2, 2, 0));
        assert!(unread.is_empty());
        let third = test.say(&ann, group, "three").await;
        assert_eq!(standing(&test, &eve, group).await.1, [third.view.message.id]);
        let notified = live.next().await.unwrap();
        assert!(
            matches!(&notified.event, Event::NotificationAdded { user_id, .. } if *user_id == eve.user_id)
        );
        let heard = live.next().await.unwrap();
        assert!(
            matches!(&heard.event, Event::MessageSent(sent) if sent.view.message.id == third.view.message.id)
        );
    }

    #[tokio::test]
    async fn a_closed_history_begins_where_one_came() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let group = test.group(&ann, "team", &[]).await;
        test.say(&ann, group, "before").await;
        let close = UpdateGroup {
            conversation_id: group,
            history_open: Some(false),
            ..UpdateGroup::default()
        };
        test.core.execute(&ann, close).await.unwrap();
        add(&test, &ann, group, &[&bob]).await;
        assert_eq!(standing(&test, &bob, group).await.0.floor(), 1);
    }

    #[tokio::test]
    async fn who_comes_back_has_not_missed_anything_as_unread() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let group = test.group(&ann, "team", &[&bob]).await;
        let mut sent = Vec::new();
        for text in ["one", "two", "three"] {
            sent.push(test.say(&ann, group, text).await.view.message.id);
        }
        // Own messages and single reads beyond the cursor are what the derived count takes off.
        test.say(&bob, group, "mine").await;
        let single = MarkRead {
            conversation_id: group,
            up_to: ReadUpTo::Exactly(vec![sent[1]]),
        };
        test.core.execute(&bob, single).await.unwrap();
        let (member, unread) = standing(&test, &bob, group).await;
        assert_eq!((member.own_after_read, unread), (1, vec![sent[0], sent[2]]));

        remove(&test, &ann, group, &bob).await;
        test.say(&ann, group, "missed").await;
        test.say(&ann, group, "missed too").await;
        add(&test, &ann, group, &[&bob]).await;
        let (member, unread) = standing(&test, &bob, group).await;
        assert_eq!((member.read_seq, member.own_after_read), (6, 0));
        assert!(unread.is_empty());
        assert!(
            unfolded(&test, &bob, group).await.is_empty(),
            "no single read is left to count twice"
        );

        let after = test.say(&ann, group, "back").await.view.message.id;
        assert_eq!(standing(&test, &bob, group).await.1, [after]);
    }

    /// The seqs that a member has read singly.
    struct SingleReads(ConversationId);

    impl Query for SingleReads {
        type Answer = Vec<Seq>;

        async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<Seq>> {
            Ok(single_read::of(cx.tx, self.0, cx.actor.user_id).await?)
        }
    }

    async fn unfolded(test: &TestCore, actor: &Actor, group: ConversationId) -> Vec<Seq> {
        test.core.query(actor, SingleReads(group)).await.unwrap()
    }

    #[tokio::test]
    async fn a_full_group_takes_nobody_and_counts_right() {
        let limits = Limits {
            group_members_max: 3,
            ..Limits::default()
        };
        let test = TestCore::with_limits(limits).await;
        let (ann, bob, eve, kim) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
            test.user("kim").await,
        );
        let group = test.group(&ann, "team", &[&bob]).await;
        let both = AddMembers {
            conversation_id: group,
            user_ids: vec![eve.user_id, kim.user_id],
        };
        assert_eq!(refusal(test.core.execute(&ann, both).await), ErrorKind::GroupFull);
        assert!(test.core.query(&eve, MyGroups).await.unwrap().is_empty());
        add(&test, &ann, group, &[&eve]).await;
        assert!(
            add(&test, &ann, group, &[&eve, &bob]).await.is_empty(),
            "already in"
        );
        remove(&test, &ann, group, &bob).await;
        assert_eq!(add(&test, &ann, group, &[&kim]).await, [kim.user_id]);
        let details = GroupDetails {
            conversation_id: group,
        };
        let shown = test.core.query(&kim, details).await.unwrap();
        assert_eq!(shown.conversation.members_count, 3);
    }

    #[tokio::test]
    async fn an_unknown_person_refuses_the_whole() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let group = test.group(&ann, "team", &[]).await;
        let add = AddMembers {
            conversation_id: group,
            user_ids: vec![bob.user_id, 0],
        };
        assert_eq!(
            refusal(test.core.execute(&ann, add).await),
            ErrorKind::UserMissing
        );
        assert!(test.core.query(&bob, MyGroups).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_direct_conversation_takes_nobody_else() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let add = AddMembers {
            conversation_id: test.direct(&ann, &bob).await,
            user_ids: vec![eve.user_id],
        };
        assert_eq!(
            refusal(test.core.execute(&ann, add).await),
            ErrorKind::GroupMissing
        );
    }
}
