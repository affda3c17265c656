//! Favourites (B5).

use axum::extract::State;
use parlance_core::ErrorKind;
use parlance_core::command::{AddFavorite, RemoveFavorite, UpdateFavorite};
use parlance_core::query::{Favorites, IsFavorite};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::app::App;
use crate::caller::Caller;
use crate::input::{Id, Input, Name, int, text};
use crate::refusal::worded;
use crate::reply::{Answer, data, done, said};
use crate::wire::favorite::WireFavorite;

/// What a client notes on a favourite.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NoteInput {
    #[serde(deserialize_with = "int")]
    conversation_id: Option<i64>,
    #[serde(deserialize_with = "text")]
    remark: Option<String>,
    #[serde(deserialize_with = "tags")]
    tags: Option<String>,
}

/// Tags as text with commas; some clients send an array.
fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Array(words) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            Some(words.join(","))
        }
        other => Some(other.to_string()),
    })
}

pub(crate) async fn add(
    State(app): State<App>,
    caller: Caller,
    Id(message_id): Id,
    Input(input): Input<NoteInput>,
) -> Answer<i64> {
    let favorite = AddFavorite {
        message_id,
        conversation_id: input.conversation_id.filter(|id| *id != 0),
        remark: input.remark.unwrap_or_default(),
        tags: input.tags.unwrap_or_default(),
    };
    let words = [
        (ErrorKind::NotMember, "无权访问该会话的消息"),
        (ErrorKind::ItemExists, "该消息已收藏"),
    ];
    let kept = app.core.execute(&caller.actor, favorite).await;
    said("收藏成功", kept.map_err(|error| worded(error, &words))?)
}

pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Id(message_id): Id,
    Input(input): Input<NoteInput>,
) -> Answer<()> {
    let change = UpdateFavorite {
        message_id,
        remark: input.remark,
        tags: input.tags,
    };
    let changed = app.core.execute(&caller.actor, change).await;
    changed.map_err(|error| worded(error, &[(ErrorKind::ItemMissing, "该消息未收藏")]))?;
    done("更新成功")
}

pub(crate) async fn remove(State(app): State<App>, caller: Caller, Id(message_id): Id) -> Answer<()> {
    app.core
        .execute(&caller.actor, RemoveFavorite { message_id })
        .await?;
    done("取消收藏成功")
}

pub(crate) async fn check(State(app): State<App>, caller: Caller, Id(message_id): Id) -> Answer<bool> {
    data(app.core.query(&caller.actor, IsFavorite { message_id }).await?)
}

/// Which page; without it the newest 200.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PageInput {
    #[serde(deserialize_with = "int")]
    last_id: Option<i64>,
    #[serde(deserialize_with = "int")]
    limit: Option<i64>,
}

async fn page(
    app: &App,
    caller: &Caller,
    input: PageInput,
    narrowed: Favorites,
) -> Answer<Vec<WireFavorite>> {
    let favorites = Favorites {
        before: input.last_id.filter(|id| *id > 0),
        limit: input.limit,
        ..narrowed
    };
    let found = app.core.query(&caller.actor, favorites).await?;
    let zone = &app.options.time_zone;
    data(
        found
            .into_iter()
            .map(|favorite| WireFavorite::new(favorite, zone))
            .collect(),
    )
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<PageInput>,
) -> Answer<Vec<WireFavorite>> {
    page(&app, &caller, input, Favorites::default()).await
}

pub(crate) async fn of_conversation(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
    Input(input): Input<PageInput>,
) -> Answer<Vec<WireFavorite>> {
    let narrowed = Favorites {
        conversation_id: Some(conversation_id),
        ..Favorites::default()
    };
    page(&app, &caller, input, narrowed).await
}

pub(crate) async fn tagged(
    State(app): State<App>,
    caller: Caller,
    Name(tag): Name,
    Input(input): Input<PageInput>,
) -> Answer<Vec<WireFavorite>> {
    let narrowed = Favorites {
        tag: Some(tag),
        ..Favorites::default()
    };
    page(&app, &caller, input, narrowed).await
}
