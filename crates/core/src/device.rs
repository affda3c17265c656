//! What live connections have brought to each device, until it stands in the database: so that whoever asks for what it
//! has missed is not given what a socket has just written, and nothing that a socket may have lost passes as given.
//!
//! A connection opens a window after the newest message id at its start and extends it with each message it writes.
//! What was written is in the client's hands for sure only after a while or an orderly close, so a connection that
//! breaks off leaves a window that ends a little earlier: its client may be given something twice, and misses nothing.
//! Positions are in memory while the socket lives and reach the database in batches. What a crash takes is repeated.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use crate::account::Actor;
use crate::command::{NotePositions, Position};
use crate::core::{Core, Inner};
use crate::error::Result;
use crate::event::Event;
use crate::field;
use crate::place::Place;
use crate::types::{ConversationId, MessageId, Seq, Timestamp, UserId};

/// How long after it was written a message counts as received, when the connection has not said goodbye.
const SETTLED_AFTER_SECONDS: i64 = 30;
/// Ends of windows and delivered messages that wait for the database at most; what is beyond is repeated or stays
/// undelivered.
const WAITING_MAX: usize = 100_000;
/// Of each kind, how many are written in one transaction.
const BATCH_MAX: usize = 500;
/// How often closed windows and delivered messages are written.
const TICK: Duration = Duration::from_secs(1);
/// How many ticks pass between two looks at the windows of living connections.
const LIVE_TICKS: u32 = 60;

/// One device of one person.
type Key = (UserId, Arc<str>);

/// A window of messages that a connection has brought.
struct Link {
    key: Key,
    /// The window begins after this message.
    after: MessageId,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    /// The newest message written.
    written: MessageId,
    /// When that was.
    written_at: Timestamp,
    /// A message written some time ago, and when.
    mark: (MessageId, Timestamp),
    /// Up to here the client has it for sure.
    settled: MessageId,
    /// Where the window ended when the connection closed; none while it lives.
    closed_at: Option<MessageId>,
    /// What stands in the database.
    stored: MessageId,
}

impl Progress {
    fn wrote(&mut self, id: MessageId, now: Timestamp) {
        if now - self.mark.1 >= SETTLED_AFTER_SECONDS * 1_000_000 {
            self.settled = self.settled.max(self.mark.0);
            self.mark = (id, now);
        }
        self.written = self.written.max(id);
        self.written_at = now;
    }

    fn settled(&self, now: Timestamp) -> MessageId {
        let is_old = |at: Timestamp| now - at >= SETTLED_AFTER_SECONDS * 1_000_000;
        if is_old(self.written_at) {
            self.written
        } else if is_old(self.mark.1) {
            self.settled.max(self.mark.0)
        } else {
            self.settled
        }
    }
}

/// What a device has beyond its cursor, as far as only memory knows it.
pub(crate) struct Held {
    /// Pairs of the message before the first and the last one.
    pub(crate) windows: Vec<(MessageId, MessageId)>,
    /// The cursor may not pass this: what comes after it was written a moment ago and may yet be lost.
    pub(crate) bound: MessageId,
}

#[derive(Default)]
struct State {
    links: FxHashMap<Key, Vec<Arc<Link>>>,
    /// Windows that the database is to learn of.
    waiting: VecDeque<Arc<Link>>,
    /// Delivered messages of direct conversations that the database is to learn of.
    delivered: FxHashMap<(ConversationId, UserId), Seq>,
}

/// The positions of all devices that are in memory.
#[derive(Default)]
pub(crate) struct Devices(Mutex<State>);

impl Devices {
    /// What connections have brought to a device and the database does not know of.
    pub(crate) fn held(&self, user_id: UserId, device: &str, now: Timestamp) -> Held {
        let mut held = Held {
            windows: Vec::new(),
            bound: MessageId::MAX,
        };
        let state = self.0.lock();
        for link in state
            .links
            .get(&(user_id, Arc::from(device)))
            .into_iter()
            .flatten()
        {
            let progress = link.progress.lock();
            let until = progress.closed_at.unwrap_or(progress.written);
            if until > link.after {
                held.windows.push((link.after, until));
            }
            let settled = progress.settled(now);
            if progress.closed_at.is_none() && settled < progress.written {
                held.bound = held.bound.min(settled);
            }
        }
        held
    }

    /// Up to which message of a direct conversation somebody has been given everything, as far as only memory knows it.
    pub(crate) fn delivered(&self, conversation_id: ConversationId, user_id: UserId) -> Seq {
        let state = self.0.lock();
        state
            .delivered
            .get(&(conversation_id, user_id))
            .copied()
            .unwrap_or(0)
    }

    fn open(&self, key: Key, after: MessageId) -> Arc<Link> {
        let link = Arc::new(Link {
            key: key.clone(),
            after,
            progress: Mutex::new(Progress {
                written: after,
                settled: after,
                mark: (after, Timestamp::MIN / 2),
                written_at: Timestamp::MIN / 2,
                stored: after,
                closed_at: None,
            }),
        });
        let mut state = self.0.lock();
        state.links.entry(key).or_default().push(Arc::clone(&link));
        link
    }

    /// Ends a window. What was written to a connection that broke off counts only if it is settled.
    fn close(&self, link: &Arc<Link>, until: MessageId) {
        let mut state = self.0.lock();
        link.progress.lock().closed_at = Some(until);
        if until > link.after && state.waiting.len() < WAITING_MAX {
            state.waiting.push_back(Arc::clone(link));
        } else {
            state.forget(link);
        }
    }

    fn note_delivered(&self, conversation_id: ConversationId, user_id: UserId, seq: Seq) {
        let mut state = self.0.lock();
        let key = (conversation_id, user_id);
        if state.delivered.len() < WAITING_MAX || state.delivered.contains_key(&key) {
            let known = state.delivered.entry(key).or_default();
            *known = seq.max(*known);
        }
    }

    /// Puts the windows of living connections in line that have grown since they were last written.
    fn queue_living(&self, now: Timestamp) {
        let state = &mut *self.0.lock();
        for link in state.links.values().flatten() {
            let progress = link.progress.lock();
            let grown = progress.settled(now) > progress.stored && progress.closed_at.is_none();
            if grown && state.waiting.len() < WAITING_MAX {
                state.waiting.push_back(Arc::clone(link));
            }
        }
    }

    /// The next batch for the database.
    fn batch(&self, now: Timestamp) -> Batch {
        let mut state = self.0.lock();
        let due = state.waiting.len().min(BATCH_MAX);
        let links: Vec<(Arc<Link>, MessageId)> = state
            .waiting
            .drain(..due)
            .map(|link| {
                let progress = link.progress.lock();
                let until = progress.closed_at.unwrap_or_else(|| progress.settled(now));
                drop(progress);
                (link, until)
            })
            .collect();
        let delivered = state.delivered.iter().take(BATCH_MAX);
        Batch {
            links,
            delivered: delivered
                .map(|((place, user), seq)| (*place, *user, *seq))
                .collect(),
        }
    }

    /// Forgets what stands in the database now.
    fn stored(&self, batch: Batch) {
        let mut state = self.0.lock();
        for (link, until) in batch.links {
            let closed = {
                let mut progress = link.progress.lock();
                progress.stored = progress.stored.max(until);
                progress.closed_at == Some(until)
            };
            if closed {
                state.forget(&link);
            }
        }
        for (conversation_id, user_id, seq) in batch.delivered {
            let key = (conversation_id, user_id);
            if state.delivered.get(&key) == Some(&seq) {
                state.delivered.remove(&key);
            }
        }
    }

    /// Puts back what could not be written.
    fn put_back(&self, batch: Batch) {
        let mut state = self.0.lock();
        state
            .waiting
            .extend(batch.links.into_iter().map(|(link, _)| link));
    }
}

impl State {
    fn forget(&mut self, link: &Arc<Link>) {
        if let Some(links) = self.links.get_mut(&link.key) {
            links.retain(|other| !Arc::ptr_eq(other, link));
            if links.is_empty() {
                self.links.remove(&link.key);
            }
        }
    }
}

#[derive(Clone)]
struct Batch {
    links: Vec<(Arc<Link>, MessageId)>,
    delivered: Vec<(ConversationId, UserId, Seq)>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.links.is_empty() && self.delivered.is_empty()
    }

    fn command(&self) -> NotePositions {
        let position = |(link, until): &(Arc<Link>, MessageId)| Position {
            user_id: link.key.0,
            device: Arc::clone(&link.key.1),
            after: link.after,
            until: *until,
        };
        NotePositions {
            positions: self.links.iter().map(position).collect(),
            delivered: self.delivered.clone(),
        }
    }
}

/// A live connection as one device of a person. The socket says what it has written; dropping it without
/// [`Self::finish`] says that the connection broke off.
pub struct LiveDevice {
    core: Core,
    link: Arc<Link>,
}

impl LiveDevice {
    /// Notes that an event was written to the connection. Events are noted in the order in which the session gives
    /// them, and each one that the session gives is.
    pub fn wrote(&self, event: &Event) {
        let Event::MessageSent(sent) = event else { return };
        let message = &sent.view.message;
        let me = self.link.key.0;
        self.link.progress.lock().wrote(message.id, self.core.now());
        if matches!(sent.place, Place::Direct { .. }) && message.sender_id != Some(me) {
            let devices = self.core.devices();
            devices.note_delivered(message.conversation_id, me, message.seq);
        }
    }

    /// Notes that the connection ended in good order: the client has got all that was written.
    pub fn finish(self) {
        let mut progress = self.link.progress.lock();
        progress.settled = progress.written;
    }
}

impl Drop for LiveDevice {
    fn drop(&mut self) {
        let until = self.link.progress.lock().settled(self.core.now());
        self.core.devices().close(&self.link, until);
    }
}

impl Core {
    /// Begins to note what a live connection brings to a device of the caller; the empty name stands for the one device
    /// of those who name none. To be called after the session has been attached.
    ///
    /// # Errors
    /// `Invalid` for what cannot be the name of a device.
    pub fn live_device(&self, actor: &Actor, device: &str) -> Result<LiveDevice> {
        field::device(device)?;
        let key = (actor.user_id, Arc::from(device));
        let link = self.devices().open(key, self.newest_given_out());
        Ok(LiveDevice {
            core: self.clone(),
            link,
        })
    }

    /// Writes the positions of devices down that are only in memory. For the end of the server: while it runs, it does so
    /// by itself.
    ///
    /// # Errors
    /// `Overloaded` and `Unavailable` from the store.
    pub async fn settle_devices(&self) -> Result<()> {
        loop {
            let batch = self.devices().batch(self.now());
            if batch.is_empty() {
                return Ok(());
            }
            match self.execute_as_system(batch.command()).await {
                Ok(()) => self.devices().stored(batch),
                Err(error) => {
                    self.devices().put_back(batch);
                    return Err(error);
                }
            }
        }
    }
}

/// Writes positions down from time to time until the core is gone.
pub(crate) async fn run(core: Weak<Inner>) {
    for tick in 1_u32.. {
        tokio::time::sleep(TICK).await;
        let Some(inner) = core.upgrade() else { return };
        let core = Core { inner };
        if tick.is_multiple_of(LIVE_TICKS) {
            core.devices().queue_living(core.now());
        }
        if let Err(error) = core.settle_devices().await {
            tracing::debug!(%error, "the positions of devices could not be written; they will be tried again");
        }
    }
}
