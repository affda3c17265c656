//! Changes how one member sees a conversation: pin, mute, private name, draft, hide. Nobody else notices.

use parlance_store::Tx;
use parlance_store::table::{member, message};

use crate::command::mark_read::{self, Passed};
use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::policy;
use crate::types::ConversationId;

/// Characters of a draft.
const DRAFT_CHARS_MAX: usize = 1_000;

/// What to change; what is `None` stays.
///
/// # Errors
/// `ConversationMissing`, `NotMember`, `TooLarge` for a draft over 1,000 characters or a remark over the title limit.
#[derive(Clone, Debug, Default)]
pub struct ChangeView {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// Keep it on top.
    pub pinned: Option<bool>,
    /// No alerts.
    pub muted: Option<bool>,
    /// A private name.
    pub remark: Option<String>,
    /// Text typed but not sent.
    pub draft: Option<String>,
}

impl Command for ChangeView {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let title_max = cx.env.limits.title_chars_max;
        check_length(self.draft.as_deref(), DRAFT_CHARS_MAX, "a draft")?;
        check_length(self.remark.as_deref(), title_max, "a remark")?;
        let mut mine = policy::membership(cx.tx, cx.actor, self.conversation_id)
            .await?
            .member;
        mine.pinned = self.pinned.unwrap_or(mine.pinned);
        mine.muted = self.muted.unwrap_or(mine.muted);
        mine.remark = self.remark.clone().unwrap_or(mine.remark);
        mine.draft = self.draft.clone().unwrap_or(mine.draft);
        member::update(cx.tx, &mine).await?;
        tell_own_devices(cx, self.conversation_id);
        Ok(())
    }
}

/// Takes a conversation out of the caller's list until the next message, and clears its history for the caller.
///
/// # Errors
/// `ConversationMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct HideConversation {
    /// Which conversation.
    pub conversation_id: ConversationId,
}

impl Command for HideConversation {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let place = policy::membership(cx.tx, cx.actor, self.conversation_id).await?;
        let (kind, last) = (place.kind(), place.conversation.last_seq);
        let mut mine = place.member;
        let passed = Passed {
            conversation_id: self.conversation_id,
            kind,
            after: mine.read_seq,
            upto: last,
        };
        mine.hidden_seq = last;
        mine.cleared_seq = last;
        mine.read_seq = last;
        mine.delivered_seq = last;
        mine.own_after_read = 0;
        member::update(cx.tx, &mine).await?;
        if passed.upto > passed.after {
            mark_read::settle(cx, passed).await?;
        }
        tell_own_devices(cx, self.conversation_id);
        Ok(())
    }
}

/// Pins a message for everybody in the conversation, or takes the pin off.
///
/// # Errors
/// `ConversationMissing`, `NotMember`, `MessageMissing`; `RoleTooLow` for an ordinary member of a group.
#[derive(Clone, Copy, Debug)]
pub struct PinMessage {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// The message to pin; none takes the pin off.
    pub message_id: Option<i64>,
}

impl Command for PinMessage {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let place = policy::membership(cx.tx, cx.actor, self.conversation_id).await?;
        policy::may_pin(&place)?;
        if let Some(id) = self.message_id {
            let message = message::by_id(cx.tx, id).await?;
            let here = |m: &crate::types::Message| {
                m.conversation_id == self.conversation_id && m.recalled_at.is_none() && place.sees(m)
            };
            message.filter(here).ok_or(ErrorKind::MessageMissing)?;
        }
        parlance_store::table::conversation::pin_message(cx.tx, self.conversation_id, self.message_id)
            .await?;
        cx.record(Event::ConversationChanged {
            conversation_id: self.conversation_id,
            by: cx.actor.user_id,
        });
        Ok(())
    }
}

fn tell_own_devices<T: Tx>(cx: &mut Context<'_, T>, conversation_id: ConversationId) {
    let user_id = cx.actor.user_id;
    cx.record(Event::ConversationViewChanged {
        conversation_id,
        user_id,
    });
}

/// Refuses a text that is longer than allowed.
pub(crate) fn check_length(text: Option<&str>, chars_max: usize, what: &str) -> Result<()> {
    if text.is_some_and(|text| text.chars().count() > chars_max) {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("{what} has at most {chars_max} characters"),
        ));
    }
    Ok(())
}
