//! The bytes of a kept file, read from anywhere in it and piece by piece, wherever they lie.

use std::io::{self, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use crate::files::objects::{ObjectFiles, read_object};

/// Bytes read from the disk at a time, and so held for each download.
const READ_BYTES: usize = 64 * 1024;

/// The bytes of a file.
#[derive(Debug)]
pub struct FileBytes(Source);

#[derive(Debug)]
enum Source {
    Disk(File),
    Object {
        host: Arc<dyn ObjectFiles>,
        name: String,
    },
}

impl FileBytes {
    pub(crate) fn on_disk(file: File) -> Self {
        Self(Source::Disk(file))
    }

    pub(crate) fn in_object(host: Arc<dyn ObjectFiles>, name: String) -> Self {
        Self(Source::Object { host, name })
    }

    /// The bytes of a range that is not empty, all of them or an error.
    ///
    /// # Errors
    /// When they cannot be read from where the range begins.
    pub async fn read(self, range: Range<u64>) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
        match self.0 {
            Source::Disk(file) => read_disk(file, range).await,
            Source::Object { host, name } => read_object(host.as_ref(), &name, range).await,
        }
    }
}

async fn read_disk(mut file: File, range: Range<u64>) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
    file.seek(SeekFrom::Start(range.start)).await?;
    let left = range.end - range.start;
    let read = stream::try_unfold((file, left), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let most = usize::try_from(left).unwrap_or(READ_BYTES).min(READ_BYTES);
        let mut buffer = BytesMut::with_capacity(most);
        let read = (&mut file).take(most as u64).read_buf(&mut buffer).await?;
        if read == 0 {
            // The length is promised already: break off rather than end as if complete.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some((buffer.freeze(), (file, left - read as u64))))
    });
    Ok(read.boxed())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use futures_util::TryStreamExt;

    use super::*;

    fn on_disk(bytes: &[u8]) -> FileBytes {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        FileBytes::on_disk(File::from_std(file))
    }

    #[tokio::test]
    async fn a_range_comes_whole_however_long_it_is() {
        let bytes: Vec<u8> = (0..READ_BYTES * 3 + 7).map(|n| (n % 251) as u8).collect();
        for range in [0..bytes.len(), 5..6, READ_BYTES - 1..READ_BYTES * 2 + 1] {
            let asked = range.start as u64..range.end as u64;
            let read = on_disk(&bytes).read(asked).await.unwrap();
            let pieces: Vec<Bytes> = read.try_collect().await.unwrap();
            assert!(pieces.concat() == bytes[range.clone()], "{range:?}");
        }
    }

    #[tokio::test]
    async fn a_file_that_has_become_shorter_is_broken_off() {
        let read = on_disk(b"0123").read(0..5).await.unwrap();
        let error = read.try_collect::<Vec<Bytes>>().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
