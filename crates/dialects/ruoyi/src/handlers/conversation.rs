//! Conversations and their older name "session" (seed section 3; B4).

use axum::extract::State;
use parlance_core::command::{
    ChangeView, ConversationRef, CreateGroup, HideConversation, MarkRead, OpenDirect, PinMessage, ReadUpTo,
    UpdateGroup,
};
use parlance_core::query::{
    ConversationMembers, ConversationOverview, Conversations, MessagesById, OneConversation,
};
use parlance_core::types::ConversationKind;
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::caller::{Caller, Profile};
use crate::handlers::message::reader;
use crate::input::{Id, Input, TwoIds, flag, ids, int, text};
use crate::refusal::Refusal;
use crate::reply::{Answer, data, done, said};
use crate::wire::conversation::{WireConversation, WireDetail};
use crate::wire::message::WireMessage;

/// Message types that the filter `file` keeps.
const FILE_TYPES: [&str; 5] = ["FILE", "IMAGE", "VIDEO", "VOICE", "AUDIO"];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListInput {
    #[serde(deserialize_with = "text")]
    filter: Option<String>,
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<ListInput>,
) -> Answer<Vec<WireConversation>> {
    let filter = input.filter.unwrap_or_default().to_ascii_lowercase();
    let keep: fn(&ConversationOverview) -> bool = match filter.as_str() {
        "" | "all" => |_| true,
        "unread" => |c| c.unread > 0,
        "pinned" => |c| c.member.pinned,
        "muted" => |c| c.member.muted,
        "mention" | "@me" => |c| c.mentioned,
        "group" => |c| c.kind == ConversationKind::Group,
        "file" => |c| {
            let last = c.last_message.as_ref();
            last.is_some_and(|view| FILE_TYPES.contains(&view.message.content_type.as_str()))
        },
        _ => {
            return Err(Refusal::bad(
                "参数校验失败：filter可取all、unread、pinned、muted、mention、group、file",
            ));
        }
    };
    let mut all = app.core.query(&caller.actor, Conversations).await?;
    all.retain(keep);
    data(all.iter().map(|overview| wire(&app, &caller, overview)).collect())
}

/// A conversation as the caller reads it.
pub(crate) fn wire(app: &App, caller: &Caller, overview: &ConversationOverview) -> WireConversation {
    WireConversation::new(overview, reader(app, caller), |user_id| {
        app.core.is_online(user_id)
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct KeywordInput {
    #[serde(deserialize_with = "text")]
    keyword: Option<String>,
}

pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<KeywordInput>,
) -> Answer<Vec<WireConversation>> {
    let keyword = input.keyword.unwrap_or_default().trim().to_lowercase();
    if keyword.is_empty() {
        return data(Vec::new());
    }
    let all = app.core.query(&caller.actor, Conversations).await?;
    let found = all.iter().filter(|c| {
        let names = [
            Some(c.conversation.name.as_str()),
            Some(c.member.remark.as_str()),
            c.peer.as_ref().map(|peer| peer.name.as_str()),
            c.peer.as_ref().map(|peer| peer.uid.as_str()),
        ];
        names
            .into_iter()
            .flatten()
            .any(|name| name.to_lowercase().contains(&keyword))
    });
    data(found.map(|overview| wire(&app, &caller, overview)).collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct FlagInput {
    #[serde(deserialize_with = "flag")]
    pinned: Option<bool>,
    #[serde(deserialize_with = "flag")]
    muted: Option<bool>,
}

pub(crate) async fn set_pinned(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
    Input(input): Input<FlagInput>,
) -> Answer<()> {
    let pinned = input
        .pinned
        .ok_or_else(|| Refusal::bad("参数校验失败：缺少pinned"))?;
    let change = ChangeView {
        pinned: Some(pinned),
        ..ChangeView::of(ConversationRef::Id(conversation_id))
    };
    app.core.execute(&caller.actor, change).await?;
    done(if pinned {
        "置顶成功"
    } else {
        "取消置顶成功"
    })
}

pub(crate) async fn set_muted(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
    Input(input): Input<FlagInput>,
) -> Answer<()> {
    let muted = input
        .muted
        .ok_or_else(|| Refusal::bad("参数校验失败：缺少muted"))?;
    let change = ChangeView {
        muted: Some(muted),
        ..ChangeView::of(ConversationRef::Id(conversation_id))
    };
    app.core.execute(&caller.actor, change).await?;
    done(if muted {
        "免打扰设置成功"
    } else {
        "免打扰取消成功"
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DraftInput {
    #[serde(deserialize_with = "text")]
    draft: Option<String>,
}

pub(crate) async fn set_draft(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
    Input(input): Input<DraftInput>,
) -> Answer<()> {
    let draft = Some(input.draft.unwrap_or_default());
    let change = ChangeView {
        draft,
        ..ChangeView::of(ConversationRef::Id(conversation_id))
    };
    app.core.execute(&caller.actor, change).await?;
    done("更新成功")
}

pub(crate) async fn hide(State(app): State<App>, caller: Caller, Id(conversation_id): Id) -> Answer<()> {
    app.core
        .execute(&caller.actor, HideConversation { conversation_id })
        .await?;
    done("删除成功")
}

pub(crate) async fn mark_as_read(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
) -> Answer<()> {
    app.core
        .execute(
            &caller.actor,
            MarkRead {
                conversation_id,
                up_to: ReadUpTo::Newest,
            },
        )
        .await?;
    done("标记已读成功")
}

pub(crate) async fn pin_message(
    State(app): State<App>,
    caller: Caller,
    TwoIds(conversation_id, message_id): TwoIds,
) -> Answer<()> {
    app.core
        .execute(
            &caller.actor,
            PinMessage {
                conversation_id,
                message_id: Some(message_id),
            },
        )
        .await?;
    done("置顶成功")
}

pub(crate) async fn unpin_message(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
) -> Answer<()> {
    app.core
        .execute(
            &caller.actor,
            PinMessage {
                conversation_id,
                message_id: None,
            },
        )
        .await?;
    done("取消置顶成功")
}

/// What a new conversation is to be; the generations of clients name the same thing differently.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CreateBody {
    #[serde(rename = "type", deserialize_with = "text")]
    kind: Option<String>,
    #[serde(deserialize_with = "int")]
    target_id: Option<i64>,
    #[serde(deserialize_with = "int")]
    peer_user_id: Option<i64>,
    #[serde(deserialize_with = "text")]
    name: Option<String>,
    #[serde(deserialize_with = "text")]
    group_name: Option<String>,
    #[serde(deserialize_with = "text")]
    group_avatar: Option<String>,
    #[serde(deserialize_with = "text")]
    avatar: Option<String>,
    #[serde(deserialize_with = "ids")]
    member_ids: Option<Vec<i64>>,
}

pub(crate) async fn create(State(app): State<App>, caller: Caller, Input(body): Input<CreateBody>) -> Answer {
    let kind = body.kind.unwrap_or_default().to_ascii_uppercase();
    let id = match kind.as_str() {
        "" | "PRIVATE" | "SINGLE" => {
            let peer_id = body.peer_user_id.or(body.target_id);
            let peer_id = peer_id.ok_or_else(|| Refusal::bad("参数校验失败：缺少peerUserId"))?;
            app.core
                .execute(&caller.actor, OpenDirect { peer_id })
                .await?
                .conversation_id
        }
        "GROUP" => {
            let name = body.name.or(body.group_name).unwrap_or_default();
            let group = CreateGroup {
                avatar: body.group_avatar.or(body.avatar).unwrap_or_default(),
                ..CreateGroup::named(name, body.member_ids.unwrap_or_default())
            };
            app.core.execute(&caller.actor, group).await?.conversation_id
        }
        _ => return Err(Refusal::bad("参数校验失败：type可取PRIVATE、GROUP")),
    };
    let made = match caller.profile {
        Profile::Doc => json!(id),
        Profile::C => json!(detail(&app, &caller, id).await?),
    };
    said("创建成功", made)
}

pub(crate) async fn get(State(app): State<App>, caller: Caller, Id(id): Id) -> Answer<WireDetail> {
    data(detail(&app, &caller, id).await?)
}

/// A conversation with its members, as the caller reads it.
async fn detail(app: &App, caller: &Caller, id: i64) -> Result<WireDetail, Refusal> {
    let overview = app.core.query(&caller.actor, OneConversation(id)).await?;
    let members = app.core.query(&caller.actor, ConversationMembers(id)).await?;
    let pinned = match overview.conversation.pinned_message_id {
        // A pinned message that was recalled, deleted or cleared since is not shown any more.
        Some(pinned) => app
            .core
            .query(&caller.actor, MessagesById { ids: vec![pinned] })
            .await
            .unwrap_or_default(),
        None => Vec::new(),
    };
    let shown = pinned.first().filter(|view| view.message.recalled_at.is_none());
    let pinned = shown.map(|view| WireMessage::new(view, reader(app, caller)));
    let conversation = wire(app, caller, &overview);
    Ok(WireDetail::new(conversation, pinned, &members, |user_id| {
        app.core.is_online(user_id)
    }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct UpdateBody {
    #[serde(deserialize_with = "text")]
    name: Option<String>,
    #[serde(deserialize_with = "flag")]
    is_pinned: Option<bool>,
    #[serde(deserialize_with = "flag")]
    is_muted: Option<bool>,
    #[serde(deserialize_with = "text")]
    remark: Option<String>,
}

pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Id(conversation_id): Id,
    Input(body): Input<UpdateBody>,
) -> Answer<()> {
    if let Some(name) = body.name {
        let change = UpdateGroup {
            conversation_id,
            name: Some(name),
            ..UpdateGroup::default()
        };
        app.core.execute(&caller.actor, change).await?;
    }
    let change = ChangeView {
        pinned: body.is_pinned,
        muted: body.is_muted,
        remark: body.remark,
        ..ChangeView::of(ConversationRef::Id(conversation_id))
    };
    app.core.execute(&caller.actor, change).await?;
    done("更新成功")
}

/// Folders for conversations, which only the newest client's screen knows and no server ever kept: always empty.
pub(crate) async fn folders(_caller: Caller) -> Answer<Vec<()>> {
    data(Vec::new())
}
