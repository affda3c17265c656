//! Bytes under random keys, on the local disk or, once they are kept, in an object store.
//!
//! A file comes in under `incoming/` and is synced. On the disk it moves to `kept/ab/cd/` once its row is committed; to
//! an object store it is copied before, and leaves `incoming/` after. The chunks of an upload lie in `chunks/` under
//! its id. Every name is made here and checked before it becomes a path; nothing a client sends ever does.
//! **Not in here:** rows, owners, permissions.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::fs::{self, File, OpenOptions};
use tokio::sync::Semaphore;

use crate::error::{Error, ErrorKind, Result};
use crate::files::bytes::FileBytes;
use crate::files::incoming::{IncomingFile, Scrap};
use crate::files::objects::{ObjectFiles, Objects};
use crate::types::{StoredFile, Timestamp};

/// Files coming in at one time; one more is refused as overloaded.
const INCOMING_FILES_MAX: usize = 1024;
/// Only the owner may look into the directory.
const DIRECTORY_MODE: u32 = 0o700;
/// Only the owner may read a file.
const FILE_MODE: u32 = 0o600;
/// Digits of a key: 128 random bits.
const KEY_DIGITS: usize = 32;

const INCOMING: &str = "incoming";
const KEPT: &str = "kept";
const CHUNKS: &str = "chunks";

/// A key that nobody can guess.
pub(crate) fn new_key() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Whether a text has the form of a key.
pub(crate) fn is_key(text: &str) -> bool {
    text.len() == KEY_DIGITS && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// What a failure of the disk is to the caller.
pub(crate) fn disk_error(error: &io::Error) -> Error {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    let detail = match error.kind() {
        StorageFull | QuotaExceeded => "the disk of the server is full".to_owned(),
        _ => format!("the disk of the server failed: {error}"),
    };
    Error::new(ErrorKind::Unavailable, detail)
}

/// Everything that has bytes.
#[derive(Debug)]
pub(crate) struct Blobs {
    root: PathBuf,
    places: Arc<Semaphore>,
    /// Where the bytes of kept files lie, unless that is this disk.
    objects: Option<Objects>,
}

impl Blobs {
    /// Opens the store, and makes its directories when they are missing.
    pub(crate) async fn open(root: PathBuf, objects: Option<Arc<dyn ObjectFiles>>) -> Result<Self> {
        for part in [INCOMING, KEPT, CHUNKS] {
            make_directory(root.join(part)).await.map_err(|error| {
                let place = root.display();
                Error::new(
                    ErrorKind::Unavailable,
                    format!("cannot make the directory for files {place}: {error}"),
                )
            })?;
        }
        Ok(Self {
            root,
            places: Arc::new(Semaphore::new(INCOMING_FILES_MAX)),
            objects: objects.map(Objects::new),
        })
    }

    /// A new file to write to, at most `bytes_max` long.
    pub(crate) async fn receive(&self, bytes_max: u64) -> Result<IncomingFile> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| Error::new(ErrorKind::Overloaded, "too many files are coming in"))?;
        let key = new_key();
        let path = self.root.join(INCOMING).join(&key);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(&path)
            .await
            .map_err(|error| disk_error(&error))?;
        Ok(IncomingFile::new(file, Scrap::new(path, place), key, bytes_max))
    }

    /// Brings the bytes of a file that has come in to where its row may say that they are. A crash after this leaves
    /// them in `incoming/` too, where the next start finds them.
    pub(crate) async fn place(&self, file: &StoredFile, scrap: &Scrap) -> Result<()> {
        match &self.objects {
            Some(objects) => {
                objects
                    .put(file, &object_name(&file.storage_key)?, scrap.path())
                    .await
            }
            None => Ok(()),
        }
    }

    /// Makes the place of a file final whose row is committed. A crash before this leaves it in `incoming/`, where
    /// the next start finds it.
    pub(crate) async fn promote(&self, key: &str, mut scrap: Scrap) -> Result<()> {
        // The row is committed: from here on the bytes must stay, wherever they lie.
        scrap.keep();
        self.promote_left(key).await.map_err(|error| disk_error(&error))
    }

    /// As [`Blobs::promote`], for a file that an earlier run has left in `incoming/`.
    pub(crate) async fn promote_left(&self, key: &str) -> io::Result<()> {
        let from = self.root.join(INCOMING).join(key);
        if self.objects.is_some() {
            return remove_file(&from).await;
        }
        let to = self.kept(key)?;
        if let Some(directory) = to.parent() {
            make_directory(directory.to_owned()).await?;
        }
        fs::rename(from, to).await
    }

    /// Lets go of a file that has come in and that no row names. What cannot be erased in an object store now stays
    /// in `incoming/` too, where the next start finds it.
    pub(crate) async fn discard(&self, key: &str, mut scrap: Scrap) {
        if self.objects.is_some()
            && let Err(error) = self.erase(key).await
        {
            tracing::warn!(%error, key, "an object that nobody needs stays until the next start");
            scrap.keep();
        }
    }

    /// Opens the bytes under a key, and tells how many there are.
    ///
    /// # Errors
    /// `FileMissing` when there are none; `Unavailable` when an object store does not answer.
    pub(crate) async fn open_kept(&self, key: &str) -> Result<(FileBytes, u64)> {
        if let Some(objects) = &self.objects {
            return objects.open(object_name(key)?).await;
        }
        let opened = match self.kept(key) {
            Ok(path) => open(&path).await,
            Err(error) => Err(error),
        };
        let (file, size) = opened.map_err(|error| Error::new(ErrorKind::FileMissing, error.to_string()))?;
        Ok((FileBytes::on_disk(file), size))
    }

    /// Erases the bytes under a key; that there are none is no error.
    pub(crate) async fn erase(&self, key: &str) -> Result<()> {
        match &self.objects {
            Some(objects) => objects.erase(&object_name(key)?).await,
            None => {
                let erased = match self.kept(key) {
                    Ok(path) => remove_file(&path).await,
                    Err(error) => Err(error),
                };
                erased.map_err(|error| disk_error(&error))
            }
        }
    }

    /// The object store's own link to the bytes under a key, if they lie in one.
    pub(crate) fn link(&self, storage_key: &str, media_type: Option<&str>, now: Timestamp) -> Option<String> {
        let objects = self.objects.as_ref()?;
        objects.link(object_name(storage_key).ok()?, media_type, now)
    }

    /// Erases what an earlier run has left in `incoming/` under this name, and what it may have copied from there.
    pub(crate) async fn erase_left(&self, name: &str) -> Result<()> {
        if self.objects.is_some() && is_key(name) {
            self.erase(name).await?;
        }
        let erased = remove_file(&self.root.join(INCOMING).join(name)).await;
        erased.map_err(|error| disk_error(&error))
    }

    /// Names of files that an earlier run was taking in. Only for the start, before anything new comes in.
    pub(crate) async fn left(&self) -> io::Result<Vec<String>> {
        names(&self.root.join(INCOMING)).await
    }

    /// Puts a chunk that has come in to the others of its upload. A second one with its number takes its place.
    pub(crate) async fn put_chunk(&self, upload_id: &str, number: i64, mut scrap: Scrap) -> io::Result<()> {
        let directory = self.chunks(upload_id)?;
        make_directory(directory.clone()).await?;
        fs::rename(scrap.path(), directory.join(number.to_string())).await?;
        scrap.keep();
        sync_directory(&directory).await
    }

    /// Opens a chunk, and tells its length.
    pub(crate) async fn open_chunk(&self, upload_id: &str, number: i64) -> io::Result<(File, u64)> {
        open(&self.chunks(upload_id)?.join(number.to_string())).await
    }

    /// Erases the chunks of an upload; that there are none is no error.
    pub(crate) async fn erase_chunks(&self, upload_id: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.chunks(upload_id)?).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Ids of uploads that have chunks.
    pub(crate) async fn uploads(&self) -> io::Result<Vec<String>> {
        names(&self.root.join(CHUNKS)).await
    }

    fn kept(&self, key: &str) -> io::Result<PathBuf> {
        let key = checked(key)?;
        Ok(self.root.join(KEPT).join(&key[..2]).join(&key[2..4]).join(key))
    }

    fn chunks(&self, upload_id: &str) -> io::Result<PathBuf> {
        Ok(self.root.join(CHUNKS).join(checked(upload_id)?))
    }
}

/// The name of an object: what the path is on the disk, so that copying the one to the other is all it takes to move.
fn object_name(key: &str) -> Result<String> {
    let key = checked(key).map_err(|error| Error::new(ErrorKind::FileMissing, error.to_string()))?;
    Ok(format!("{KEPT}/{}/{}/{key}", &key[..2], &key[2..4]))
}

/// The last line of defence between what is asked for and the file system.
fn checked(key: &str) -> io::Result<&str> {
    if is_key(key) {
        Ok(key)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a storage key"))
    }
}

async fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = File::open(path).await?;
    let size = file.metadata().await?.len();
    Ok((file, size))
}

async fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Names in a directory. As many as an interrupted run had work in hand, which [`INCOMING_FILES_MAX`] and the bounds
/// of uploads limit.
async fn names(directory: &Path) -> io::Result<Vec<String>> {
    let mut entries = fs::read_dir(directory).await?;
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        names.extend(entry.file_name().into_string());
    }
    Ok(names)
}

async fn make_directory(path: PathBuf) -> io::Result<()> {
    let make = move || {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(path)
    };
    tokio::task::spawn_blocking(make).await?
}

/// Makes the names in a directory last through a power cut.
pub(crate) async fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path).await?.sync_all().await
}
