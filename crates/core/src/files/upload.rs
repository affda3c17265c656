//! Uploads in parts: chunks that may come in any order, over days of bad network and restarts of the server, until
//! they are put together.

use parlance_store::table::upload::{MERGED, PAUSED, Upload};
use tokio::io::AsyncReadExt;

use crate::account::Actor;
use crate::command::{AddChunk, BeginUpload, CancelUpload, FinishUpload};
use crate::core::Core;
use crate::error::{Error, ErrorKind, Result};
use crate::files::incoming::IncomingFile;
use crate::files::{blob, clean_name, to_the_end};
use crate::query::UploadById;
use crate::types::{FileView, UploadView};

/// Bytes of the longest chunk a client may choose.
pub const CHUNK_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Bytes read from a chunk at a time.
const READ_BYTES: usize = 64 * 1024;
/// Numbers of missing chunks that a refusal names.
const MISSING_NAMED_MAX: usize = 10;

/// An upload to announce.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// The name the file will have.
    pub name: String,
    /// Length of the whole in bytes.
    pub size: i64,
    /// MD5 of the whole in hexadecimal digits, if the client knows it.
    pub md5: Option<String>,
    /// Length of every chunk but the last in bytes; 5 MiB when absent.
    pub chunk_size: Option<i64>,
}

impl Core {
    /// Announces an upload. With an MD5, an unfinished upload of the same file goes on, and a file that the caller
    /// has already is not asked for again.
    ///
    /// # Errors
    /// `TooLarge`; `Invalid` for a field out of range or too many unfinished uploads.
    pub async fn begin_upload(&self, actor: &Actor, upload: NewUpload) -> Result<UploadView> {
        let upload = NewUpload {
            name: clean_name(&upload.name),
            md5: upload.md5.map(|md5| md5.to_ascii_lowercase()),
            ..upload
        };
        let id = blob::new_key();
        self.execute(actor, BeginUpload { id, upload }).await
    }

    /// Keeps one chunk. A chunk that has come before is kept as it is.
    ///
    /// # Errors
    /// `FileMissing` when the caller has no such upload; `Invalid` for a number or length that does not fit, or a
    /// paused or finished upload; `Unavailable` when the disk does not take it.
    pub async fn keep_chunk(
        &self,
        actor: &Actor,
        upload_id: &str,
        number: i64,
        chunk: IncomingFile,
    ) -> Result<UploadView> {
        let size = i64::try_from(chunk.size()).unwrap_or(i64::MAX);
        let command = AddChunk {
            upload_id: upload_id.to_owned(),
            number,
            size,
        };
        let place = self.upload(actor, upload_id).await?;
        command.check(&place.upload)?;
        if place.chunks.contains(&number) {
            return Ok(place);
        }
        let sealed = chunk.seal().await?;
        let (core, actor) = (self.clone(), actor.clone());
        to_the_end(async move {
            let upload_id = command.upload_id.clone();
            let put = core.blobs().put_chunk(&upload_id, number, sealed.scrap).await;
            put.map_err(|error| blob::disk_error(&error))?;
            let added = core.execute(&actor, command).await;
            if let Err(error) = &added
                && error.kind == ErrorKind::FileMissing
            {
                // Cancelled in the meantime: its directory has just come back.
                core.erase_chunks(&upload_id).await;
            }
            added
        })
        .await
    }

    /// Puts the chunks together and keeps the file. Asking again gives the same file.
    ///
    /// # Errors
    /// `FileMissing` when the caller has no such upload; `Invalid` when chunks are missing, the MD5 does not match
    /// or the upload is paused; `Unavailable` when the disk does not take it.
    pub async fn finish_upload(&self, actor: &Actor, upload_id: &str, md5: Option<&str>) -> Result<FileView> {
        let place = self.upload(actor, upload_id).await?;
        if let Some(file) = place.file {
            return Ok(file);
        }
        check_complete(&place)?;
        let (core, actor) = (self.clone(), actor.clone());
        let expected = md5
            .filter(|md5| !md5.is_empty())
            .map_or(place.upload.md5.clone(), str::to_ascii_lowercase);
        to_the_end(async move {
            let sealed = core.join_chunks(&place.upload).await?.seal().await?;
            if !expected.is_empty() && sealed.md5 != expected {
                return Err(Error::invalid(
                    "the MD5 of the file does not match: upload it again",
                ));
            }
            let (file, scrap) = sealed.into_file(&actor, &place.upload.name);
            let upload_id = place.upload.id;
            // Two calls at once: the file of the first one stands, the other one's bytes go.
            let finish = |file| FinishUpload {
                upload_id: upload_id.clone(),
                file,
            };
            let finished = core.keep(&actor, file, scrap, finish).await?;
            core.erase_chunks(&upload_id).await;
            Ok(finished)
        })
        .await
    }

    /// Gives an upload up. Its chunks are erased; a file that it has become stays.
    ///
    /// # Errors
    /// `FileMissing` when the caller has no such upload.
    pub async fn cancel_upload(&self, actor: &Actor, upload_id: &str) -> Result<()> {
        let (core, actor) = (self.clone(), actor.clone());
        let upload_id = upload_id.to_owned();
        to_the_end(async move {
            let cancel = CancelUpload {
                upload_id: upload_id.clone(),
            };
            core.execute(&actor, cancel).await?;
            core.erase_chunks(&upload_id).await;
            Ok(())
        })
        .await
    }

    async fn upload(&self, actor: &Actor, upload_id: &str) -> Result<UploadView> {
        let query = UploadById {
            upload_id: upload_id.to_owned(),
        };
        self.query(actor, query).await
    }

    async fn join_chunks(&self, upload: &Upload) -> Result<IncomingFile> {
        let size = u64::try_from(upload.size).unwrap_or(0);
        let mut whole = self.receive_file(size).await?;
        let mut buffer = vec![0; READ_BYTES];
        for number in 1..=upload.chunks() {
            let opened = self.blobs().open_chunk(&upload.id, number).await;
            let (mut chunk, length) = opened.map_err(|error| lost(number, &error.to_string()))?;
            if Some(length) != upload.chunk_length(number).and_then(|l| u64::try_from(l).ok()) {
                return Err(lost(number, "wrong length"));
            }
            loop {
                let read = chunk.read(&mut buffer).await;
                match read.map_err(|error| lost(number, &error.to_string()))? {
                    0 => break,
                    read => whole.write(&buffer[..read]).await?,
                }
            }
        }
        Ok(whole)
    }

    /// Erases the chunks of an upload that is over. What cannot be erased now is found at the next start.
    pub(crate) async fn erase_chunks(&self, upload_id: &str) {
        if let Err(error) = self.blobs().erase_chunks(upload_id).await {
            tracing::warn!(%error, upload_id, "the chunks of an upload stay until the next start");
        }
    }
}

fn check_complete(place: &UploadView) -> Result<()> {
    let upload = &place.upload;
    if upload.state == MERGED {
        // The file it became has been deleted since.
        return Err(ErrorKind::FileMissing.into());
    }
    if upload.state == PAUSED {
        return Err(Error::invalid("this upload is paused: resume it first"));
    }
    let missing: Vec<String> = (1..=upload.chunks())
        .filter(|number| place.chunks.binary_search(number).is_err())
        .take(MISSING_NAMED_MAX)
        .map(|number| number.to_string())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "chunks are missing, send them first: {}",
        missing.join(", ")
    )))
}

/// A chunk that was acknowledged and is not there, as after a backup without the files.
fn lost(number: i64, why: &str) -> Error {
    tracing::error!(number, why, "a chunk cannot be read");
    Error::invalid(format!(
        "chunk {number} is lost on the server: cancel this upload and begin again"
    ))
}
