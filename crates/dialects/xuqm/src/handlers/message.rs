//! Messages: what a call or a frame says of one that is to be sent.

use parlance_core::command::{SendMessage, Target};
use parlance_core::query::Counterpart;

use crate::input::Input;
use crate::refusal::Refusal;

/// The other side that a call names.
pub(crate) fn target(input: &Input) -> Result<Counterpart, Refusal> {
    let id = input.required("toId")?;
    match input.text("chatType")?.as_deref() {
        None | Some("SINGLE") => Ok(Counterpart::Person(id)),
        Some("GROUP") => Ok(Counterpart::Group(id)),
        Some(_) => Err(Refusal::invalid("chatType is SINGLE or GROUP")),
    }
}

/// The message that a call wants to send.
pub(crate) fn command(input: &Input) -> Result<SendMessage, Refusal> {
    let target = match target(input)? {
        Counterpart::Person(uid) => Target::Uid(uid),
        Counterpart::Group(key) => Target::GroupKey(key),
    };
    let content = input.text("content")?.unwrap_or_default();
    Ok(SendMessage {
        content_type: input.text("msgType")?.unwrap_or_else(|| "TEXT".into()),
        client_id: input.text("messageId")?.filter(|id| !id.is_empty()),
        ..SendMessage::text(target, content)
    })
}
