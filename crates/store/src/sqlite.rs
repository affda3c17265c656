//! The embedded engine: one writer thread, a few reader threads, write-ahead log.
//!
//! One connection writes, so `database is locked` cannot happen between our own threads; a lock file in the data
//! directory keeps a second server out. Checkpoints run on a connection of their own, off the writer's path.

use std::future::{Future, ready};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};
use tokio::sync::mpsc;

use crate::commit::{self, Engine, Job, Pending, Publish, QUEUE_COMMANDS_MAX, Work};
use crate::error::{Error, ErrorKind, Result};
use crate::migrate;
use crate::reader::{PendingRead, Read, ReadQueue};
use crate::tx::{FromRow, RowView, Tx, Value};

/// The log is written back into the database when it has grown by this much.
const CHECKPOINT_BYTES: u64 = 4_000 * 4096;
/// A log that has grown to this because readers kept checkpoints from finishing is cut by the writer itself.
const WAL_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// What stays of the log's file when it starts over, so that its size tells how much it holds.
const WAL_BYTES_KEPT: u64 = 1024 * 1024;
/// Batches between two looks at the size of the log.
const BATCHES_PER_LOOK: u32 = 16;
const STATEMENTS_CACHED_MAX: usize = 256;

/// How surely a commit is on the disk when it is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Synced before every acknowledgement. Nothing acknowledged is lost, also when the power fails.
    #[default]
    Full,
    /// Synced at checkpoints. A power failure may lose the last acknowledged messages; a crash of the program does not.
    Normal,
}

/// How to open the embedded database.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The database file; created when missing.
    pub path: PathBuf,
    /// Durability of a commit.
    pub synchronous: Synchronous,
    /// Reader threads, at least 1.
    pub readers: usize,
}

impl SqliteOptions {
    /// The defaults for a database at `path`: `FULL`, two readers.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            synchronous: Synchronous::Full,
            readers: 2,
        }
    }
}

/// What an integrity check found.
#[derive(Clone, Debug)]
pub struct Integrity {
    /// The schema of the file.
    pub schema: i64,
    /// The schema this program writes.
    pub schema_current: i64,
    /// Damage found, in SQLite's words; empty when sound.
    pub damage: Vec<String>,
    /// When the newest message was sent, in microseconds since 1970; none without messages or with another schema.
    pub newest_message_at: Option<i64>,
}

/// A connection as the committer and the readers use it.
pub(crate) struct Session {
    connection: Connection,
    dirty: bool,
    failure: Option<Error>,
    checkpoint: Option<Checkpointer>,
}

struct RowOf<'a, 'b>(&'a Row<'b>);

impl RowView for RowOf<'_, '_> {
    fn int(&self, index: usize) -> Result<Option<i64>> {
        match self.0.get_ref(index)? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(value) => Ok(Some(value)),
            other => Err(Error::new(
                ErrorKind::Other,
                format!("column {index} is {}", other.data_type()),
            )),
        }
    }

    fn text(&self, index: usize) -> Result<Option<&str>> {
        let value = self.0.get_ref(index)?;
        value
            .as_str_or_null()
            .map_err(|error| Error::new(ErrorKind::Other, error.to_string()))
    }

    fn bytes(&self, index: usize) -> Result<Option<&[u8]>> {
        let value = self.0.get_ref(index)?;
        value
            .as_blob_or_null()
            .map_err(|error| Error::new(ErrorKind::Other, error.to_string()))
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Null => ValueRef::Null,
            Value::Int(value) => ValueRef::Integer(value),
            Value::Text(value) => ValueRef::Text(value.as_bytes()),
            Value::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

impl Session {
    fn new(connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
        Self {
            connection,
            dirty: false,
            failure: None,
            checkpoint: None,
        }
    }

    fn rows<R: FromRow>(&mut self, sql: &str, params: &[Value<'_>], max: usize) -> Result<Vec<R>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(params))?;
        let mut out = Vec::new();
        while out.len() < max
            && let Some(row) = rows.next()?
        {
            out.push(R::from_row(&RowOf(row))?);
        }
        Ok(out)
    }

    fn change(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let touched = statement.execute(rusqlite::params_from_iter(params))?;
        Ok(touched as u64)
    }

    fn note<T>(&mut self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            self.failure.get_or_insert_with(|| error.clone());
        }
        result
    }
}

impl Tx for Session {
    fn one<R: FromRow>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
    ) -> impl Future<Output = Result<Option<R>>> + Send {
        let result = self.rows(sql, params, 1).map(|mut rows| rows.pop());
        ready(self.note(result))
    }

    fn many<R: FromRow>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<R>>> + Send {
        let result = self.rows(sql, params, usize::MAX);
        ready(self.note(result))
    }

    fn exec(&mut self, sql: &str, params: &[Value<'_>]) -> impl Future<Output = Result<u64>> + Send {
        self.dirty = true;
        let result = self.change(sql, params);
        ready(self.note(result))
    }
}

impl Engine for Session {
    fn begin(&mut self) -> impl Future<Output = Result<()>> + Send {
        self.failure = None;
        ready(self.change("BEGIN IMMEDIATE", &[]).map(|_| ()))
    }

    fn commit(&mut self) -> impl Future<Output = Result<()>> + Send {
        ready(self.change("COMMIT", &[]).map(|_| ()))
    }

    fn rollback(&mut self) -> impl Future<Output = ()> + Send {
        // SQLite has rolled back by itself after some errors; then there is nothing to undo.
        if !self.connection.is_autocommit()
            && let Err(error) = self.change("ROLLBACK", &[])
        {
            tracing::error!(%error, "rollback failed");
        }
        self.failure = None;
        ready(())
    }

    fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn rest(&mut self) {
        if let Some(mut checkpoint) = self.checkpoint.take() {
            checkpoint.look(&self.connection);
            self.checkpoint = Some(checkpoint);
        }
    }
}

/// Asks the checkpoint thread for work when the log has grown. That thread writes back almost everything while the
/// writer goes on; the writer adds the little that came meanwhile, and the log starts over.
struct Checkpointer {
    wal: PathBuf,
    ask: std::sync::mpsc::SyncSender<()>,
    written_back: Arc<AtomicBool>,
    batches: u32,
}

impl Checkpointer {
    fn look(&mut self, connection: &Connection) {
        if self.written_back.swap(false, Ordering::Acquire) {
            checkpoint(connection, "PASSIVE");
        }
        self.batches += 1;
        if self.batches < BATCHES_PER_LOOK {
            return;
        }
        self.batches = 0;
        let bytes = std::fs::metadata(&self.wal).map_or(0, |meta| meta.len());
        if bytes >= WAL_BYTES_MAX {
            checkpoint(connection, "TRUNCATE");
        } else if bytes >= CHECKPOINT_BYTES {
            // Full means that one is running already.
            let _ = self.ask.try_send(());
        }
    }
}

/// Writes the log back as far as readers allow. A failure is tried again with the next one.
fn checkpoint(connection: &Connection, mode: &str) {
    if let Err(error) = connection.execute_batch(&format!("PRAGMA wal_checkpoint({mode})")) {
        tracing::warn!(%error, mode, "the write-ahead log could not be written back");
    }
}

/// The threads of an open store; joined when it closes.
#[derive(Default)]
struct Threads(Mutex<Vec<JoinHandle<()>>>);

/// A handle to the open database. Cheap to clone; the last one closes it.
pub struct Store<E> {
    writer: mpsc::Sender<Box<dyn Job<Session, E>>>,
    readers: Arc<ReadQueue<Session>>,
    threads: Arc<Threads>,
}

impl<E> Clone for Store<E> {
    fn clone(&self) -> Self {
        Self {
            writer: self.writer.clone(),
            readers: Arc::clone(&self.readers),
            threads: Arc::clone(&self.threads),
        }
    }
}

impl<E: Send + 'static> Store<E> {
    /// Opens or creates the database and brings it to the current schema. `publish` gets every committed batch of
    /// events, on the writer's thread: it must be quick.
    ///
    /// # Errors
    /// [`ErrorKind::Newer`] for a database of a newer program, [`ErrorKind::Corrupt`] and [`ErrorKind::Disk`].
    pub fn open(options: &SqliteOptions, publish: Publish<E>) -> Result<Self> {
        let mut connection = connect(&options.path, options.synchronous)?;
        migrate::migrate(&mut connection)?;
        let mut session = Session::new(connection);
        let mut threads = Vec::new();

        let (ask, asked) = std::sync::mpsc::sync_channel(1);
        let checkpoint_connection = connect(&options.path, options.synchronous)?;
        let written_back = Arc::new(AtomicBool::new(false));
        let finished = Arc::clone(&written_back);
        threads.push(spawn("checkpoint", move || {
            checkpoint_loop(&checkpoint_connection, &asked, &finished)
        })?);
        let wal = PathBuf::from(format!("{}-wal", options.path.display()));
        session.checkpoint = Some(Checkpointer {
            wal,
            ask,
            written_back,
            batches: 0,
        });

        let (writer, queue) = mpsc::channel(QUEUE_COMMANDS_MAX);
        let committer = commit::run(session, queue, publish);
        threads.push(spawn("writer", move || futures_executor::block_on(committer))?);

        let readers = ReadQueue::new();
        for _ in 0..options.readers.max(1) {
            let queue = Arc::clone(&readers);
            let reader = connect(&options.path, options.synchronous)?;
            reader.execute_batch("PRAGMA query_only=ON")?;
            threads.push(spawn("reader", move || read_loop(Session::new(reader), &queue))?);
        }
        let threads = Arc::new(Threads(Mutex::new(threads)));
        Ok(Self {
            writer,
            readers,
            threads,
        })
    }

    /// Queues a change; it is taken in the order of these calls. The future ends when it is on the disk or refused.
    pub fn execute<W: Work<Event = E>>(
        &self,
        work: W,
    ) -> impl Future<Output = std::result::Result<W::Reply, W::Refusal>> + Send + use<W, E> {
        let (pending, answer) = Pending::new(work);
        let queued = self
            .writer
            .try_send(Box::new(pending))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => {
                    Error::new(ErrorKind::Overloaded, "too many changes are waiting for the disk")
                }
                mpsc::error::TrySendError::Closed(_) => Error::closed(),
            });
        async move {
            queued?;
            answer.await.unwrap_or_else(|_| Err(Error::closed().into()))
        }
    }

    /// Asks a question on one snapshot.
    pub async fn read<R: Read>(&self, read: R) -> std::result::Result<R::Answer, R::Refusal> {
        let (pending, answer) = PendingRead::new(read);
        self.readers.push(Box::new(pending))?;
        answer.await.unwrap_or_else(|_| Err(Error::closed().into()))
    }

    /// Commits what is queued, writes the log back and closes the file. Blocks until done; other handles get
    /// [`ErrorKind::Closed`] from then on.
    pub fn close(&self) {
        self.readers.close();
        let threads = std::mem::take(&mut *self.threads.0.lock());
        // An error means that the writer has ended already.
        let _ = futures_executor::block_on(self.writer.send(Box::new(commit::Close)));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the store had panicked");
            }
        }
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let name = format!("store-{name}");
    let spawned = std::thread::Builder::new().name(name).spawn(body);
    spawned.map_err(|error| Error::new(ErrorKind::Other, format!("cannot start a thread: {error}")))
}

fn connect(path: &Path, synchronous: Synchronous) -> Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    // Nobody of ours waits for a lock; this covers an operator's own sqlite3 shell for a moment.
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    // Plans do not depend on the values bound, so a prepared statement is never planned anew because of them.
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let level = match synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    connection.execute_batch(&format!(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous={level}; PRAGMA wal_autocheckpoint=0; \
         PRAGMA journal_size_limit={WAL_BYTES_KEPT}; PRAGMA foreign_keys=OFF; \
         PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16000; PRAGMA mmap_size=0; PRAGMA trusted_schema=OFF;"
    ))?;
    Ok(connection)
}

fn checkpoint_loop(
    connection: &Connection,
    asked: &std::sync::mpsc::Receiver<()>,
    written_back: &AtomicBool,
) {
    while asked.recv().is_ok() {
        checkpoint(connection, "PASSIVE");
        written_back.store(true, Ordering::Release);
    }
    // The writer has finished: leave a database without a log behind.
    checkpoint(connection, "TRUNCATE");
}

fn read_loop(mut session: Session, queue: &ReadQueue<Session>) {
    while let Some(job) = queue.pop() {
        // One snapshot for all statements of a query.
        if let Err(error) = session.change("BEGIN", &[]) {
            tracing::error!(%error, "a reader could not begin");
        }
        job.run(&mut session);
        if let Err(error) = session.change("COMMIT", &[]) {
            tracing::error!(%error, "a reader could not end");
        }
        session.failure = None;
    }
}

/// Checks the file at `path` without changing it: schema, and SQLite's own integrity check.
///
/// # Errors
/// When the file cannot be opened or is no database.
pub fn check_integrity(path: &Path) -> Result<Integrity> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    let schema = migrate::version(&connection)?;
    let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
    let damage: Vec<String> = statement
        .query_map([], |row| row.get(0))?
        .collect::<std::result::Result<_, _>>()?;
    let newest_message_at = if schema == migrate::current() && damage == ["ok"] {
        let newest = "SELECT created_at FROM messages ORDER BY id DESC LIMIT 1";
        connection.query_row(newest, [], |row| row.get(0)).optional()?
    } else {
        None
    };
    Ok(Integrity {
        newest_message_at,
        schema,
        schema_current: migrate::current(),
        damage: damage.into_iter().filter(|line| line != "ok").collect(),
    })
}
