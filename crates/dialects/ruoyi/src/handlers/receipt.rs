//! Who has read a message (B5).

use axum::extract::State;
use parlance_core::ErrorKind;
use parlance_core::query::{MessagesById, ReadStatus, WhoRead};
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::handlers::message_change::about_message;
use crate::input::{Id, Input, TwoIds, int};
use crate::refusal::Refusal;
use crate::reply::{Answer, data};
use crate::wire::message_marks::{WireReadCount, WireReadDetail, WireReader};

/// Which page of people; without it the first 500 of either kind.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PageInput {
    #[serde(deserialize_with = "int")]
    last_user_id: Option<i64>,
}

async fn who_read(
    app: &App,
    caller: &Caller,
    message_id: i64,
    input: &PageInput,
) -> Result<ReadStatus, Refusal> {
    let asked = WhoRead {
        message_id,
        after_user: input.last_user_id.unwrap_or(0),
    };
    app.core.query(&caller.actor, asked).await.map_err(about_message)
}

pub(crate) async fn readers(
    State(app): State<App>,
    caller: Caller,
    TwoIds(conversation_id, message_id): TwoIds,
    Input(input): Input<PageInput>,
) -> Answer<Vec<WireReader>> {
    let one = MessagesById {
        ids: vec![message_id],
    };
    let found = app.core.query(&caller.actor, one).await.map_err(about_message)?;
    if found
        .iter()
        .any(|view| view.message.conversation_id != conversation_id)
    {
        return Err(ErrorKind::MessageMissing.into());
    }
    let status = who_read(&app, &caller, message_id, &input).await?;
    let zone = &app.options.time_zone;
    data(
        status
            .read
            .iter()
            .map(|reader| WireReader::new(reader, zone))
            .collect(),
    )
}

pub(crate) async fn summary(
    State(app): State<App>,
    caller: Caller,
    Id(message_id): Id,
) -> Answer<WireReadCount> {
    let status = who_read(&app, &caller, message_id, &PageInput::default()).await?;
    data(WireReadCount::from(status.count))
}

pub(crate) async fn detail(
    State(app): State<App>,
    caller: Caller,
    Id(message_id): Id,
    Input(input): Input<PageInput>,
) -> Answer<WireReadDetail> {
    let status = who_read(&app, &caller, message_id, &input).await?;
    data(WireReadDetail::new(message_id, &status, &app.options.time_zone))
}
