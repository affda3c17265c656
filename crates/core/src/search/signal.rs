//! How the writer tells the indexer that there is enough to do: two numbers and a wake-up, so that a commit pays
//! almost nothing and an idle server runs no timer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use parlance_store::Committed;
use tokio::sync::Notify;

use crate::event::Event;

/// Bytes of new texts after which the indexer is woken however few they are.
pub(crate) const WAITING_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The writer's end. The indexer ends when it is dropped.
pub(crate) struct Notifier(Arc<Signal>);

/// The indexer's end.
#[derive(Default)]
pub(crate) struct Signal {
    /// The newest event.
    newest: AtomicI64,
    /// The event at which the indexer wants to be woken.
    wanted: AtomicI64,
    /// Bytes of the texts sent since the indexer last asked.
    bytes: AtomicUsize,
    closed: AtomicBool,
    notify: Notify,
}

impl Notifier {
    /// Takes note of a committed batch.
    pub(crate) fn committed(&self, batch: &[Committed<Event>]) {
        let signal = &*self.0;
        let Some(last) = batch.last() else { return };
        let text = |committed: &Committed<Event>| match &committed.event {
            Event::MessageSent(sent) => sent.view.message.content.len(),
            Event::MessageEdited(change) => change.view.message.content.len(),
            _ => 0,
        };
        let new: usize = batch.iter().map(text).sum();
        let bytes = signal.bytes.fetch_add(new, Ordering::Relaxed) + new;
        signal.newest.store(last.position, Ordering::SeqCst);
        if bytes >= WAITING_BYTES_MAX || last.position >= signal.wanted.load(Ordering::SeqCst) {
            signal.wanted.store(i64::MAX, Ordering::SeqCst);
            signal.notify.notify_one();
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::SeqCst);
        self.0.notify.notify_one();
    }
}

impl Signal {
    /// Both ends.
    pub(crate) fn new() -> (Notifier, Arc<Self>) {
        let signal = Arc::new(Self::default());
        (Notifier(Arc::clone(&signal)), signal)
    }

    /// Whether so many bytes came in since the last call that they should be indexed however few texts they are.
    pub(crate) fn take_heavy(&self) -> bool {
        self.bytes.swap(0, Ordering::Relaxed) >= WAITING_BYTES_MAX
    }

    /// The newest event that the writer told of.
    pub(crate) fn newest(&self) -> i64 {
        self.newest.load(Ordering::SeqCst)
    }

    /// Whether the writer has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Waits until the log has reached `position`, or many bytes came in; `false` when nothing will come any more.
    pub(crate) async fn reached(&self, position: i64) -> bool {
        self.wanted.store(position, Ordering::SeqCst);
        // The commit that this waits for may have passed before the number was set.
        if self.newest.load(Ordering::SeqCst) < position {
            self.notify.notified().await;
        }
        !self.is_closed()
    }
}
