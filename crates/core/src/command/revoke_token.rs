//! Revokes one token: log-out.

use parlance_store::Tx;
use parlance_store::table::token;

use crate::command::{Command, Context};
use crate::error::Result;
use crate::event::Event;
use crate::types::Timestamp;

/// Voids a token of the caller and ends its connections. Twice is once.
pub(crate) struct RevokeToken {
    pub(crate) token_id: String,
    pub(crate) expires_at: Timestamp,
}

impl Command for RevokeToken {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        token::forget_expired(cx.tx, cx.now).await?;
        token::revoke(cx.tx, &self.token_id, cx.actor.user_id, self.expires_at).await?;
        cx.record(Event::TokenRevoked {
            user_id: cx.actor.user_id,
            token_id: self.token_id.clone(),
            expires_at: self.expires_at,
        });
        Ok(())
    }
}
