//! Accounts: shown, searched, changed, brought in and deleted.

use axum::extract::State;
use parlance_core::ErrorKind;
use parlance_core::command::{AccountImport, DeleteUser, ImportAccounts, UpdateProfile};
use parlance_core::query::{FindUserByUid, PeoplePage};
use parlance_core::types::User;

use crate::app::App;
use crate::caller::Caller;
use crate::input::Input;
use crate::path::Segment;
use crate::refusal::Refusal;
use crate::reply::{self, Answer, List};
use crate::wire::account::{self, WireAccount, WireOutcome};
use crate::wire::friend::PEOPLE_MAX;

async fn find(app: &App, caller: &Caller, uid: String) -> Result<User, Refusal> {
    Ok(app.core.query(&caller.actor, FindUserByUid { uid }).await?)
}

pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Segment(uid): Segment,
) -> Answer<WireAccount> {
    reply::data(WireAccount::new(find(&app, &caller, uid).await?))
}

pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Segment(uid): Segment,
    input: Input,
) -> Answer<WireAccount> {
    let update = UpdateProfile {
        user_id: find(&app, &caller, uid.clone()).await?.id,
        changes: account::profile(&input)?,
    };
    app.core.execute(&caller.actor, update).await?;
    reply::data(WireAccount::new(find(&app, &caller, uid).await?))
}

pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    input: Input,
) -> Answer<List<WireAccount>> {
    let paging = input.paging()?;
    let page = PeoplePage {
        keyword: input.text("keyword")?.unwrap_or_default(),
        skip: paging.offset(),
        limit: paging.limit(),
    };
    let found = app.core.query(&caller.actor, page).await?;
    let accounts = found.items.into_iter().map(WireAccount::new).collect();
    reply::list(accounts, found.total, paging)
}

pub(crate) async fn import(State(app): State<App>, caller: Caller, input: Input) -> Answer<WireAccount> {
    let account = account::import(&input)?;
    let uid = account.uid.clone();
    let accounts = vec![account];
    let outcomes = app
        .core
        .execute(&caller.actor, ImportAccounts { accounts })
        .await?;
    for outcome in outcomes {
        outcome?;
    }
    reply::data(WireAccount::new(find(&app, &caller, uid).await?))
}

/// Several, whole or as nothing but names.
pub(crate) async fn import_batch(
    State(app): State<App>,
    caller: Caller,
    input: Input,
) -> Answer<WireOutcome> {
    let accounts: Vec<AccountImport> = match input.objects("accounts", PEOPLE_MAX)? {
        Some(rows) => rows.iter().map(account::import).collect::<Result<_, _>>()?,
        None => {
            let named = |uid| AccountImport {
                uid,
                ..AccountImport::default()
            };
            let uids = input.required_texts(&["userIds", "accounts"], PEOPLE_MAX)?;
            uids.into_iter().map(named).collect()
        }
    };
    let uids: Vec<String> = accounts.iter().map(|account| account.uid.clone()).collect();
    let outcomes = app
        .core
        .execute(&caller.actor, ImportAccounts { accounts })
        .await?;
    reply::data(WireOutcome::new(uids.into_iter().zip(outcomes)))
}

pub(crate) async fn delete(State(app): State<App>, caller: Caller, Segment(uid): Segment) -> Answer<()> {
    let user_id = find(&app, &caller, uid).await?.id;
    app.core.execute(&caller.actor, DeleteUser { user_id }).await?;
    reply::done()
}

pub(crate) async fn exists(State(app): State<App>, caller: Caller, Segment(uid): Segment) -> Answer<bool> {
    match app.core.query(&caller.actor, FindUserByUid { uid }).await {
        Ok(_) => reply::data(true),
        Err(error) if error.kind == ErrorKind::UserMissing => reply::data(false),
        Err(error) => Err(error.into()),
    }
}
