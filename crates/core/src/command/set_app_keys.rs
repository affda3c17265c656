//! Gives an app new keys, which replace the old ones at once. Covered by the tests of `app/authenticate.rs`.

use parlance_store::Tx;
use parlance_store::table::app;

use crate::command::{Command, Context};
use crate::error::Result;
use crate::policy;
use crate::types::AppId;

/// Gives an app another secret. Asked for through `Core::rotate_app_secret`.
///
/// # Errors
/// `Forbidden`, `ItemMissing`.
pub(crate) struct SetAppSecret {
    pub(crate) app_id: AppId,
    pub(crate) sealed_secret: Vec<u8>,
}

impl Command for SetAppSecret {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let app = policy::managed_app(cx.tx, cx.actor, self.app_id).await?;
        Ok(app::set_secret(cx.tx, app.id, &self.sealed_secret, cx.now).await?)
    }
}

/// Gives an app another access token. Asked for through `Core::rotate_app_access_token`.
///
/// # Errors
/// `Forbidden`, `ItemMissing`.
pub(crate) struct SetAppAccessToken {
    pub(crate) app_id: AppId,
    pub(crate) access_token_hash: String,
}

impl Command for SetAppAccessToken {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let app = policy::managed_app(cx.tx, cx.actor, self.app_id).await?;
        Ok(app::set_access_token(cx.tx, app.id, &self.access_token_hash, cx.now).await?)
    }
}
