//! Every change there is, one file each: the struct that asks for it, `apply`, and its tests.
//!
//! `apply` checks first and writes after: permission, idempotency, numbering, rows and events, all in one
//! transaction. It may be replayed, so it touches nothing but its context.

mod change_view;
mod mark_delivered;
mod mark_read;
mod note_last_online;
mod open_direct;
mod revoke_token;
mod send_message;

use std::future::Future;

use parlance_store::{Log, Tx};

use crate::account::Actor;
use crate::env::Env;
use crate::error::Result;
use crate::event::Event;
use crate::types::Timestamp;

pub(crate) use change_view::check_length;
pub use change_view::{ChangeView, HideConversation, PinMessage};
pub use mark_delivered::MarkDelivered;
pub use mark_read::{MarkRead, ReadUpTo};
pub(crate) use note_last_online::NoteLastOnline;
pub use open_direct::{OpenDirect, OpenedDirect};
pub(crate) use revoke_token::RevokeToken;
pub(crate) use send_message::load_quote;
pub use send_message::{Mentions, SendMessage, Sent, Target};

/// A change.
pub trait Command: Send + Sync + 'static {
    /// What the caller gets.
    type Reply: Send + 'static;

    /// Checks and writes.
    fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> impl Future<Output = Result<Self::Reply>> + Send;
}

/// What a command sees.
pub struct Context<'a, T> {
    /// The transaction.
    pub tx: &'a mut T,
    /// Who asks.
    pub actor: &'a Actor,
    /// Limits, ids and clock.
    pub env: &'a Env,
    /// When it runs.
    pub now: Timestamp,
    pub(crate) log: &'a mut Log<Event>,
}

impl<T: Tx> Context<'_, T> {
    /// Records what was done: a row of the event log now, live delivery after the commit.
    pub fn record(&mut self, event: Event) {
        self.log.push(event.row(self.now), event);
    }
}
