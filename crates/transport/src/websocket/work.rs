//! Work running on behalf of one socket: all of it at once, its outcomes in the order it was started.

use std::{
    collections::VecDeque,
    task::{Context, Poll},
};

use super::protocol::Work;

enum Slot<D> {
    Running(Work<D>),
    Done(D),
}

/// A queue of running work. Every running piece is polled at each wake-up: with at most a few dozen
/// of them that costs less than a waker of its own for each would.
pub(crate) struct WorkQueue<D>(VecDeque<Slot<D>>);

impl<D> WorkQueue<D> {
    pub(crate) fn new() -> Self {
        Self(VecDeque::new())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Starts `work`, so that it makes progress before anything else is looked at.
    pub(crate) fn start(&mut self, mut work: Work<D>, cx: &mut Context<'_>) {
        self.0.push_back(match work.as_mut().poll(cx) {
            Poll::Ready(done) => Slot::Done(done),
            Poll::Pending => Slot::Running(work),
        });
    }

    /// Drives everything that runs.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) {
        for slot in &mut self.0 {
            if let Slot::Running(work) = slot
                && let Poll::Ready(done) = work.as_mut().poll(cx)
            {
                *slot = Slot::Done(done);
            }
        }
    }

    /// Whether the oldest piece has finished.
    pub(crate) fn has_done(&self) -> bool {
        matches!(self.0.front(), Some(Slot::Done(_)))
    }

    /// The outcome of the oldest piece, if it has finished.
    pub(crate) fn pop_done(&mut self) -> Option<D> {
        if !self.has_done() {
            return None;
        }
        let front = self.0.pop_front();
        if self.0.is_empty() {
            // An idle socket keeps no queue.
            self.0 = VecDeque::new();
        }
        match front {
            Some(Slot::Done(done)) => Some(done),
            _ => None,
        }
    }
}
