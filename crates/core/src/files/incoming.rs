//! A file on its way in: written piece by piece, measured and hashed as it comes, gone unless it is kept.

use std::io;
use std::path::{Path, PathBuf};

use md5::Md5;
use parlance_store::table::file::StoredFile;
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::sync::OwnedSemaphorePermit;

use crate::account::Actor;
use crate::error::{Error, ErrorKind, Result};
use crate::files::blob::{disk_error, sync_directory};
use crate::files::kind::{HEAD_BYTES, Kind};
use crate::hex::hexadecimal;

/// A path that is removed when dropped, unless it is kept. It counts among the files coming in for as long as it is.
#[derive(Debug)]
pub(crate) struct Scrap {
    path: PathBuf,
    kept: bool,
    _place: OwnedSemaphorePermit,
}

impl Scrap {
    pub(crate) fn new(path: PathBuf, place: OwnedSemaphorePermit) -> Self {
        Self {
            path,
            kept: false,
            _place: place,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Scrap {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %self.path.display(), "a file that was not kept stays until the next start");
        }
    }
}

/// A file on its way in.
#[derive(Debug)]
pub struct IncomingFile {
    scrap: Scrap,
    file: File,
    key: String,
    size: u64,
    bytes_max: u64,
    sha256: Sha256,
    md5: Md5,
    head: Vec<u8>,
}

/// A file that has come in whole and lies on the disk.
pub(crate) struct Sealed {
    pub(crate) scrap: Scrap,
    pub(crate) size: u64,
    pub(crate) md5: String,
    key: String,
    sha256: String,
    head: Vec<u8>,
}

impl IncomingFile {
    pub(crate) fn new(file: File, scrap: Scrap, key: String, bytes_max: u64) -> Self {
        Self {
            scrap,
            file,
            key,
            size: 0,
            bytes_max,
            sha256: Sha256::new(),
            md5: Md5::new(),
            head: Vec::new(),
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `TooLarge` past the limit, `Unavailable` when the disk does not take them. The file cannot be kept then.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.size += bytes.len() as u64;
        if self.size > self.bytes_max {
            let most = self.bytes_max;
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("a file holds at most {most} bytes here"),
            ));
        }
        if self.head.len() < HEAD_BYTES {
            let missing = HEAD_BYTES - self.head.len();
            self.head.extend_from_slice(&bytes[..missing.min(bytes.len())]);
        }
        self.sha256.update(bytes);
        self.md5.update(bytes);
        self.file
            .write_all(bytes)
            .await
            .map_err(|error| disk_error(&error))
    }

    /// How many bytes have come.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Where the bytes will lie: unguessable, fit for a URL.
    pub fn storage_key(&self) -> &str {
        &self.key
    }

    /// What the bytes are, as far as they have come, for a file of this name.
    pub fn kind(&self, name: &str) -> Kind {
        Kind::of(&self.head, name)
    }

    /// Brings everything to the disk, the name of the file included.
    pub(crate) async fn seal(mut self) -> Result<Sealed> {
        let sync = async {
            self.file.flush().await?;
            self.file.sync_all().await?;
            match self.scrap.path().parent() {
                Some(directory) => sync_directory(directory).await,
                None => Ok(()),
            }
        };
        sync.await.map_err(|error| disk_error(&error))?;
        Ok(Sealed {
            scrap: self.scrap,
            size: self.size,
            md5: hexadecimal(&self.md5.finalize()),
            key: self.key,
            sha256: hexadecimal(&self.sha256.finalize()),
            head: self.head,
        })
    }
}

impl Sealed {
    /// The row for it as a private file of `actor`, and the bytes, which go unless they are kept.
    pub(crate) fn into_file(self, actor: &Actor, name: &str) -> (StoredFile, Scrap) {
        let kind = Kind::of(&self.head, name);
        let file = StoredFile {
            id: 0,
            tenant_id: actor.tenant_id,
            owner_id: actor.user_id,
            name: name.to_owned(),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            content_type: kind.media_type.to_owned(),
            category: kind.category.as_str().to_owned(),
            storage_key: self.key,
            sha256: self.sha256,
            md5: self.md5,
            public: false,
            downloads: 0,
            created_at: 0,
            deleted_at: None,
        };
        (file, self.scrap)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    async fn incoming(device: &str, scrap: PathBuf, bytes_max: u64) -> IncomingFile {
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let file = File::options().write(true).open(device).await.unwrap();
        IncomingFile::new(file, Scrap::new(scrap, place), "0".repeat(32), bytes_max)
    }

    #[tokio::test]
    async fn a_full_disk_is_told_in_words_and_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("part");
        std::fs::write(&path, "").unwrap();
        let mut file = incoming("/dev/full", path.clone(), u64::MAX).await;
        let mut outcome = file.write(b"bytes").await;
        if outcome.is_ok() {
            outcome = file.seal().await.map(|_| ());
        } else {
            drop(file);
        }
        let error = outcome.expect_err("nothing fits on /dev/full");
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert_eq!(error.detail, "the disk of the server is full");
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn the_byte_after_the_last_allowed_one_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("part");
        std::fs::write(&path, "").unwrap();
        let mut file = incoming(path.to_str().unwrap(), path.clone(), 4).await;
        file.write(b"1234").await.unwrap();
        assert_eq!(file.write(b"5").await.unwrap_err().kind, ErrorKind::TooLarge);
        drop(file);
        assert!(!path.exists());
    }
}
