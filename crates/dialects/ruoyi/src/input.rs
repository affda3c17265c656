//! What a call brings: query, JSON or form body and path, read leniently, because the clients of this dialect spell
//! the same thing in several ways. Nothing in here can fail with anything but a 400.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::{Map, Value};

use crate::app::App;
use crate::refusal::Refusal;

/// Numbers in a list of ids.
const IDS_MAX: usize = 10_000;

/// Query parameters and body fields together; the body wins. A body that is an array is found under the name `[]`.
pub(crate) struct Input<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Input<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let mut fields = Map::new();
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(request.uri());
        let Query(pairs) = pairs.map_err(|_| Refusal::bad("查询参数格式错误"))?;
        fields.extend(
            pairs
                .into_iter()
                .map(|(name, value)| (name, Value::String(value))),
        );

        let form = has_form(request.headers());
        let body = whole(request, app).await?;
        if form {
            let uri = format!("/?{}", String::from_utf8_lossy(&body)).parse();
            let uri = uri.map_err(|_| Refusal::bad("表单格式错误"))?;
            let pairs = Query::<Vec<(String, String)>>::try_from_uri(&uri);
            let Query(pairs) = pairs.map_err(|_| Refusal::bad("表单格式错误"))?;
            fields.extend(
                pairs
                    .into_iter()
                    .map(|(name, value)| (name, Value::String(value))),
            );
        } else if !body.trim_ascii().is_empty() {
            match serde_json::from_slice(&body) {
                Ok(Value::Object(object)) => fields.extend(object),
                Ok(Value::Null) => {}
                Ok(other) => {
                    fields.insert("[]".into(), other);
                }
                Err(error) => return Err(Refusal::bad(format!("请求体不是有效的JSON：{error}"))),
            }
        }
        T::deserialize(Value::Object(fields))
            .map(Self)
            .map_err(|error| Refusal::bad(format!("参数校验失败：{error}")))
    }
}

/// A JSON object in the body, taken as it is; the query is not part of it.
pub(crate) struct ObjectBody(pub(crate) Map<String, Value>);

impl FromRequest<App> for ObjectBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let body = whole(request, app).await?;
        match serde_json::from_slice(&body) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            Ok(_) => Err(Refusal::bad("请求体须为JSON对象")),
            Err(error) => Err(Refusal::bad(format!("请求体不是有效的JSON：{error}"))),
        }
    }
}

async fn whole(request: Request, app: &App) -> Result<Bytes, Refusal> {
    let bytes_max = usize::try_from(app.options.body_bytes_max).unwrap_or(usize::MAX);
    let body = to_bytes(request.into_body(), bytes_max).await;
    body.map_err(|_| Refusal::too_large("请求体过大"))
}

fn has_form(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

/// The number in the path. What is no number is 0, which no thing has: the answer is then that it does not exist.
pub(crate) struct Id(pub(crate) i64);

/// Two numbers in the path, in its order.
pub(crate) struct TwoIds(pub(crate) i64, pub(crate) i64);

/// The text in the path.
pub(crate) struct Name(pub(crate) String);

async fn path(parts: &mut Parts, index: usize) -> String {
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let value = params
        .ok()
        .and_then(|params| params.iter().nth(index).map(|(_, value)| value.to_owned()));
    value.unwrap_or_default()
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or(0)
}

impl FromRequestParts<App> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Refusal> {
        Ok(Self(number(&path(parts, 0).await)))
    }
}

impl FromRequestParts<App> for TwoIds {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Refusal> {
        let (first, second) = (path(parts, 0).await, path(parts, 1).await);
        Ok(Self(number(&first), number(&second)))
    }
}

impl FromRequestParts<App> for Name {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Refusal> {
        Ok(Self(path(parts, 0).await))
    }
}

/// The header `Idempotency-Key`, which acts like `clientMsgId` (decision 14).
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Option<String> {
    let key = headers.get("idempotency-key")?.to_str().ok()?.trim();
    (!key.is_empty()).then(|| key.to_owned())
}

/// A number, also spelt as text; null and empty text are none.
pub(crate) fn int<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Number(number) => number
            .as_i64()
            .map(Some)
            .ok_or_else(|| D::Error::custom("需要整数")),
        Value::Bool(flag) => Ok(Some(i64::from(flag))),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => text
            .trim()
            .parse()
            .map(Some)
            .map_err(|_| D::Error::custom("需要整数")),
        Value::Array(_) | Value::Object(_) => Err(D::Error::custom("需要整数")),
    }
}

/// A flag: true, 1, "true" or "1" and their opposites; null and empty text are none.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let wrong = || D::Error::custom("需要布尔值");
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(flag)),
        Value::Number(number) => match number.as_i64() {
            Some(0) => Ok(Some(false)),
            Some(1) => Ok(Some(true)),
            _ => Err(wrong()),
        },
        Value::String(text) => match text.trim() {
            "" => Ok(None),
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => Err(wrong()),
        },
        Value::Array(_) | Value::Object(_) => Err(wrong()),
    }
}

/// A text; other JSON becomes its text, as clients send objects where an opaque string is meant.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    })
}

/// A list of numbers: an array, one number, or text with commas. What is no number becomes 0, which nothing has.
pub(crate) fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<i64>>, D::Error> {
    let one = |value: &Value| match value {
        Value::Number(number) => number.as_i64().unwrap_or(0),
        Value::String(text) => number(text.trim()),
        _ => 0,
    };
    let ids: Vec<i64> = match Value::deserialize(deserializer)? {
        Value::Null => return Ok(None),
        Value::Array(values) => values.iter().take(IDS_MAX + 1).map(one).collect(),
        Value::String(text) => text
            .split(',')
            .filter(|part| !part.trim().is_empty())
            .take(IDS_MAX + 1)
            .map(|part| number(part.trim()))
            .collect(),
        value @ Value::Number(_) => vec![one(&value)],
        Value::Bool(_) | Value::Object(_) => return Err(D::Error::custom("需要ID列表")),
    };
    if ids.len() > IDS_MAX {
        return Err(D::Error::custom(format!("ID列表最多{IDS_MAX}个")));
    }
    Ok(Some(ids))
}
