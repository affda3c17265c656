//! Files: taking bytes in, keeping them, giving them out, and cleaning up after what was interrupted.
//!
//! Bytes and rows are two stores, so every step is ordered such that a crash between them leaves bytes without a row,
//! never a row without bytes, and that the next start can tell which is which. Who may do what is in the commands and
//! the policy. **Not in here:** HTTP, URLs, multipart forms.

mod blob;
mod bytes;
mod incoming;
mod key;
mod kind;
mod link;
mod objects;
mod sweep;
mod upload;

use std::sync::Arc;

use parlance_store::table::file::StoredFile;

pub(crate) use self::blob::Blobs;
pub use self::bytes::FileBytes;
pub use self::incoming::IncomingFile;
use self::incoming::Scrap;
pub(crate) use self::key::row_of_keys;
pub use self::key::{carried_keys, file_key, storage_key};
pub use self::kind::{Category, Kind, extension};
pub use self::link::FileLink;
pub(crate) use self::link::LinkSigner;
pub use self::objects::ObjectFiles;
pub(crate) use self::sweep::{run as run_sweep, settle};
pub use self::upload::{CHUNK_BYTES_MAX, NewUpload};
use crate::account::Actor;
use crate::command::{AddFile, ChangeAvatar, Command, DeleteFiles};
use crate::core::Core;
use crate::error::{Error, ErrorKind, Result};
use crate::query::FileByRef;
use crate::types::{FileId, FileRef, FileView};

/// Characters of a file's name; a longer one is cut.
const NAME_CHARS_MAX: usize = 255;
/// What every client can show as a person's picture.
const AVATAR_TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// A file that its reader may open, and its bytes from the first on.
#[derive(Debug)]
pub struct OpenFile {
    /// What is known of it.
    pub file: StoredFile,
    /// The bytes; exactly `file.size` of them.
    pub bytes: FileBytes,
}

impl Core {
    /// Begins to take a file in. What is not kept is gone when the value is dropped.
    ///
    /// # Errors
    /// `Overloaded` when too many files are coming in at once, `Unavailable` when the disk does not take it.
    pub async fn receive_file(&self, bytes_max: u64) -> Result<IncomingFile> {
        self.blobs().receive(bytes_max).await
    }

    /// Keeps what has come in as a private file of the caller. The file is on the disk when this returns.
    ///
    /// # Errors
    /// `Unavailable` when the disk does not take it.
    pub async fn keep_file(&self, actor: &Actor, incoming: IncomingFile, name: &str) -> Result<FileView> {
        let (file, scrap) = incoming.seal().await?.into_file(actor, &clean_name(name));
        let (core, actor) = (self.clone(), actor.clone());
        to_the_end(async move { core.keep(&actor, file, scrap, |file| AddFile { file }).await }).await
    }

    /// Keeps what has come in as the caller's picture, readable by everybody under `url`. The picture that it
    /// replaces is erased if it was an upload of the caller.
    ///
    /// # Errors
    /// `Invalid` when the bytes are no picture; `Unavailable` when the disk does not take it.
    pub async fn change_avatar(
        &self,
        actor: &Actor,
        incoming: IncomingFile,
        name: &str,
        url: String,
    ) -> Result<FileView> {
        if !AVATAR_TYPES.contains(&incoming.kind(name).media_type) {
            return Err(Error::invalid("a picture is a PNG, JPEG, GIF or WebP file"));
        }
        let (mut file, scrap) = incoming.seal().await?.into_file(actor, &clean_name(name));
        file.public = true;
        let (core, actor) = (self.clone(), actor.clone());
        to_the_end(async move {
            let kept = core.keep(&actor, file, scrap, |file| ChangeAvatar { file, url });
            let view = kept.await?;
            core.erase_deleted().await;
            Ok(view)
        })
        .await
    }

    /// Opens a file that the caller may read: the owner's own, or one that a message in the caller's sight carries.
    ///
    /// # Errors
    /// `FileMissing`, whether there is no such file or it is not the caller's to read.
    pub async fn open_file(&self, actor: &Actor, file: FileRef) -> Result<OpenFile> {
        let view = self.query(actor, FileByRef { file }).await?;
        self.open_bytes(view.file).await
    }

    /// Opens a file that everybody may read.
    ///
    /// # Errors
    /// `FileMissing`, also for a private file.
    pub async fn open_public_file(&self, storage_key: &str) -> Result<OpenFile> {
        let actor = Actor::system(crate::types::DEFAULT_TENANT);
        let query = crate::query::PublicFile {
            storage_key: storage_key.to_owned(),
        };
        let file = self.query(&actor, query).await?;
        self.open_bytes(file).await
    }

    /// Deletes files of the caller, all or none. Their bytes are erased after the commit.
    ///
    /// # Errors
    /// `FileMissing` when one is not the caller's; `Invalid` for too many at once.
    pub async fn delete_files(&self, actor: &Actor, ids: Vec<FileId>) -> Result<()> {
        let (core, actor) = (self.clone(), actor.clone());
        to_the_end(async move {
            core.execute(&actor, DeleteFiles { ids }).await?;
            core.erase_deleted().await;
            Ok(())
        })
        .await
    }

    /// Keeps the bytes of a file that has come in if the command that makes its row does; lets go of them otherwise.
    async fn keep<C: Command<Reply = FileView>>(
        &self,
        actor: &Actor,
        file: StoredFile,
        scrap: Scrap,
        command: impl FnOnce(StoredFile) -> C,
    ) -> Result<FileView> {
        let key = file.storage_key.clone();
        let outcome = match self.blobs().place(&file, &scrap).await {
            Ok(()) => self.execute(actor, command(file)).await,
            Err(error) => Err(error),
        };
        match &outcome {
            Ok(view) if view.file.storage_key == key => self.blobs().promote(&key, scrap).await?,
            _ => self.blobs().discard(&key, scrap).await,
        }
        outcome
    }

    pub(crate) async fn open_bytes(&self, file: StoredFile) -> Result<OpenFile> {
        let opened = self.blobs().open_kept(&file.storage_key).await;
        let length = u64::try_from(file.size).unwrap_or(0);
        match opened {
            Ok((bytes, size)) if size == length => Ok(OpenFile { file, bytes }),
            Ok((_, size)) => {
                tracing::error!(
                    file = file.id,
                    size,
                    expected = length,
                    "a file has the wrong length"
                );
                Err(ErrorKind::FileMissing.into())
            }
            Err(error) => {
                tracing::error!(file = file.id, %error, "the bytes of a file cannot be opened");
                Err(error)
            }
        }
    }
}

/// Runs steps that must not stop halfway because the client hangs up.
async fn to_the_end<R: Send + 'static>(steps: impl Future<Output = Result<R>> + Send + 'static) -> Result<R> {
    tokio::spawn(steps)
        .await
        .map_err(|error| Error::new(ErrorKind::Internal, format!("keeping a file: {error}")))?
}

/// A name fit for showing: what follows the last separator, without control characters, not longer than
/// [`NAME_CHARS_MAX`]. It is never used as a path.
fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|c| !c.is_control()).collect();
    let shown = shown.trim();
    if matches!(shown, "" | "." | "..") {
        return "file".to_owned();
    }
    let length = shown.chars().count();
    if length <= NAME_CHARS_MAX {
        return shown.to_owned();
    }
    // The extension says what to open it with, so the cut is before it.
    let ending = extension(shown)
        .map(|ending| format!(".{ending}"))
        .unwrap_or_default();
    let stem = shown.chars().take(NAME_CHARS_MAX - ending.chars().count());
    stem.chain(ending.chars()).collect()
}

/// A fresh handle on everything that has bytes, for the core to share.
pub(crate) async fn open_blobs(
    directory: std::path::PathBuf,
    objects: Option<Arc<dyn ObjectFiles>>,
) -> Result<Arc<Blobs>> {
    Blobs::open(directory, objects).await.map(Arc::new)
}

#[cfg(test)]
mod link_tests;
#[cfg(test)]
mod objects_tests;
#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
