//! Redeems a ticket: tells an app whom it has brought, and uses it up in the same transaction.

use parlance_store::Tx;
use parlance_store::table::ticket;

use crate::app::{AppActor, Visitor};
use crate::command::{Command, Context};
use crate::error::{ErrorKind, Result};
use crate::policy;

/// Takes a ticket out and answers whose it was, if it was good. Asked for through `Core::redeem_ticket`. A ticket of
/// another app stays: who holds it has no right to use it up.
///
/// # Errors
/// `Unauthenticated` when the app is gone.
pub(crate) struct RedeemTicket {
    pub(crate) app: AppActor,
    pub(crate) hash: String,
}

impl Command for RedeemTicket {
    type Reply = Option<Visitor>;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Option<Visitor>> {
        let app = policy::standing_app(cx.tx, &self.app).await?;
        let taken = ticket::take(cx.tx, &self.hash, app.id).await?;
        let Some(ticket) = taken.filter(|ticket| ticket.expires_at > cx.now) else {
            return Ok(None);
        };
        match policy::visitor(cx.tx, &app, ticket.user_id).await {
            Ok(visitor) => Ok(Some(visitor)),
            Err(error) if error.kind == ErrorKind::Forbidden => Ok(None),
            Err(error) => Err(error),
        }
    }
}
