//! Forgets an upload: because its owner gives it up, or because its time is over.

use parlance_store::Tx;
use parlance_store::table::upload;

use crate::command::{Command, Context};
use crate::error::Result;
use crate::policy;

/// Expired uploads forgotten in one transaction.
const EXPIRED_MAX: i64 = 100;

/// Forgets an upload of the caller. A file that it has become stays.
pub(crate) struct CancelUpload {
    pub(crate) upload_id: String,
}

impl Command for CancelUpload {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let upload = policy::own_upload(cx.tx, cx.actor, &self.upload_id, cx.now).await?;
        Ok(upload::delete(cx.tx, &upload.id).await?)
    }
}

/// Forgets some uploads whose time is over, and tells which, so that their chunks can be erased.
pub(crate) struct ExpireUploads;

impl Command for ExpireUploads {
    type Reply = Vec<String>;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Vec<String>> {
        let expired = upload::expired(cx.tx, cx.now, EXPIRED_MAX).await?;
        for id in &expired {
            upload::delete(cx.tx, id).await?;
        }
        Ok(expired)
    }
}
