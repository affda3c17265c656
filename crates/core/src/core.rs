//! The face of the core: open it, change something, ask something, subscribe.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use parlance_store::table::tenant::Tenant as TenantRow;
use parlance_store::table::{event, message, tenant, token};
use parlance_store::{Committed, Log, Read, SqliteOptions, Store, Tx, Work};
use tokio::sync::mpsc;

use crate::account::{Actor, LoginThrottle, PasswordCost, Passwords, Tokens};
use crate::command::{Command, Context};
use crate::device::{self, Devices};
use crate::env::{Clock, Env, Limits};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::files::{self, Blobs, LinkSigner, ObjectFiles, open_blobs};
use crate::hub::Hub;
use crate::presence;
use crate::query::{MaySignal, MayType};
use crate::seal::Sealer;
use crate::search;
use crate::session::{Attendance, Known, Session};
use crate::tenant::{TENANTS_MAX, Tenants};
use crate::types::{ConversationId, DEFAULT_TENANT, MessageId, Timestamp, UserId};

/// How to open a core.
pub struct CoreOptions {
    /// The database.
    pub database: SqliteOptions,
    /// The directory for the bytes of files; made when missing.
    pub files: PathBuf,
    /// Where the bytes of kept files lie instead. What is still coming in lies in the directory all the same.
    pub objects: Option<Arc<dyn ObjectFiles>>,
    /// Signs tokens; at least 32 bytes.
    pub token_key: Vec<u8>,
    /// Seals the secrets that are kept in the database.
    pub sealing_key: [u8; 32],
    /// How expensive passwords are to guess.
    pub password_cost: PasswordCost,
    /// The configured bounds.
    pub limits: Limits,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

pub(crate) struct Inner {
    store: Store<Event>,
    blobs: Arc<Blobs>,
    link_signer: LinkSigner,
    env: Arc<Env>,
    hub: Arc<Hub>,
    tokens: Arc<Tokens>,
    passwords: Passwords,
    sealer: Sealer,
    throttle: LoginThrottle,
}

/// The messaging core. Cheap to clone.
#[derive(Clone)]
pub struct Core {
    pub(crate) inner: Arc<Inner>,
}

/// A read over one snapshot.
pub trait Query: Send + Sync + 'static {
    /// What it answers.
    type Answer: Send + 'static;

    /// Checks what the caller may see, and reads.
    fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> impl Future<Output = Result<Self::Answer>> + Send;
}

/// What a query sees.
pub struct ReadContext<'a, T> {
    /// The snapshot.
    pub tx: &'a mut T,
    /// Who asks.
    pub actor: &'a Actor,
    /// Limits and clock.
    pub env: &'a Env,
    /// When it was asked.
    pub now: Timestamp,
}

struct RunCommand<C> {
    command: C,
    actor: Actor,
    env: Arc<Env>,
}

impl<C: Command> Work for RunCommand<C> {
    type Reply = C::Reply;
    type Refusal = Error;
    type Event = Event;

    async fn apply<T: Tx>(&self, tx: &mut T, log: &mut Log<Event>) -> Result<C::Reply> {
        let now = self.env.now();
        let mut cx = Context {
            tx,
            actor: &self.actor,
            env: &self.env,
            now,
            log,
        };
        self.command.apply(&mut cx).await
    }
}

struct RunQuery<Q> {
    query: Q,
    actor: Actor,
    env: Arc<Env>,
}

impl<Q: Query> Read for RunQuery<Q> {
    type Answer = Q::Answer;
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Q::Answer> {
        let now = self.env.now();
        self.query
            .run(&mut ReadContext {
                tx,
                actor: &self.actor,
                env: &self.env,
                now,
            })
            .await
    }
}

/// Whether the store answers, at the price of one look at the end of the log.
struct Alive;

impl Read for Alive {
    type Answer = ();
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<()> {
        event::last_position(tx).await?;
        Ok(())
    }
}

/// What has to be known before the first command: where ids and revocations stand, and the tenants.
struct StartingPoint(Timestamp);

impl Read for StartingPoint {
    type Answer = (i64, Vec<(String, Timestamp)>, Vec<TenantRow>);
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Answer> {
        Ok((
            message::last_id(tx).await?,
            token::revoked(tx, self.0).await?,
            tenant::all(tx, TENANTS_MAX).await?,
        ))
    }
}

/// Takes up what a batch changes for the checks that run outside transactions, before anybody is answered.
fn note_accounts(tokens: &Tokens, tenants: &Tenants, hub: &Hub, batch: &[Committed<Event>], now: Timestamp) {
    for Committed { event, .. } in batch {
        match event {
            Event::AccountChanged { user_id } => tokens.forget_standing(*user_id),
            Event::AccountRevoked { user_id } => {
                tokens.forget_standing(*user_id);
                hub.end(*user_id, None);
            }
            Event::TokenRevoked {
                user_id,
                token_id,
                expires_at,
            } => {
                tokens.note_revoked(token_id, *expires_at, now);
                hub.end(*user_id, Some(token_id));
            }
            Event::TenantChanged(row) => {
                tenants.take_up(row);
                if !row.enabled {
                    hub.end_tenant(row.id);
                }
            }
            _ => {}
        }
    }
}

impl Core {
    /// Opens the database and starts the hub. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// When the database or the directory for files cannot be opened, or a setting is out of range.
    pub async fn open(options: CoreOptions) -> Result<Self> {
        let (changes, changed) = mpsc::unbounded_channel();
        let hub = Hub::new(options.limits.sessions_per_user_max, changes);
        // Filled in below, once the store can say which tokens are revoked.
        let late_tokens: Arc<std::sync::OnceLock<Arc<Tokens>>> = Arc::default();
        let (to_indexer, signal) = search::Signal::new();
        let tenants = Arc::new(Tenants::new(Sealer::new(&options.sealing_key)));
        let publish = {
            let (hub, tokens) = (Arc::clone(&hub), Arc::clone(&late_tokens));
            let tenants = Arc::clone(&tenants);
            let clock = Arc::clone(&options.clock);
            Box::new(move |batch: Vec<Committed<Event>>| {
                if let Some(tokens) = tokens.get() {
                    note_accounts(tokens, &tenants, &hub, &batch, clock.now());
                }
                to_indexer.committed(&batch);
                hub.committed(batch);
            })
        };
        let store = Store::open(&options.database, publish)?;
        let blobs = open_blobs(options.files, options.objects).await?;
        let now = options.clock.now();
        let (last_id, revoked, rows) = store.read(StartingPoint(now)).await?;
        rows.iter().for_each(|row| tenants.take_up(row));
        let tokens = Arc::new(Tokens::new(
            &options.token_key,
            options.limits.token_ttl_seconds,
            revoked,
        ));
        let _ = late_tokens.set(Arc::clone(&tokens));
        let core = Self {
            inner: Arc::new(Inner {
                store: store.clone(),
                blobs,
                link_signer: LinkSigner::new(&options.token_key),
                throttle: LoginThrottle::new(options.limits.logins_failed_per_minute),
                passwords: Passwords::new(options.password_cost)?,
                sealer: Sealer::new(&options.sealing_key),
                env: Arc::new(Env::new(options.clock, last_id, options.limits, tenants)),
                hub: Arc::clone(&hub),
                tokens,
            }),
        };
        search::start(store.clone(), signal);
        tokio::spawn(Arc::clone(&hub).run(store));
        files::settle(&core).await?;
        tokio::spawn(files::run_sweep(Arc::downgrade(&core.inner)));
        tokio::spawn(device::run(Arc::downgrade(&core.inner)));
        tokio::spawn(presence::run(core.clone(), hub, changed));
        Ok(core)
    }

    /// Changes something. Commands are taken in the order of these calls, also before the future is polled; it ends
    /// when the change is on the disk, or refused.
    ///
    /// # Errors
    /// The command's own refusals; `Overloaded` and `Unavailable` from the store.
    pub fn execute<C: Command>(
        &self,
        actor: &Actor,
        command: C,
    ) -> impl Future<Output = Result<C::Reply>> + Send + use<C> {
        let env = Arc::clone(&self.inner.env);
        self.inner.store.execute(RunCommand {
            command,
            actor: actor.clone(),
            env,
        })
    }

    /// Changes something on behalf of the server itself, in the default tenant.
    pub(crate) fn execute_as_system<C: Command>(
        &self,
        command: C,
    ) -> impl Future<Output = Result<C::Reply>> + Send + use<C> {
        self.execute(&Actor::system(DEFAULT_TENANT), command)
    }

    /// Asks something.
    ///
    /// # Errors
    /// The query's own refusals; `Overloaded` and `Unavailable` from the store.
    pub async fn query<Q: Query>(&self, actor: &Actor, query: Q) -> Result<Q::Answer> {
        let env = Arc::clone(&self.inner.env);
        self.inner
            .store
            .read(RunQuery {
                query,
                actor: actor.clone(),
                env,
            })
            .await
    }

    /// Subscribes to everything that concerns `actor`, from now on.
    pub fn attach(&self, actor: &Actor) -> Session {
        self.attach_as(actor, Attendance::Present, Known::ByNumber)
    }

    /// The same for a client that knows people and conversations by their text ids, see [`Delivery::called`].
    ///
    /// [`Delivery::called`]: crate::event::Delivery::called
    pub fn attach_by_name(&self, actor: &Actor) -> Session {
        self.attach_as(actor, Attendance::Present, Known::ByName)
    }

    pub(crate) fn attach_as(&self, actor: &Actor, attendance: Attendance, known: Known) -> Session {
        let session = self.inner.hub.attach(actor.clone(), attendance, known);
        // Revoked between the check of its token and now: the end has passed it by.
        if self.inner.tokens.is_revoked(&actor.token_id) {
            self.inner.hub.end(actor.user_id, Some(&actor.token_id));
        }
        self.end_if_void(actor);
        session
    }

    /// Passes "is typing" on to the other members. Never kept.
    ///
    /// # Errors
    /// `ConversationMissing`, `NotMember`.
    pub async fn typing(&self, actor: &Actor, conversation_id: ConversationId, typing: bool) -> Result<()> {
        self.query(actor, MayType(conversation_id)).await?;
        let at = self.now();
        self.inner.hub.pass(Event::Typing {
            conversation_id,
            user_id: actor.user_id,
            typing,
            at,
        });
        Ok(())
    }

    /// Passes a client's own signalling to one person, as it came. Never kept.
    ///
    /// # Errors
    /// `ReceiverMissing`, `NotMember` for somebody without a common conversation, `Blocked`.
    pub async fn signal(&self, actor: &Actor, to: UserId, body: String) -> Result<()> {
        self.query(actor, MaySignal(to)).await?;
        self.inner.hub.pass(Event::Signal {
            from: actor.user_id,
            to,
            body,
            at: self.now(),
        });
        Ok(())
    }

    /// Whether a person has a live connection, in any dialect.
    pub fn is_online(&self, user_id: UserId) -> bool {
        self.inner.hub.is_online(user_id)
    }

    /// Live connections, and people who have one.
    pub fn connected(&self) -> (usize, usize) {
        self.inner.hub.counts()
    }

    /// The time now, by the core's clock.
    pub fn now(&self) -> Timestamp {
        self.inner.env.now()
    }

    /// The configured bounds.
    pub fn limits(&self) -> &Limits {
        &self.inner.env.limits
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ready(&self) -> Result<()> {
        self.inner.store.read(Alive).await
    }

    /// Commits what is queued and closes the database. Blocks; later calls get `Unavailable`.
    pub fn close(&self) {
        self.inner.store.close();
    }

    /// The newest message id that was given out: what is committed later has a higher one.
    pub(crate) fn newest_given_out(&self) -> MessageId {
        self.inner.env.last_message_id()
    }

    pub(crate) fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    pub(crate) fn link_signer(&self) -> &LinkSigner {
        &self.inner.link_signer
    }

    pub(crate) fn store(&self) -> &Store<Event> {
        &self.inner.store
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.inner.tokens
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.inner.passwords
    }

    pub(crate) fn tenants(&self) -> &Tenants {
        self.inner.env.tenants()
    }

    pub(crate) fn devices(&self) -> &Devices {
        self.inner.env.devices()
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.inner.sealer
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    pub(crate) fn throttle(&self) -> &LoginThrottle {
        &self.inner.throttle
    }
}
