//! Reactions, in the ways of both client generations (B5).

use axum::extract::State;
use parlance_core::command::{Again, React, Unreact};
use parlance_core::query::{CountReactions, Reactions};
use parlance_core::types::Reaction;
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::handlers::message_change::about_message;
use crate::input::{Id, Input, int, text};
use crate::reply::{Answer, data, done, said};
use crate::wire::message_marks::{WireReaction, WireReactionCount};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ReactionInput {
    #[serde(deserialize_with = "int")]
    message_id: Option<i64>,
    #[serde(deserialize_with = "text")]
    emoji: Option<String>,
    #[serde(deserialize_with = "text")]
    reaction_type: Option<String>,
}

async fn put(
    app: &App,
    caller: &Caller,
    message_id: i64,
    input: ReactionInput,
    again: Again,
) -> Answer<Option<WireReaction>> {
    let react = React {
        message_id,
        emoji: input.emoji.unwrap_or_default(),
        reaction_type: input.reaction_type.unwrap_or_default(),
        again,
    };
    let stands: Option<Reaction> = app
        .core
        .execute(&caller.actor, react)
        .await
        .map_err(about_message)?;
    match stands {
        Some(reaction) => {
            let wire = WireReaction::own(&reaction, &app.options.time_zone);
            said("反应成功", Some(wire))
        }
        None => said("已取消反应", None),
    }
}

pub(crate) async fn toggle_on(
    State(app): State<App>,
    caller: Caller,
    Id(message_id): Id,
    Input(input): Input<ReactionInput>,
) -> Answer<Option<WireReaction>> {
    put(&app, &caller, message_id, input, Again::Removes).await
}

pub(crate) async fn toggle(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<ReactionInput>,
) -> Answer<Option<WireReaction>> {
    put(
        &app,
        &caller,
        input.message_id.unwrap_or(0),
        input,
        Again::Removes,
    )
    .await
}

pub(crate) async fn add(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<ReactionInput>,
) -> Answer<Option<WireReaction>> {
    put(&app, &caller, input.message_id.unwrap_or(0), input, Again::Keeps).await
}

pub(crate) async fn remove(State(app): State<App>, caller: Caller, Id(message_id): Id) -> Answer<()> {
    let removed = app.core.execute(&caller.actor, Unreact { message_id }).await;
    removed.map_err(about_message)?;
    done("已取消反应")
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(message_id): Id,
) -> Answer<Vec<WireReaction>> {
    let all = app.core.query(&caller.actor, Reactions { message_id }).await;
    let (me, zone) = (caller.actor.user_id, &app.options.time_zone);
    let all = all.map_err(about_message)?;
    data(
        all.into_iter()
            .map(|reaction| WireReaction::new(message_id, reaction, me, zone))
            .collect(),
    )
}

pub(crate) async fn counts(
    State(app): State<App>,
    caller: Caller,
    Id(message_id): Id,
) -> Answer<Vec<WireReactionCount>> {
    let counts = app.core.query(&caller.actor, CountReactions { message_id }).await;
    let counts = counts.map_err(about_message)?;
    data(counts.into_iter().map(WireReactionCount::from).collect())
}
