//! A live connection as core sees it: a bounded queue of deliveries that its socket drains.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use crate::account::Actor;
use crate::event::Delivery;
use crate::hub::Hub;
use crate::types::TenantId;

/// Deliveries waiting for one connection at most. A client that is further behind loses the connection, never a
/// message: it reconnects and reads on from the history.
const WAITING_DELIVERIES_MAX: usize = 2_048;
/// An emptied queue keeps no more room than this.
const WAITING_DELIVERIES_KEPT: usize = 16;

/// Number of a live connection, unique while the server runs.
pub type SessionId = u64;

/// Whether others see a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attendance {
    /// Its person is online.
    Present,
    /// It only listens: a call that waits for an answer is no sign of a person.
    Unseen,
}

/// By what the clients of a session know people and conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// By number.
    ByNumber,
    /// By text: what reaches the session says how those are called whom it names.
    ByName,
}

/// Why a session ended from the server's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its token was revoked or its account disabled.
    Revoked,
    /// It did not read fast enough.
    TooSlow,
    /// The account has more connections than allowed, and this was the oldest.
    Replaced,
    /// The server could not read what was missed; the client may come back and resume.
    Unreadable,
}

#[derive(Default)]
struct Waiting {
    deliveries: VecDeque<Arc<Delivery>>,
    ended: Option<Ended>,
    waker: Option<Waker>,
}

/// Where the hub puts deliveries for one connection.
pub(crate) struct Outbox {
    pub(crate) id: SessionId,
    pub(crate) token_id: Arc<str>,
    pub(crate) tenant_id: TenantId,
    pub(crate) attendance: Attendance,
    /// Log position of the newest event that was committed when the session began.
    begins_after: i64,
    pub(crate) known: Known,
    waiting: Mutex<Waiting>,
}

impl Outbox {
    pub(crate) fn new(
        id: SessionId,
        actor: &Actor,
        (attendance, known): (Attendance, Known),
        begins_after: i64,
    ) -> Self {
        Self {
            id,
            token_id: Arc::clone(&actor.token_id),
            tenant_id: actor.tenant_id,
            attendance,
            begins_after,
            known,
            waiting: Mutex::new(Waiting::default()),
        }
    }

    /// Queues a delivery, unless it was committed before the session began. Whoever waits for it is not woken here: the
    /// waker is handed to the caller, who wakes when all that is there to push has been pushed, so that it all leaves
    /// in one write.
    #[must_use = "the connection sleeps until it is woken"]
    pub(crate) fn push(&self, delivery: &Arc<Delivery>) -> Option<Waker> {
        if delivery
            .position
            .is_some_and(|position| position <= self.begins_after)
        {
            return None;
        }
        let mut waiting = self.waiting.lock();
        if waiting.ended.is_some() {
            return None;
        }
        if waiting.deliveries.len() >= WAITING_DELIVERIES_MAX {
            waiting.ended = Some(Ended::TooSlow);
            waiting.deliveries = VecDeque::new();
        } else {
            waiting.deliveries.push_back(Arc::clone(delivery));
        }
        waiting.waker.take()
    }

    pub(crate) fn end(&self, why: Ended) {
        let mut waiting = self.waiting.lock();
        waiting.ended.get_or_insert(why);
        let waker = waiting.waker.take();
        // Woken outside the lock, so that the woken task does not run into it.
        drop(waiting);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Hands out what waits through `take`, which is called with at least one delivery.
    fn poll<R>(
        &self,
        cx: &mut Context<'_>,
        take: impl FnOnce(&mut VecDeque<Arc<Delivery>>) -> R,
    ) -> Poll<Result<R, Ended>> {
        let mut waiting = self.waiting.lock();
        if !waiting.deliveries.is_empty() {
            return Poll::Ready(Ok(take(&mut waiting.deliveries)));
        }
        if let Some(ended) = waiting.ended {
            return Poll::Ready(Err(ended));
        }
        give_back(&mut waiting.deliveries);
        match &mut waiting.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

/// Lets go of the room that a burst has taken.
fn give_back(empty: &mut VecDeque<Arc<Delivery>>) {
    if empty.capacity() > WAITING_DELIVERIES_KEPT {
        *empty = VecDeque::new();
    }
}

/// A live subscription to everything that concerns one person. Dropping it ends it.
pub struct Session {
    actor: Actor,
    outbox: Arc<Outbox>,
    hub: Arc<Hub>,
}

impl Session {
    pub(crate) fn new(mut actor: Actor, outbox: Arc<Outbox>, hub: Arc<Hub>) -> Self {
        actor.session = Some(outbox.id);
        Self { actor, outbox, hub }
    }

    /// Its number.
    pub fn id(&self) -> SessionId {
        self.outbox.id
    }

    /// Who is connected, marked with this session, so that commands sent with it are not echoed to it.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Moves everything that waits into the empty queue `into`, in log order; or tells why nothing comes any more.
    pub fn poll_waiting(
        &self,
        cx: &mut Context<'_>,
        into: &mut VecDeque<Arc<Delivery>>,
    ) -> Poll<Result<(), Ended>> {
        let polled = self.outbox.poll(cx, |waiting| std::mem::swap(waiting, into));
        if polled.is_pending() {
            give_back(into);
        }
        polled
    }

    /// The next delivery in log order.
    ///
    /// # Errors
    /// [`Ended`] when the server has ended the session.
    pub async fn next(&self) -> Result<Arc<Delivery>, Ended> {
        let one = std::future::poll_fn(|cx| self.outbox.poll(cx, VecDeque::pop_front)).await?;
        // `poll` calls with at least one delivery.
        one.ok_or(Ended::TooSlow)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.hub.detach(self.actor.user_id, &self.outbox);
    }
}
