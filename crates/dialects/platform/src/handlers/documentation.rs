//! The API document, and a page to read and try it that needs nothing from elsewhere.

use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use parlance_core::{Error, ErrorKind};
use utoipa_swagger_ui::{Config, serve};

use crate::input::{Call, Input, Takes};
use crate::refusal::Refusal;
use crate::routes;

const PAGE: &str = include_str!("../../assets/page.html");
const START: &str = include_str!("../../assets/start.js");
/// What of the viewer the page uses, with the kind of content it is.
const VIEWER: [(&str, &str); 2] = [
    ("swagger-ui.css", "text/css; charset=utf-8"),
    ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
];
/// Scripts and styles of this server only; the viewer styles its elements one by one and draws with `data:` pictures.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// How long a browser keeps a part of the viewer.
const KEPT: &str = "public, max-age=3600";

static DOCUMENT: OnceLock<Bytes> = OnceLock::new();

/// The document in OpenAPI's form.
pub(crate) async fn document() -> Result<Response, Refusal> {
    let bytes = match DOCUMENT.get() {
        Some(bytes) => bytes.clone(),
        None => DOCUMENT
            .get_or_init(|| routes::document().unwrap_or_default())
            .clone(),
    };
    if bytes.is_empty() {
        return Err(Error::new(ErrorKind::Internal, "the API document cannot be written").into());
    }
    Ok(typed("application/json", bytes))
}

/// The page.
pub(crate) async fn page() -> Result<Response, Refusal> {
    Ok(typed(
        "text/html; charset=utf-8",
        Bytes::from_static(PAGE.as_bytes()),
    ))
}

/// A part of the page, by its name.
pub(crate) struct PartPath {
    name: String,
}

impl Takes for PartPath {
    fn read(call: &mut Call) -> Self {
        Self {
            name: call.path("name").text(1..=64).required(),
        }
    }
}

pub(crate) async fn part(Input(path): Input<PartPath>) -> Result<Response, Refusal> {
    if path.name == "start.js" {
        return Ok(typed(
            "text/javascript; charset=utf-8",
            Bytes::from_static(START.as_bytes()),
        ));
    }
    let known = VIEWER.iter().find(|(name, _)| *name == path.name);
    let (name, kind) = known.ok_or_else(Refusal::not_found)?;
    let file = serve(name, Arc::new(Config::from("/api/v1/openapi.json")));
    let file = file.map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
    let file = file.ok_or_else(Refusal::not_found)?;
    let packed = file.gzpipped.then_some([(header::CONTENT_ENCODING, "gzip")]);
    let mut response = typed(kind, Bytes::from(file.bytes.into_owned()));
    let kept = [(header::CACHE_CONTROL, KEPT)];
    response.headers_mut().extend(
        packed
            .into_iter()
            .flatten()
            .chain(kept)
            .map(|(name, value)| (name, header::HeaderValue::from_static(value))),
    );
    Ok(response)
}

fn typed(kind: &'static str, bytes: Bytes) -> Response {
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, bytes).into_response()
}
