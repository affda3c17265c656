//! Sending.

use axum::extract::State;
use axum::http::HeaderMap;
use parlance_core::command::{Blank, SendMessage, Target};
use parlance_core::place::Place;
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::input::{Input, or_empty};
use crate::reply::{self, Answer};
use crate::wire::message::{WireSent, content_type};
use crate::wire::msg_id;

/// The header with a client's own id of what it sends.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A message to send. A status is read, and then not looked at: every message begins with status 0.
#[derive(Deserialize)]
pub(crate) struct SendBody {
    #[serde(default, deserialize_with = "or_empty")]
    conversation_id: String,
    #[serde(default, rename = "status", deserialize_with = "or_empty")]
    _status: i64,
    #[serde(default, rename = "type", deserialize_with = "or_empty")]
    kind: i32,
    #[serde(default, deserialize_with = "or_empty")]
    content: String,
    #[serde(default, deserialize_with = "or_empty")]
    client_msg_id: String,
}

pub(crate) async fn send(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Input(body): Input<SendBody>,
) -> Answer<WireSent> {
    let key = headers.get(IDEMPOTENCY_KEY).map(|key| key.as_bytes());
    let key = key.map(|key| String::from_utf8_lossy(key).into_owned());
    let own_id = Some(body.client_msg_id).filter(|id| !id.is_empty()).or(key);
    let send = SendMessage {
        content_type: content_type(body.kind),
        blank: Blank::Allowed,
        client_id: own_id.filter(|id| !id.is_empty()),
        ..SendMessage::text(Target::Group(body.conversation_id.clone()), body.content)
    };
    let sent = app.core.execute(&caller.actor, send).await?;
    let category = match sent.place {
        Place::Group { category, .. } => category,
        Place::Direct { .. } | Place::Channel(_) => 0,
    };
    let id = msg_id::text(sent.view.message.id, category, &body.conversation_id);
    reply::data(WireSent::new(id))
}
