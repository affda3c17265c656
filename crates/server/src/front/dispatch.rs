//! Which dialect a call is for where two serve the same path: `/ws/im` and `/api/im/groups/**` by the token, a socket
//! without one by its sub-protocol, the log-in by what it brings. Nothing is guessed: what is neither one's is answered by `xuqm`, whose envelope says why.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;
use parlance_core::Core;
use parlance_dialect_ruoyi as ruoyi;
use parlance_dialect_xuqm as xuqm;
use serde_json::Value;
use tower::ServiceExt;
use url::form_urlencoded;

/// The path of the socket that speaks STOMP or JSON.
const SOCKET: &str = "/ws/im";
/// The path of the two log-ins.
const LOGIN: &str = "/api/im/auth/login";
/// Where the paths begin that tell which group is meant.
const GROUPS: &str = "/api/im/groups";
/// Bytes of a log-in that are looked at.
const LOGIN_BYTES_MAX: usize = 64 * 1024;

/// The routers of `xuqm`, and of the dialects that may share paths with it.
#[derive(Clone)]
pub(super) struct Dispatch {
    pub(super) core: Core,
    pub(super) xuqm: Router,
    pub(super) others: Router,
    /// Whether `ruoyi` is among the others.
    pub(super) ruoyi: bool,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Xuqm,
    Others,
}

impl Dispatch {
    /// Answers a call by the dialect that it is for.
    pub(super) async fn answer(self, request: Request) -> Response {
        let (whose, request) = self.whose(request).await;
        let router = match whose {
            Whose::Xuqm => self.xuqm,
            Whose::Others => self.others,
        };
        let answered = router.oneshot(request).await;
        answered.unwrap_or_else(|never| match never {})
    }

    async fn whose(&self, request: Request) -> (Whose, Request) {
        let path = request.uri().path();
        if path == SOCKET {
            let whose = self.by_upgrade(request.headers(), request.uri());
            return (whose, request);
        }
        if is_group(path) {
            let whose = self.by_token(request.headers(), request.uri());
            return (whose, request);
        }
        if path == LOGIN {
            return self.by_login(request).await;
        }
        // Prefix c of ruoyi has more about log-ins than this one path.
        let of_ruoyi = self.ruoyi && path.starts_with("/api/im/auth/");
        let whose = if xuqm::serves(path) && !of_ruoyi {
            Whose::Xuqm
        } else {
            Whose::Others
        };
        (whose, request)
    }

    /// Without a token, a client of `xuqm` is known by the sub-protocol that it offers; its bearer comes with CONNECT.
    /// Clients of `ruoyi` are asked for their token then.
    fn by_upgrade(&self, headers: &HeaderMap, uri: &Uri) -> Whose {
        if !self.ruoyi {
            return Whose::Xuqm;
        }
        match token(headers, uri) {
            None if offers_stomp(headers) => Whose::Xuqm,
            None => Whose::Others,
            // A token of a third dialect is refused by a close at once, as ruoyi has it.
            Some(token) => match self.core.audience(&token) {
                Some(audience) if audience != xuqm::DIALECT => Whose::Others,
                _ => Whose::Xuqm,
            },
        }
    }

    fn by_token(&self, headers: &HeaderMap, uri: &Uri) -> Whose {
        let audience = token(headers, uri).and_then(|token| self.core.audience(&token));
        if self.ruoyi && audience.as_deref() == Some(ruoyi::DIALECT) {
            Whose::Others
        } else {
            Whose::Xuqm
        }
    }

    async fn by_login(&self, request: Request) -> (Whose, Request) {
        if !self.ruoyi || request.method() != Method::POST || query_has(request.uri(), "userSig") {
            return (Whose::Xuqm, request);
        }
        let (parts, body) = request.into_parts();
        // A longer body, or one that is cut off, is no log-in of either kind.
        let bytes = to_bytes(body, LOGIN_BYTES_MAX).await.unwrap_or_default();
        let whose =
            if names(&bytes, "userSig") || !names(&bytes, "username") && !query_has(&parts.uri, "username") {
                Whose::Xuqm
            } else {
                Whose::Others
            };
        (whose, Request::from_parts(parts, Body::from(bytes)))
    }
}

fn is_group(path: &str) -> bool {
    path.strip_prefix(GROUPS)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The token of a request as both dialects read it: from the header, else from the query.
fn token(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let value = value.to_str().ok()?.trim();
        let bare = value.split_once(' ').map_or(value, |(_, token)| token.trim());
        return Some(bare.to_owned());
    }
    let pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    let mut tokens = pairs.filter(|(name, _)| name == "token");
    tokens.next().map(|(_, value)| value.into_owned())
}

fn offers_stomp(headers: &HeaderMap) -> bool {
    let offers = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    offers
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|name| name.trim().ends_with(".stomp"))
}

fn query_has(uri: &Uri, name: &str) -> bool {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).any(|(key, _)| key == name)
}

/// Whether a body of JSON, or of a form, has this field.
fn names(body: &[u8], name: &str) -> bool {
    match serde_json::from_slice::<Value>(body) {
        Ok(fields) => fields.get(name).is_some(),
        Err(_) => form_urlencoded::parse(body).any(|(key, _)| key == name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_of_groups_are_told_from_those_that_begin_alike() {
        for path in ["/api/im/groups", "/api/im/groups/", "/api/im/groups/a/members"] {
            assert!(is_group(path), "{path}");
        }
        for path in [
            "/api/im/group",
            "/api/im/group/list",
            "/api/im/groupsy",
            "/api/im",
        ] {
            assert!(!is_group(path), "{path}");
        }
    }

    #[test]
    fn a_log_in_is_known_by_its_fields_in_json_and_in_a_form() {
        for body in [r#"{"userSig":"x"}"#, "userId=a&userSig=x", r#"{"userSig":null}"#] {
            assert!(names(body.as_bytes(), "userSig"), "{body}");
        }
        for body in [
            "",
            "{",
            r#"["userSig"]"#,
            r#"{"username":"userSig"}"#,
            "username=userSig",
        ] {
            assert!(!names(body.as_bytes(), "userSig"), "{body}");
        }
    }
}
