//! The batching committer, written once for every engine.
//!
//! It takes whatever is queued (up to [`BATCH_COMMANDS_MAX`]), runs it all in one transaction, commits, publishes
//! what was logged and answers everybody. There is no timer: a batch is what arrived while the last one was being
//! written, so an idle server adds no delay and a busy one shares the disk sync. A refusal is a value like any
//! other; if a statement fails, or a command refuses after it has written, the batch is rolled back and replayed
//! one by one, so that one command never harms its neighbours.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::{mpsc, oneshot};

use crate::error::Error;
use crate::table::event;
use crate::tx::Tx;

/// Commands in one transaction at most. More share a disk sync better, but the first waits for the last.
pub(crate) const BATCH_COMMANDS_MAX: usize = 512;

/// Commands waiting for the writer at most; one more is refused as overloaded.
pub(crate) const QUEUE_COMMANDS_MAX: usize = 65_536;

/// One event as it was committed.
#[derive(Clone, Debug)]
pub struct Committed<E> {
    /// Its number in the log, rising by one with every event.
    pub position: i64,
    /// What happened.
    pub event: E,
}

/// Where a command records what it did. The rows are written in the command's own transaction.
pub struct Log<E> {
    pub(crate) entries: Vec<(event::NewEvent, E)>,
}

impl<E> Log<E> {
    /// An empty log.
    pub fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Records one event: the row that is kept, and the value that is published after the commit.
    pub fn push(&mut self, row: event::NewEvent, event: E) {
        self.entries.push((row, event));
    }

    /// What was recorded so far, oldest first.
    pub fn events(&self) -> impl Iterator<Item = &E> {
        self.entries.iter().map(|(_, event)| event)
    }
}

impl<E> Default for Log<E> {
    fn default() -> Self {
        Self::new()
    }
}

/// Receives every batch of events after its commit and before its commands are answered, in log order.
pub type Publish<E> = Box<dyn FnMut(Vec<Committed<E>>) + Send>;

/// A change: one function over a transaction. It may run more than once (a batch can be replayed), so it changes
/// nothing but what `tx` and `log` undo.
pub trait Work: Send + Sync + 'static {
    /// What the caller gets.
    type Reply: Send + 'static;
    /// Why it was refused.
    type Refusal: From<Error> + Send + 'static;
    /// What it records.
    type Event: Send + 'static;

    /// Checks and writes.
    fn apply<T: Tx>(
        &self,
        tx: &mut T,
        log: &mut Log<Self::Event>,
    ) -> impl Future<Output = Result<Self::Reply, Self::Refusal>> + Send;
}

/// What the committer needs of a database connection.
pub(crate) trait Engine: Tx {
    fn begin(&mut self) -> impl Future<Output = Result<(), Error>> + Send;
    fn commit(&mut self) -> impl Future<Output = Result<(), Error>> + Send;
    fn rollback(&mut self) -> impl Future<Output = ()> + Send;
    /// Whether anything was written since the last call.
    fn take_dirty(&mut self) -> bool;
    /// The statement that failed since the last call, if any, whatever the command made of it.
    fn take_failure(&mut self) -> Option<Error>;
    /// Called between batches: housekeeping that must not run inside a transaction.
    fn rest(&mut self);
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A queued command whose types are hidden from the committer.
pub(crate) trait Job<C, E>: Send {
    /// Runs the command; `true` if it was accepted.
    fn run<'a>(&'a mut self, tx: &'a mut C, log: &'a mut Log<E>) -> BoxFuture<'a, bool>;
    /// Tells the caller: what `run` gave, or the failure of the commit.
    fn answer(self: Box<Self>, commit: Result<(), Error>);
    /// Whether this is the request to stop.
    fn is_last(&self) -> bool {
        false
    }
}

/// Asks the committer to stop after what was queued before.
pub(crate) struct Close;

impl<C: Tx, E> Job<C, E> for Close {
    fn run<'a>(&'a mut self, _tx: &'a mut C, _log: &'a mut Log<E>) -> BoxFuture<'a, bool> {
        Box::pin(std::future::ready(true))
    }

    fn answer(self: Box<Self>, _commit: Result<(), Error>) {}

    fn is_last(&self) -> bool {
        true
    }
}

/// Where the caller of a command waits.
type AnswerOf<W> = oneshot::Receiver<Result<<W as Work>::Reply, <W as Work>::Refusal>>;

/// A command with the channel its caller waits on.
pub(crate) struct Pending<W: Work> {
    work: W,
    outcome: Option<Result<W::Reply, W::Refusal>>,
    caller: oneshot::Sender<Result<W::Reply, W::Refusal>>,
}

impl<W: Work> Pending<W> {
    pub(crate) fn new(work: W) -> (Self, AnswerOf<W>) {
        let (caller, answer) = oneshot::channel();
        (
            Self {
                work,
                outcome: None,
                caller,
            },
            answer,
        )
    }
}

impl<C: Tx, W: Work> Job<C, W::Event> for Pending<W> {
    fn run<'a>(&'a mut self, tx: &'a mut C, log: &'a mut Log<W::Event>) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let outcome = self.work.apply(tx, log).await;
            let accepted = outcome.is_ok();
            self.outcome = Some(outcome);
            accepted
        })
    }

    fn answer(self: Box<Self>, commit: Result<(), Error>) {
        let answer = match (commit, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(Error::closed().into()),
            (Err(error), _) => Err(error.into()),
        };
        // The caller may have gone; the change stands all the same.
        let _ = self.caller.send(answer);
    }
}

pub(crate) type Queue<C, E> = mpsc::Receiver<Box<dyn Job<C, E>>>;

/// Why a transaction was rolled back. Nothing of it happened.
enum Undone {
    /// A command refused after it had written: its refusal stands, its writes must not.
    Refused,
    /// The database failed.
    Failed(Error),
}

impl From<Error> for Undone {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Runs until [`Close`] comes by or every sender is gone; what was queued before is still committed.
pub(crate) async fn run<C: Engine, E>(mut engine: C, mut queue: Queue<C, E>, mut publish: Publish<E>) {
    let mut batch = Vec::with_capacity(BATCH_COMMANDS_MAX);
    while queue.recv_many(&mut batch, BATCH_COMMANDS_MAX).await > 0 {
        let last = batch.iter().any(|job| job.is_last());
        if settle(&mut engine, &mut batch, &mut publish).await.is_ok() {
            batch.drain(..).for_each(|job| job.answer(Ok(())));
        } else {
            for job in batch.drain(..) {
                alone(&mut engine, job, &mut publish).await;
            }
        }
        engine.rest();
        if last {
            return;
        }
    }
}

async fn alone<C: Engine, E>(engine: &mut C, job: Box<dyn Job<C, E>>, publish: &mut Publish<E>) {
    let mut one = [job];
    let verdict = match settle(engine, &mut one, publish).await {
        Ok(()) | Err(Undone::Refused) => Ok(()),
        Err(Undone::Failed(error)) => {
            tracing::warn!(%error, "a command failed and was rolled back");
            Err(error)
        }
    };
    let [job] = one;
    job.answer(verdict);
}

/// Commits all of `batch` and publishes it, or undoes all of it.
async fn settle<C: Engine, E>(
    engine: &mut C,
    batch: &mut [Box<dyn Job<C, E>>],
    publish: &mut Publish<E>,
) -> Result<(), Undone> {
    match write(engine, batch).await {
        Ok(events) => {
            publish(events);
            Ok(())
        }
        Err(undone) => {
            engine.rollback().await;
            Err(undone)
        }
    }
}

async fn write<C: Engine, E>(
    engine: &mut C,
    batch: &mut [Box<dyn Job<C, E>>],
) -> Result<Vec<Committed<E>>, Undone> {
    engine.begin().await?;
    let mut position = event::last_position(engine).await?;
    let mut committed = Vec::with_capacity(batch.len());
    for job in batch.iter_mut() {
        let mut log = Log::new();
        engine.take_dirty();
        let accepted = job.run(engine, &mut log).await;
        if let Some(failure) = engine.take_failure() {
            return Err(Undone::Failed(failure));
        }
        if !accepted {
            if engine.take_dirty() {
                return Err(Undone::Refused);
            }
            continue;
        }
        for (row, event) in log.entries {
            position += 1;
            event::append(engine, position, &row).await?;
            committed.push(Committed { position, event });
        }
    }
    engine.commit().await?;
    Ok(committed)
}
