//! Deletes files of their owner.

use parlance_store::Tx;
use parlance_store::table::file;

use crate::command::{Command, Context};
use crate::error::{Error, Result};
use crate::policy;
use crate::types::FileId;

/// Files deleted in one call at most.
const FILES_MAX: usize = 100;

/// Deletes files, all or none. Messages that carry them stay and lead nowhere.
pub(crate) struct DeleteFiles {
    pub(crate) ids: Vec<FileId>,
}

impl Command for DeleteFiles {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        if self.ids.len() > FILES_MAX {
            return Err(Error::invalid(format!(
                "at most {FILES_MAX} files are deleted at once"
            )));
        }
        let mut ids = self.ids.clone();
        ids.sort_unstable();
        ids.dedup();
        let mut files = Vec::with_capacity(ids.len());
        for id in ids {
            files.push(policy::own_file(cx.tx, cx.actor, id).await?);
        }
        for file in &files {
            file::delete(cx.tx, file, cx.now).await?;
        }
        Ok(())
    }
}

/// Notes that the bytes under these keys are erased.
pub(crate) struct ForgetErasures {
    pub(crate) keys: Vec<String>,
}

impl Command for ForgetErasures {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        for key in &self.keys {
            file::forget_erasure(cx.tx, key).await?;
        }
        Ok(())
    }
}
