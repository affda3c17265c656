//! People: profiles, passwords, and what administrators do with accounts (B7, row user).

use axum::extract::State;
use parlance_core::account::{NewAccount, PasswordChange};
use parlance_core::command::{DeleteUser, ProfileChanges, SetUserStatus, UpdateProfile};
use parlance_core::query::{Contacts, FindUser, FindUsers, ListUsers, SearchUsers};
use parlance_core::types::{AccountRole, AccountStatus, User, UserId};
use parlance_core::{Error, ErrorKind};
use parlance_transport::http::client_addr;
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::handlers::auth::taken;
use crate::input::{Input, Name, ids, int, text};
use crate::refusal::Refusal;
use crate::reply::{Answer, data, done, said};
use crate::wire::user::WireUser;

/// People on one list.
const LIST_MAX: i64 = 500;
/// Characters of a nickname that somebody changes to.
const NICKNAME_CHARS_MIN: usize = 2;

/// A person as this dialect shows it.
pub(crate) fn wire(app: &App, user: &User) -> WireUser {
    WireUser::new(user, app.core.is_online(user.id), &app.options.time_zone)
}

fn wires(app: &App, users: &[User]) -> Vec<WireUser> {
    users.iter().map(|user| wire(app, user)).collect()
}

/// The person in a path. The newest client writes `undefined` where it means itself.
fn person(caller: &Caller, name: &str) -> UserId {
    match name {
        "undefined" => caller.actor.user_id,
        other => other.parse().unwrap_or(0),
    }
}

pub(crate) async fn info(State(app): State<App>, caller: Caller) -> Answer<WireUser> {
    let id = caller.actor.user_id;
    let user = app.core.query(&caller.actor, FindUser { id }).await?;
    data(wire(&app, &user))
}

pub(crate) async fn detail(State(app): State<App>, caller: Caller, Name(name): Name) -> Answer<WireUser> {
    let id = person(&caller, &name);
    let user = app.core.query(&caller.actor, FindUser { id }).await?;
    data(wire(&app, &user))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SearchInput {
    #[serde(deserialize_with = "text")]
    keyword: Option<String>,
    #[serde(deserialize_with = "int")]
    last_id: Option<i64>,
}

/// Active people; administrators see disabled ones too as long as they do not search. At most 500, then those after
/// `lastId`.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<SearchInput>,
) -> Answer<Vec<WireUser>> {
    let keyword = input.keyword.unwrap_or_default();
    let (after_id, limit) = (input.last_id.unwrap_or(0), LIST_MAX);
    let found = if caller.actor.is_admin() && keyword.trim().is_empty() {
        app.core
            .query(&caller.actor, ListUsers { after_id, limit })
            .await?
    } else {
        let search = SearchUsers {
            keyword,
            after_id,
            limit,
        };
        app.core.query(&caller.actor, search).await?
    };
    data(wires(&app, &found))
}

pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<SearchInput>,
) -> Answer<Vec<WireUser>> {
    data(wires(&app, &find(&app, &caller, input.keyword).await?))
}

/// Active people whom a word fits; nobody without a word.
pub(crate) async fn find(app: &App, caller: &Caller, keyword: Option<String>) -> Result<Vec<User>, Error> {
    let keyword = keyword.unwrap_or_default();
    if keyword.trim().is_empty() {
        return Ok(Vec::new());
    }
    let search = SearchUsers {
        keyword,
        after_id: 0,
        limit: LIST_MAX,
    };
    app.core.query(&caller.actor, search).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct BatchInput {
    #[serde(deserialize_with = "ids")]
    ids: Option<Vec<i64>>,
}

pub(crate) async fn batch(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<BatchInput>,
) -> Answer<Vec<WireUser>> {
    let ids = input.ids.unwrap_or_default();
    let found = app.core.query(&caller.actor, FindUsers { ids }).await?;
    data(wires(&app, &found))
}

pub(crate) async fn friends(
    State(app): State<App>,
    caller: Caller,
    Name(name): Name,
) -> Answer<Vec<WireUser>> {
    let owner_id = person(&caller, &name);
    let found = app.core.query(&caller.actor, Contacts { owner_id }).await?;
    data(found.iter().map(|view| wire(&app, &view.user)).collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ProfileInput {
    #[serde(deserialize_with = "text")]
    nickname: Option<String>,
    #[serde(deserialize_with = "text")]
    avatar: Option<String>,
    #[serde(deserialize_with = "text")]
    email: Option<String>,
    #[serde(deserialize_with = "text")]
    mobile: Option<String>,
    #[serde(deserialize_with = "int")]
    gender: Option<i64>,
    #[serde(deserialize_with = "text")]
    signature: Option<String>,
    #[serde(deserialize_with = "text")]
    department: Option<String>,
    #[serde(deserialize_with = "text")]
    position: Option<String>,
}

pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Name(name): Name,
    Input(input): Input<ProfileInput>,
) -> Answer<()> {
    let short = |nickname: &String| nickname.trim().chars().count() < NICKNAME_CHARS_MIN;
    if input.nickname.as_ref().is_some_and(short) {
        return Err(Refusal::bad("参数校验失败：昵称长度为2到50个字符"));
    }
    let update = UpdateProfile {
        user_id: person(&caller, &name),
        changes: ProfileChanges {
            nickname: input.nickname,
            avatar: input.avatar,
            email: input.email,
            mobile: input.mobile,
            gender: input.gender,
            signature: input.signature,
            department: input.department,
            position: input.position,
            ..ProfileChanges::default()
        },
    };
    app.core.execute(&caller.actor, update).await.map_err(taken)?;
    done("更新成功")
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PasswordInput {
    #[serde(deserialize_with = "text")]
    old_password: Option<String>,
    #[serde(deserialize_with = "text")]
    new_password: Option<String>,
}

/// One's own password, proven by the old one; an administrator sets somebody else's without it.
pub(crate) async fn change_password(
    State(app): State<App>,
    caller: Caller,
    from: client_addr::Caller,
    Name(name): Name,
    Input(input): Input<PasswordInput>,
) -> Answer<()> {
    let Some(new) = input.new_password else {
        return Err(Refusal::bad("新密码不能为空"));
    };
    let user_id = person(&caller, &name);
    if user_id == caller.actor.user_id {
        let old = input.old_password.ok_or_else(|| Refusal::bad("旧密码不能为空"))?;
        let change = PasswordChange {
            old,
            new,
            address: from.address,
        };
        let changed = app.core.change_password(&caller.actor, change).await;
        changed.map_err(|error| match error.kind {
            ErrorKind::PasswordWrong => Refusal::bad("旧密码错误"),
            _ => error.into(),
        })?;
    } else {
        app.core.reset_password(&caller.actor, user_id, new).await?;
    }
    done("密码修改成功")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CreateInput {
    #[serde(deserialize_with = "text")]
    username: Option<String>,
    #[serde(deserialize_with = "text")]
    password: Option<String>,
    #[serde(deserialize_with = "text")]
    nickname: Option<String>,
    #[serde(deserialize_with = "text")]
    email: Option<String>,
    #[serde(deserialize_with = "text")]
    mobile: Option<String>,
    #[serde(deserialize_with = "text")]
    avatar: Option<String>,
    #[serde(deserialize_with = "text")]
    role: Option<String>,
}

pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<CreateInput>,
) -> Answer<i64> {
    let filled = |value: Option<String>| value.filter(|value| !value.is_empty());
    let (Some(uid), Some(password)) = (filled(input.username), input.password) else {
        return Err(Refusal::bad("用户名和密码不能为空"));
    };
    let role = match input.role.as_deref().unwrap_or_default() {
        "" | "USER" => AccountRole::User,
        "ADMIN" => AccountRole::Admin,
        "SUPER_ADMIN" => AccountRole::SuperAdmin,
        _ => return Err(Refusal::bad("参数校验失败：role可取USER、ADMIN、SUPER_ADMIN")),
    };
    let account = NewAccount {
        uid,
        password: Some(password),
        nickname: input.nickname.unwrap_or_default(),
        mobile: filled(input.mobile),
        email: filled(input.email),
        avatar: input.avatar.unwrap_or_default(),
        role,
        ..NewAccount::default()
    };
    let id = app
        .core
        .create_user(&caller.actor, account)
        .await
        .map_err(taken)?;
    said("创建成功", id)
}

pub(crate) async fn delete(State(app): State<App>, caller: Caller, Name(name): Name) -> Answer<()> {
    let user_id = person(&caller, &name);
    app.core.execute(&caller.actor, DeleteUser { user_id }).await?;
    done("删除成功")
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StatusInput {
    #[serde(deserialize_with = "int")]
    id: Option<i64>,
    #[serde(deserialize_with = "int")]
    user_id: Option<i64>,
    #[serde(deserialize_with = "text")]
    status: Option<String>,
}

pub(crate) async fn change_status(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<StatusInput>,
) -> Answer<()> {
    let status = match input.status.as_deref() {
        Some("1" | "ACTIVE") => AccountStatus::Active,
        Some("0" | "DISABLED") => AccountStatus::Disabled,
        _ => return Err(Refusal::bad("参数校验失败：status可取1、0、ACTIVE、DISABLED")),
    };
    let user_id = input
        .id
        .or(input.user_id)
        .ok_or_else(|| Refusal::bad("参数校验失败：缺少id"))?;
    app.core
        .execute(&caller.actor, SetUserStatus { user_id, status })
        .await?;
    done("状态修改成功")
}
