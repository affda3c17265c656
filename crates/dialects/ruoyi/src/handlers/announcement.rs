//! Announcements of a group (B7).

use axum::extract::State;
use parlance_core::command::{
    DeleteAnnouncement, EditAnnouncement, PinAnnouncement, PostAnnouncement, RecallAnnouncement,
};
use parlance_core::query::{Announcements, Which};
use parlance_core::types::ConversationId;
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::input::{Id, Input, flag, int, text};
use crate::refusal::Refusal;
use crate::reply::{Answer, data, done, said};
use crate::wire::announcement::WireAnnouncement;

/// A new announcement, or what changes of one.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AnnouncementInput {
    #[serde(deserialize_with = "int")]
    group_id: Option<i64>,
    #[serde(deserialize_with = "text")]
    content: Option<String>,
    #[serde(rename = "type", deserialize_with = "text")]
    kind: Option<String>,
    #[serde(deserialize_with = "flag")]
    is_pinned: Option<bool>,
}

pub(crate) async fn post(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<AnnouncementInput>,
) -> Answer<i64> {
    let post = PostAnnouncement {
        conversation_id: input
            .group_id
            .ok_or_else(|| Refusal::bad("参数校验失败：缺少groupId"))?,
        content: content(input.content)?,
        kind: input.kind.unwrap_or_default(),
        pinned: input.is_pinned.unwrap_or(false),
    };
    said("公告发布成功", app.core.execute(&caller.actor, post).await?)
}

/// A text that is there; core's own word for an empty one is about messages.
fn content(content: Option<String>) -> Result<String, Refusal> {
    content
        .filter(|content| !content.trim().is_empty())
        .ok_or_else(|| Refusal::bad("参数校验失败：公告内容不能为空"))
}

async fn read(
    app: &App,
    caller: &Caller,
    conversation_id: ConversationId,
    which: Which,
) -> Result<Vec<WireAnnouncement>, Refusal> {
    let list = app
        .core
        .query(
            &caller.actor,
            Announcements {
                conversation_id,
                which,
            },
        )
        .await?;
    Ok(list
        .iter()
        .map(|view| WireAnnouncement::new(view, &app.options.time_zone))
        .collect())
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(group_id): Id,
) -> Answer<Vec<WireAnnouncement>> {
    data(read(&app, &caller, group_id, Which::All).await?)
}

pub(crate) async fn pinned(
    State(app): State<App>,
    caller: Caller,
    Id(group_id): Id,
) -> Answer<Vec<WireAnnouncement>> {
    data(read(&app, &caller, group_id, Which::Pinned).await?)
}

/// The newest one, or null.
pub(crate) async fn latest(
    State(app): State<App>,
    caller: Caller,
    Id(group_id): Id,
) -> Answer<Option<WireAnnouncement>> {
    data(read(&app, &caller, group_id, Which::Latest).await?.pop())
}

pub(crate) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Id(announcement_id): Id,
    Input(input): Input<AnnouncementInput>,
) -> Answer<()> {
    let content = content(input.content)?;
    app.core
        .execute(
            &caller.actor,
            EditAnnouncement {
                announcement_id,
                content,
            },
        )
        .await?;
    done("公告编辑成功")
}

pub(crate) async fn pin(
    State(app): State<App>,
    caller: Caller,
    Id(announcement_id): Id,
    Input(input): Input<AnnouncementInput>,
) -> Answer<()> {
    let pinned = input
        .is_pinned
        .ok_or_else(|| Refusal::bad("参数校验失败：缺少isPinned"))?;
    app.core
        .execute(
            &caller.actor,
            PinAnnouncement {
                announcement_id,
                pinned,
            },
        )
        .await?;
    done(if pinned {
        "公告已置顶"
    } else {
        "已取消置顶"
    })
}

pub(crate) async fn recall(State(app): State<App>, caller: Caller, Id(announcement_id): Id) -> Answer<()> {
    app.core
        .execute(&caller.actor, RecallAnnouncement { announcement_id })
        .await?;
    done("公告已撤回")
}

pub(crate) async fn delete(State(app): State<App>, caller: Caller, Id(announcement_id): Id) -> Answer<()> {
    app.core
        .execute(&caller.actor, DeleteAnnouncement { announcement_id })
        .await?;
    done("公告删除成功")
}
