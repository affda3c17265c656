//! Who calls: a session with its token, or the operator's own system on the routes under `/inner`.

use axum::extract::{FromRequestParts, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parlance_core::{Actor, Error};
use parlance_transport::http::limit::RateKey;
use parlance_transport::http::{PeerAddr, client_addr};

use crate::DIALECT;
use crate::app::App;
use crate::refusal::Refusal;

/// An authenticated call.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) actor: Actor,
    /// The number that the token was issued with. It means something to the client only.
    pub(crate) platform: u8,
}

impl Caller {
    /// Who a token belongs to.
    async fn of(app: &App, token: &str) -> Result<Self, Error> {
        let (actor, claims) = app.core.authenticate(token, DIALECT).await?;
        // Written by us as a number; a token that was not is as good as one of platform 0.
        let platform = claims.profile.parse().unwrap_or_default();
        Ok(Self { actor, platform })
    }
}

/// The guard of routes that need a token: from the header, else from `?token=` (A3).
pub(crate) async fn require_token(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Some(token) = token(request.headers(), request.uri()) else {
        return Refusal::token().into_response();
    };
    let caller = match Caller::of(&app, &token).await {
        Ok(caller) => caller,
        Err(error) => return Refusal::from(error).into_response(),
    };
    let key = RateKey::User(caller.actor.user_id.unsigned_abs());
    let from = client_addr::Caller::noted_in(request.extensions());
    if let Err(seconds) = app.options.rate.check(key, from) {
        return Refusal::too_many(seconds).into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// The guard of the routes under `/inner`: a valid internal token, or an address that needs none (decision 10).
pub(crate) async fn require_inner(State(app): State<App>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<PeerAddr>().map(|peer| peer.0.ip());
    let allowed = peer.is_some_and(|peer| {
        let checked = app.options.inner.check(peer, request.headers());
        checked
            .inspect_err(|refusal| tracing::info!(%peer, ?refusal, "an internal route was refused"))
            .is_ok()
    });
    if !allowed {
        return Refusal::not_allowed().into_response();
    }
    next.run(request).await
}

/// The token of a request. A header that is there but empty counts as none.
fn token(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let header = headers.get(header::AUTHORIZATION);
    let from_header = header.map(|value| bare(value.to_str().unwrap_or("?")).to_owned());
    from_header
        .filter(|token| !token.is_empty())
        .or_else(|| query_token(uri))
}

/// The token without the word that may stand before it.
fn bare(value: &str) -> &str {
    let value = value.trim();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value,
    }
}

fn query_token(uri: &Uri) -> Option<String> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    let (_, value) = pairs.into_iter().find(|(name, _)| name == "token")?;
    Some(bare(&value).to_owned()).filter(|token| !token.is_empty())
}

impl FromRequestParts<App> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Refusal::token)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn found(header: Option<&str>, uri: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert(
                header::AUTHORIZATION,
                HeaderValue::from_str(value).expect("a header"),
            );
        }
        token(&headers, &uri.parse().expect("an address"))
    }

    #[test]
    fn a_token_is_taken_from_the_header_and_then_from_the_query() {
        for header in ["Bearer abc", "abc", "bearer  abc ", " abc"] {
            assert_eq!(
                found(Some(header), "/?token=other").as_deref(),
                Some("abc"),
                "{header:?}"
            );
        }
        for header in [None, Some(""), Some(" ")] {
            assert_eq!(
                found(header, "/?a=1&token=abc&b=2").as_deref(),
                Some("abc"),
                "{header:?}"
            );
        }
        for uri in ["/?token=Bearer%20abc", "/?token=Bearer+abc", "/?token=%61bc"] {
            assert_eq!(found(None, uri).as_deref(), Some("abc"), "{uri}");
        }
        for uri in ["/", "/?token=", "/?token", "/?tokens=abc", "/?token=%ff"] {
            let token = found(None, uri);
            assert!(token.is_none_or(|token| token != "abc"), "{uri}");
        }
        assert_eq!(
            found(Some("\u{e4}bc"), "/").as_deref(),
            Some("?"),
            "what is no text is no token of ours"
        );
    }
}
