//! Whom the caller has blocked.

use axum::extract::State;
use parlance_core::command::{BlockPeople, UnblockPeople};
use parlance_core::query::{BlockRelations, Blocks};

use crate::app::App;
use crate::caller::Caller;
use crate::input::Input;
use crate::reply::{self, Answer, List};
use crate::wire::friend::{
    ASKED_MAX, PEOPLE_MAX, WireBlockRelation, WireBlockRelations, WireBlocked, targets,
};

async fn page(app: &App, caller: &Caller, input: &Input) -> Answer<List<WireBlocked>> {
    let paging = input.paging()?;
    let blocks = Blocks {
        skip: paging.offset(),
        limit: paging.limit(),
    };
    let found = app.core.query(&caller.actor, blocks).await?;
    let blocked = found.items.into_iter().map(WireBlocked::new).collect();
    reply::list(blocked, found.total, paging)
}

pub(crate) async fn list(State(app): State<App>, caller: Caller, input: Input) -> Answer<List<WireBlocked>> {
    page(&app, &caller, &input).await
}

/// Answers with the list as it is then.
pub(crate) async fn add(State(app): State<App>, caller: Caller, input: Input) -> Answer<List<WireBlocked>> {
    let uids = targets(&input, PEOPLE_MAX)?;
    app.core.execute(&caller.actor, BlockPeople { uids }).await?;
    page(&app, &caller, &input).await
}

/// Answers with the list as it is then.
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    input: Input,
) -> Answer<List<WireBlocked>> {
    let uids = targets(&input, PEOPLE_MAX)?;
    app.core.execute(&caller.actor, UnblockPeople { uids }).await?;
    page(&app, &caller, &input).await
}

/// With one person an object, with several a list.
pub(crate) async fn check(
    State(app): State<App>,
    caller: Caller,
    input: Input,
) -> Answer<WireBlockRelations> {
    let uids = targets(&input, ASKED_MAX)?;
    let mut found = app.core.query(&caller.actor, BlockRelations { uids }).await?;
    reply::data(match found.pop() {
        Some(only) if found.is_empty() => WireBlockRelations::One(only.into()),
        last => {
            found.extend(last);
            WireBlockRelations::Several(found.into_iter().map(WireBlockRelation::from).collect())
        }
    })
}
