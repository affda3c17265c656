//! Gives somebody a new picture out of an upload.

use parlance_store::Tx;
use parlance_store::table::file::{self, StoredFile};
use parlance_store::table::user;

use crate::command::{Command, Context, add_file};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::types::FileView;

/// Bytes of a picture's address.
const URL_BYTES_MAX: usize = 1024;

/// Adds a public file and makes it the caller's picture. The upload that was the picture before is deleted, so that
/// pictures do not pile up.
pub(crate) struct ChangeAvatar {
    pub(crate) file: StoredFile,
    /// Where the dialect serves it; contains the storage key.
    pub(crate) url: String,
}

impl Command for ChangeAvatar {
    type Reply = FileView;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<FileView> {
        if self.url.len() > URL_BYTES_MAX {
            return Err(Error::invalid(format!(
                "a picture's address has at most {URL_BYTES_MAX} bytes"
            )));
        }
        let user_id = cx.actor.user_id;
        let mut account = user::by_id(cx.tx, user_id).await?.ok_or(ErrorKind::UserMissing)?;
        if let Some(old) = uploaded(cx, &account.avatar).await? {
            file::delete(cx.tx, &old, cx.now).await?;
        }
        let file = add_file::add(cx, &self.file).await?;
        account.avatar.clone_from(&self.url);
        account.updated_at = cx.now;
        user::update(cx.tx, &account).await?;
        cx.record(Event::AccountChanged { user_id });
        FileView::load(cx.tx, file).await
    }
}

/// The caller's own public file that a picture's address names.
async fn uploaded<T: Tx>(cx: &mut Context<'_, T>, url: &str) -> Result<Option<StoredFile>> {
    let name = url.rsplit('/').next().unwrap_or_default();
    let key = name.split('.').next().unwrap_or_default();
    if key.is_empty() {
        return Ok(None);
    }
    let found = file::by_key(cx.tx, key).await?;
    Ok(found.filter(|file| file.public && file.owner_id == cx.actor.user_id && file.deleted_at.is_none()))
}
