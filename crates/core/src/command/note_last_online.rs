//! Notes when a person's last connection closed.

use parlance_store::Tx;
use parlance_store::table::user;

use crate::command::{Command, Context};
use crate::error::Result;
use crate::types::UserId;

/// Asked for by presence, never by a client.
pub(crate) struct NoteLastOnline {
    pub(crate) user_id: UserId,
}

impl Command for NoteLastOnline {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        Ok(user::touch_last_online(cx.tx, self.user_id, cx.now).await?)
    }
}
