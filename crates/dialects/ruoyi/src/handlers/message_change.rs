//! What happens to a message after it was sent: recalled, edited, deleted, answered (seed 4.3, 4.4, 4.6, 4.9; B5).

use axum::extract::State;
use axum::http::HeaderMap;
use parlance_core::command::{DeleteMessages, EditMessage, RecallMessage, SendMessage, Target};
use parlance_core::query::{EditHistory, MessagesById};
use parlance_core::{Error, ErrorKind};
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::handlers::message::sent_data;
use crate::input::{Id, Input, idempotency_key, ids, int, text};
use crate::refusal::{Refusal, worded};
use crate::reply::{Answer, data, done, said};
use crate::wire::message_marks::WireEdit;

/// What somebody reads who names a message of a conversation that is not theirs.
const NOT_THEIRS: (ErrorKind, &str) = (ErrorKind::NotMember, "无权访问该会话的消息");

/// The refusal of a call about one message.
pub(crate) fn about_message(error: Error) -> Refusal {
    worded(error, &[NOT_THEIRS])
}

/// `2分钟`, or seconds where the setting is no whole number of minutes.
fn span(seconds: i64) -> String {
    if seconds % 60 == 0 {
        format!("{}分钟", seconds / 60)
    } else {
        format!("{seconds}秒")
    }
}

pub(crate) async fn recall(State(app): State<App>, caller: Caller, Id(message_id): Id) -> Answer<()> {
    let late = format!(
        "消息发送超过{}，无法撤回",
        span(app.core.limits().recall_window_seconds)
    );
    let recalled = app
        .core
        .execute(&caller.actor, RecallMessage { message_id })
        .await;
    recalled.map_err(|error| {
        worded(
            error,
            &[
                NOT_THEIRS,
                (ErrorKind::MessageForbidden, "无权撤回该消息"),
                (ErrorKind::RecallTooLate, &late),
            ],
        )
    })?;
    done("消息已撤回")
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EditInput {
    #[serde(deserialize_with = "text")]
    new_content: Option<String>,
    #[serde(deserialize_with = "text")]
    content: Option<String>,
}

pub(crate) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Id(message_id): Id,
    Input(input): Input<EditInput>,
) -> Answer<()> {
    let late = format!(
        "消息发送超过{}，无法编辑",
        span(app.core.limits().edit_window_seconds)
    );
    let edit = EditMessage {
        message_id,
        content: input.new_content.or(input.content).unwrap_or_default(),
    };
    let edited = app.core.execute(&caller.actor, edit).await;
    edited.map_err(|error| {
        worded(
            error,
            &[
                NOT_THEIRS,
                (ErrorKind::MessageForbidden, "无权编辑该消息"),
                (ErrorKind::MessageRecalled, "已撤回的消息不能编辑"),
                (ErrorKind::EditTooLate, &late),
            ],
        )
    })?;
    done("消息已编辑")
}

pub(crate) async fn delete(State(app): State<App>, caller: Caller, Id(message_id): Id) -> Answer<()> {
    delete_all(&app, &caller, vec![message_id]).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BatchInput {
    #[serde(rename = "[]", deserialize_with = "ids")]
    array: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    message_ids: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    ids: Option<Vec<i64>>,
}

pub(crate) async fn delete_batch(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<BatchInput>,
) -> Answer<()> {
    let message_ids = input.array.or(input.message_ids).or(input.ids);
    delete_all(&app, &caller, message_ids.unwrap_or_default()).await
}

async fn delete_all(app: &App, caller: &Caller, message_ids: Vec<i64>) -> Answer<()> {
    let deleted = app
        .core
        .execute(&caller.actor, DeleteMessages { message_ids })
        .await;
    deleted.map_err(|error| {
        worded(
            error,
            &[NOT_THEIRS, (ErrorKind::MessageForbidden, "无权删除该消息")],
        )
    })?;
    done("删除成功")
}

pub(crate) async fn clear_own(State(app): State<App>, caller: Caller, Id(conversation_id): Id) -> Answer<()> {
    app.core
        .delete_own_messages(&caller.actor, conversation_id)
        .await?;
    done("删除成功")
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ReplyInput {
    #[serde(deserialize_with = "int")]
    message_id: Option<i64>,
    #[serde(deserialize_with = "text")]
    content: Option<String>,
    #[serde(deserialize_with = "text")]
    client_msg_id: Option<String>,
}

pub(crate) async fn reply(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Input(input): Input<ReplyInput>,
) -> Answer {
    let message_id = input.message_id.unwrap_or(0);
    let one = MessagesById {
        ids: vec![message_id],
    };
    let found = app.core.query(&caller.actor, one).await.map_err(about_message)?;
    let answered = found.first().ok_or(ErrorKind::MessageMissing)?;
    let target = Target::Conversation(answered.message.conversation_id);
    let message = SendMessage {
        reply_to: Some(message_id),
        client_id: input
            .client_msg_id
            .filter(|id| !id.is_empty())
            .or_else(|| idempotency_key(&headers)),
        ..SendMessage::text(target, input.content.unwrap_or_default())
    };
    let sent = app.core.execute(&caller.actor, message).await;
    let sent = sent.map_err(|error| worded(error, &[(ErrorKind::ContentEmpty, "回复内容不能为空")]))?;
    said("回复成功", sent_data(&app, &caller, &sent.view))
}

pub(crate) async fn edit_history(
    State(app): State<App>,
    caller: Caller,
    Id(message_id): Id,
) -> Answer<Vec<WireEdit>> {
    let history = app.core.query(&caller.actor, EditHistory { message_id }).await;
    let history = history.map_err(about_message)?;
    let zone = &app.options.time_zone;
    data(
        history
            .into_iter()
            .map(|edit| WireEdit::new(message_id, edit, zone))
            .collect(),
    )
}
