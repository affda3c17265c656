//! Reads of uploads in parts: how far they have come.

use parlance_store::Tx;
use parlance_store::table::upload;

use crate::core::{Query, ReadContext};
use crate::error::Result;
use crate::policy;
use crate::types::UploadView;

/// An upload of the caller, with the chunks that have come.
///
/// # Errors
/// `FileMissing` when the caller has no such upload, or its time is over.
#[derive(Clone, Debug)]
pub struct UploadById {
    /// Which.
    pub upload_id: String,
}

impl Query for UploadById {
    type Answer = UploadView;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<UploadView> {
        let upload = policy::own_upload(cx.tx, cx.actor, &self.upload_id, cx.now).await?;
        UploadView::load(cx.tx, upload).await
    }
}

/// Whether an upload still waits for its chunks to be put together.
pub(crate) struct HasUpload {
    pub(crate) upload_id: String,
}

impl Query for HasUpload {
    type Answer = bool;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<bool> {
        let found = upload::by_id(cx.tx, &self.upload_id).await?;
        Ok(found.is_some_and(|upload| upload.state != upload::MERGED))
    }
}
