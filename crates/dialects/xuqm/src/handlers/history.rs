//! Messages that were sent before: page by page, by keyword, and those that a device has missed.

use axum::extract::State;
use parlance_core::query::{
    Correspondence, CountUndelivered, Counterpart, FindConversation, Page, SearchFullMessages, SearchMessages,
};
use parlance_core::types::{ConversationKind, Timestamp};

use crate::app::App;
use crate::caller::Caller;
use crate::handlers::message::counterpart;
use crate::input::{Input, LIST_MAX, Paging};
use crate::path::Segment;
use crate::refusal::Refusal;
use crate::reply::{self, Answer, List};
use crate::wire::message::{WireMessage, WireMissed};

/// Messages that a device is given at once when it names no number.
const MISSED: i64 = 100;

/// The earliest and the latest time asked for, both inclusive, in milliseconds; as the first moment and the one after
/// the last.
fn times(input: &Input) -> Result<(Option<Timestamp>, Option<Timestamp>), Refusal> {
    let time = |name: &str| match input.number(name)? {
        Some(at) if at < 0 => Err(Refusal::invalid(format!("{name} is a time in milliseconds"))),
        at => Ok(at),
    };
    let from = time("startTime")?.map(|at| at.saturating_mul(1_000));
    let until = time("endTime")?.map(|at| at.saturating_add(1).saturating_mul(1_000));
    Ok((from, until))
}

/// A page if one was asked for; a bare `limit` only shortens the list.
fn paging(input: &Input) -> Result<(Paging, i64), Refusal> {
    let names = ["page", "size", "pageNum", "pageSize", "offset"];
    if names.iter().any(|name| input.get(name).is_some()) {
        let paging = input.paging()?;
        return Ok((paging, paging.limit()));
    }
    match input.number("limit")? {
        Some(limit) if limit < 1 => Err(Refusal::invalid("limit is at least 1")),
        limit => Ok((Paging::Plain, limit.unwrap_or(LIST_MAX).min(LIST_MAX))),
    }
}

async fn part(app: &App, caller: &Caller, with: Counterpart, input: &Input) -> Answer<List<WireMessage>> {
    let (paging, limit) = paging(input)?;
    let (from, until) = times(input)?;
    let query = Correspondence {
        with,
        before: input.number("beforeId")?,
        from,
        until,
        offset: paging.offset(),
        limit,
    };
    let found = app.core.query(&caller.actor, query).await?;
    let messages = found.messages.iter().map(WireMessage::new).collect();
    reply::list(messages, found.total, paging)
}

/// Messages with somebody, newest first.
pub(crate) async fn with_person(
    State(app): State<App>,
    caller: Caller,
    Segment(uid): Segment,
    input: Input,
) -> Answer<List<WireMessage>> {
    part(&app, &caller, Counterpart::Person(uid), &input).await
}

/// Messages of a group, newest first.
pub(crate) async fn of_group(
    State(app): State<App>,
    caller: Caller,
    Segment(key): Segment,
    input: Input,
) -> Answer<List<WireMessage>> {
    part(&app, &caller, Counterpart::Group(key), &input).await
}

/// Messages that contain a keyword, newest first.
pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    input: Input,
) -> Answer<List<WireMessage>> {
    let (paging, limit) = paging(&input)?;
    let (from, before) = times(&input)?;
    let chat_type = input.text("chatType")?.filter(|word| !word.is_empty());
    let kind = match chat_type.as_deref() {
        None => None,
        Some("SINGLE") => Some(ConversationKind::Direct),
        Some("GROUP") => Some(ConversationKind::Group),
        Some(_) => return Err(Refusal::invalid("chatType is SINGLE or GROUP")),
    };
    let mut query = SearchMessages {
        kind,
        content_type: input.text("msgType")?.filter(|word| !word.is_empty()),
        from,
        before,
        page: page(paging, limit),
        ..SearchMessages::for_text(input.required("keyword")?)
    };
    if let Some(id) = input.text("targetId")?.filter(|id| !id.is_empty()) {
        let with = counterpart(id, chat_type.as_deref())?;
        query.conversation_id = app.core.query(&caller.actor, FindConversation { with }).await?;
        if query.conversation_id.is_none() {
            return reply::list(Vec::new(), 0, paging);
        }
    }
    let found = app.core.query(&caller.actor, SearchFullMessages(query)).await?;
    let messages = found.messages.iter().map(WireMessage::new).collect();
    reply::list(messages, i64::try_from(found.total).unwrap_or(i64::MAX), paging)
}

/// The page of a search, which counts from 1.
fn page(paging: Paging, limit: i64) -> Page {
    let size = usize::try_from(limit).unwrap_or(1);
    let number = match paging {
        Paging::Plain => 1,
        Paging::Page { page, .. } => usize::try_from(page).unwrap_or(usize::MAX).saturating_add(1),
    };
    Page { number, size }
}

/// The device that a call is for: the one it names, else the token's.
pub(crate) fn device(caller: &Caller, input: &Input) -> Result<String, Refusal> {
    let named = input.text("deviceId")?.filter(|id| !id.is_empty());
    Ok(named.unwrap_or_else(|| caller.device().id.to_owned()))
}

/// How many messages a device has missed.
pub(crate) async fn count_missed(State(app): State<App>, caller: Caller, input: Input) -> Answer<i64> {
    let device = device(&caller, &input)?;
    let count = app.core.query(&caller.actor, CountUndelivered { device }).await?;
    reply::data(count)
}

/// The oldest messages that a device has missed, which it has from then on (decision 8).
pub(crate) async fn missed(State(app): State<App>, caller: Caller, input: Input) -> Answer<WireMissed> {
    let device = device(&caller, &input)?;
    let limit = match input.number("limit")? {
        Some(limit) if limit < 1 => return Err(Refusal::invalid("limit is at least 1")),
        limit => limit.unwrap_or(MISSED),
    };
    let missed = app.core.take_undelivered(&caller.actor, &device, limit).await?;
    reply::data(WireMissed {
        content: missed.messages.iter().map(WireMessage::new).collect(),
        has_more: missed.more,
    })
}
