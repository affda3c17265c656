//! Who calls: the person of a token, or the operator's own system on the routes under `/api/im/internal`.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parlance_core::account::Claims;
use parlance_core::tenant::Tenant;
use parlance_core::{Actor, BlockRule, Error, ErrorKind, Mandate};
use parlance_transport::http::limit::RateKey;
use parlance_transport::http::{PeerAddr, client_addr};

use crate::DIALECT;
use crate::app::App;
use crate::input::Input;
use crate::refusal::Refusal;

/// An authenticated call.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) actor: Actor,
    pub(crate) claims: Claims,
    /// The app that the token is of.
    pub(crate) tenant: Arc<Tenant>,
}

impl Caller {
    /// Who a token belongs to. Administrators act by their rank (decisions 3 and 18), and a block keeps only who was
    /// blocked from writing (decision 6).
    pub(crate) async fn of(app: &App, token: &str) -> Result<Self, Error> {
        let (mut actor, claims) = app.core.authenticate(token, DIALECT).await?;
        actor.block_rule = BlockRule::OneWay;
        if actor.is_admin() {
            actor.mandate = Mandate::Rank;
        }
        let tenant = app.core.tenant(actor.tenant_id);
        let tenant = tenant.map_err(|_| Error::new(ErrorKind::Unauthenticated, "no such tenant"))?;
        Ok(Self {
            actor,
            claims,
            tenant,
        })
    }

    /// The same, if the account manages others in its tenant.
    pub(crate) fn administrator(self) -> Result<Self, Refusal> {
        if self.actor.is_admin() {
            Ok(self)
        } else {
            Err(Refusal::forbidden("for administrators only"))
        }
    }

    /// The same, unless the query names another app. What a body names is looked at when it is read.
    fn of_app(self, request: &Request) -> Result<Self, Refusal> {
        Input::of_query(request.uri()).check_app(&self.tenant)?;
        Ok(self)
    }

    /// The text id of the person.
    pub(crate) fn uid(&self) -> &str {
        &self.claims.sub
    }

    /// What the token was issued to.
    pub(crate) fn device(&self) -> Device<'_> {
        Device::of(&self.claims.profile)
    }
}

/// The device that somebody logged in with, as it stands in the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Device<'a> {
    /// `ANDROID`, `IOS`, …: a word, or empty.
    pub(crate) platform: &'a str,
    /// What the client calls itself, or empty.
    pub(crate) id: &'a str,
}

impl<'a> Device<'a> {
    /// From what [`Self::written`] made.
    pub(crate) fn of(profile: &'a str) -> Self {
        let (platform, id) = profile.split_once(' ').unwrap_or((profile, ""));
        Self { platform, id }
    }

    /// As it stands in a token. A platform has no blanks.
    pub(crate) fn written(self) -> String {
        format!("{} {}", self.platform, self.id)
    }
}

/// The guard of routes that need a token.
pub(crate) async fn require_user(State(app): State<App>, request: Request, next: Next) -> Response {
    let caller = authenticated(&app, request.headers(), request.extensions())
        .await
        .and_then(|caller| caller.of_app(&request));
    pass(caller, request, next).await
}

/// The guard of routes for administrators of the tenant (decision 3).
pub(crate) async fn require_admin(State(app): State<App>, request: Request, next: Next) -> Response {
    let caller = authenticated(&app, request.headers(), request.extensions()).await;
    let caller = caller
        .and_then(Caller::administrator)
        .and_then(|caller| caller.of_app(&request));
    pass(caller, request, next).await
}

/// The guard of routes for administrators where `appKey` names what the call is about.
pub(crate) async fn require_operator(State(app): State<App>, request: Request, next: Next) -> Response {
    let caller = authenticated(&app, request.headers(), request.extensions()).await;
    pass(caller.and_then(Caller::administrator), request, next).await
}

async fn pass(caller: Result<Caller, Refusal>, mut request: Request, next: Next) -> Response {
    match caller {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// The guard of internal routes: a valid internal token, or an address that needs none.
pub(crate) async fn require_inner(State(app): State<App>, request: Request, next: Next) -> Response {
    if is_inner(&app, &request) {
        next.run(request).await
    } else {
        Refusal::forbidden("an internal route: send X-Internal-Token").into_response()
    }
}

/// Whether a call comes from the operator's own system.
pub(crate) fn is_inner(app: &App, request: &Request) -> bool {
    let peer = request.extensions().get::<PeerAddr>().map(|peer| peer.0.ip());
    peer.is_some_and(|peer| {
        let checked = app.options.inner.check(peer, request.headers());
        checked
            .inspect_err(|refusal| tracing::info!(%peer, ?refusal, "an internal route was refused"))
            .is_ok()
    })
}

async fn authenticated(app: &App, headers: &HeaderMap, extensions: &Extensions) -> Result<Caller, Refusal> {
    let token = bearer(headers).ok_or_else(|| Refusal::unauthenticated("log in first"))?;
    let caller = Caller::of(app, token).await?;
    let key = RateKey::User(caller.actor.user_id.unsigned_abs());
    let from = client_addr::Caller::noted_in(extensions);
    app.options.rate.check(key, from).map_err(Refusal::too_many)?;
    Ok(caller)
}

/// The token of a request, with or without the word that may stand before it.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value,
    };
    Some(token).filter(|token| !token.is_empty())
}

impl FromRequestParts<App> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Refusal> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Refusal::unauthenticated("log in first"))
    }
}
