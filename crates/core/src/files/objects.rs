//! Kept files in an object store: bytes go there in parts of bounded size, come from there in ranges, and are linked to.
//!
//! Which store that is, how it is reached and how it signs is the business of whoever opens the core.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path as DiskPath;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions,
    WriteMultipart,
};
use parking_lot::Mutex;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::sync::Semaphore;

use crate::error::{Error, ErrorKind, Result};
use crate::files::blob::disk_error;
use crate::files::bytes::FileBytes;
use crate::files::link::{LINK_SECONDS, LINK_STEP_SECONDS};
use crate::types::{StoredFile, Timestamp};

/// Bytes of a part, and of the longest file that goes in one piece. All parts but the last have this length, which
/// some stores ask for, and ten thousand of them, which is what stores take, hold 78 GiB.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Parts of one file on their way at a time; one more is being filled.
const PARTS_AT_ONCE: usize = 2;
/// Files on their way at a time. One more waits on the disk, where it lies anyway.
const PUTS_AT_ONCE: usize = 8;
/// Bytes read from the disk at a time.
const READ_BYTES: usize = 256 * 1024;
/// Links remembered until the next ones are made, so that a file keeps its address for a while. Beyond it all are
/// forgotten, which costs signing them again.
const LINKS_MAX: usize = 10_000;

/// An object store, as whoever opens the core has set it up.
pub trait ObjectFiles: fmt::Debug + Send + Sync + 'static {
    /// The store.
    fn store(&self) -> &dyn ObjectStore;

    /// What the store is to tell everybody who fetches the bytes of this file: at least a media type and a
    /// disposition, so that no browser ever runs them.
    fn label(&self, file: &StoredFile) -> Attributes;

    /// An address from which everybody can fetch an object for a while, as this media type or else as it is labelled.
    /// None when it cannot be signed.
    fn link(&self, name: &Path, media_type: Option<&str>, lasting: Duration) -> Option<String>;
}

/// Kept files as objects.
#[derive(Debug)]
pub(crate) struct Objects {
    host: Arc<dyn ObjectFiles>,
    puts: Semaphore,
    links: Mutex<Links>,
}

/// The links made since the beginning of a step of time.
#[derive(Debug, Default)]
struct Links {
    step: i64,
    of: HashMap<String, String>,
}

impl Objects {
    pub(crate) fn new(host: Arc<dyn ObjectFiles>) -> Self {
        Self {
            host,
            puts: Semaphore::new(PUTS_AT_ONCE),
            links: Mutex::default(),
        }
    }

    /// Copies the bytes of a file from the disk. They are there whole, or not at all.
    pub(crate) async fn put(&self, file: &StoredFile, name: &str, from: &DiskPath) -> Result<()> {
        let _turn = self.puts.acquire().await;
        let source = File::open(from).await.map_err(|error| disk_error(&error))?;
        let (name, attributes) = (Path::from(name), self.host.label(file));
        match usize::try_from(file.size) {
            Ok(size) if size <= PART_BYTES => self.put_whole(&name, attributes, source, size).await,
            _ => self.put_parts(&name, attributes, source).await,
        }
    }

    async fn put_whole(
        &self,
        name: &Path,
        attributes: Attributes,
        mut source: File,
        size: usize,
    ) -> Result<()> {
        let mut bytes = Vec::with_capacity(size);
        let read = source.read_to_end(&mut bytes).await;
        read.map_err(|error| disk_error(&error))?;
        let options = PutOptions::from(attributes);
        let put = self.host.store().put_opts(name, bytes.into(), options).await;
        put.map(drop).map_err(|error| store_error(&error))
    }

    async fn put_parts(&self, name: &Path, attributes: Attributes, mut source: File) -> Result<()> {
        let options = PutMultipartOptions::from(attributes);
        let begun = self.host.store().put_multipart_opts(name, options).await;
        let begun = begun.map_err(|error| store_error(&error))?;
        let mut parts = WriteMultipart::new_with_chunk_size(begun, PART_BYTES);
        let sent = send_parts(&mut parts, &mut source).await;
        if let Err(error) = sent {
            if let Err(error) = parts.abort().await {
                tracing::warn!(%error, "parts of an object stay until the store's own rules remove them");
            }
            return Err(error);
        }
        parts
            .finish()
            .await
            .map(drop)
            .map_err(|error| store_error(&error))
    }

    /// Opens an object, and tells its length.
    pub(crate) async fn open(&self, name: String) -> Result<(FileBytes, u64)> {
        let found = self.host.store().head(&Path::from(name.as_str())).await;
        let found = found.map_err(|error| store_error(&error))?;
        Ok((FileBytes::in_object(Arc::clone(&self.host), name), found.size))
    }

    /// Erases an object; that there is none is no error.
    pub(crate) async fn erase(&self, name: &str) -> Result<()> {
        match self.host.store().delete(&Path::from(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(store_error(&error)),
        }
    }

    /// The store's link to an object. It is the same for all who ask in one step of time.
    pub(crate) fn link(&self, name: String, media_type: Option<&str>, now: Timestamp) -> Option<String> {
        let seconds = now.div_euclid(1_000_000);
        let step = seconds.div_euclid(LINK_STEP_SECONDS);
        let mut links = self.links.lock();
        if links.step != step || links.of.len() >= LINKS_MAX {
            *links = Links {
                step,
                of: HashMap::new(),
            };
        }
        if let Some(link) = links.of.get(&name) {
            return Some(link.clone());
        }
        let left = LINK_SECONDS - seconds.rem_euclid(LINK_STEP_SECONDS);
        let lasting = Duration::from_secs(left.unsigned_abs());
        let link = self.host.link(&Path::from(name.as_str()), media_type, lasting)?;
        links.of.insert(name, link.clone());
        Some(link)
    }
}

/// Fills and sends parts, never more than a few at a time.
async fn send_parts(parts: &mut WriteMultipart, source: &mut File) -> Result<()> {
    loop {
        let mut piece = BytesMut::with_capacity(READ_BYTES);
        let read = source.read_buf(&mut piece).await;
        if read.map_err(|error| disk_error(&error))? == 0 {
            return Ok(());
        }
        let free = parts.wait_for_capacity(PARTS_AT_ONCE).await;
        free.map_err(|error| store_error(&error))?;
        parts.put(piece.freeze());
    }
}

/// A range of an object.
pub(crate) async fn read_object(
    host: &dyn ObjectFiles,
    name: &str,
    range: Range<u64>,
) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
    let options = GetOptions {
        range: Some(GetRange::Bounded(range)),
        ..GetOptions::default()
    };
    let got = host.store().get_opts(&Path::from(name), options).await;
    let bytes = got.map_err(io::Error::other)?.into_stream();
    Ok(bytes.map(|piece| piece.map_err(io::Error::other)).boxed())
}

/// What a refusal of the object store is to the caller.
fn store_error(error: &object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::new(ErrorKind::FileMissing, error.to_string()),
        _ => Error::new(
            ErrorKind::Unavailable,
            format!("the object store of the server failed: {error}"),
        ),
    }
}
