//! Who calls: the token of a request, and the guards that look at it before anything else of the request is read.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parlance_core::account::Claims;
use parlance_core::types::AccountRole;
use parlance_core::{Actor, ErrorKind};
use parlance_transport::http::client_addr;
use parlance_transport::http::limit::RateKey;

use crate::DIALECT;
use crate::app::App;
use crate::refusal::Refusal;

/// A call of a person, proven by a token.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) actor: Actor,
    pub(crate) claims: Claims,
}

impl Caller {
    /// Who a token belongs to, if its owner may call once more now.
    pub(crate) async fn of(app: &App, token: &str, from: client_addr::Caller) -> Result<Self, Refusal> {
        let (actor, claims) = match app.core.authenticate(token, DIALECT).await {
            Ok(proven) => proven,
            Err(error) if error.kind == ErrorKind::Unauthenticated => return Err(Refusal::bad_token()),
            Err(error) => return Err(error.into()),
        };
        within_rate(app, RateKey::User(actor.user_id.unsigned_abs()), from)?;
        Ok(Self { actor, claims })
    }
}

/// The guard of whatever needs a person: takes the token from the header.
pub(crate) async fn require(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let from = client_addr::Caller::noted_in(request.extensions());
    match person(&app, request.headers(), from).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// The guard of administration, behind that of a person: only the highest rank. The commands check it again.
pub(crate) async fn require_administrator(
    State(app): State<App>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    match app.core.require_rank(&caller.actor, AccountRole::SuperAdmin) {
        Ok(()) => next.run(request).await,
        Err(error) => Refusal::from(error).into_response(),
    }
}

async fn person(app: &App, headers: &HeaderMap, from: client_addr::Caller) -> Result<Caller, Refusal> {
    let token = bearer(headers).ok_or_else(Refusal::unauthenticated)?;
    Caller::of(app, token, from).await
}

/// The token of the header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
        .filter(|token| !token.is_empty())
}

/// Refuses who has made more calls than allowed.
pub(crate) fn within_rate(app: &App, key: RateKey, from: client_addr::Caller) -> Result<(), Refusal> {
    app.options.rate.check(key, from).map_err(Refusal::too_many)
}

impl FromRequestParts<App> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Refusal> {
        let known = parts.extensions.get::<Self>().cloned();
        known.ok_or_else(Refusal::unauthenticated)
    }
}

/// The token in the header of a call that may come without one, unproven.
pub(crate) struct Bearer(pub(crate) Option<String>);

impl FromRequestParts<App> for Bearer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Refusal> {
        Ok(Self(bearer(&parts.headers).map(str::to_owned)))
    }
}
