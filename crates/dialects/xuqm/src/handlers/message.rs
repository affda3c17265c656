//! Sending messages, taking them back and changing them.

use axum::extract::State;
use parlance_core::command::{EditMessage, Mentions, RecallMessage, SendMessage, Target};
use parlance_core::query::{Counterpart, FindMessage, FullMessages};
use parlance_core::types::{Extra, MessageId};
use parlance_core::{Actor, Error, ErrorKind};

use crate::DIALECT;
use crate::app::App;
use crate::caller::Caller;
use crate::input::Input;
use crate::path::Segment;
use crate::refusal::Refusal;
use crate::reply::{self, Answer};
use crate::wire::message::{EVERYBODY, WireMessage};

/// People that one call may mention.
const MENTIONED_MAX: usize = 100;
/// What clients call everybody of a group: our word, and those of clients that grew up with Tencent's.
const EVERYBODY_WORDS: [&str; 3] = [EVERYBODY, "all", "__kImSDK_MesssageAtALL__"];

/// The other side of a conversation, whose kind is `SINGLE` if nothing is said about it.
pub(crate) fn counterpart(id: String, chat_type: Option<&str>) -> Result<Counterpart, Refusal> {
    match chat_type {
        None | Some("" | "SINGLE") => Ok(Counterpart::Person(id)),
        Some("GROUP") => Ok(Counterpart::Group(id)),
        Some(_) => Err(Refusal::invalid("chatType is SINGLE or GROUP")),
    }
}

/// The other side that a call names.
pub(crate) fn target(input: &Input) -> Result<Counterpart, Refusal> {
    counterpart(input.required("toId")?, input.text("chatType")?.as_deref())
}

/// In whose name a call acts: the caller's, or, for an administrator, that of `fromId` (decision 3).
pub(crate) async fn speaker(app: &App, caller: &Caller, input: &Input) -> Result<Actor, Refusal> {
    match input.text("fromId")? {
        Some(uid) if !uid.is_empty() && uid != caller.uid() => {
            let missing = |error: Error| match error.kind {
                ErrorKind::SenderMissing => ErrorKind::UserMissing.into(),
                _ => error,
            };
            let actor = app.core.on_behalf(&caller.actor, &uid).await;
            Ok(actor.map_err(missing)?)
        }
        _ => Ok(caller.actor.clone()),
    }
}

/// The message that a call wants to send.
pub(crate) fn command(input: &Input) -> Result<SendMessage, Refusal> {
    let target = match target(input)? {
        Counterpart::Person(uid) => Target::Uid(uid),
        Counterpart::Group(key) => Target::GroupKey(key),
    };
    let content_type = input.text("msgType")?.filter(|word| !word.is_empty());
    let content_type = content_type.unwrap_or_else(|| "TEXT".into());
    // A type with a number is another dialect's.
    if content_type.contains(':') {
        return Err(Refusal::invalid("msgType is 1 to 32 upper-case letters or _"));
    }
    let content = input.text("content")?.unwrap_or_default();
    let mut mentioned = input
        .texts("mentionedUserIds", MENTIONED_MAX)?
        .unwrap_or_default();
    let named = mentioned.len();
    mentioned.retain(|uid| !EVERYBODY_WORDS.contains(&uid.as_str()));
    let json = input.get("extra").map(ToString::to_string);
    Ok(SendMessage {
        content_type,
        client_id: input.text("messageId")?.filter(|id| !id.is_empty()),
        mentions: Mentions {
            all: mentioned.len() < named,
            uids: mentioned,
            ..Mentions::default()
        },
        extra: json.map(|json| Extra {
            dialect: DIALECT,
            json,
        }),
        ..SendMessage::text(target, content)
    })
}

/// A message as it stands, for somebody who has just had to do with it.
async fn told(app: &App, actor: &Actor, id: MessageId) -> Answer<WireMessage> {
    let found = app.core.query(actor, FullMessages { ids: vec![id] }).await?;
    let found = found.first().ok_or(ErrorKind::MessageMissing)?;
    reply::data(WireMessage::new(found))
}

/// The message that a path names: by its id, or by the caller's own.
async fn named(app: &App, caller: &Caller, name: String) -> Result<MessageId, Refusal> {
    Ok(app.core.query(&caller.actor, FindMessage { name }).await?)
}

/// Sends a message (1.7, decisions 3, 5 and 16).
pub(crate) async fn send(State(app): State<App>, caller: Caller, input: Input) -> Answer<WireMessage> {
    let command = command(&input)?;
    let actor = speaker(&app, &caller, &input).await?;
    let sent = app.core.execute(&actor, command).await?;
    told(&app, &actor, sent.view.message.id).await
}

/// Takes a message back.
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Segment(name): Segment,
    _input: Input,
) -> Answer<WireMessage> {
    let message_id = named(&app, &caller, name).await?;
    app.core
        .execute(&caller.actor, RecallMessage { message_id })
        .await?;
    told(&app, &caller.actor, message_id).await
}

/// Changes the text of a message.
pub(crate) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Segment(name): Segment,
    input: Input,
) -> Answer<WireMessage> {
    let content = input
        .text("content")?
        .ok_or_else(|| Refusal::invalid("content is missing"))?;
    let message_id = named(&app, &caller, name).await?;
    let edit = EditMessage { message_id, content };
    app.core.execute(&caller.actor, edit).await?;
    told(&app, &caller.actor, message_id).await
}
