//! Sending, listing and reading messages (seed 4.1, 4.2, 4.7, 4.10; B5).

use axum::extract::State;
use axum::http::HeaderMap;
use parlance_core::command::{Blank, MarkRead, Mentions, NamedFiles, ReadUpTo, SendMessage, Target};
use parlance_core::query::{History, OneConversation, UnreadTotal};
use parlance_core::types::Extra;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::DIALECT;
use crate::app::App;
use crate::caller::{Caller, Profile};
use crate::handlers::message_lookup::wired;
use crate::input::{Id, Input, flag, idempotency_key, ids, int, text};
use crate::refusal::Refusal;
use crate::reply::{Answer, data, done, said};
use crate::wire::file::named_in;
use crate::wire::message::{Reader, WireMessage};

/// Messages in a page when the client names no number, and at most.
const PAGE_DEFAULT: i64 = 20;
const PAGE_MAX: i64 = 100;

/// The body of a send, also inside a socket frame.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SendBody {
    #[serde(deserialize_with = "int")]
    conversation_id: Option<i64>,
    #[serde(deserialize_with = "int")]
    session_id: Option<i64>,
    #[serde(deserialize_with = "int")]
    receiver_id: Option<i64>,
    #[serde(rename = "type", deserialize_with = "text")]
    pub(crate) kind: Option<String>,
    #[serde(deserialize_with = "text")]
    message_type: Option<String>,
    #[serde(deserialize_with = "text")]
    content: Option<String>,
    #[serde(deserialize_with = "int")]
    reply_to_message_id: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(crate) client_msg_id: Option<String>,
    extra: Option<Value>,
    mention_info: Option<MentionInfo>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct MentionInfo {
    #[serde(deserialize_with = "ids")]
    user_ids: Option<Vec<i64>>,
    #[serde(deserialize_with = "flag")]
    mention_all: Option<bool>,
}

impl SendBody {
    /// The command that the body asks for.
    pub(crate) fn command(self) -> Result<SendMessage, Refusal> {
        let conversation = self.conversation_id.or(self.session_id).filter(|id| *id != 0);
        let target = match (conversation, self.receiver_id.filter(|id| *id != 0)) {
            (Some(id), _) => Target::Conversation(id),
            (None, Some(id)) => Target::User(id),
            (None, None) => return Err(parlance_core::ErrorKind::TargetMissing.into()),
        };
        let kind = self.message_type.or(self.kind).filter(|kind| !kind.is_empty());
        let mentions = self.mention_info.unwrap_or_default();
        let content_type = kind.map_or_else(|| "TEXT".to_owned(), |kind| kind.to_ascii_uppercase());
        let content = self.content.unwrap_or_default();
        Ok(SendMessage {
            target,
            files: NamedFiles::perhaps(named_in(&content_type, &content)),
            content_type,
            content,
            blank: Blank::Refused,
            client_id: self.client_msg_id.filter(|id| !id.is_empty()),
            reply_to: self.reply_to_message_id.filter(|id| *id != 0),
            forwarded_from: None,
            extra: self.extra.filter(|extra| !extra.is_null()).map(own_extra),
            mentions: Mentions {
                user_ids: mentions.user_ids.unwrap_or_default(),
                all: mentions.mention_all.unwrap_or(false),
                ..Mentions::default()
            },
        })
    }
}

fn own_extra(extra: Value) -> Extra {
    Extra {
        dialect: DIALECT,
        json: extra.to_string(),
    }
}

pub(crate) async fn send(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Input(body): Input<SendBody>,
) -> Answer {
    let mut command = body.command()?;
    if command.client_id.is_none() {
        command.client_id = idempotency_key(&headers);
    }
    let sent = app.core.execute(&caller.actor, command).await?;
    said("发送成功", sent_data(&app, &caller, &sent.view))
}

/// What a send gives back: the id to profile doc, the whole message to profile c.
pub(crate) fn sent_data(app: &App, caller: &Caller, view: &parlance_core::types::MessageView) -> Value {
    match caller.profile {
        Profile::Doc => json!(view.message.id),
        Profile::C => json!(WireMessage::new(view, reader(app, caller))),
    }
}

/// The caller as the reader of messages.
pub(crate) fn reader<'a>(app: &'a App, caller: &Caller) -> Reader<'a> {
    Reader {
        zone: &app.options.time_zone,
        profile: caller.profile,
        user_id: caller.actor.user_id,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ListInput {
    #[serde(deserialize_with = "int")]
    last_id: Option<i64>,
    #[serde(deserialize_with = "int")]
    last_message_id: Option<i64>,
    #[serde(deserialize_with = "int")]
    limit: Option<i64>,
    #[serde(deserialize_with = "int")]
    page_size: Option<i64>,
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
    Input(input): Input<ListInput>,
) -> Answer<Vec<WireMessage>> {
    let history = History {
        conversation_id,
        before: input.last_id.or(input.last_message_id).filter(|id| *id > 0),
        limit: input
            .limit
            .or(input.page_size)
            .unwrap_or(PAGE_DEFAULT)
            .clamp(1, PAGE_MAX),
    };
    let mut page = app.core.query(&caller.actor, history).await?;
    if caller.profile == Profile::C || app.options.oldest_first {
        page.reverse();
    }
    data(wired(&app, &caller, conversation_id, &page).await?)
}

/// What a client says it has read.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ReadBody {
    #[serde(deserialize_with = "int")]
    conversation_id: Option<i64>,
    #[serde(deserialize_with = "int")]
    session_id: Option<i64>,
    #[serde(deserialize_with = "ids")]
    message_ids: Option<Vec<i64>>,
    #[serde(deserialize_with = "int")]
    last_read_message_id: Option<i64>,
}

impl ReadBody {
    /// The command that the body asks for: exactly the listed messages, or everything up to one.
    pub(crate) fn command(self) -> Result<MarkRead, Refusal> {
        let conversation_id = self.conversation_id.or(self.session_id);
        let conversation_id =
            conversation_id.ok_or_else(|| Refusal::bad("参数校验失败：缺少conversationId"))?;
        let up_to = match (self.message_ids, self.last_read_message_id) {
            (_, Some(id)) => ReadUpTo::Message(id),
            (Some(ids), None) => ReadUpTo::Exactly(ids),
            (None, None) => {
                return Err(Refusal::bad("参数校验失败：缺少messageIds或lastReadMessageId"));
            }
        };
        Ok(MarkRead {
            conversation_id,
            up_to,
        })
    }
}

pub(crate) async fn mark_read(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<ReadBody>,
) -> Answer<()> {
    app.core.execute(&caller.actor, body.command()?).await?;
    done("已标记为已读")
}

pub(crate) async fn unread_total(State(app): State<App>, caller: Caller) -> Answer<i64> {
    data(app.core.query(&caller.actor, UnreadTotal).await?)
}

pub(crate) async fn unread_in(State(app): State<App>, caller: Caller, Id(id): Id) -> Answer<i64> {
    data(app.core.query(&caller.actor, OneConversation(id)).await?.unread)
}
