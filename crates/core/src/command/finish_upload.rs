//! Turns an upload whose chunks have been put together into a file.

use parlance_store::Tx;
use parlance_store::table::file::{self, StoredFile};
use parlance_store::table::upload::{self, MERGED, PAUSED};

use crate::command::{Command, Context, add_file};
use crate::error::{Error, ErrorKind, Result};
use crate::policy;
use crate::types::FileView;

/// Adds the file and closes the upload. Of an upload that is closed already, its file is the answer.
pub(crate) struct FinishUpload {
    pub(crate) upload_id: String,
    pub(crate) file: StoredFile,
}

impl Command for FinishUpload {
    type Reply = FileView;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<FileView> {
        let mut upload = policy::own_upload(cx.tx, cx.actor, &self.upload_id, cx.now).await?;
        if upload.state == PAUSED {
            return Err(Error::invalid("this upload is paused: resume it first"));
        }
        if let Some(file_id) = upload.file_id {
            let file = file::by_id(cx.tx, file_id).await?;
            let file = file.filter(|file| file.deleted_at.is_none());
            return FileView::load(cx.tx, file.ok_or(ErrorKind::FileMissing)?).await;
        }
        let file = add_file::add(cx, &self.file).await?;
        upload.state = MERGED;
        upload.file_id = Some(file.id);
        upload::update(cx.tx, &upload).await?;
        upload::delete_chunks(cx.tx, &upload.id).await?;
        FileView::load(cx.tx, file).await
    }
}
