//! Messages: finding them, and saying what was read (seed 3.2 and 4, decisions 5, 7 and 8).

use axum::extract::State;
use parlance_core::app::Jump;
use parlance_core::command::{ReadAllFrom, ReadFrom, ReadReceived};
use parlance_core::query::{HistoryWith, Inbox, Received, ReceivedMessage, UnreadInbox, WhichReceived};
use parlance_core::types::Correspondent;

use crate::app::App;
use crate::caller::Caller;
use crate::input::{Call, Input, Takes};
use crate::refusal::Refusal;
use crate::reply::{Answer, Deprecated, ok};
use crate::wire::jump::WireJump;
use crate::wire::message::{Kept, WireCallback, WireConversation, WireCount, WireMessage, WireRead};

/// Messages on one page.
const LIMIT_MAX: i64 = 200;
/// Messages on a page of one conversation, if not said otherwise.
const HISTORY_LIMIT: i64 = 50;
/// Messages on a page of everything, if not said otherwise.
const LIST_LIMIT: i64 = 100;

/// A page of everything that was sent to the caller.
pub(crate) struct ListInput {
    skip: i64,
    limit: i64,
    unread_only: bool,
}

impl Takes for ListInput {
    fn read(call: &mut Call) -> Self {
        Self {
            skip: skip(call),
            limit: limit(call, LIST_LIMIT),
            unread_only: call.query("unread_only").flag().or(false),
        }
    }
}

fn skip(call: &mut Call) -> i64 {
    let field = call
        .query("skip")
        .about("messages to pass over, counted from the newest");
    field.int_in(0..=i64::MAX).or(0)
}

fn limit(call: &mut Call, default: i64) -> i64 {
    call.query("limit").int_in(1..=LIMIT_MAX).or(default)
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<ListInput>,
) -> Answer<Vec<WireMessage>> {
    let which = if input.unread_only {
        WhichReceived::Unread
    } else {
        WhichReceived::All
    };
    let page = Received {
        skip: input.skip,
        limit: input.limit,
        which,
    };
    let found = app.core.query(&caller.actor, page).await?;
    ok(WireMessage::all(&app, &found))
}

pub(crate) async fn conversations(State(app): State<App>, caller: Caller) -> Answer<Vec<WireConversation>> {
    let entries = app.core.query(&caller.actor, Inbox).await?;
    let lines = entries
        .into_iter()
        .map(|entry| WireConversation::new(&app, entry));
    ok(lines.collect())
}

pub(crate) async fn unread_count(State(app): State<App>, caller: Caller) -> Answer<i64> {
    ok(app.core.query(&caller.actor, UnreadInbox).await?)
}

/// One conversation of the caller.
pub(crate) struct WithInput {
    other: i64,
}

impl Takes for WithInput {
    fn read(call: &mut Call) -> Self {
        Self { other: other(call) }
    }
}

fn other(call: &mut Call) -> i64 {
    let field = call.path("other_user_id");
    let field = field.about("a person's number, an app's number with a minus, or 0 for what no app has sent");
    field.int().required()
}

/// Whom a number of this contract means.
fn correspondent(other: i64) -> Correspondent {
    match other {
        0 => Correspondent::Server,
        person if person > 0 => Correspondent::Person(person),
        app => Correspondent::App(app.saturating_neg()),
    }
}

/// A page of one conversation of the caller.
pub(crate) struct HistoryInput {
    other: i64,
    skip: i64,
    limit: i64,
}

impl Takes for HistoryInput {
    fn read(call: &mut Call) -> Self {
        Self {
            other: other(call),
            skip: skip(call),
            limit: limit(call, HISTORY_LIMIT),
        }
    }
}

pub(crate) async fn history(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<HistoryInput>,
) -> Answer<Vec<WireMessage>> {
    let page = HistoryWith {
        with: correspondent(input.other),
        skip: input.skip,
        limit: input.limit,
    };
    let found = app.core.query(&caller.actor, page).await?;
    ok(WireMessage::all(&app, &found))
}

/// One message.
pub(crate) struct OneInput {
    message_id: i64,
}

impl Takes for OneInput {
    fn read(call: &mut Call) -> Self {
        Self {
            message_id: call.path("message_id").int().required(),
        }
    }
}

pub(crate) async fn read_one(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<OneInput>,
) -> Answer<WireRead> {
    let read = ReadReceived {
        message_id: input.message_id,
    };
    let read = app.core.execute(&caller.actor, read).await?;
    ok(WireRead::new(&app, &read.message, read.newly))
}

pub(crate) async fn read_with(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<WithInput>,
) -> Answer<WireCount> {
    let from = match correspondent(input.other) {
        Correspondent::Server => ReadFrom::Apps,
        one => ReadFrom::One(one),
    };
    let updated_count = app.core.execute(&caller.actor, ReadAllFrom { from }).await?;
    ok(WireCount { updated_count })
}

pub(crate) async fn read_all(
    State(app): State<App>,
    caller: Caller,
) -> Result<Deprecated<WireCount>, Refusal> {
    let updated_count = app.core.read_inbox(&caller.actor).await?;
    Ok(Deprecated(WireCount { updated_count }))
}

/// Where the button of a message leads now, with a ticket of its own.
pub(crate) async fn callback_url(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<OneInput>,
) -> Answer<WireCallback> {
    let wanted = ReceivedMessage {
        message_id: input.message_id,
    };
    let received = app.core.query(&caller.actor, wanted).await?;
    let action_url = Kept::of(&received.view.message).and_then(|kept| kept.action_url);
    let jump = action_url
        .as_deref()
        .and_then(WireJump::of)
        .ok_or_else(Refusal::no_jump)?;
    let jump = Jump {
        code: jump.app_id,
        landing: jump.redirect_to,
    };
    let address = app.core.jump(&caller.actor, jump).await?;
    ok(WireCallback {
        callback_url: address.url,
    })
}
