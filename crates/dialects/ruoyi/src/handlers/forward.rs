//! Forwarding, and the words that a forwarded text begins with (seed 4.5, B5).

use axum::extract::State;
use axum::http::HeaderMap;
use parlance_core::ErrorKind;
use parlance_core::command::{Forward, ForwardMessages, Sent, Target};
use parlance_core::query::MessagesById;
use parlance_core::types::{Extra, MessageView};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::DIALECT;
use crate::app::App;
use crate::caller::Caller;
use crate::handlers::message::{reader, sent_data};
use crate::handlers::message_change::about_message;
use crate::input::{Input, flag, idempotency_key, ids, int, text};
use crate::refusal::Refusal;
use crate::reply::{Answer, said};
use crate::wire::message::WireMessage;

/// What stands before a forwarded text.
const MARK: &str = "[转发消息]";
/// Title of a combined message when the client gives none.
const COMBINED_TITLE: &str = "聊天记录";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ForwardInput {
    #[serde(deserialize_with = "int")]
    message_id: Option<i64>,
    #[serde(deserialize_with = "ids")]
    message_ids: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    to_conversation_id: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    to_conversation_ids: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    target_conversation_id: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    target_conversation_ids: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    to_user_id: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    to_user_ids: Option<Vec<i64>>,
    #[serde(deserialize_with = "text")]
    content: Option<String>,
    #[serde(deserialize_with = "flag")]
    is_combine: Option<bool>,
    #[serde(deserialize_with = "text")]
    title: Option<String>,
    #[serde(deserialize_with = "text")]
    client_msg_id: Option<String>,
}

impl ForwardInput {
    /// Where to, under all the names that clients have for it, each place once.
    fn targets(&self) -> Vec<Target> {
        let conversations = [
            &self.to_conversation_id,
            &self.to_conversation_ids,
            &self.target_conversation_id,
            &self.target_conversation_ids,
        ];
        let conversations = conversations.into_iter().flatten().flatten();
        let users = [&self.to_user_id, &self.to_user_ids]
            .into_iter()
            .flatten()
            .flatten();
        let all = conversations
            .map(|id| Target::Conversation(*id))
            .chain(users.map(|id| Target::User(*id)));
        let mut targets = Vec::new();
        for target in all {
            let nothing = matches!(target, Target::Conversation(0) | Target::User(0));
            if !nothing && !targets.contains(&target) {
                targets.push(target);
            }
        }
        targets
    }
}

pub(crate) async fn forward(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Input(mut input): Input<ForwardInput>,
) -> Answer {
    input.message_ids = input.message_id.map(|id| vec![id]).or(input.message_ids);
    let sent = send(&app, &caller, &headers, input).await?;
    let first = sent.first().ok_or(ErrorKind::MessageMissing)?;
    said("转发成功", sent_data(&app, &caller, &first.view))
}

pub(crate) async fn forward_batch(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Input(input): Input<ForwardInput>,
) -> Answer<Vec<Value>> {
    let sent = send(&app, &caller, &headers, input).await?;
    let all = sent.iter().map(|sent| sent_data(&app, &caller, &sent.view));
    said("转发成功", all.collect())
}

async fn send(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    input: ForwardInput,
) -> Result<Vec<Sent>, Refusal> {
    let targets = input.targets();
    let ids = input.message_ids.unwrap_or_default();
    let found = app.core.query(&caller.actor, MessagesById { ids }).await;
    let sources = found.map_err(about_message)?;
    let note = input.content.filter(|note| !note.trim().is_empty());
    let combined = input.is_combine.unwrap_or(false);
    let text_takes_note = !combined && sources.iter().all(is_text);
    let messages = if combined && !sources.is_empty() {
        vec![combine(app, caller, &sources, input.title)]
    } else {
        let note = note.as_deref().filter(|_| text_takes_note);
        sources.iter().map(|source| single(source, note)).collect()
    };
    let command = ForwardMessages {
        messages,
        targets,
        note: note.filter(|_| !text_takes_note),
        client_id: input
            .client_msg_id
            .filter(|id| !id.is_empty())
            .or_else(|| idempotency_key(headers)),
    };
    let sent = app.core.execute(&caller.actor, command).await;
    sent.map_err(about_message)
}

fn is_text(source: &MessageView) -> bool {
    source.message.content_type == "TEXT"
}

/// One message as it was, a text behind the mark and the note; other content is never rewritten.
fn single(source: &MessageView, note: Option<&str>) -> Forward {
    let message = &source.message;
    let content = match (is_text(source), note) {
        (true, Some(note)) => format!("{note}\n\n{MARK}{}", message.content),
        (true, None) => format!("{MARK}\n{}", message.content),
        (false, _) => message.content.clone(),
    };
    Forward {
        sources: vec![message.id],
        content_type: message.content_type.clone(),
        content,
        extra: Extra::of(message, DIALECT).map(|json| Extra {
            dialect: DIALECT,
            json: json.to_owned(),
        }),
    }
}

/// Several messages as one.
fn combine(app: &App, caller: &Caller, sources: &[MessageView], title: Option<String>) -> Forward {
    let reader = reader(app, caller);
    let shown: Vec<Value> = sources
        .iter()
        .map(|source| WireMessage::new(source, reader).in_combined())
        .collect();
    let title = title.filter(|title| !title.trim().is_empty());
    let content = json!({
        "title": title.as_deref().unwrap_or(COMBINED_TITLE),
        "messages": shown,
    });
    Forward {
        sources: sources.iter().map(|source| source.message.id).collect(),
        content_type: "COMBINE_FORWARD".into(),
        content: content.to_string(),
        extra: None,
    }
}
