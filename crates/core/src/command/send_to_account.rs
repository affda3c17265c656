//! Sends a person's message to somebody who is named by an account in an app.

use parlance_store::Tx;

use crate::command::{Command, Context, SendMessage, Sent, Target};
use crate::error::Result;
use crate::policy;

/// A message to the person who has an account in an app.
///
/// # Errors
/// `ItemMissing` for an app that is not there, `UserMissing` for an account that nobody has; those of [`SendMessage`].
#[derive(Clone, Debug)]
pub struct SendToAccount {
    /// What the app calls itself.
    pub app: String,
    /// The account.
    pub account: String,
    /// The message; its target is not looked at.
    pub message: SendMessage,
}

impl Command for SendToAccount {
    type Reply = Sent;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Sent> {
        let app = policy::app_by_code(cx.tx, cx.actor.tenant_id, &self.app).await?;
        let receiver = policy::account_holder(cx.tx, &app, &self.account).await?;
        let message = SendMessage {
            target: Target::User(receiver),
            ..self.message.clone()
        };
        message.apply(cx).await
    }
}
