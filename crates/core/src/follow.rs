//! A subscription that takes up where an earlier one ended: first what was missed, then what comes, without a gap and
//! without a double.
//!
//! It subscribes before it reads. What it reads is a snapshot that is later than the subscription, so it has all that
//! was committed before the session began, and whatever is not in it still waits in the session; what is in both is
//! known by its id, because ids are in the order of commits.
//! Nothing is kept for a reader that is away: the log and its position are enough.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::account::Actor;
use crate::core::Core;
use crate::error::Error;
use crate::event::{Delivery, Event, MessageSent};
use crate::name::Called;
use crate::query::Backlog;
use crate::session::{Attendance, Ended, Known, Session, SessionId};
use crate::types::MessageId;

/// Messages read at once while catching up.
const PAGE: usize = 100;
/// Other events that may come while catching up; a reader with more of them loses its connection.
const HELD_MAX: usize = 2_048;

type Reading = Pin<Box<dyn Future<Output = Result<Vec<MessageSent>, Error>> + Send>>;

/// What a follower is doing.
enum Phase {
    /// About to read the next page of what was missed.
    Behind,
    /// Reading it.
    Reading(Reading),
    /// Everything missed was read.
    Live,
}

/// A live subscription that begins after a message. Messages of the person's groups come in rising order of ids, each
/// once; other events come as they happen, those that happened while it was catching up after that.
pub struct Follower {
    core: Core,
    session: Session,
    phase: Phase,
    /// Messages up to this one were given out.
    position: MessageId,
    /// Read, and not yet given out.
    missed: VecDeque<Arc<Delivery>>,
    /// Events other than messages that came while catching up.
    held: VecDeque<Arc<Delivery>>,
    /// Taken from the session, and not yet given out.
    waiting: VecDeque<Arc<Delivery>>,
}

impl Core {
    /// Subscribes to everything that concerns `actor`, and gives first what was sent to the person's groups after
    /// the message `after`, as far as [`Backlog`] reaches. Without it, only what happens from now on. A position that
    /// no message has reached yet counts as the newest one.
    pub fn attach_from(&self, actor: &Actor, after: Option<MessageId>, attendance: Attendance) -> Follower {
        Follower {
            session: self.attach_as(actor, attendance, Known::ByNumber),
            core: self.clone(),
            phase: match after {
                Some(_) => Phase::Behind,
                None => Phase::Live,
            },
            position: after.unwrap_or(0).min(self.newest_given_out()),
            missed: VecDeque::new(),
            held: VecDeque::new(),
            waiting: VecDeque::new(),
        }
    }
}

impl Follower {
    /// Who follows, marked with this session.
    pub fn actor(&self) -> &Actor {
        self.session.actor()
    }

    /// The number of its session.
    pub fn id(&self) -> SessionId {
        self.session.id()
    }

    /// The next event.
    ///
    /// # Errors
    /// [`Ended`] when the server has ended the session.
    pub async fn next(&mut self) -> Result<Arc<Delivery>, Ended> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The next event, or why none comes any more.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Arc<Delivery>, Ended>> {
        loop {
            if let Some(delivery) = self.missed.pop_front() {
                return Poll::Ready(Ok(self.pass(delivery)));
            }
            match &mut self.phase {
                Phase::Behind => {
                    self.set_aside(cx)?;
                    self.phase = Phase::Reading(self.read());
                }
                Phase::Reading(reading) => {
                    let page = ready!(reading.as_mut().poll(cx));
                    self.take(page)?;
                }
                Phase::Live => {
                    if let Some(delivery) = self.held.pop_front() {
                        return Poll::Ready(Ok(delivery));
                    }
                    while let Some(delivery) = self.waiting.pop_front() {
                        if message_id(&delivery).is_none_or(|id| id > self.position) {
                            return Poll::Ready(Ok(self.pass(delivery)));
                        }
                    }
                    ready!(self.session.poll_waiting(cx, &mut self.waiting))?;
                }
            }
        }
    }

    /// Takes what has come so far out of the session, before a page is read. The page will have the messages; the
    /// rest is kept for later.
    fn set_aside(&mut self, cx: &mut Context<'_>) -> Result<(), Ended> {
        let Poll::Ready(came) = self.session.poll_waiting(cx, &mut self.waiting) else {
            return Ok(());
        };
        came?;
        let others = self
            .waiting
            .drain(..)
            .filter(|delivery| message_id(delivery).is_none());
        self.held.extend(others);
        if self.held.len() > HELD_MAX {
            return Err(Ended::TooSlow);
        }
        Ok(())
    }

    fn read(&self) -> Reading {
        let (core, actor) = (self.core.clone(), self.session.actor().clone());
        let page = Backlog {
            after: self.position,
            limit: PAGE as i64,
        };
        Box::pin(async move { core.query(&actor, page).await })
    }

    fn take(&mut self, page: Result<Vec<MessageSent>, Error>) -> Result<(), Ended> {
        let page = page.map_err(|error| {
            tracing::warn!(%error, "what a reader has missed could not be read");
            Ended::Unreadable
        })?;
        self.phase = if page.len() < PAGE {
            Phase::Live
        } else {
            Phase::Behind
        };
        let deliveries = page.into_iter().map(|sent| {
            Arc::new(Delivery::new(
                Event::MessageSent(Box::new(sent)),
                None,
                Called::default(),
            ))
        });
        self.missed.extend(deliveries);
        Ok(())
    }

    /// Moves the position along with what is given out.
    fn pass(&mut self, delivery: Arc<Delivery>) -> Arc<Delivery> {
        if let Some(id) = message_id(&delivery) {
            self.position = self.position.max(id);
        }
        delivery
    }
}

fn message_id(delivery: &Delivery) -> Option<MessageId> {
    match &delivery.event {
        Event::MessageSent(sent) => Some(sent.view.message.id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{AddMembers, RecallMessage, RemoveMembers};
    use crate::testing::TestCore;

    /// The texts of the next `count` messages.
    async fn texts(follower: &mut Follower, count: usize) -> Vec<String> {
        let mut texts = Vec::new();
        while texts.len() < count {
            let delivery = follower.next().await.unwrap();
            if let Event::MessageSent(sent) = &delivery.event {
                texts.push(sent.view.message.content.clone());
            }
        }
        texts
    }

    #[tokio::test]
    async fn a_reader_that_comes_and_goes_gets_each_message_once_and_in_order() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.group(&ann, "team", &[&bob]).await;
        let there = test.group(&ann, "other", &[&bob]).await;
        let count: usize = 700;
        let writer = {
            let (core, ann) = (test.core.clone(), ann.clone());
            tokio::spawn(async move {
                for number in 0..count {
                    let target =
                        crate::command::Target::Conversation(if number % 3 == 0 { there } else { here });
                    let command = crate::command::SendMessage::text(target, number.to_string());
                    core.execute(&ann, command).await.unwrap();
                }
            })
        };
        let (mut position, mut got, mut stay) = (0, Vec::new(), 1_usize);
        while got.len() < count {
            let mut follower = test.core.attach_from(&bob, Some(position), Attendance::Present);
            // Between one message and some more than a page, by a fixed rule.
            stay = stay * 37 % 131 + 1;
            for _ in 0..stay.min(count - got.len()) {
                let delivery = loop {
                    let delivery = follower.next().await.unwrap();
                    if matches!(delivery.event, Event::MessageSent(_)) {
                        break delivery;
                    }
                };
                let Event::MessageSent(sent) = &delivery.event else {
                    unreachable!()
                };
                position = sent.view.message.id;
                got.push(sent.view.message.content.parse::<usize>().unwrap());
            }
        }
        writer.await.unwrap();
        assert_eq!(got, (0..count).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn without_a_position_only_the_future_comes() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.group(&ann, "team", &[&bob]).await;
        // One round shows little: the event from before has to be in the hub's queue still.
        for _ in 0..100 {
            test.say(&ann, here, "before").await;
            let mut follower = test.core.attach_from(&bob, None, Attendance::Present);
            test.say(&ann, here, "after").await;
            assert_eq!(texts(&mut follower, 1).await, ["after"]);
        }
    }

    #[tokio::test]
    async fn nothing_from_before_joining_after_leaving_or_of_direct_conversations_is_made_up_for() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let here = test.group(&ann, "team", &[&eve]).await;
        let left = test.group(&ann, "left", &[&bob]).await;
        let direct = test.direct(&ann, &bob).await;
        test.say(&ann, here, "early").await;
        test.say(&ann, left, "gone").await;
        test.say(&ann, direct, "private").await;
        let bring = AddMembers {
            conversation_id: here,
            user_ids: vec![bob.user_id],
        };
        test.core.execute(&ann, bring).await.unwrap();
        let kick = RemoveMembers {
            conversation_id: left,
            user_ids: vec![bob.user_id],
        };
        test.core.execute(&ann, kick).await.unwrap();
        let recalled = test.say(&ann, here, "late").await.view.message.id;
        test.core
            .execute(&ann, RecallMessage { message_id: recalled })
            .await
            .unwrap();
        test.say(&ann, here, "last").await;
        let mut follower = test.core.attach_from(&bob, Some(0), Attendance::Present);
        assert_eq!(texts(&mut follower, 2).await, ["", "last"]);
    }

    #[tokio::test]
    async fn what_is_older_than_a_day_is_left_to_the_history() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.group(&ann, "team", &[&bob]).await;
        test.say(&ann, here, "old").await;
        test.clock.advance_seconds(24 * 60 * 60 + 1);
        test.say(&ann, here, "new").await;
        let mut follower = test.core.attach_from(&bob, Some(0), Attendance::Present);
        assert_eq!(texts(&mut follower, 1).await, ["new"]);
    }

    #[tokio::test]
    async fn a_listener_that_is_unseen_is_not_online() {
        let test = TestCore::start().await;
        let bob = test.user("bob").await;
        let unseen = test.core.attach_from(&bob, None, Attendance::Unseen);
        assert!(!test.core.is_online(bob.user_id));
        let present = test.core.attach(&bob);
        assert!(test.core.is_online(bob.user_id));
        drop(present);
        assert!(!test.core.is_online(bob.user_id));
        drop(unseen);
    }

    #[tokio::test]
    async fn a_position_in_the_future_hides_nothing() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.group(&ann, "team", &[&bob]).await;
        test.say(&ann, here, "before").await;
        let after = Some(MessageId::MAX);
        let mut follower = test.core.attach_from(&bob, after, Attendance::Present);
        test.say(&ann, here, "after").await;
        assert_eq!(texts(&mut follower, 1).await, ["after"]);
    }
}
