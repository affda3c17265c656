//! Who calls: the token of a request, and the generation of client that it was issued to.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parlance_core::account::Claims;
use parlance_core::{Actor, Error, ErrorKind};
use parlance_transport::http::client_addr;
use parlance_transport::http::limit::RateKey;

use crate::DIALECT;
use crate::app::App;
use crate::refusal::Refusal;

/// Which generation of client a token was issued to (decision 1, B9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// The published document.
    Doc,
    /// The newer web client.
    C,
}

impl Profile {
    /// As it stands in a token.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Doc => "doc",
            Self::C => "c",
        }
    }

    pub(crate) fn of(claims: &Claims) -> Self {
        if claims.profile == "c" { Self::C } else { Self::Doc }
    }
}

/// An authenticated call.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) actor: Actor,
    pub(crate) claims: Claims,
    pub(crate) profile: Profile,
}

impl Caller {
    /// Who a token belongs to.
    pub(crate) async fn of(app: &App, token: &str) -> Result<Self, Error> {
        let (actor, claims) = app.core.authenticate(token, DIALECT).await?;
        let profile = Profile::of(&claims);
        Ok(Self {
            actor,
            claims,
            profile,
        })
    }
}

/// The guard of every route but the public ones: takes the token from the header, else from `?token=`. A `userId`
/// that clients send beside it is not looked at.
pub(crate) async fn require(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Some(token) = token(request.headers(), request.uri().query()) else {
        return Refusal::unauthenticated().into_response();
    };
    let caller = match Caller::of(&app, &token).await {
        Ok(caller) => caller,
        Err(error) if error.kind == ErrorKind::Unauthenticated => {
            return Refusal::unauthenticated().into_response();
        }
        Err(error) => return Refusal::from(error).into_response(),
    };
    let from = client_addr::Caller::noted_in(request.extensions());
    if let Err(seconds) = within_rate(&app, &caller.actor, from) {
        return Refusal::too_many(seconds).into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Seconds to wait if the user has made more calls than allowed.
pub(crate) fn within_rate(app: &App, actor: &Actor, from: client_addr::Caller) -> Result<(), u64> {
    let key = RateKey::User(actor.user_id.unsigned_abs());
    app.options.rate.check(key, from)
}

/// The token of a request: from the header, else from the query.
pub(crate) fn token(headers: &HeaderMap, query: Option<&str>) -> Option<String> {
    let header = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if let Some(header) = header {
        let bare = header
            .strip_prefix("Bearer ")
            .or_else(|| header.strip_prefix("bearer "))
            .unwrap_or(header);
        return Some(bare.trim().to_owned());
    }
    query_token(query?)
}

/// The value of `token` in a query string.
fn query_token(query: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("token="))?;
    (!value.is_empty()).then(|| value.to_owned())
}

impl FromRequestParts<App> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Refusal> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(Refusal::unauthenticated)
    }
}
