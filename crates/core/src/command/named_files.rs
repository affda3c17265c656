//! The files that a message's content names: which of them it carries, so that whoever sees it may open them.

use parlance_store::Tx;
use parlance_store::table::file;

use crate::command::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::policy;
use crate::types::{FileRef, MessageId, StoredFile};

/// Files that one message carries.
pub(crate) const FILES_MAX: usize = 20;

/// The files that a message's content names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedFiles {
    /// Perhaps it names these: content is opaque and may say anything, so files that the sender may not open are
    /// passed over, and so is what goes beyond 20 in all.
    pub perhaps: Vec<FileRef>,
    /// It names these and means them: one that the sender may not open refuses the message.
    pub surely: Vec<FileRef>,
}

impl NamedFiles {
    /// Files that the content may name.
    pub fn perhaps(files: Vec<FileRef>) -> Self {
        Self {
            perhaps: files,
            ..Self::default()
        }
    }

    /// The files that the message will carry: these, and those of the message it was forwarded from.
    ///
    /// # Errors
    /// `Forbidden` for a file that is surely named and not the sender's to pass on; `Invalid` for too many of them.
    pub(crate) async fn carried<T: Tx>(
        &self,
        cx: &mut Context<'_, T>,
        forwarded_from: Option<MessageId>,
    ) -> Result<Vec<StoredFile>> {
        if self.surely.len() > FILES_MAX {
            return Err(Error::invalid(format!(
                "a message carries at most {FILES_MAX} files"
            )));
        }
        let mut carried = Vec::new();
        for which in &self.surely {
            let found = readable(cx, which).await?.ok_or_else(|| {
                let detail = "a file that the message names is not the sender's to pass on";
                Error::new(ErrorKind::Forbidden, detail)
            })?;
            carried.push(found);
        }
        let mut perhaps = self.perhaps.clone();
        if let Some(origin) = forwarded_from {
            let most = i64::try_from(FILES_MAX).unwrap_or(i64::MAX);
            let ids = file::carried_by(cx.tx, origin, most).await?;
            perhaps.extend(ids.into_iter().map(FileRef::Id));
        }
        for which in perhaps.iter().take(FILES_MAX - carried.len()) {
            carried.extend(readable(cx, which).await?);
        }
        Ok(carried)
    }
}

async fn readable<T: Tx>(cx: &mut Context<'_, T>, which: &FileRef) -> Result<Option<StoredFile>> {
    match policy::readable_file(cx.tx, cx.actor, which).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == ErrorKind::FileMissing => Ok(None),
        Err(error) => Err(error),
    }
}
