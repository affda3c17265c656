//! Adds a file whose bytes are on the disk.

use parlance_store::Tx;
use parlance_store::table::file::{self, StoredFile};

use crate::command::{Command, Context};
use crate::error::Result;
use crate::types::FileView;

/// Adds a file of the caller. Nobody else can open it until a message carries it.
pub(crate) struct AddFile {
    /// Number and time are not looked at.
    pub(crate) file: StoredFile,
}

impl Command for AddFile {
    type Reply = FileView;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<FileView> {
        let file = add(cx, &self.file).await?;
        FileView::load(cx.tx, file).await
    }
}

/// Adds a file as of now.
pub(crate) async fn add<T: Tx>(cx: &mut Context<'_, T>, file: &StoredFile) -> Result<StoredFile> {
    let mut file = StoredFile {
        created_at: cx.now,
        ..file.clone()
    };
    file.id = file::insert(cx.tx, &file).await?;
    Ok(file)
}
