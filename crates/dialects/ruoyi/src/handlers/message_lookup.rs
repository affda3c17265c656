//! Single messages, the newest ones, totals, and "is typing" over HTTP (B5).

use axum::extract::State;
use parlance_core::ErrorKind;
use parlance_core::query::{CountMessages, LatestMessages, MessageMarks, MessagesById, UnreadTotal};
use parlance_core::types::MessageView;
use serde::Deserialize;

use crate::app::App;
use crate::caller::{Caller, Profile};
use crate::handlers::message::reader;
use crate::handlers::message_change::about_message;
use crate::input::{Id, Input, flag, int};
use crate::refusal::Refusal;
use crate::reply::{Answer, data, done};
use crate::wire::message::WireMessage;
use crate::wire::message_marks::WireTotals;

/// Newest messages when the client names no number.
const LATEST_DEFAULT: i64 = 20;

/// Messages of one conversation as the caller reads them; profile c gets their reactions and readers with them.
pub(crate) async fn wired(
    app: &App,
    caller: &Caller,
    conversation_id: i64,
    views: &[MessageView],
) -> Result<Vec<WireMessage>, Refusal> {
    let reader = reader(app, caller);
    let plain = views.iter().map(|view| WireMessage::new(view, reader));
    if caller.profile == Profile::Doc || views.is_empty() {
        return Ok(plain.collect());
    }
    let message_ids = views.iter().map(|view| view.message.id).collect();
    let asked = MessageMarks {
        conversation_id,
        message_ids,
    };
    let mut marks = app.core.query(&caller.actor, asked).await?;
    Ok(plain
        .map(|message| match marks.remove(&message.id) {
            Some(marks) => message.marked(marks),
            None => message,
        })
        .collect())
}

pub(crate) async fn one(State(app): State<App>, caller: Caller, Id(id): Id) -> Answer<WireMessage> {
    let found = app
        .core
        .query(&caller.actor, MessagesById { ids: vec![id] })
        .await;
    let found = found.map_err(about_message)?;
    let conversation_id = found.first().map_or(0, |view| view.message.conversation_id);
    let mut messages = wired(&app, &caller, conversation_id, &found).await?;
    data(messages.pop().ok_or(ErrorKind::MessageMissing)?)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LatestInput {
    #[serde(deserialize_with = "int")]
    limit: Option<i64>,
}

pub(crate) async fn latest(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<LatestInput>,
) -> Answer<Vec<WireMessage>> {
    let limit = input.limit.unwrap_or(LATEST_DEFAULT);
    let views = app.core.query(&caller.actor, LatestMessages { limit }).await?;
    let reader = reader(&app, &caller);
    data(views.iter().map(|view| WireMessage::new(view, reader)).collect())
}

pub(crate) async fn statistics(State(app): State<App>, caller: Caller) -> Answer<WireTotals> {
    let totals = app.core.query(&caller.actor, CountMessages).await?;
    let unread = app.core.query(&caller.actor, UnreadTotal).await?;
    data(WireTotals::new(totals, unread))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TypingInput {
    #[serde(deserialize_with = "flag")]
    typing: Option<bool>,
    #[serde(deserialize_with = "flag")]
    is_typing: Option<bool>,
}

pub(crate) async fn typing(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
    Input(input): Input<TypingInput>,
) -> Answer<()> {
    let typing = input.typing.or(input.is_typing).unwrap_or(true);
    app.core.typing(&caller.actor, conversation_id, typing).await?;
    done("操作成功")
}
