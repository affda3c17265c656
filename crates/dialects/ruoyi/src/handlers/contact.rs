//! Friends: the list and its groups, requests, blocks (B7, rows contact and settings).

use axum::extract::State;
use parlance_core::ErrorKind;
use parlance_core::command::{
    BlockUser, ContactAnswer, DeleteContact, DeleteContactGroup, HandleContactRequest, MoveContacts,
    RenameContactGroup, SendContactRequest, UnblockUser, UpdateContact,
};
use parlance_core::query::{Blocks, ContactGroups, ContactRequests, Contacts, FindContact, RequestDirection};
use parlance_core::types::ContactView;
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::handlers::user;
use crate::input::{Id, Input, Name, flag, ids, int, text};
use crate::refusal::Refusal;
use crate::reply::{Answer, data, done, said};
use crate::wire::contact::{DEFAULT_GROUP, WireFriend, WireFriendGroup, WireFriendRequest, group_in};
use crate::wire::user::WireUser;

fn wire(app: &App, view: &ContactView) -> WireFriend {
    WireFriend::new(view, app.core.is_online(view.user.id), &app.options.time_zone)
}

async fn friends(app: &App, caller: &Caller) -> Result<Vec<ContactView>, Refusal> {
    let owner_id = caller.actor.user_id;
    Ok(app.core.query(&caller.actor, Contacts { owner_id }).await?)
}

pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Answer<Vec<WireFriend>> {
    let all = friends(&app, &caller).await?;
    data(all.iter().map(|view| wire(&app, view)).collect())
}

/// Friends by group: the default group first, then in the order in which they came up.
pub(crate) async fn grouped(State(app): State<App>, caller: Caller) -> Answer<Vec<WireFriendGroup>> {
    let all = friends(&app, &caller).await?;
    let mut names = app.core.query(&caller.actor, ContactGroups).await?;
    names.insert(0, String::new());
    let group = |name: &String| {
        let of_group = all.iter().filter(|view| view.contact.group_name == *name);
        WireFriendGroup::new(name, of_group.map(|view| wire(&app, view)).collect())
    };
    data(names.iter().map(group).filter(|group| group.count > 0).collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SearchInput {
    #[serde(deserialize_with = "text")]
    keyword: Option<String>,
}

/// People to ask: neither the caller nor friends, as in the original.
pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<SearchInput>,
) -> Answer<Vec<WireUser>> {
    let mut found = user::find(&app, &caller, input.keyword).await?;
    let known = friends(&app, &caller).await?;
    found.retain(|user| user.id != caller.actor.user_id && !known.iter().any(|view| view.user.id == user.id));
    data(found.iter().map(|found| user::wire(&app, found)).collect())
}

pub(crate) async fn detail(State(app): State<App>, caller: Caller, Id(contact_id): Id) -> Answer<WireFriend> {
    let view = app.core.query(&caller.actor, FindContact { contact_id }).await?;
    data(wire(&app, &view))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct FriendInput {
    #[serde(deserialize_with = "text")]
    remark: Option<String>,
    #[serde(deserialize_with = "text")]
    group_name: Option<String>,
}

pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Id(contact_id): Id,
    Input(input): Input<FriendInput>,
) -> Answer<()> {
    let update = UpdateContact {
        contact_id,
        remark: input.remark,
        group_name: input.group_name.map(|name| group_in(&name)),
    };
    app.core.execute(&caller.actor, update).await?;
    done("更新成功")
}

pub(crate) async fn delete(State(app): State<App>, caller: Caller, Id(contact_id): Id) -> Answer<()> {
    app.core
        .execute(&caller.actor, DeleteContact { contact_id })
        .await?;
    done("删除成功")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct BlockInput {
    #[serde(deserialize_with = "flag")]
    blocked: Option<bool>,
}

pub(crate) async fn set_blocked(
    State(app): State<App>,
    caller: Caller,
    Id(contact_id): Id,
    Input(input): Input<BlockInput>,
) -> Answer<()> {
    let wanted = input
        .blocked
        .ok_or_else(|| Refusal::bad("参数校验失败：缺少blocked"))?;
    let view = app.core.query(&caller.actor, FindContact { contact_id }).await?;
    let id = Id(view.user.id);
    if wanted {
        block(State(app), caller, id).await
    } else {
        unblock(State(app), caller, id).await
    }
}

pub(crate) async fn block(State(app): State<App>, caller: Caller, Id(user_id): Id) -> Answer<()> {
    app.core.execute(&caller.actor, BlockUser { user_id }).await?;
    done("已拉黑")
}

pub(crate) async fn unblock(State(app): State<App>, caller: Caller, Id(user_id): Id) -> Answer<()> {
    app.core.execute(&caller.actor, UnblockUser { user_id }).await?;
    done("已解除拉黑")
}

pub(crate) async fn blocked(State(app): State<App>, caller: Caller) -> Answer<Vec<WireUser>> {
    let found = app.core.query(&caller.actor, Blocks::all()).await?;
    data(
        found
            .items
            .iter()
            .map(|blocked| user::wire(&app, &blocked.user))
            .collect(),
    )
}

/// Names of the caller's groups; the default one is always there.
pub(crate) async fn group_list(State(app): State<App>, caller: Caller) -> Answer<Vec<String>> {
    let mut names = app.core.query(&caller.actor, ContactGroups).await?;
    names.insert(0, DEFAULT_GROUP.to_owned());
    data(names)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RenameInput {
    #[serde(deserialize_with = "text")]
    new_name: Option<String>,
}

pub(crate) async fn rename_group(
    State(app): State<App>,
    caller: Caller,
    Name(old): Name,
    Input(input): Input<RenameInput>,
) -> Answer<()> {
    let new = input.new_name.unwrap_or_default();
    if new.trim().is_empty() {
        return Err(Refusal::bad("新分组名称不能为空"));
    }
    let rename = RenameContactGroup {
        old: group_in(&old),
        new: group_in(&new),
    };
    let renamed = app.core.execute(&caller.actor, rename).await;
    renamed.map_err(|error| match error.kind {
        ErrorKind::ItemMissing => Refusal::bad("分组不存在"),
        _ => error.into(),
    })?;
    done("重命名成功")
}

pub(crate) async fn delete_group(State(app): State<App>, caller: Caller, Name(name): Name) -> Answer<()> {
    let delete = DeleteContactGroup {
        name: group_in(&name),
    };
    app.core.execute(&caller.actor, delete).await?;
    done("删除成功")
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MoveInput {
    #[serde(deserialize_with = "ids")]
    friend_ids: Option<Vec<i64>>,
    #[serde(deserialize_with = "text")]
    group_name: Option<String>,
}

pub(crate) async fn move_to_group(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<MoveInput>,
) -> Answer<()> {
    let contact_ids = input.friend_ids.unwrap_or_default();
    if contact_ids.is_empty() {
        return Err(Refusal::bad("好友ID列表不能为空"));
    }
    let command = MoveContacts {
        contact_ids,
        group_name: group_in(&input.group_name.unwrap_or_default()),
    };
    app.core.execute(&caller.actor, command).await?;
    done("移动成功")
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RequestInput {
    #[serde(deserialize_with = "int")]
    target_user_id: Option<i64>,
    #[serde(deserialize_with = "text")]
    message: Option<String>,
    #[serde(deserialize_with = "text")]
    group_name: Option<String>,
}

pub(crate) async fn send_request(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<RequestInput>,
) -> Answer<i64> {
    let request = SendContactRequest {
        user_id: input
            .target_user_id
            .ok_or_else(|| Refusal::bad("目标用户ID不能为空"))?,
        message: input.message.unwrap_or_default(),
        group_name: group_in(&input.group_name.unwrap_or_default()),
    };
    let sent = app.core.execute(&caller.actor, request).await;
    let id = sent.map_err(|error| match error.kind {
        ErrorKind::Blocked => Refusal::bad("您已拉黑对方，请先解除拉黑"),
        _ => error.into(),
    })?;
    said("发送成功", id)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AnswerInput {
    #[serde(deserialize_with = "flag")]
    approved: Option<bool>,
}

pub(crate) async fn handle_request(
    State(app): State<App>,
    caller: Caller,
    Id(request_id): Id,
    Input(input): Input<AnswerInput>,
) -> Answer<()> {
    let (answer, msg) = match input.approved {
        Some(true) => (ContactAnswer::Approve, "已同意"),
        Some(false) => (ContactAnswer::Reject, "已拒绝"),
        None => return Err(Refusal::bad("参数校验失败：缺少approved")),
    };
    app.core
        .execute(&caller.actor, HandleContactRequest { request_id, answer })
        .await?;
    done(msg)
}

pub(crate) async fn received(app: State<App>, caller: Caller) -> Answer<Vec<WireFriendRequest>> {
    requests(app, caller, RequestDirection::Received).await
}

pub(crate) async fn sent(app: State<App>, caller: Caller) -> Answer<Vec<WireFriendRequest>> {
    requests(app, caller, RequestDirection::Sent).await
}

async fn requests(
    State(app): State<App>,
    caller: Caller,
    direction: RequestDirection,
) -> Answer<Vec<WireFriendRequest>> {
    let found = app
        .core
        .query(&caller.actor, ContactRequests { direction })
        .await?;
    let zone = &app.options.time_zone;
    data(
        found
            .iter()
            .map(|view| WireFriendRequest::new(view, zone))
            .collect(),
    )
}
