//! Answers requests to come into a group: its owner and administrators may.

use parlance_store::Tx;
use parlance_store::table::{join_request, member};

use crate::command::admit::admit;
use crate::command::notify::notify_each;
use crate::command::request_to_join::tell;
use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::policy;
use crate::types::{
    Conversation, ConversationId, JoinRequest, JoinRequestView, NotificationKind, RequestStatus, Role,
};

/// Requests answered by one call at most.
const REQUESTS_MAX: usize = 100;

/// What somebody says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinAnswer {
    /// The asker comes in, as if brought in.
    Accept,
    /// The asker stays out, and may ask again.
    Reject,
}

/// Answers requests to come into one group, each for itself: one that is refused does not stop the others. The same
/// answer again changes nothing.
///
/// # Errors
/// Of the whole: `GroupMissing`, `NotMember`, `RoleTooLow` below administrator, `Invalid` for none and for more than
/// 100. Of one request: `RequestMissing`; `Invalid` for one that was answered otherwise; `GroupFull`, which leaves it
/// waiting; `UserMissing` when the asker is disabled.
#[derive(Clone, Debug)]
pub struct HandleJoinRequests {
    /// Which group.
    pub conversation_id: ConversationId,
    /// Which requests.
    pub request_ids: Vec<i64>,
    /// The answer.
    pub answer: JoinAnswer,
}

impl Command for HandleJoinRequests {
    /// What became of each, in the order asked.
    type Reply = Vec<(i64, Result<JoinRequestView>)>;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Self::Reply> {
        let (mut group, role) = policy::group_and_role(cx.tx, cx.actor, self.conversation_id).await?;
        policy::holds(role, Role::Admin)?;
        if !(1..=REQUESTS_MAX).contains(&self.request_ids.len()) {
            return Err(Error::invalid(format!(
                "1 to {REQUESTS_MAX} requests are answered at once"
            )));
        }
        let mut answered = Vec::with_capacity(self.request_ids.len());
        for id in self.request_ids.iter().copied() {
            let outcome = self.answer_one(cx, &mut group, id).await;
            // A refusal is the answer for this request; a failure of the server is one of the whole.
            let outcome = match outcome {
                Ok(request) => Ok(JoinRequestView::load(cx.tx, request).await?),
                Err(error) if is_refusal(error.kind) => Err(error),
                Err(error) => return Err(error),
            };
            answered.push((id, outcome));
        }
        Ok(answered)
    }
}

impl HandleJoinRequests {
    async fn answer_one<T: Tx>(
        &self,
        cx: &mut Context<'_, T>,
        group: &mut Conversation,
        id: i64,
    ) -> Result<JoinRequest> {
        let found = join_request::by_id(cx.tx, group.id, id).await?;
        let mut request = found.ok_or(ErrorKind::RequestMissing)?;
        let (wanted, status) = match self.answer {
            JoinAnswer::Accept => (join_request::ACCEPTED, RequestStatus::Approved),
            JoinAnswer::Reject => (join_request::REJECTED, RequestStatus::Rejected),
        };
        if request.status == wanted {
            return Ok(request);
        }
        if request.status != join_request::PENDING {
            return Err(Error::invalid("the request was answered otherwise"));
        }
        if self.answer == JoinAnswer::Accept {
            let_in(cx, group, &request).await?;
        }
        request.status = wanted;
        request.handled_by = Some(cx.actor.user_id);
        request.handled_at = Some(cx.now);
        join_request::settle(cx.tx, &request).await?;
        tell(cx, &request, status, vec![request.user_id]);
        Ok(request)
    }
}

async fn let_in<T: Tx>(
    cx: &mut Context<'_, T>,
    group: &mut Conversation,
    request: &JoinRequest,
) -> Result<()> {
    let asker = request.user_id;
    policy::peer(cx.tx, cx.actor, asker, ErrorKind::UserMissing).await?;
    let known = member::get(cx.tx, group.id, asker).await?;
    if known.is_some_and(|member| member.state) {
        return Ok(());
    }
    admit(cx, group, &[asker]).await?;
    group.members_count += 1;
    let told = NotificationKind::GroupJoined;
    notify_each(cx, &[asker], told, &group.name, group.id).await
}

/// Whether it is about the one request, which was refused before anything was written for it.
fn is_refusal(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::RequestMissing | ErrorKind::Invalid | ErrorKind::GroupFull | ErrorKind::UserMissing
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{CreateGroup, DissolveGroup, RequestToJoin, SetUserStatus};
    use crate::query::{GroupMembers, JoinRequests, MyGroups};
    use crate::testing::{TestCore, refusal};
    use crate::types::{AccountStatus, JoinOption};
    use crate::{Actor, Event, Limits};

    async fn club(test: &TestCore, owner: &Actor) -> ConversationId {
        let create = CreateGroup {
            join_option: JoinOption::Approval,
            ..CreateGroup::named("club", Vec::new())
        };
        test.core.execute(owner, create).await.unwrap().conversation_id
    }

    async fn asked(test: &TestCore, who: &Actor, conversation_id: ConversationId) -> i64 {
        let request = RequestToJoin {
            conversation_id,
            remark: String::new(),
        };
        test.core.execute(who, request).await.unwrap().request.id
    }

    /// The kind of each outcome; none for an answer that stands.
    async fn answer(
        test: &TestCore,
        by: &Actor,
        conversation_id: ConversationId,
        answer: JoinAnswer,
        request_ids: &[i64],
    ) -> Vec<Option<ErrorKind>> {
        let handle = HandleJoinRequests {
            conversation_id,
            request_ids: request_ids.to_vec(),
            answer,
        };
        let outcomes = test.core.execute(by, handle).await.unwrap();
        let ids: Vec<i64> = outcomes.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, request_ids);
        outcomes
            .into_iter()
            .map(|(_, outcome)| outcome.err().map(|error| error.kind))
            .collect()
    }

    #[tokio::test]
    async fn who_is_accepted_comes_in_once_and_hears_of_it() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let group = club(&test, &ann).await;
        let id = asked(&test, &bob, group).await;
        let live = test.core.attach(&bob);
        for _ in 0..2 {
            assert_eq!(
                answer(&test, &ann, group, JoinAnswer::Accept, &[id]).await,
                [None]
            );
        }
        let rejected = answer(&test, &ann, group, JoinAnswer::Reject, &[id]).await;
        assert_eq!(rejected, [Some(ErrorKind::Invalid)]);
        test.say(&ann, group, "welcome").await;
        let mut heard = Vec::new();
        loop {
            match &live.next().await.unwrap().event {
                Event::MembersAdded { user_ids, by, .. } => {
                    assert_eq!(
                        (user_ids.as_slice(), *by),
                        ([bob.user_id].as_slice(), ann.user_id)
                    );
                    heard.push("added");
                }
                Event::NotificationAdded { .. } => heard.push("notified"),
                Event::JoinRequestChanged { status, .. } => {
                    assert_eq!(*status, RequestStatus::Approved);
                    heard.push("answered");
                }
                Event::MessageSent(_) => break,
                other => panic!("unexpected {other:?}"),
            }
        }
        assert_eq!(heard, ["added", "notified", "answered"]);
        let listed = test.core.query(&ann, JoinRequests::of(group)).await.unwrap();
        assert_eq!(
            listed.items[0].handled_by.as_ref().map(|card| card.id),
            Some(ann.user_id)
        );
    }

    #[tokio::test]
    async fn who_is_rejected_hears_of_it_and_may_ask_again() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let group = club(&test, &ann).await;
        let id = asked(&test, &bob, group).await;
        let live = test.core.attach(&bob);
        assert_eq!(
            answer(&test, &ann, group, JoinAnswer::Reject, &[id]).await,
            [None]
        );
        let told = live.next().await.unwrap();
        assert!(
            matches!(&told.event, Event::JoinRequestChanged { status: RequestStatus::Rejected, request_id, .. } if *request_id == id)
        );
        let accepted = answer(&test, &ann, group, JoinAnswer::Accept, &[id]).await;
        assert_eq!(accepted, [Some(ErrorKind::Invalid)], "answered is answered");
        assert!(test.core.query(&bob, MyGroups).await.unwrap().is_empty());
        assert_ne!(asked(&test, &bob, group).await, id);
        let mut pending = JoinRequests::of(group);
        pending.status = Some(RequestStatus::Pending);
        assert_eq!(test.core.query(&ann, pending).await.unwrap().total, 1);
    }

    #[tokio::test]
    async fn many_are_answered_each_for_itself() {
        let limits = Limits {
            group_members_max: 3,
            ..Limits::default()
        };
        let test = TestCore::with_limits(limits).await;
        let (ann, bob, cid, dan, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("cid").await,
            test.user("dan").await,
            test.user("eve").await,
        );
        let (group, other) = (club(&test, &ann).await, club(&test, &ann).await);
        let mut ids = Vec::new();
        for who in [&dan, &bob, &cid, &eve] {
            ids.push(asked(&test, who, group).await);
        }
        let elsewhere = asked(&test, &bob, other).await;
        let disable = SetUserStatus {
            user_id: dan.user_id,
            status: AccountStatus::Disabled,
        };
        test.core.execute_as_system(disable).await.unwrap();
        ids.extend([elsewhere, 777]);
        let outcomes = answer(&test, &ann, group, JoinAnswer::Accept, &ids).await;
        use ErrorKind::{GroupFull, RequestMissing, UserMissing};
        assert_eq!(
            outcomes,
            [
                Some(UserMissing),
                None,
                None,
                Some(GroupFull),
                Some(RequestMissing),
                Some(RequestMissing)
            ]
        );
        let members = test.core.query(&cid, GroupMembers::of(group)).await.unwrap();
        assert_eq!(members.len(), 3);
        assert_eq!(
            answer(&test, &ann, group, JoinAnswer::Reject, &ids[3..4]).await,
            [None]
        );
        for request_ids in [Vec::new(), vec![ids[0]; 101]] {
            let handle = HandleJoinRequests {
                conversation_id: group,
                request_ids,
                answer: JoinAnswer::Reject,
            };
            assert_eq!(refusal(test.core.execute(&ann, handle).await), ErrorKind::Invalid);
        }
    }

    #[tokio::test]
    async fn nothing_waits_in_a_group_that_is_over() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let group = club(&test, &ann).await;
        let id = asked(&test, &bob, group).await;
        let over = DissolveGroup {
            conversation_id: group,
        };
        test.core.execute(&ann, over).await.unwrap();
        let handle = HandleJoinRequests {
            conversation_id: group,
            request_ids: vec![id],
            answer: JoinAnswer::Accept,
        };
        assert_eq!(
            refusal(test.core.execute(&ann, handle).await),
            ErrorKind::GroupMissing
        );
    }
}
