//! Mentions: those of the caller, and whom the caller can mention (B5).

use axum::extract::State;
use parlance_core::command::MarkMentionsRead;
use parlance_core::query::{CanMentionAll, CountUnreadMentions, Mentionable, UnreadMentions};
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::input::{Id, Input, ids, text};
use crate::reply::{Answer, data, done};
use crate::wire::mention::{WireMention, WireMentionable};

pub(crate) async fn unread(State(app): State<App>, caller: Caller) -> Answer<Vec<WireMention>> {
    let mentions = app.core.query(&caller.actor, UnreadMentions).await?;
    let (me, zone) = (caller.actor.user_id, &app.options.time_zone);
    data(
        mentions
            .into_iter()
            .map(|mention| WireMention::new(mention, me, zone))
            .collect(),
    )
}

pub(crate) async fn unread_count(State(app): State<App>, caller: Caller) -> Answer<i64> {
    data(app.core.query(&caller.actor, CountUnreadMentions).await?)
}

pub(crate) async fn read_one(State(app): State<App>, caller: Caller, Id(message_id): Id) -> Answer<()> {
    let read = MarkMentionsRead {
        message_ids: vec![message_id],
        mention_ids: Vec::new(),
    };
    app.core.execute(&caller.actor, read).await?;
    done("已标记为已读")
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BatchInput {
    #[serde(rename = "[]", deserialize_with = "ids")]
    array: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    mention_ids: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    message_ids: Option<Vec<i64>>,
}

/// A bare array may name mentions or messages: their ids are never alike, and both are the caller's own.
pub(crate) async fn read_batch(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<BatchInput>,
) -> Answer<()> {
    let array = input.array.unwrap_or_default();
    let read = MarkMentionsRead {
        message_ids: input.message_ids.unwrap_or_else(|| array.clone()),
        mention_ids: input.mention_ids.unwrap_or(array),
    };
    app.core.execute(&caller.actor, read).await?;
    done("已批量标记为已读")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct KeywordInput {
    #[serde(deserialize_with = "text")]
    keyword: Option<String>,
}

pub(crate) async fn users(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
    Input(input): Input<KeywordInput>,
) -> Answer<Vec<WireMentionable>> {
    let asked = Mentionable {
        conversation_id,
        keyword: input.keyword.unwrap_or_default(),
    };
    let cards = app.core.query(&caller.actor, asked).await?;
    data(cards.into_iter().map(WireMentionable::from).collect())
}

pub(crate) async fn can_mention_all(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
) -> Answer<bool> {
    let asked = CanMentionAll { conversation_id };
    data(app.core.query(&caller.actor, asked).await?)
}
