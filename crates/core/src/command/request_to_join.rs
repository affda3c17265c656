//! Asks to come into a group: a free one lets the asker in at once, one with approval keeps the request for its owner
//! and administrators.

use parlance_store::Tx;
use parlance_store::table::{join_request, member};

use crate::command::admit::admit;
use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::types::{
    Conversation, ConversationId, JoinOption, JoinRequest, JoinRequestView, RequestStatus, UserId,
};
use crate::{field, policy};

/// Characters of the words that go with a request.
const REMARK_CHARS_MAX: usize = 200;
/// Requests of one person that wait for an answer.
const PENDING_MAX: i64 = 100;
/// Answered requests of one person in one group that are kept; the oldest go first.
const KEPT_MAX: i64 = 10;
/// People who are told of a request: who manages the group. Where more do, the others see it when they look.
const TOLD_MAX: i64 = 100;

/// Asks to come into a group. Who has asked already gets the request that waits; it is not changed.
///
/// # Errors
/// `GroupMissing`; `Forbidden` for a group that is by invitation only; `GroupFull` for a free group; `Invalid`
/// for a member, for more than 200 characters and for more than 100 requests that wait.
#[derive(Clone, Debug)]
pub struct RequestToJoin {
    /// Which group.
    pub conversation_id: ConversationId,
    /// A few words, at most 200 characters.
    pub remark: String,
}

impl Command for RequestToJoin {
    type Reply = JoinRequestView;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<JoinRequestView> {
        let me = cx.actor.user_id;
        let group = policy::live_group(cx.tx, cx.actor, self.conversation_id).await?;
        field::at_most("the remark of a request", &self.remark, REMARK_CHARS_MAX)?;
        let known = member::get(cx.tx, group.id, me).await?;
        if known.is_some_and(|member| member.state) {
            return Err(Error::invalid("you are a member already"));
        }
        let request = match JoinOption::of(group.join_option) {
            JoinOption::Invited => return Err(ErrorKind::Forbidden.into()),
            JoinOption::Free => self.come_in(cx, &group).await?,
            JoinOption::Approval => self.ask(cx, &group).await?,
        };
        JoinRequestView::load(cx.tx, request).await
    }
}

impl RequestToJoin {
    async fn come_in<T: Tx>(&self, cx: &mut Context<'_, T>, group: &Conversation) -> Result<JoinRequest> {
        admit(cx, group, &[cx.actor.user_id]).await?;
        let mut request = self.row(cx);
        request.status = join_request::ACCEPTED;
        request.handled_at = Some(cx.now);
        keep(cx, request).await
    }

    async fn ask<T: Tx>(&self, cx: &mut Context<'_, T>, group: &Conversation) -> Result<JoinRequest> {
        let me = cx.actor.user_id;
        if let Some(waiting) = join_request::pending(cx.tx, group.id, me).await? {
            return Ok(waiting);
        }
        if join_request::count_pending_of(cx.tx, me).await? >= PENDING_MAX {
            return Err(Error::invalid(format!(
                "{PENDING_MAX} requests wait for an answer: wait for some of them first"
            )));
        }
        let request = keep(cx, self.row(cx)).await?;
        let managers = member::managers(cx.tx, group.id, TOLD_MAX).await?;
        tell(cx, &request, RequestStatus::Pending, managers);
        Ok(request)
    }

    fn row<T>(&self, cx: &Context<'_, T>) -> JoinRequest {
        JoinRequest {
            id: 0,
            conversation_id: self.conversation_id,
            user_id: cx.actor.user_id,
            remark: self.remark.clone(),
            status: join_request::PENDING,
            handled_by: None,
            created_at: cx.now,
            handled_at: None,
        }
    }
}

async fn keep<T: Tx>(cx: &mut Context<'_, T>, mut request: JoinRequest) -> Result<JoinRequest> {
    request.id = join_request::insert(cx.tx, &request).await?;
    join_request::keep_newest(cx.tx, request.conversation_id, request.user_id, KEPT_MAX).await?;
    Ok(request)
}

/// Records what became of a request, for these people to hear.
pub(super) fn tell<T: Tx>(
    cx: &mut Context<'_, T>,
    request: &JoinRequest,
    status: RequestStatus,
    told: Vec<UserId>,
) {
    let by = cx.actor.user_id;
    cx.record(Event::JoinRequestChanged {
        conversation_id: request.conversation_id,
        by,
        request_id: request.id,
        status,
        user_ids: told,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::command::{
        AddMembers, CreateGroup, HandleJoinRequests, JoinAnswer, LeaveGroup, SendMessage, SetRole,
        SilenceMember, Target,
    };
    use crate::query::{GroupMembers, JoinRequests, MyGroups};
    use crate::testing::{TestCore, refusal};
    use crate::types::Role;

    fn of(join_option: JoinOption) -> CreateGroup {
        CreateGroup {
            join_option,
            ..CreateGroup::named("club", Vec::new())
        }
    }

    fn ask(conversation_id: ConversationId) -> RequestToJoin {
        RequestToJoin {
            conversation_id,
            remark: "let me in".into(),
        }
    }

    #[tokio::test]
    async fn a_free_group_lets_everybody_in_at_once() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let group = test.core.execute(&ann, of(JoinOption::Free)).await.unwrap();
        let live = test.core.attach(&ann);
        let made = test.core.execute(&bob, ask(group.conversation_id)).await.unwrap();
        assert_eq!(
            (made.status(), made.user.uid.as_str()),
            (RequestStatus::Approved, "bob")
        );
        assert_eq!(
            (made.request.handled_by, made.request.handled_at),
            (None, Some(test.core.now()))
        );
        let told = live.next().await.unwrap();
        assert!(
            matches!(&told.event, Event::MembersAdded { user_ids, by, .. } if *user_ids == [bob.user_id] && *by == bob.user_id)
        );
        let again = test.core.execute(&bob, ask(group.conversation_id)).await;
        assert_eq!(refusal(again), ErrorKind::Invalid);
    }

    #[tokio::test]
    async fn a_request_waits_once_and_those_who_manage_the_group_hear_of_it() {
        let test = TestCore::start().await;
        let (ann, bob, cid, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("cid").await,
            test.user("eve").await,
        );
        let mut create = of(JoinOption::Approval);
        create.member_ids = vec![bob.user_id, cid.user_id];
        let conversation_id = test.core.execute(&ann, create).await.unwrap().conversation_id;
        let promote = SetRole {
            conversation_id,
            user_id: bob.user_id,
            role: Role::Admin,
        };
        test.core.execute(&ann, promote).await.unwrap();
        let live = test.core.attach(&ann);
        let first = test.core.execute(&eve, ask(conversation_id)).await.unwrap();
        let mut again = ask(conversation_id);
        again.remark = "please".into();
        let second = test.core.execute(&eve, again).await.unwrap();
        assert_eq!(
            (first.request.id, "let me in"),
            (second.request.id, second.request.remark.as_str())
        );
        let told = live.next().await.unwrap();
        let Event::JoinRequestChanged {
            request_id,
            status,
            user_ids,
            ..
        } = &told.event
        else {
            panic!("expected a request, got {:?}", told.event)
        };
        assert_eq!((*request_id, *status), (first.request.id, RequestStatus::Pending));
        assert_eq!(*user_ids, [ann.user_id, bob.user_id], "and no ordinary member");
        assert!(test.core.query(&eve, MyGroups).await.unwrap().is_empty());
        // Whoever is brought in meanwhile has nothing to wait for.
        let add = AddMembers {
            conversation_id,
            user_ids: vec![eve.user_id],
        };
        test.core.execute(&bob, add).await.unwrap();
        let listed = JoinRequests::of(conversation_id);
        let listed = test.core.query(&ann, listed).await.unwrap();
        assert_eq!(listed.total, 1);
        let one = &listed.items[0];
        assert_eq!(one.status(), RequestStatus::Approved);
        assert_eq!(one.handled_by.as_ref().map(|card| card.id), Some(bob.user_id));
    }

    #[tokio::test]
    async fn a_silence_outlasts_leaving_and_being_let_in_again() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let mut create = of(JoinOption::Free);
        create.member_ids = vec![bob.user_id];
        let conversation_id = test.core.execute(&ann, create).await.unwrap().conversation_id;
        let silence = SilenceMember {
            conversation_id,
            user_id: bob.user_id,
            until: Some(test.core.now() + 60_000_000),
        };
        test.core.execute(&ann, silence).await.unwrap();
        test.core
            .execute(&bob, LeaveGroup::of(conversation_id))
            .await
            .unwrap();
        test.core.execute(&bob, ask(conversation_id)).await.unwrap();
        let send = SendMessage::text(Target::Conversation(conversation_id), "hello");
        let muted = test.core.execute(&bob, send.clone()).await;
        assert_eq!(refusal(muted), ErrorKind::Muted);
        test.clock.advance_seconds(61);
        test.core.execute(&bob, send).await.unwrap();
    }

    #[tokio::test]
    async fn closed_full_foreign_and_wordy_requests_are_refused() {
        let limits = Limits {
            group_members_max: 2,
            ..Limits::default()
        };
        let test = TestCore::with_limits(limits).await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let foreign = test.user_of(9, "foreign").await;
        let direct = test.direct(&ann, &bob).await;
        let invited = test.core.execute(&ann, of(JoinOption::Invited)).await.unwrap();
        let free = test.core.execute(&ann, of(JoinOption::Free)).await.unwrap();
        test.core.execute(&bob, ask(free.conversation_id)).await.unwrap();
        for (who, conversation_id, kind) in [
            (&eve, invited.conversation_id, ErrorKind::Forbidden),
            (&ann, invited.conversation_id, ErrorKind::Invalid),
            (&eve, free.conversation_id, ErrorKind::GroupFull),
            (&foreign, free.conversation_id, ErrorKind::GroupMissing),
            (&eve, direct, ErrorKind::GroupMissing),
            (&eve, 77, ErrorKind::GroupMissing),
        ] {
            assert_eq!(refusal(test.core.execute(who, ask(conversation_id)).await), kind);
        }
        let wordy = RequestToJoin {
            remark: "话".repeat(201),
            ..ask(free.conversation_id)
        };
        assert_eq!(refusal(test.core.execute(&eve, wordy).await), ErrorKind::Invalid);
        let members = test
            .core
            .query(&ann, GroupMembers::of(free.conversation_id))
            .await;
        assert_eq!(members.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn what_waits_and_what_is_kept_is_bounded() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let approval = test.core.execute(&ann, of(JoinOption::Approval)).await.unwrap();
        let conversation_id = approval.conversation_id;
        for _ in 0..KEPT_MAX + 2 {
            let asked = test.core.execute(&bob, ask(conversation_id)).await.unwrap();
            let reject = HandleJoinRequests {
                conversation_id,
                request_ids: vec![asked.request.id],
                answer: JoinAnswer::Reject,
            };
            test.core.execute(&ann, reject).await.unwrap();
        }
        test.core.execute(&bob, ask(conversation_id)).await.unwrap();
        let listed = test
            .core
            .query(&ann, JoinRequests::of(conversation_id))
            .await
            .unwrap();
        let expected: Vec<i64> = (0..=KEPT_MAX).map(|n| KEPT_MAX + 3 - n).collect();
        let ids: Vec<i64> = listed.items.iter().map(|one| one.request.id).collect();
        assert_eq!(ids, expected, "the newest first");
        for _ in 1..PENDING_MAX {
            let other = test.core.execute(&ann, of(JoinOption::Approval)).await.unwrap();
            test.core.execute(&bob, ask(other.conversation_id)).await.unwrap();
        }
        let one_more = test.core.execute(&ann, of(JoinOption::Approval)).await.unwrap();
        let refused = test.core.execute(&bob, ask(one_more.conversation_id)).await;
        assert_eq!(refusal(refused), ErrorKind::Invalid);
    }
}
