//! What the operator's own systems ask: whom a token is of, and who is here.

use axum::extract::State;
use parlance_core::query::Presences;
use parlance_core::{Actor, ErrorKind};

use crate::app::App;
use crate::caller::Caller;
use crate::input::Input;
use crate::path::Segment;
use crate::refusal::Refusal;
use crate::reply::{self, Answer};
use crate::wire::presence::{WirePresence, WireToken};

/// Whom a token is of; one that is not good is an answer too.
pub(crate) async fn resolve_token(State(app): State<App>, input: Input) -> Answer<WireToken> {
    let token = input.required("token")?;
    match Caller::of(&app, &token).await {
        Ok(caller) => reply::data(WireToken::of(&caller)),
        Err(error) if error.kind == ErrorKind::Unauthenticated => reply::data(WireToken::default()),
        Err(error) => Err(error.into()),
    }
}

/// Whether somebody of a tenant is here. Without an `appKey`, of the default tenant (decision 15).
pub(crate) async fn of_user(
    State(app): State<App>,
    Segment(uid): Segment,
    input: Input,
) -> Answer<WirePresence> {
    let tenant = match input.app_key()? {
        Some(key) => app.core.tenant_by_key(&key),
        None => app.core.default_tenant(),
    };
    let tenant = tenant.ok_or_else(|| Refusal::unauthenticated("no such appKey"))?;
    let query = Presences { uids: vec![uid] };
    let found = app.core.presences(&Actor::system(tenant.id), query).await?;
    let one = found.into_iter().next().ok_or(ErrorKind::UserMissing)?;
    reply::data(one.into())
}
