//! The messages of a conversation between two ids, both of them included (A6).

use axum::extract::State;
use parlance_core::query::{GroupHistory, Pick};
use parlance_core::types::MessageId;
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::input::{Input, or_empty};
use crate::refusal::Refusal;
use crate::reply;
use crate::wire::message::{WireMessage, WireMessages};
use crate::wire::msg_id;

/// Messages in the answer to a range.
const RANGE_MESSAGES_MAX: i64 = 1_000;
/// Messages in one of the answers that say in their name how many.
const PAGE_MESSAGES_MAX: i64 = 30;

/// What part of which conversation, and in which order.
#[derive(Deserialize)]
pub(crate) struct RangeBody {
    #[serde(default, deserialize_with = "or_empty")]
    conversation_id: String,
    #[serde(default, deserialize_with = "or_empty")]
    start_msg_id: String,
    #[serde(default, deserialize_with = "or_empty")]
    end_msg_id: String,
    #[serde(default, deserialize_with = "or_empty")]
    msg_id: String,
    #[serde(default, deserialize_with = "or_empty")]
    desc: bool,
}

/// The id that a text spells; none for an empty one, which leaves the range open.
pub(crate) fn bound(text: &str) -> Result<Option<MessageId>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    msg_id::parse(text).map(Some).ok_or_else(Refusal::parameter)
}

/// The messages between two ids; in the order asked for, the first 1,000.
pub(crate) async fn range(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<RangeBody>,
) -> reply::Line {
    let history = GroupHistory {
        uuid: body.conversation_id,
        from: bound(&body.start_msg_id)?,
        to: bound(&body.end_msg_id)?,
        pick: if body.desc { Pick::Newest } else { Pick::Oldest },
        limit: RANGE_MESSAGES_MAX,
    };
    answer(&app, &caller, history, body.desc).await
}

/// The newest 30 up to an id.
pub(crate) async fn before(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<RangeBody>,
) -> reply::Line {
    let history = GroupHistory {
        to: bound(&body.msg_id)?,
        ..newest(body.conversation_id, PAGE_MESSAGES_MAX)
    };
    answer(&app, &caller, history, body.desc).await
}

/// The oldest 30 from an id on.
pub(crate) async fn after(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<RangeBody>,
) -> reply::Line {
    let history = GroupHistory {
        from: bound(&body.msg_id)?,
        pick: Pick::Oldest,
        ..newest(body.conversation_id, PAGE_MESSAGES_MAX)
    };
    answer(&app, &caller, history, body.desc).await
}

/// The newest 30.
pub(crate) async fn last_page(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<RangeBody>,
) -> reply::Line {
    let history = newest(body.conversation_id, PAGE_MESSAGES_MAX);
    answer(&app, &caller, history, body.desc).await
}

/// The newest one, as a list.
pub(crate) async fn last(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<RangeBody>,
) -> reply::Line {
    let history = newest(body.conversation_id, 1);
    answer(&app, &caller, history, body.desc).await
}

fn newest(uuid: String, limit: i64) -> GroupHistory {
    GroupHistory {
        uuid,
        from: None,
        to: None,
        pick: Pick::Newest,
        limit,
    }
}

async fn answer(app: &App, caller: &Caller, history: GroupHistory, descending: bool) -> reply::Line {
    let uuid = history.uuid.clone();
    let found = app.core.query(&caller.actor, history).await?;
    let mut messages: Vec<WireMessage<'_>> = found
        .messages
        .iter()
        .map(|view| WireMessage::new(view, &uuid, found.category))
        .collect();
    if descending {
        messages.reverse();
    }
    reply::line(&WireMessages { messages })
}
