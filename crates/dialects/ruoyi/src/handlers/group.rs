//! Groups and their members under `/api/im/group` and `/api/im/groups` (B7).

use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parlance_core::command::{
    AddMembers, CreateGroup, DissolveGroup, LeaveGroup, RemoveMembers, SetRole, SilenceMember, TransferGroup,
    UpdateGroup,
};
use parlance_core::query::{GroupDetails, GroupMembers, MyGroups};
use parlance_core::types::{Role, Timestamp};
use parlance_core::{Error, Limits};
use qrcode::QrCode;
use qrcode::render::svg;
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::input::{Id, Input, TwoIds, flag, ids, int, text};
use crate::refusal::Refusal;
use crate::reply::{Answer, data, done, said};
use crate::wire::group::{WireGroup, WireMember, role};

/// Characters of a group's name.
const NAME_CHARS_MAX: usize = 50;
/// Characters of what a group is about.
const DESCRIPTION_CHARS_MAX: usize = 500;
/// Most members of a group that was made without a limit.
const MEMBER_LIMIT_DEFAULT: i64 = 500;
/// Sides of a QR code in pixels, at least.
const QR_CODE_PIXELS: u32 = 240;

/// A group as it is asked for, by this route or by making a conversation of type GROUP.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GroupInput {
    #[serde(deserialize_with = "text")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) group_name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) avatar: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) group_avatar: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) notice: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) description: Option<String>,
    #[serde(rename = "type", deserialize_with = "text")]
    pub(crate) kind: Option<String>,
    #[serde(deserialize_with = "int")]
    pub(crate) member_limit: Option<i64>,
    #[serde(deserialize_with = "ids")]
    pub(crate) member_ids: Option<Vec<i64>>,
}

impl GroupInput {
    /// The command that makes the group.
    pub(crate) fn command(self, limits: &Limits) -> Result<CreateGroup, Refusal> {
        check(
            self.name.as_deref().or(self.group_name.as_deref()),
            self.description.as_deref(),
        )?;
        let name = self.name.or(self.group_name).unwrap_or_default();
        let default = MEMBER_LIMIT_DEFAULT.min(limits.group_members_max);
        Ok(CreateGroup {
            avatar: self.avatar.or(self.group_avatar).unwrap_or_default(),
            notice: self.notice.unwrap_or_default(),
            description: self.description.unwrap_or_default(),
            group_type: self.kind.unwrap_or_default().to_uppercase(),
            members_max: Some(self.member_limit.unwrap_or(default)),
            ..CreateGroup::named(name, self.member_ids.unwrap_or_default())
        })
    }
}

/// The bounds that only this dialect has; core has wider ones.
fn check(name: Option<&str>, description: Option<&str>) -> Result<(), Refusal> {
    let name_length = name.map(|name| name.trim().chars().count());
    if name_length.is_none_or(|length| length == 0 || length > NAME_CHARS_MAX) {
        return Err(Refusal::bad(format!(
            "参数校验失败：群名称长度为1到{NAME_CHARS_MAX}个字符"
        )));
    }
    if description.is_some_and(|description| description.chars().count() > DESCRIPTION_CHARS_MAX) {
        return Err(Refusal::bad(format!(
            "参数校验失败：群描述最多{DESCRIPTION_CHARS_MAX}个字符"
        )));
    }
    Ok(())
}

pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<GroupInput>,
) -> Answer<i64> {
    let create = input.command(app.core.limits())?;
    let made = app.core.execute(&caller.actor, create).await?;
    said("创建成功", made.conversation_id)
}

pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Answer<Vec<WireGroup>> {
    let groups = app.core.query(&caller.actor, MyGroups).await?;
    data(
        groups
            .iter()
            .map(|group| WireGroup::new(group, &app.options.time_zone))
            .collect(),
    )
}

pub(crate) async fn details(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
) -> Answer<WireGroup> {
    let group = app
        .core
        .query(&caller.actor, GroupDetails { conversation_id })
        .await?;
    data(WireGroup::new(&group, &app.options.time_zone))
}

pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
    Input(input): Input<GroupInput>,
) -> Answer<()> {
    let name = input.name.or(input.group_name);
    check(Some(name.as_deref().unwrap_or("-")), input.description.as_deref())?;
    let update = UpdateGroup {
        conversation_id,
        name,
        avatar: input.avatar.or(input.group_avatar),
        description: input.description,
        notice: input.notice,
        members_max: input.member_limit,
        ..UpdateGroup::default()
    };
    app.core.execute(&caller.actor, update).await?;
    done("更新成功")
}

pub(crate) async fn dissolve(State(app): State<App>, caller: Caller, Id(conversation_id): Id) -> Answer<()> {
    app.core
        .execute(&caller.actor, DissolveGroup { conversation_id })
        .await?;
    done("解散成功")
}

pub(crate) async fn leave(State(app): State<App>, caller: Caller, Id(conversation_id): Id) -> Answer<()> {
    app.core
        .execute(&caller.actor, LeaveGroup::of(conversation_id))
        .await?;
    done("退出成功")
}

/// The members, owner first, then administrators, then the others, each in the order in which they came.
pub(crate) async fn members(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
) -> Answer<Vec<WireMember>> {
    let mut views = app
        .core
        .query(&caller.actor, GroupMembers::of(conversation_id))
        .await?;
    views.sort_by_key(|view| (std::cmp::Reverse(view.role), view.joined_at, view.user.id));
    let zone = &app.options.time_zone;
    let wire = views.iter().map(|view| {
        let online = app.core.is_online(view.user.id);
        WireMember::new(view, conversation_id, online, zone)
    });
    data(wire.collect())
}

/// People, as a bare array of ids or under a name.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PeopleInput {
    #[serde(rename = "[]", deserialize_with = "ids")]
    list: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    user_ids: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    member_ids: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    user_id: Option<Vec<i64>>,
}

impl PeopleInput {
    fn ids(self) -> Result<Vec<i64>, Refusal> {
        let ids = self.list.or(self.user_ids).or(self.member_ids).or(self.user_id);
        ids.filter(|ids| !ids.is_empty())
            .ok_or_else(|| Refusal::bad("参数校验失败：缺少用户ID列表"))
    }
}

pub(crate) async fn add_members(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
    Input(input): Input<PeopleInput>,
) -> Answer<()> {
    let user_ids = input.ids()?;
    app.core
        .execute(
            &caller.actor,
            AddMembers {
                conversation_id,
                user_ids,
            },
        )
        .await?;
    done("添加成功")
}

pub(crate) async fn remove_members(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
    Input(input): Input<PeopleInput>,
) -> Answer<()> {
    let user_ids = input.ids()?;
    app.core
        .execute(
            &caller.actor,
            RemoveMembers {
                conversation_id,
                user_ids,
            },
        )
        .await?;
    done("移除成功")
}

pub(crate) async fn remove_member(
    State(app): State<App>,
    caller: Caller,
    TwoIds(conversation_id, user_id): TwoIds,
) -> Answer<()> {
    let remove = RemoveMembers {
        conversation_id,
        user_ids: vec![user_id],
    };
    app.core.execute(&caller.actor, remove).await?;
    done("移除成功")
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RoleInput {
    #[serde(deserialize_with = "text")]
    role: Option<String>,
    #[serde(deserialize_with = "flag")]
    is_admin: Option<bool>,
    #[serde(deserialize_with = "int")]
    duration: Option<i64>,
}

pub(crate) async fn set_admin(
    State(app): State<App>,
    caller: Caller,
    TwoIds(conversation_id, user_id): TwoIds,
    Input(input): Input<RoleInput>,
) -> Answer<()> {
    let admin = input
        .is_admin
        .ok_or_else(|| Refusal::bad("参数校验失败：缺少isAdmin"))?;
    let role = if admin { Role::Admin } else { Role::Member };
    app.core
        .execute(
            &caller.actor,
            SetRole {
                conversation_id,
                user_id,
                role,
            },
        )
        .await?;
    done(if admin {
        "设置管理员成功"
    } else {
        "取消管理员成功"
    })
}

pub(crate) async fn set_role(
    State(app): State<App>,
    caller: Caller,
    TwoIds(conversation_id, user_id): TwoIds,
    Input(input): Input<RoleInput>,
) -> Answer<()> {
    let role = input.role.as_deref().and_then(role);
    let role = role.ok_or_else(|| Refusal::bad("参数校验失败：role可取ADMIN、MEMBER"))?;
    app.core
        .execute(
            &caller.actor,
            SetRole {
                conversation_id,
                user_id,
                role,
            },
        )
        .await?;
    done("更新成功")
}

pub(crate) async fn transfer(
    State(app): State<App>,
    caller: Caller,
    TwoIds(conversation_id, user_id): TwoIds,
) -> Answer<()> {
    app.core
        .execute(
            &caller.actor,
            TransferGroup {
                conversation_id,
                user_id,
            },
        )
        .await?;
    done("转让成功")
}

/// Silences for `duration` seconds; without it the member may write again. Both the original server and its client
/// say seconds here, unlike `muteDuration`.
pub(crate) async fn mute_member(
    State(app): State<App>,
    caller: Caller,
    TwoIds(conversation_id, user_id): TwoIds,
    Input(input): Input<RoleInput>,
) -> Answer<()> {
    let until = match input.duration {
        Some(seconds) => Some(later(&app, seconds, 1_000_000)?),
        None => None,
    };
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
    done(if until.is_some() {
        "禁言成功"
    } else {
        "取消禁言成功"
    })
}

/// The time that is `count` units of `unit_us` microseconds from now.
pub(crate) fn later(app: &App, count: i64, unit_us: i64) -> Result<Timestamp, Refusal> {
    let span = count.checked_mul(unit_us).filter(|span| *span > 0);
    let at = span.and_then(|span| app.core.now().checked_add(span));
    at.ok_or_else(|| Refusal::bad("参数校验失败：禁言时长必须大于0且不能过长"))
}

/// A picture that names the group, as a `data:` URL. Who reads it learns the number of the group and nothing else;
/// coming in still takes an invitation.
pub(crate) async fn qr_code(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
) -> Answer<String> {
    let group = app
        .core
        .query(&caller.actor, GroupDetails { conversation_id })
        .await?;
    let content = format!("parlance:group:{}", group.conversation.id);
    let code = QrCode::new(content).map_err(|error| Error::invalid(error.to_string()))?;
    let picture = code
        .render::<svg::Color<'_>>()
        .min_dimensions(QR_CODE_PIXELS, QR_CODE_PIXELS)
        .build();
    data(format!("data:image/svg+xml;base64,{}", STANDARD.encode(picture)))
}
