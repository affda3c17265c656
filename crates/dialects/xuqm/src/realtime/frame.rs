//! What clients send to `/app/chat.…` (1.4, decision 16): bodies to what they ask for. Nothing is done here.

use parlance_core::command::SendMessage;
use parlance_core::query::Counterpart;

use crate::caller::Caller;
use crate::handlers::message;
use crate::input::Input;
use crate::refusal::Refusal;

/// Messages of one `/app/chat.sync` when it names no number, and at most.
const SYNC_MESSAGES: i64 = 100;
const SYNC_MESSAGES_MAX: i64 = 1_000;
/// Bytes of a message id that a refusal repeats.
const ECHOED_BYTES_MAX: usize = 256;

/// What is asked for.
pub(crate) enum Incoming {
    /// A message to send, for administrators also in the name of somebody else (decision 3).
    Send {
        command: Box<SendMessage>,
        from: Option<String>,
    },
    /// A message to take back, by the server's or the client's id.
    Revoke(String),
    /// What the device has missed.
    Sync(i64),
    /// Typing started or stopped.
    Typing(Counterpart, bool),
}

/// What a refusal tells of the frame that it refuses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    /// Where it was sent.
    pub(crate) destination: String,
    /// The client's id of the message.
    pub(crate) message_id: Option<String>,
}

impl About {
    /// What is known before the body is read.
    pub(crate) fn of(destination: &str) -> Self {
        Self {
            destination: destination.to_owned(),
            message_id: None,
        }
    }
}

/// Reads the body of a frame that was sent to this destination.
pub(crate) fn read(destination: &str, body: &[u8], caller: &Caller) -> (About, Result<Incoming, Refusal>) {
    let mut about = About::of(destination);
    let input = match Input::of_body(body) {
        Ok(input) => input,
        Err(refusal) => return (about, Err(refusal)),
    };
    let id = input.text("messageId").ok().flatten();
    about.message_id = id.filter(|id| id.len() <= ECHOED_BYTES_MAX);
    let incoming = input
        .check_app(&caller.tenant)
        .and_then(|()| meant(destination, &input, caller));
    (about, incoming)
}

fn meant(destination: &str, input: &Input, caller: &Caller) -> Result<Incoming, Refusal> {
    match destination {
        "/app/chat.send" => {
            let from = input.text("fromId")?;
            Ok(Incoming::Send {
                command: Box::new(message::command(input)?),
                from: from.filter(|uid| !uid.is_empty() && uid != caller.uid()),
            })
        }
        "/app/chat.revoke" => input.required("messageId").map(Incoming::Revoke),
        "/app/chat.sync" => {
            let limit = input.number("limit")?.unwrap_or(SYNC_MESSAGES);
            Ok(Incoming::Sync(limit.clamp(1, SYNC_MESSAGES_MAX)))
        }
        "/app/chat.typing" => {
            let which = message::target(input)?;
            Ok(Incoming::Typing(which, input.flag("typing")?.unwrap_or(true)))
        }
        _ => Err(Refusal::missing_destination()),
    }
}
