//! May somebody send what is never kept: "is typing" into a conversation, signals to a person?

use parlance_store::Tx;

use crate::core::{Query, ReadContext};
use crate::error::{ErrorKind, Result};
use crate::policy;
use crate::types::{ConversationId, UserId};

/// Whether the caller is in a conversation.
pub(crate) struct MayType(pub(crate) ConversationId);

impl Query for MayType {
    type Answer = ();

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<()> {
        policy::membership(cx.tx, cx.actor, self.0).await.map(|_| ())
    }
}

/// Whether the caller may signal a person.
pub(crate) struct MaySignal(pub(crate) UserId);

impl Query for MaySignal {
    type Answer = ();

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<()> {
        policy::peer(cx.tx, cx.actor, self.0, ErrorKind::ReceiverMissing).await?;
        policy::may_signal(cx.tx, cx.actor, cx.env, self.0).await
    }
}
