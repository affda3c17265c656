//! What a handler takes from a call. A handler's input says in one place which fields it has, where they are and what
//! they may be; calls are read by it, everything that is wrong with one is reported at once, and the API document is
//! made from it. Nothing in here can fail with anything but a 413 or a 422.

mod field;
mod problem;
mod upload;
mod wrong;

use std::collections::BTreeMap;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Form, FromRequest, FromRequestParts, Multipart, Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::refusal::Refusal;
pub(crate) use field::Typed;
pub(crate) use field::{Described, Document, Word};
use field::{Field, Raw, compact};
pub(crate) use problem::Place;
use problem::{Offending, Problem};
pub(crate) use upload::Upload;

/// Fields of a multipart form that are looked at.
const FORM_FIELDS_MAX: usize = 64;

/// Something that a handler takes from a call, field by field.
pub(crate) trait Takes: Sized + Send {
    /// What the body is.
    const BODY: BodyForm = BodyForm::None;

    /// Reads every field. A field that is wrong is noted by `call` and stands in for itself until the end.
    fn read(call: &mut Call) -> Self;
}

/// The form that the body of a call must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyForm {
    /// Not looked at.
    None,
    /// A JSON object.
    Json,
    /// `application/x-www-form-urlencoded`, or `multipart/form-data` of texts.
    Form,
    /// `multipart/form-data` with one file.
    Upload,
}

/// The extractor: a whole input, or a 422 that names everything that is wrong.
pub(crate) struct Input<T>(pub(crate) T);

impl<T: Takes> FromRequest<App> for Input<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let path = path(&mut parts).await;
        let query = query(&parts.uri);
        let mut call = Call {
            path,
            query,
            ..Call::default()
        };
        if T::BODY != BodyForm::None {
            let bytes_max = usize::try_from(app.options.body_bytes_max).unwrap_or(usize::MAX);
            let bytes = to_bytes(body, bytes_max)
                .await
                .map_err(|_| Refusal::too_large())?;
            call.body = match T::BODY {
                BodyForm::Form => form(&parts, bytes).await,
                BodyForm::Json | BodyForm::None | BodyForm::Upload => object(&bytes)?,
            };
        }
        call.headers = parts.headers;
        let taken = T::read(&mut call);
        call.finish().map(|()| Self(taken))
    }
}

/// What an input declares, for the API document.
pub(crate) fn describe<T: Takes>() -> (BodyForm, Vec<Described>) {
    let mut call = Call {
        description: Some(Vec::new()),
        ..Call::default()
    };
    T::read(&mut call);
    (T::BODY, call.description.unwrap_or_default())
}

/// A call while it is being read.
#[derive(Default)]
pub(crate) struct Call {
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Sent,
    problems: Vec<Problem>,
    secrets: Vec<&'static str>,
    body_needed: bool,
    /// Filled only while the API document is made.
    description: Option<Vec<Described>>,
}

/// What came as body.
#[derive(Default)]
enum Sent {
    /// Nothing, or `null`.
    #[default]
    Nothing,
    Json(BTreeMap<String, Box<RawValue>>),
    Form(Vec<(String, String)>),
}

impl Call {
    /// A part of the path.
    pub(crate) fn path(&mut self, name: &'static str) -> Field<'_> {
        let found = last(&self.path, name);
        Field::new(self, Place::Path, name, found)
    }

    /// A query parameter; the last one counts.
    pub(crate) fn query(&mut self, name: &'static str) -> Field<'_> {
        let found = last(&self.query, name);
        Field::new(self, Place::Query, name, found)
    }

    /// A header, named in lower case.
    pub(crate) fn header(&mut self, name: &'static str) -> Field<'_> {
        let found = self.headers.get(name).map_or(Raw::Nothing, |value| {
            Raw::Text(String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        Field::new(self, Place::Header, name, found)
    }

    /// A field of the body.
    pub(crate) fn body(&mut self, name: &'static str) -> Field<'_> {
        let found = match &self.body {
            Sent::Nothing => Raw::Nothing,
            Sent::Json(fields) => fields
                .get(name)
                .map_or(Raw::Nothing, |value| Raw::Json(value.clone())),
            Sent::Form(fields) => last(fields, name),
        };
        Field::new(self, Place::Body, name, found)
    }

    /// Every field of a JSON body but one as `name=value`, in the order of the names, joined by `&`. A text stands
    /// as it is, anything else as its JSON, as it was spelt.
    pub(crate) fn joined_without(&self, left_out: &str) -> String {
        let Sent::Json(fields) = &self.body else {
            return String::new();
        };
        let pairs = fields.iter().filter(|(name, _)| *name != left_out);
        let pairs = pairs.map(|(name, value)| {
            let text = serde_json::from_str::<String>(value.get()).ok();
            let text = text.unwrap_or_else(|| compact(value.get()));
            format!("{name}={text}")
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    /// Notes that a field which must be there is not.
    fn missing(&mut self, place: Place, name: &'static str) {
        if place == Place::Body && matches!(self.body, Sent::Nothing) {
            self.body_needed = true;
            return;
        }
        let input = match (place, &self.body) {
            (Place::Body, Sent::Json(_)) => Offending::Body,
            _ => Offending::Value(Value::Null),
        };
        self.problems.push(Problem {
            kind: "missing",
            loc: vec![place.name().into(), name.into()],
            msg: "Field required".into(),
            input,
            ctx: None,
        });
    }

    fn finish(mut self) -> Result<(), Refusal> {
        if self.body_needed {
            self.problems.push(Problem {
                kind: "missing",
                loc: vec![Place::Body.name().into()],
                msg: "Field required".into(),
                input: Offending::Value(Value::Null),
                ctx: None,
            });
        }
        if self.problems.is_empty() {
            return Ok(());
        }
        let body = match &self.body {
            Sent::Json(fields) => {
                let known = fields.iter().map(|(name, value)| {
                    (
                        name.clone(),
                        serde_json::from_str(value.get()).unwrap_or_default(),
                    )
                });
                Value::Object(known.collect())
            }
            Sent::Form(_) | Sent::Nothing => Value::Null,
        };
        let problems = self.problems.into_iter();
        Err(Refusal::fields(
            problems
                .map(|problem| problem.report(&body, &self.secrets))
                .collect(),
        ))
    }
}

fn last(pairs: &[(String, String)], name: &str) -> Raw {
    let found = pairs.iter().rev().find(|(known, _)| known == name);
    found.map_or(Raw::Nothing, |(_, value)| Raw::Text(value.clone()))
}

/// The parts of the path. One that is no UTF-8 is nothing that exists, and no number.
async fn path(parts: &mut Parts) -> Vec<(String, String)> {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(params) => params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        Err(_) => Vec::new(),
    }
}

fn query(uri: &Uri) -> Vec<(String, String)> {
    Query::try_from_uri(uri)
        .map(|Query(pairs)| pairs)
        .unwrap_or_default()
}

/// The fields of a form in either of the encodings that browsers know; a body that is none has no fields.
async fn form(parts: &Parts, bytes: Bytes) -> Sent {
    let mut request = Request::new(Body::from(bytes));
    *request.method_mut() = parts.method.clone();
    *request.headers_mut() = parts.headers.clone();
    let kind = parts.headers.get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/")) {
        return Sent::Form(parts_of(request).await);
    }
    let fields = Form::<Vec<(String, String)>>::from_request(request, &()).await;
    Sent::Form(fields.map(|Form(fields)| fields).unwrap_or_default())
}

/// The texts of a multipart form, as far as it can be read.
async fn parts_of(request: Request) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let Ok(mut form) = Multipart::from_request(request, &()).await else {
        return fields;
    };
    while fields.len() < FORM_FIELDS_MAX
        && let Ok(Some(field)) = form.next_field().await
    {
        let name = field.name().unwrap_or_default().to_owned();
        match field.text().await {
            Ok(text) => fields.push((name, text)),
            Err(_) => break,
        }
    }
    fields
}

/// The fields of a JSON body.
fn object(bytes: &[u8]) -> Result<Sent, Refusal> {
    if bytes.trim_ascii().is_empty() {
        return Ok(Sent::Nothing);
    }
    let whole: Box<RawValue> = serde_json::from_slice(bytes).map_err(|error| not_json(bytes, &error))?;
    if whole.get() == "null" {
        return Ok(Sent::Nothing);
    }
    if !whole.get().starts_with('{') {
        let problem = Problem {
            kind: "model_attributes_type",
            loc: vec![Place::Body.name().into()],
            msg: "Input should be a valid dictionary or object to extract fields from".into(),
            input: Offending::Value(serde_json::from_str(whole.get()).unwrap_or_default()),
            ctx: None,
        };
        return Err(Refusal::fields(vec![problem.report(&Value::Null, &[])]));
    }
    serde_json::from_str(whole.get())
        .map(Sent::Json)
        .map_err(|error| not_json(bytes, &error))
}

/// The app that a JSON body names, as far as it can be read: known before the rest of the body is looked at.
pub(crate) fn named_app(bytes: &[u8]) -> Option<String> {
    let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(bytes).ok()?;
    let named: String = serde_json::from_str(fields.get("app_id")?.get()).ok()?;
    (!named.is_empty()).then_some(named)
}

fn not_json(bytes: &[u8], error: &serde_json::Error) -> Refusal {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
    let problem = Problem {
        kind: "json_invalid",
        loc: vec![
            Place::Body.name().into(),
            (before + error.column().saturating_sub(1)).into(),
        ],
        msg: "JSON decode error".into(),
        input: Offending::Value(Value::Object(Map::new())),
        ctx: Some(json!({ "error": error.to_string() })),
    };
    Refusal::fields(vec![problem.report(&Value::Null, &[])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_joined_in_the_order_of_their_names() {
        let body = r#" { "timestamp": 1708848000, "b" : "x&y=\u4e2d \"q\"", "app_id": "oa", "sign": "…", "Z": true,
            "n": null, "f": 1.50, "o": { "k" : [ 1, "a b" ] } } "#;
        let call = Call {
            body: object(body.as_bytes()).unwrap(),
            ..Call::default()
        };
        assert_eq!(
            call.joined_without("sign"),
            "Z=true&app_id=oa&b=x&y=中 \"q\"&f=1.50&n=null&o={\"k\":[1,\"a b\"]}&timestamp=1708848000"
        );
        assert_eq!(Call::default().joined_without("sign"), "");
    }
}
