//! Pauses an upload, and lets it go on.

use parlance_store::Tx;
use parlance_store::table::upload::{self, MERGED, OPEN, PAUSED};

use crate::command::{Command, Context};
use crate::error::{Error, Result};
use crate::policy;
use crate::types::UploadView;

/// Pauses an upload of the caller: it takes no chunks until it is resumed. Twice is once.
///
/// # Errors
/// `FileMissing` when the caller has no such upload, `Invalid` when it is finished.
#[derive(Clone, Debug)]
pub struct PauseUpload {
    /// Which.
    pub upload_id: String,
}

impl Command for PauseUpload {
    type Reply = UploadView;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<UploadView> {
        put(cx, &self.upload_id, PAUSED).await
    }
}

/// Lets an upload of the caller go on. Twice is once.
///
/// # Errors
/// `FileMissing` when the caller has no such upload, `Invalid` when it is finished.
#[derive(Clone, Debug)]
pub struct ResumeUpload {
    /// Which.
    pub upload_id: String,
}

impl Command for ResumeUpload {
    type Reply = UploadView;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<UploadView> {
        put(cx, &self.upload_id, OPEN).await
    }
}

async fn put<T: Tx>(cx: &mut Context<'_, T>, upload_id: &str, state: i64) -> Result<UploadView> {
    let mut upload = policy::own_upload(cx.tx, cx.actor, upload_id, cx.now).await?;
    if upload.state == MERGED {
        return Err(Error::invalid("this upload is finished"));
    }
    upload.state = state;
    upload::update(cx.tx, &upload).await?;
    UploadView::load(cx.tx, upload).await
}
