//! Local subscribers: takes what was committed, in log order, and puts it into the queues of those who should hear.
//!
//! One task owns the order and the cache of group members; the cache is dropped for a conversation by the very
//! events that change its members. The hub never writes, and never waits for a socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;

use parking_lot::{Mutex, RwLock};
use parlance_store::table::member;
use parlance_store::{Committed, Read, Store, Tx};
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::mpsc;

use crate::account::Actor;
use crate::error::Error;
use crate::event::{Audience, Delivery, Event};
use crate::name::{Called, Names};
use crate::presence::Change;
use crate::session::{Attendance, Ended, Known, Outbox, Session};
use crate::types::{ConversationId, TenantId, UserId};

/// Batches of events between the writer and the hub at most; the writer waits beyond it.
const QUEUE_BATCHES_MAX: usize = 4_096;
/// Ids of members kept in the cache at most, over all conversations.
const CACHED_MEMBERS_MAX: usize = 1_000_000;
/// Deliveries queued before the connections are woken at the latest.
const UNANNOUNCED_DELIVERIES_MAX: usize = 16_384;
/// Presence is not told to groups larger than this: a storm of log-ins would cost their square.
const PRESENCE_MEMBERS_MAX: usize = 500;

enum Job {
    /// A committed batch.
    Committed(Vec<Committed<Event>>),
    /// Something that is never kept.
    Passing(Event),
}

/// The live connections of this server.
pub(crate) struct Hub {
    users: RwLock<FxHashMap<UserId, Vec<Arc<Outbox>>>>,
    next_session: AtomicU64,
    /// Log position of the newest committed event that was handed over, queued ones included.
    newest: AtomicI64,
    /// Sessions whose clients know people and conversations by name.
    named: AtomicUsize,
    jobs: mpsc::Sender<Job>,
    presence: mpsc::UnboundedSender<Change>,
    sessions_per_user_max: usize,
    receiver: Mutex<Option<mpsc::Receiver<Job>>>,
}

impl Hub {
    pub(crate) fn new(sessions_per_user_max: usize, presence: mpsc::UnboundedSender<Change>) -> Arc<Self> {
        let (jobs, receiver) = mpsc::channel(QUEUE_BATCHES_MAX);
        Arc::new(Self {
            users: RwLock::default(),
            next_session: AtomicU64::new(1),
            newest: AtomicI64::new(0),
            named: AtomicUsize::new(0),
            jobs,
            presence,
            sessions_per_user_max: sessions_per_user_max.max(1),
            receiver: Mutex::new(Some(receiver)),
        })
    }

    /// Takes a committed batch, before its callers are answered. Blocks while the hub is far behind.
    pub(crate) fn committed(&self, batch: Vec<Committed<Event>>) {
        if let Some(last) = batch.last() {
            self.newest.store(last.position, Ordering::Release);
        }
        // An error means that the server is going down; the log keeps the events.
        let _ = self.jobs.blocking_send(Job::Committed(batch));
    }

    /// Passes on something that is never kept; dropped when the hub is far behind.
    pub(crate) fn pass(&self, event: Event) {
        if self.jobs.try_send(Job::Passing(event)).is_err() {
            tracing::debug!("the hub is busy; a passing event was dropped");
        }
    }

    /// Whether a person is present on a live connection here.
    pub(crate) fn is_online(&self, user_id: UserId) -> bool {
        self.users
            .read()
            .get(&user_id)
            .is_some_and(|outboxes| is_present(outboxes))
    }

    /// The tokens of the live connections on which a person is present; the empty one stands for none.
    pub(crate) fn present_tokens(&self, user_id: UserId) -> Vec<String> {
        let users = self.users.read();
        let outboxes = users.get(&user_id).into_iter().flatten();
        outboxes
            .filter(|outbox| outbox.attendance == Attendance::Present)
            .map(|outbox| outbox.token_id.to_string())
            .collect()
    }

    /// Live connections and people connected.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let users = self.users.read();
        (users.values().map(Vec::len).sum(), users.len())
    }

    /// Starts a subscription. What is committed from now on reaches it, and nothing that was committed before, even
    /// if it is still queued.
    pub(crate) fn attach(self: &Arc<Self>, actor: Actor, attendance: Attendance, known: Known) -> Session {
        let id = self.next_session.fetch_add(1, Ordering::Relaxed);
        if known == Known::ByName {
            self.named.fetch_add(1, Ordering::Relaxed);
        }
        let mut users = self.users.write();
        // Nothing is delivered while `users` is held, so no event falls between the position and the first delivery.
        let begins_after = self.newest.load(Ordering::Acquire);
        let outbox = Arc::new(Outbox::new(id, &actor, (attendance, known), begins_after));
        let outboxes = users
            .entry(actor.user_id)
            .or_insert_with(|| Vec::with_capacity(1));
        let first = attendance == Attendance::Present && !is_present(outboxes);
        if outboxes.len() >= self.sessions_per_user_max {
            outboxes.remove(0).end(Ended::Replaced);
        }
        outboxes.push(Arc::clone(&outbox));
        drop(users);
        if first {
            let _ = self.presence.send(Change::Came(actor.user_id));
        }
        Session::new(actor, outbox, Arc::clone(self))
    }

    pub(crate) fn detach(&self, user_id: UserId, session: &Outbox) {
        if session.known == Known::ByName {
            self.named.fetch_sub(1, Ordering::Relaxed);
        }
        let mut users = self.users.write();
        let Some(outboxes) = users.get_mut(&user_id) else {
            return;
        };
        let was_present = is_present(outboxes);
        outboxes.retain(|outbox| outbox.id != session.id);
        let went = was_present && !is_present(outboxes);
        if outboxes.is_empty() {
            users.remove(&user_id);
        }
        drop(users);
        if went {
            let _ = self.presence.send(Change::Went(user_id));
        }
    }

    /// Ends the connections of a person, or only those of one token.
    pub(crate) fn end(&self, user_id: UserId, token_id: Option<&str>) {
        if let Some(outboxes) = self.users.read().get(&user_id) {
            for outbox in outboxes {
                if token_id.is_none_or(|id| *outbox.token_id == *id) {
                    outbox.end(Ended::Revoked);
                }
            }
        }
    }

    /// Ends every connection of a tenant.
    pub(crate) fn end_tenant(&self, tenant_id: TenantId) {
        for outbox in self.users.read().values().flatten() {
            if outbox.tenant_id == tenant_id {
                outbox.end(Ended::Revoked);
            }
        }
    }

    /// Whether the clients of one of these people know others by name.
    fn hears_names(&self, mut user_ids: impl Iterator<Item = UserId>) -> bool {
        if self.named.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let users = self.users.read();
        let by_name =
            |outboxes: &Vec<Arc<Outbox>>| outboxes.iter().any(|outbox| outbox.known == Known::ByName);
        user_ids.any(|user_id| users.get(&user_id).is_some_and(by_name))
    }

    /// Queues a delivery for these people and gives how many connections that was; who has to be woken for it is
    /// added to `sleeping`.
    fn deliver(
        &self,
        delivery: &Arc<Delivery>,
        user_ids: impl IntoIterator<Item = UserId>,
        sleeping: &mut Vec<Waker>,
    ) -> usize {
        let users = self.users.read();
        let mut connections = 0;
        for user_id in user_ids {
            if let Some(outboxes) = users.get(&user_id) {
                connections += outboxes.len();
                sleeping.extend(outboxes.iter().filter_map(|outbox| outbox.push(delivery)));
            }
        }
        connections
    }

    /// Queues a delivery for everybody of a tenant, as [`Self::deliver`] does.
    fn deliver_to_tenant(
        &self,
        delivery: &Arc<Delivery>,
        tenant_id: TenantId,
        sleeping: &mut Vec<Waker>,
    ) -> usize {
        let users = self.users.read();
        let mut connections = 0;
        for outbox in users
            .values()
            .flatten()
            .filter(|outbox| outbox.tenant_id == tenant_id)
        {
            connections += 1;
            sleeping.extend(outbox.push(delivery));
        }
        connections
    }

    /// Runs until the last sender is gone. Called once.
    pub(crate) async fn run(self: Arc<Self>, store: Store<Event>) {
        let Some(mut receiver) = self.receiver.lock().take() else {
            return;
        };
        let mut router = Router {
            hub: self,
            store,
            members: Members::default(),
            names: Names::default(),
            sleeping: Vec::new(),
            unannounced: 0,
        };
        while let Some(job) = receiver.recv().await {
            match job {
                Job::Committed(batch) => {
                    for Committed { position, event } in batch {
                        router.route(event, Some(position)).await;
                    }
                }
                Job::Passing(event) => router.route(event, None).await,
            }
            // While more is there already, a connection that is woken now would only write in smaller pieces.
            if receiver.is_empty() {
                router.wake();
            }
        }
    }
}

/// Whether one of these connections shows its person.
fn is_present(outboxes: &[Arc<Outbox>]) -> bool {
    outboxes
        .iter()
        .any(|outbox| outbox.attendance == Attendance::Present)
}

#[derive(Default)]
struct Members {
    of: FxHashMap<ConversationId, Arc<[UserId]>>,
    ids: usize,
}

impl Members {
    fn forget(&mut self, conversation_id: ConversationId) {
        if let Some(ids) = self.of.remove(&conversation_id) {
            self.ids -= ids.len();
        }
    }

    fn keep(&mut self, conversation_id: ConversationId, ids: &Arc<[UserId]>) {
        if self.ids + ids.len() > CACHED_MEMBERS_MAX {
            self.of.clear();
            self.ids = 0;
        }
        self.ids += ids.len();
        self.of.insert(conversation_id, Arc::clone(ids));
    }
}

struct Router {
    hub: Arc<Hub>,
    store: Store<Event>,
    members: Members,
    names: Names,
    /// Connections that something was queued for since they were last woken.
    sleeping: Vec<Waker>,
    /// Deliveries queued since then.
    unannounced: usize,
}

impl Router {
    /// Wakes every connection that something was queued for.
    fn wake(&mut self) {
        self.unannounced = 0;
        self.sleeping.drain(..).for_each(Waker::wake);
    }

    fn deliver(&mut self, delivery: &Arc<Delivery>, user_ids: impl IntoIterator<Item = UserId>) {
        self.unannounced += self.hub.deliver(delivery, user_ids, &mut self.sleeping);
        if self.unannounced >= UNANNOUNCED_DELIVERIES_MAX {
            self.wake();
        }
    }

    async fn route(&mut self, event: Event, position: Option<i64>) {
        if let Some(conversation_id) = event.changes_members_of() {
            self.members.forget(conversation_id);
        }
        if let Err(error) = self.try_route(event, position).await {
            // The log has the event; clients find it there when they read.
            tracing::warn!(%error, "an event could not be delivered live");
        }
    }

    async fn try_route(&mut self, event: Event, position: Option<i64>) -> Result<(), Error> {
        match event.audience() {
            Audience::Nobody => {}
            Audience::Users(user_ids) => self.tell(event, position, user_ids.iter().copied()).await,
            Audience::Tenant(tenant_id) => {
                let delivery = Arc::new(Delivery::new(event, position, Called::default()));
                self.unannounced += self
                    .hub
                    .deliver_to_tenant(&delivery, tenant_id, &mut self.sleeping);
            }
            Audience::Conversation(id) => {
                let members = self.members_of(id).await?;
                self.tell(event, position, members.iter().copied()).await;
            }
            Audience::ConversationAnd(id, others) => {
                let members = self.members_of(id).await?;
                let others = others.iter().filter(|user_id| !members.contains(user_id));
                self.tell(event, position, members.iter().chain(others).copied())
                    .await;
            }
            Audience::PeersOf(user_id) => {
                let near = self.store.read(NearTo(user_id)).await?;
                let mut far = self.peers_of(user_id).await?;
                near.iter().for_each(|user_id| _ = far.remove(user_id));
                // Without names: dialects that tell only friends and correspondents of somebody's coming name it.
                let delivery = Arc::new(Delivery::new(event.clone(), position, Called::default()));
                self.deliver(&delivery, far);
                self.tell(event, position, near.iter().copied()).await;
            }
        }
        Ok(())
    }

    /// Delivers an event to these people, with names if somebody among them needs them.
    async fn tell(
        &mut self,
        event: Event,
        position: Option<i64>,
        user_ids: impl Iterator<Item = UserId> + Clone + Send,
    ) {
        let called = if self.hub.hears_names(user_ids.clone()) {
            self.names.of(&self.store, &event).await
        } else {
            Called::default()
        };
        let delivery = Arc::new(Delivery::new(event, position, called));
        self.deliver(&delivery, user_ids);
    }

    async fn members_of(&mut self, conversation_id: ConversationId) -> Result<Arc<[UserId]>, Error> {
        if let Some(ids) = self.members.of.get(&conversation_id) {
            return Ok(Arc::clone(ids));
        }
        let ids: Arc<[UserId]> = self.store.read(MembersOf(conversation_id)).await?.into();
        self.members.keep(conversation_id, &ids);
        Ok(ids)
    }

    async fn peers_of(&mut self, user_id: UserId) -> Result<FxHashSet<UserId>, Error> {
        let mut peers = FxHashSet::default();
        for conversation_id in self.store.read(ConversationsOf(user_id)).await? {
            let members = self.members_of(conversation_id).await?;
            if members.len() <= PRESENCE_MEMBERS_MAX {
                peers.extend(members.iter().copied());
            }
        }
        peers.remove(&user_id);
        Ok(peers)
    }
}

struct MembersOf(ConversationId);

impl Read for MembersOf {
    type Answer = Vec<UserId>;
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<UserId>, Error> {
        Ok(member::user_ids(tx, self.0).await?)
    }
}

struct ConversationsOf(UserId);

impl Read for ConversationsOf {
    type Answer = Vec<ConversationId>;
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<ConversationId>, Error> {
        Ok(member::conversation_ids(tx, self.0).await?)
    }
}

/// Who has a direct conversation with a person, or has it among the contacts.
struct NearTo(UserId);

impl Read for NearTo {
    type Answer = FxHashSet<UserId>;
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<FxHashSet<UserId>, Error> {
        let mut near: FxHashSet<_> = member::near_to(tx, self.0).await?.into_iter().collect();
        near.remove(&self.0);
        Ok(near)
    }
}
