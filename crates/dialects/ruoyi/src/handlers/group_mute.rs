//! Who may not write in a group, and until when (B7).

use axum::extract::State;
use parlance_core::command::{MuteGroup, SilenceMember};
use parlance_core::query::{GroupDetails, Silence, WhySilent};
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::handlers::group::later;
use crate::input::{Id, Input, TwoIds, flag, int};
use crate::refusal::Refusal;
use crate::reply::{Answer, data, done};
use crate::wire::time::local;

/// Microseconds in a minute.
const MINUTE_US: i64 = 60_000_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MuteInput {
    #[serde(deserialize_with = "flag")]
    all_muted: Option<bool>,
    #[serde(deserialize_with = "int")]
    mute_duration: Option<i64>,
}

pub(crate) async fn set_all(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
    Input(input): Input<MuteInput>,
) -> Answer<()> {
    let muted = input
        .all_muted
        .ok_or_else(|| Refusal::bad("参数校验失败：缺少allMuted"))?;
    app.core
        .execute(
            &caller.actor,
            MuteGroup {
                conversation_id,
                muted,
                until: None,
            },
        )
        .await?;
    done(if muted {
        "已开启全员禁言"
    } else {
        "已关闭全员禁言"
    })
}

pub(crate) async fn all(State(app): State<App>, caller: Caller, Id(conversation_id): Id) -> Answer<bool> {
    let group = app
        .core
        .query(&caller.actor, GroupDetails { conversation_id })
        .await?;
    data(group.conversation.muted_all)
}

/// Silences for `muteDuration` minutes.
pub(crate) async fn silence(
    State(app): State<App>,
    caller: Caller,
    TwoIds(conversation_id, user_id): TwoIds,
    Input(input): Input<MuteInput>,
) -> Answer<()> {
    let minutes = input
        .mute_duration
        .ok_or_else(|| Refusal::bad("参数校验失败：缺少muteDuration"))?;
    let until = Some(later(&app, minutes, MINUTE_US)?);
    app.core
        .execute(
            &caller.actor,
            SilenceMember {
                conversation_id,
                user_id,
                until,
            },
        )
        .await?;
    done("成员已禁言")
}

pub(crate) async fn lift(
    State(app): State<App>,
    caller: Caller,
    TwoIds(conversation_id, user_id): TwoIds,
) -> Answer<()> {
    let lift = SilenceMember {
        conversation_id,
        user_id,
        until: None,
    };
    app.core.execute(&caller.actor, lift).await?;
    done("已解除禁言")
}

/// Whether a member may not write, for whichever reason.
pub(crate) async fn check(
    State(app): State<App>,
    caller: Caller,
    TwoIds(conversation_id, user_id): TwoIds,
) -> Answer<bool> {
    let why = app
        .core
        .query(
            &caller.actor,
            WhySilent {
                conversation_id,
                user_id,
            },
        )
        .await?;
    data(why.is_some())
}

/// Until when a member is silenced, or null.
pub(crate) async fn end_time(
    State(app): State<App>,
    caller: Caller,
    TwoIds(conversation_id, user_id): TwoIds,
) -> Answer<Option<String>> {
    let why = app
        .core
        .query(
            &caller.actor,
            WhySilent {
                conversation_id,
                user_id,
            },
        )
        .await?;
    data(match why {
        Some(Silence::Member(until)) => Some(local(until, &app.options.time_zone)),
        Some(Silence::Group) | None => None,
    })
}
