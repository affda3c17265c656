//! Counts that a file was fetched.

use parlance_store::Tx;
use parlance_store::table::file;

use crate::command::{Command, Context};
use crate::error::Result;
use crate::policy;
use crate::types::{FileId, FileRef};

/// Counts one download of a file that the caller may open.
///
/// # Errors
/// `FileMissing`.
#[derive(Clone, Debug)]
pub struct CountDownload {
    /// Which.
    pub file_id: FileId,
}

impl Command for CountDownload {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let file = policy::readable_file(cx.tx, cx.actor, &FileRef::Id(self.file_id)).await?;
        Ok(file::count_download(cx.tx, file.id).await?)
    }
}
