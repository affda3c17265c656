//! Announces an upload in parts.

use parlance_store::Tx;
use parlance_store::table::file;
use parlance_store::table::upload::{self, MERGED, OPEN, Upload};

use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::files::{CHUNK_BYTES_MAX, NewUpload};
use crate::types::UploadView;

/// Unfinished uploads of one person at a time.
const UPLOADS_UNFINISHED_MAX: i64 = 20;
/// Length of a chunk when the client does not choose.
const CHUNK_BYTES_DEFAULT: i64 = 5 * 1024 * 1024;
/// Shortest chunk a client may choose.
const CHUNK_BYTES_MIN: u64 = 64 * 1024;
/// Chunks of one upload.
const CHUNKS_MAX: i64 = 10_000;
/// How long an upload waits for its chunks.
const UPLOAD_SECONDS_MAX: i64 = 24 * 60 * 60;
/// Digits of an MD5.
const MD5_DIGITS: usize = 32;

/// Announces an upload of the caller.
pub(crate) struct BeginUpload {
    pub(crate) id: String,
    pub(crate) upload: NewUpload,
}

impl Command for BeginUpload {
    type Reply = UploadView;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<UploadView> {
        let mut upload = self.row(cx)?;
        if !upload.md5.is_empty() {
            if let Some(same) = upload::unfinished_like(cx.tx, &upload, cx.now).await? {
                return UploadView::load(cx.tx, same).await;
            }
            // Only among the caller's own: what others have must not show.
            if let Some(own) = file::by_md5(cx.tx, upload.owner_id, &upload.md5, upload.size).await? {
                upload.state = MERGED;
                upload.file_id = Some(own.id);
            }
        }
        let unfinished = upload::count_unfinished(cx.tx, upload.owner_id, cx.now).await?;
        if upload.state != MERGED && unfinished >= UPLOADS_UNFINISHED_MAX {
            return Err(Error::invalid(format!(
                "at most {UPLOADS_UNFINISHED_MAX} uploads may be unfinished: finish or cancel one first"
            )));
        }
        upload::insert(cx.tx, &upload).await?;
        UploadView::load(cx.tx, upload).await
    }
}

impl BeginUpload {
    fn row<T>(&self, cx: &Context<'_, T>) -> Result<Upload> {
        let NewUpload {
            name,
            size,
            md5,
            chunk_size,
        } = &self.upload;
        if *size < 0 {
            return Err(Error::invalid("the size of a file is not negative"));
        }
        let most = cx.env.limits.upload_bytes_max;
        if u64::try_from(*size).is_ok_and(|size| size > most) {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("a file holds at most {most} bytes here"),
            ));
        }
        let md5 = md5.clone().unwrap_or_default();
        if !md5.is_empty() && (md5.len() != MD5_DIGITS || !md5.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Err(Error::invalid("an MD5 has 32 hexadecimal digits"));
        }
        let chunk_size = chunk_size.unwrap_or(CHUNK_BYTES_DEFAULT);
        if !(CHUNK_BYTES_MIN..=CHUNK_BYTES_MAX).contains(&u64::try_from(chunk_size).unwrap_or(0)) {
            return Err(Error::invalid(format!(
                "a chunk has {CHUNK_BYTES_MIN} to {CHUNK_BYTES_MAX} bytes"
            )));
        }
        let upload = Upload {
            id: self.id.clone(),
            owner_id: cx.actor.user_id,
            name: name.clone(),
            size: *size,
            md5,
            chunk_size,
            state: OPEN,
            file_id: None,
            expires_at: cx.now + UPLOAD_SECONDS_MAX * 1_000_000,
            created_at: cx.now,
        };
        if upload.chunks() > CHUNKS_MAX {
            return Err(Error::invalid(format!(
                "an upload has at most {CHUNKS_MAX} chunks: choose longer ones"
            )));
        }
        Ok(upload)
    }
}
