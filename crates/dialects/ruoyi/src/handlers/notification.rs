//! A person's own notifications (B7, row notices).

use axum::extract::State;
use parlance_core::command::{DeleteNotifications, ReadNotifications};
use parlance_core::query::{FindNotification, Notifications, UnreadNotifications};
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::input::{Id, Input, ids, text};
use crate::refusal::Refusal;
use crate::reply::{Answer, data, done};
use crate::wire::notification::{WireNotification, kinds_of};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListInput {
    #[serde(rename = "type", deserialize_with = "text")]
    kind: Option<String>,
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<ListInput>,
) -> Answer<Vec<WireNotification>> {
    let kind = input.kind.filter(|kind| !kind.is_empty());
    let kinds = kind.map(|kind| kinds_of(&kind));
    let found = app.core.query(&caller.actor, Notifications { kinds }).await?;
    let zone = &app.options.time_zone;
    data(found.iter().map(|one| WireNotification::new(one, zone)).collect())
}

pub(crate) async fn detail(State(app): State<App>, caller: Caller, Id(id): Id) -> Answer<WireNotification> {
    let found = app.core.query(&caller.actor, FindNotification { id }).await?;
    data(WireNotification::new(&found, &app.options.time_zone))
}

pub(crate) async fn unread_count(State(app): State<App>, caller: Caller) -> Answer<i64> {
    data(app.core.query(&caller.actor, UnreadNotifications).await?)
}

pub(crate) async fn read(State(app): State<App>, caller: Caller, Id(id): Id) -> Answer<()> {
    app.core
        .execute(&caller.actor, ReadNotifications::One(id))
        .await?;
    done("标记已读成功")
}

pub(crate) async fn read_all(State(app): State<App>, caller: Caller) -> Answer<()> {
    app.core.execute(&caller.actor, ReadNotifications::All).await?;
    done("全部标记已读成功")
}

pub(crate) async fn delete(State(app): State<App>, caller: Caller, Id(id): Id) -> Answer<()> {
    app.core
        .execute(&caller.actor, DeleteNotifications::One(id))
        .await?;
    done("删除成功")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct BatchInput {
    #[serde(rename = "[]", deserialize_with = "ids")]
    listed: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    ids: Option<Vec<i64>>,
}

pub(crate) async fn delete_batch(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<BatchInput>,
) -> Answer<()> {
    let ids = input
        .listed
        .or(input.ids)
        .ok_or_else(|| Refusal::bad("通知ID列表不能为空"))?;
    app.core
        .execute(&caller.actor, DeleteNotifications::These(ids))
        .await?;
    done("批量删除成功")
}

pub(crate) async fn clear(State(app): State<App>, caller: Caller) -> Answer<()> {
    app.core.execute(&caller.actor, DeleteNotifications::All).await?;
    done("清空成功")
}
