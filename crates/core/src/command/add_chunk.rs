//! Notes that a chunk of an upload is on the disk.

use parlance_store::Tx;
use parlance_store::table::upload::{self, MERGED, PAUSED, Upload};

use crate::command::{Command, Context};
use crate::error::{Error, Result};
use crate::policy;
use crate::types::UploadView;

/// Notes a chunk of an upload of the caller. Twice is once.
pub(crate) struct AddChunk {
    pub(crate) upload_id: String,
    /// From 1.
    pub(crate) number: i64,
    /// Length in bytes.
    pub(crate) size: i64,
}

impl AddChunk {
    /// Whether the upload takes such a chunk. Asked before the bytes are put in place and again in the transaction.
    pub(crate) fn check(&self, upload: &Upload) -> Result<()> {
        if upload.state == MERGED {
            return Err(Error::invalid("this upload is finished"));
        }
        if upload.state == PAUSED {
            return Err(Error::invalid("this upload is paused: resume it first"));
        }
        match upload.chunk_length(self.number) {
            None => Err(Error::invalid(format!(
                "chunks are numbered from 1 to {}",
                upload.chunks()
            ))),
            Some(length) if length != self.size => Err(Error::invalid(format!(
                "chunk {} has {length} bytes, not {}",
                self.number, self.size
            ))),
            Some(_) => Ok(()),
        }
    }
}

impl Command for AddChunk {
    type Reply = UploadView;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<UploadView> {
        let upload = policy::own_upload(cx.tx, cx.actor, &self.upload_id, cx.now).await?;
        self.check(&upload)?;
        upload::add_chunk(cx.tx, &upload.id, self.number, self.size).await?;
        UploadView::load(cx.tx, upload).await
    }
}
