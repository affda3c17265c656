//! Issues a ticket: whoever brings it to the app is taken for the person, once and for a short while.

use parlance_store::Tx;
use parlance_store::table::ticket::{self, Ticket};
use parlance_store::table::user;

use crate::app::{AppActor, jump, redirect_origins};
use crate::command::{Command, Context};
use crate::error::{ErrorKind, Result};
use crate::policy;
use crate::types::UserId;

/// Expired tickets removed whenever one is issued: more than one, so that they cannot pile up.
const SWEPT_MAX: i64 = 16;

/// Who goes.
pub(crate) enum Traveller {
    /// The caller.
    Caller,
    /// Somebody whom an app sends on. Only a person whom it knows: an app must not open other apps in the name of
    /// people who never came to it.
    SentBy {
        /// The sending app.
        app: AppActor,
        /// The person's mobile number.
        mobile: String,
    },
}

/// Keeps a ticket and answers with the app's callback address. Asked for through `Core::jump`, which draws the ticket.
///
/// # Errors
/// `ItemMissing`, `Forbidden`, `Invalid`; `Unauthenticated` and `UserMissing` for somebody who is sent.
pub(crate) struct IssueTicket {
    pub(crate) code: String,
    pub(crate) landing: Option<String>,
    pub(crate) traveller: Traveller,
    pub(crate) hash: String,
}

impl Command for IssueTicket {
    type Reply = String;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<String> {
        let user_id = self.user_id(cx).await?;
        let app = policy::app_by_code(cx.tx, cx.actor.tenant_id, &self.code).await?;
        policy::visitor(cx.tx, &app, user_id).await?;
        if let Some(landing) = &self.landing {
            jump::landing(landing, &redirect_origins(&app)?)?;
        }
        ticket::sweep(cx.tx, cx.now, SWEPT_MAX).await?;
        let life_micros = cx.env.limits.ticket_ttl_seconds.saturating_mul(1_000_000);
        let row = Ticket {
            hash: self.hash.clone(),
            app_id: app.id,
            user_id,
            expires_at: cx.now.saturating_add(life_micros),
        };
        ticket::insert(cx.tx, &row).await?;
        Ok(app.callback_url)
    }
}

impl IssueTicket {
    async fn user_id<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<UserId> {
        match &self.traveller {
            Traveller::Caller => Ok(cx.actor.user_id),
            Traveller::SentBy { app, mobile } => {
                let from = policy::standing_app(cx.tx, app).await?;
                let found = user::by_mobile(cx.tx, from.tenant_id, mobile).await?;
                let user_id = found.ok_or(ErrorKind::UserMissing)?.id;
                match policy::visitor(cx.tx, &from, user_id).await {
                    Ok(_) => Ok(user_id),
                    Err(error) if error.kind == ErrorKind::Forbidden => Err(ErrorKind::UserMissing.into()),
                    Err(error) => Err(error),
                }
            }
        }
    }
}
