//! Conversations as their members see and change them.

use axum::extract::State;
use parlance_core::ErrorKind;
use parlance_core::command::{CreateGroup, JoinGroup, LeaveGroup, OwnerLeaves};
use parlance_core::query::{FindGroup, FindUserIds, IsMember, MyGroupUuids, NamedGroup, Unknown};
use parlance_core::types::{JoinOption, UserId};
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::input::{Input, or_empty, whole};
use crate::reply::{self, Answer};
use crate::wire::conversation::{WireConversations, WireDetail, WireGone, WireId, WireJoined, WireLast};

/// What the server says first in a conversation, to the letter with the blank at its end (A6).
const OPENING: &str = "您已加入对话 ";

/// Which conversation.
#[derive(Deserialize)]
pub(crate) struct IdBody {
    #[serde(default, deserialize_with = "or_empty")]
    conversation_id: String,
}

/// A conversation to be made.
#[derive(Deserialize)]
pub(crate) struct CreateBody {
    #[serde(default, deserialize_with = "whole")]
    conversation_type: i64,
    #[serde(default, deserialize_with = "or_empty")]
    pub(crate) sessions: Vec<String>,
    #[serde(default, deserialize_with = "or_empty")]
    name: String,
}

impl CreateBody {
    /// The command that makes it with these people.
    pub(crate) fn command(self, member_ids: Vec<UserId>) -> CreateGroup {
        let name = Some(self.name).filter(|name| !name.trim().is_empty());
        CreateGroup {
            name,
            category: self.conversation_type,
            join_option: JoinOption::Free,
            opening: Some(OPENING.to_owned()),
            ..CreateGroup::named("", member_ids)
        }
    }
}

pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<CreateBody>,
) -> Answer<WireId> {
    let others = FindUserIds {
        uids: body.sessions.clone(),
        unknown: Unknown::Refused,
    };
    let member_ids = app.core.query(&caller.actor, others).await?;
    let made = app.core.execute(&caller.actor, body.command(member_ids)).await?;
    reply::data(WireId::new(made.uuid))
}

pub(crate) async fn join(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<IdBody>,
) -> Answer<WireId> {
    let uuid = body.conversation_id.clone();
    app.core.execute(&caller.actor, JoinGroup { uuid }).await?;
    reply::data(WireId::new(body.conversation_id))
}

/// Who is not in has left already (A6).
pub(crate) async fn leave(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<IdBody>,
) -> Answer<WireGone> {
    let uuid = body.conversation_id.clone();
    let leave = LeaveGroup {
        conversation_id: app.core.query(&caller.actor, FindGroup { uuid }).await?,
        owner: OwnerLeaves::HandsOn,
    };
    match app.core.execute(&caller.actor, leave).await {
        Err(error) if error.kind != ErrorKind::NotMember => Err(error.into()),
        _ => reply::data(WireGone::new(body.conversation_id)),
    }
}

pub(crate) async fn check_joined(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<IdBody>,
) -> Answer<WireJoined> {
    let uuid = body.conversation_id;
    let joined = app.core.query(&caller.actor, IsMember { uuid }).await?;
    reply::data(WireJoined { joined })
}

/// Whose they are, the token says; a body is not looked at.
pub(crate) async fn joined(State(app): State<App>, caller: Caller) -> Answer<WireConversations> {
    let conversations = app.core.query(&caller.actor, MyGroupUuids).await?;
    reply::data(WireConversations { conversations })
}

pub(crate) async fn detail(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<IdBody>,
) -> Answer<WireDetail> {
    let uuid = body.conversation_id;
    let group = app.core.query(&caller.actor, NamedGroup { uuid }).await?;
    reply::data(WireDetail::new(group))
}

pub(crate) async fn last_id(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<IdBody>,
) -> Answer<WireLast> {
    let uuid = body.conversation_id;
    let group = app.core.query(&caller.actor, NamedGroup { uuid }).await?;
    reply::data(WireLast::new(&group))
}
