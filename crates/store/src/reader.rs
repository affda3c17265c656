//! The readers: a few threads, each with a connection of its own, that answer queries on one snapshot each.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::error::{Error, ErrorKind};
use crate::tx::Tx;

/// Queries waiting for a reader at most; one more is refused as overloaded.
const QUEUE_READS_MAX: usize = 16_384;

/// A question: one function over a snapshot. It must not write.
pub trait Read: Send + Sync + 'static {
    /// What the caller gets.
    type Answer: Send + 'static;
    /// Why it was refused.
    type Refusal: From<Error> + Send + 'static;

    /// Reads.
    fn run<T: Tx>(&self, tx: &mut T) -> impl Future<Output = Result<Self::Answer, Self::Refusal>> + Send;
}

/// A queued query whose types are hidden from the reader threads.
pub(crate) trait ReadJob<C>: Send {
    fn run(self: Box<Self>, tx: &mut C);
}

/// Where the caller of a query waits.
type AnswerOf<R> = oneshot::Receiver<Result<<R as Read>::Answer, <R as Read>::Refusal>>;

pub(crate) struct PendingRead<R: Read> {
    read: R,
    caller: oneshot::Sender<Result<R::Answer, R::Refusal>>,
}

impl<R: Read> PendingRead<R> {
    pub(crate) fn new(read: R) -> (Self, AnswerOf<R>) {
        let (caller, answer) = oneshot::channel();
        (Self { read, caller }, answer)
    }
}

impl<C: Tx, R: Read> ReadJob<C> for PendingRead<R> {
    fn run(self: Box<Self>, tx: &mut C) {
        // Nobody waits any more: the client has hung up.
        if self.caller.is_closed() {
            return;
        }
        let answer = futures_executor::block_on(self.read.run(tx));
        let _ = self.caller.send(answer);
    }
}

struct State<C> {
    jobs: VecDeque<Box<dyn ReadJob<C>>>,
    closed: bool,
}

/// The queue that the reader threads share.
pub(crate) struct ReadQueue<C> {
    state: Mutex<State<C>>,
    ready: Condvar,
}

impl<C> ReadQueue<C> {
    pub(crate) fn new() -> Arc<Self> {
        let state = State {
            jobs: VecDeque::new(),
            closed: false,
        };
        Arc::new(Self {
            state: Mutex::new(state),
            ready: Condvar::new(),
        })
    }

    pub(crate) fn push(&self, job: Box<dyn ReadJob<C>>) -> Result<(), Error> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(Error::closed());
        }
        if state.jobs.len() >= QUEUE_READS_MAX {
            return Err(Error::new(ErrorKind::Overloaded, "too many queries are waiting"));
        }
        state.jobs.push_back(job);
        drop(state);
        self.ready.notify_one();
        Ok(())
    }

    /// The next query; `None` once the queue is closed and empty.
    pub(crate) fn pop(&self) -> Option<Box<dyn ReadJob<C>>> {
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            self.ready.wait(&mut state);
        }
    }

    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.ready.notify_all();
    }
}
