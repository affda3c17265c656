//! People (decisions 4, 12 and 13).

use axum::extract::State;
use parlance_core::query::FindUser;

use crate::app::App;
use crate::caller::Caller;
use crate::reply::{Answer, ok};
use crate::wire::user::WireUser;

/// Whoever calls.
pub(crate) async fn me(State(app): State<App>, caller: Caller) -> Answer<WireUser> {
    let id = caller.actor.user_id;
    let user = app.core.query(&caller.actor, FindUser { id }).await?;
    ok(WireUser::new(user, &app.options.time_zone))
}
