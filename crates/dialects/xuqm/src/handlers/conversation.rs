//! Conversations as one of their members sees them.

use axum::extract::State;
use parlance_core::command::{ChangeView, ConversationRef, DeleteConversation, MarkRead, ReadUpTo};
use parlance_core::query::{ConversationPage, Counterpart, FindConversation, Folders, OneConversation};
use parlance_core::{Error, ErrorKind};

use crate::app::App;
use crate::caller::Caller;
use crate::handlers::message::counterpart;
use crate::input::Input;
use crate::path::Segment;
use crate::refusal::Refusal;
use crate::reply::{self, Answer, List};
use crate::wire::conversation::{WireConversation, WireRead};
use crate::wire::friend::WireSection;

async fn page(
    app: &App,
    caller: &Caller,
    input: &Input,
    folder: Option<String>,
) -> Answer<List<WireConversation>> {
    let paging = input.paging()?;
    let page = ConversationPage {
        folder,
        skip: paging.offset(),
        limit: paging.limit(),
    };
    let found = app.core.query(&caller.actor, page).await?;
    let conversations = found.items.into_iter().map(WireConversation::new).collect();
    reply::list(conversations, found.total, paging)
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    input: Input,
) -> Answer<List<WireConversation>> {
    page(&app, &caller, &input, None).await
}

/// Changes the caller's view and gives the conversation as it looks then.
async fn changed(app: &App, caller: &Caller, change: ChangeView) -> Answer<WireConversation> {
    let id = app.core.execute(&caller.actor, change).await.map_err(too_long)?;
    let overview = app.core.query(&caller.actor, OneConversation(id)).await?;
    reply::data(WireConversation::new(overview))
}

/// A draft that is too long is a wrong field like any other here.
fn too_long(error: Error) -> Refusal {
    match error.kind {
        ErrorKind::TooLarge => Refusal::invalid(error.detail),
        _ => error.into(),
    }
}

/// The conversation that a call names by its path and by `chatType` (decision 7).
fn named(target: String, input: &Input) -> Result<Counterpart, Refusal> {
    counterpart(target, input.text("chatType")?.as_deref())
}

fn flag(input: &Input, name: &str) -> Result<Option<bool>, Refusal> {
    let flag = input.flag(name)?;
    flag.map(Some)
        .ok_or_else(|| Refusal::invalid(format!("{name} is missing")))
}

pub(crate) async fn set_pinned(
    State(app): State<App>,
    caller: Caller,
    Segment(target): Segment,
    input: Input,
) -> Answer<WireConversation> {
    let change = ChangeView {
        pinned: flag(&input, "pinned")?,
        ..ChangeView::of(ConversationRef::With(named(target, &input)?))
    };
    changed(&app, &caller, change).await
}

pub(crate) async fn set_muted(
    State(app): State<App>,
    caller: Caller,
    Segment(target): Segment,
    input: Input,
) -> Answer<WireConversation> {
    let change = ChangeView {
        muted: flag(&input, "muted")?,
        ..ChangeView::of(ConversationRef::With(named(target, &input)?))
    };
    changed(&app, &caller, change).await
}

pub(crate) async fn set_hidden(
    State(app): State<App>,
    caller: Caller,
    Segment(target): Segment,
    input: Input,
) -> Answer<WireConversation> {
    let change = ChangeView {
        hidden: flag(&input, "hidden")?,
        ..ChangeView::of(ConversationRef::With(named(target, &input)?))
    };
    changed(&app, &caller, change).await
}

pub(crate) async fn set_draft(
    State(app): State<App>,
    caller: Caller,
    Segment(target): Segment,
    input: Input,
) -> Answer<WireConversation> {
    let change = ChangeView {
        draft: Some(input.nullable("draft")?),
        ..ChangeView::of(ConversationRef::With(named(target, &input)?))
    };
    changed(&app, &caller, change).await
}

pub(crate) async fn set_group(
    State(app): State<App>,
    caller: Caller,
    Segment(target): Segment,
    input: Input,
) -> Answer<WireConversation> {
    let change = ChangeView {
        folder: Some(input.nullable("groupName")?),
        ..ChangeView::of(ConversationRef::With(named(target, &input)?))
    };
    changed(&app, &caller, change).await
}

/// Reads everything, or everything up to a message. Where nothing was ever said, nothing is left to read.
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segment(target): Segment,
    input: Input,
) -> Answer<WireRead> {
    let up_to = match input.text("messageId")?.filter(|id| !id.is_empty()) {
        None => ReadUpTo::Newest,
        Some(id) => ReadUpTo::Message(id.parse().map_err(|_| Refusal::from(ErrorKind::MessageMissing))?),
    };
    let with = named(target.clone(), &input)?;
    let found = app.core.query(&caller.actor, FindConversation { with }).await?;
    let Some(conversation_id) = found else {
        return reply::data(WireRead::new(target, 0));
    };
    let read = MarkRead {
        conversation_id,
        up_to,
    };
    app.core.execute(&caller.actor, read).await?;
    let overview = app
        .core
        .query(&caller.actor, OneConversation(conversation_id))
        .await?;
    reply::data(WireRead::new(target, overview.unread))
}

pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Segment(target): Segment,
    input: Input,
) -> Answer<()> {
    let delete = DeleteConversation {
        with: named(target, &input)?,
    };
    app.core.execute(&caller.actor, delete).await?;
    reply::done()
}

pub(crate) async fn groups(State(app): State<App>, caller: Caller) -> Answer<Vec<WireSection>> {
    let folders = app.core.query(&caller.actor, Folders).await?;
    reply::data(folders.into_iter().map(WireSection::from).collect())
}

pub(crate) async fn group(
    State(app): State<App>,
    caller: Caller,
    Segment(name): Segment,
    input: Input,
) -> Answer<List<WireConversation>> {
    page(&app, &caller, &input, Some(name)).await
}
