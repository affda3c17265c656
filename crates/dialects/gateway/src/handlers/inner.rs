//! Calls of the operator's own systems.

use axum::extract::State;
use parlance_core::Actor;
use parlance_core::account::TokenRequest;
use parlance_core::command::{AddMembers, RemoveMembers, SetArchived};
use parlance_core::query::{FindGroup, FindUserIds, Unknown};
use parlance_core::types::DEFAULT_TENANT;
use serde::Deserialize;

use crate::DIALECT;
use crate::app::App;
use crate::handlers::conversation::CreateBody;
use crate::input::{Input, or_empty};
use crate::reply::{self, Answer};
use crate::wire::conversation::{WireFailed, WireGone, WireId};

/// Whom a token is for. A missing platform is platform 0.
#[derive(Deserialize)]
pub(crate) struct TokenBody {
    #[serde(default, deserialize_with = "or_empty")]
    session: String,
    #[serde(default, deserialize_with = "or_empty")]
    platform: u8,
}

/// A token for a session, which is made when nobody has that name.
pub(crate) async fn get_token(State(app): State<App>, Input(body): Input<TokenBody>) -> Answer<String> {
    let request = TokenRequest {
        dialect: DIALECT,
        profile: &body.platform.to_string(),
    };
    let issued = app.core.vouch(DEFAULT_TENANT, &body.session, request).await?;
    reply::data(issued.token)
}

/// A conversation of these sessions and of nobody else; who is new is made.
pub(crate) async fn create_conversation(
    State(app): State<App>,
    Input(body): Input<CreateBody>,
) -> Answer<WireId> {
    let member_ids = app.core.vouch_for(DEFAULT_TENANT, &body.sessions).await?;
    let made = app.core.execute(&server(), body.command(member_ids)).await?;
    reply::data(WireId::new(made.uuid))
}

/// Which sessions of which conversation.
#[derive(Deserialize)]
pub(crate) struct MembersBody {
    #[serde(default, deserialize_with = "or_empty")]
    conversation_id: String,
    #[serde(default, deserialize_with = "or_empty")]
    sessions: Vec<String>,
}

/// Brings sessions in; who is new is made, once it is known that there is such a conversation.
pub(crate) async fn join_conversation(
    State(app): State<App>,
    Input(body): Input<MembersBody>,
) -> Answer<WireId> {
    let uuid = body.conversation_id.clone();
    let add = AddMembers {
        conversation_id: app.core.query(&server(), FindGroup { uuid }).await?,
        user_ids: app.core.vouch_for(DEFAULT_TENANT, &body.sessions).await?,
    };
    app.core.execute(&server(), add).await?;
    reply::data(WireId::new(body.conversation_id))
}

/// Takes sessions out; who is not in is passed over.
pub(crate) async fn kickout_conversation(
    State(app): State<App>,
    Input(body): Input<MembersBody>,
) -> Answer<WireGone> {
    let uuid = body.conversation_id.clone();
    let whom = FindUserIds {
        uids: body.sessions,
        unknown: Unknown::PassedOver,
    };
    let remove = RemoveMembers {
        conversation_id: app.core.query(&server(), FindGroup { uuid }).await?,
        user_ids: app.core.query(&server(), whom).await?,
    };
    app.core.execute(&server(), remove).await?;
    reply::data(WireGone::new(body.conversation_id))
}

/// Which conversations to mark, and how.
#[derive(Deserialize)]
pub(crate) struct ArchiveBody {
    #[serde(default, deserialize_with = "or_empty")]
    conversation_ids: Vec<String>,
    #[serde(default, deserialize_with = "or_empty")]
    is_archive: bool,
}

pub(crate) async fn set_archive_conversations(
    State(app): State<App>,
    Input(body): Input<ArchiveBody>,
) -> Answer<WireFailed> {
    let mark = SetArchived {
        uuids: body.conversation_ids,
        archived: body.is_archive,
    };
    let failed = app.core.execute(&server(), mark).await?;
    reply::data(WireFailed { failed })
}

/// What the operator's own systems ask for, the server does itself.
fn server() -> Actor {
    Actor::system(DEFAULT_TENANT)
}
