//! What a call brings in its body: a JSON object whatever the content type says, in which fields may be missing or
//! null. Nothing in here fails with anything but 10001, or 413 for a body that is too large.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use serde_json::{Number, Value};

use crate::app::App;
use crate::refusal::Refusal;

/// The fields of the body. Unknown ones are passed over, and of a field that is given twice the last one counts.
pub(crate) struct Input<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Input<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let bytes_max = usize::try_from(app.options.body_bytes_max).unwrap_or(usize::MAX);
        let body = to_bytes(request.into_body(), bytes_max).await;
        let body = body.map_err(|_| Refusal::too_large())?;
        let fields: Value = serde_json::from_slice(&body).map_err(|_| Refusal::parameter())?;
        if !fields.is_object() {
            return Err(Refusal::parameter());
        }
        T::deserialize(fields).map(Self).map_err(|_| Refusal::parameter())
    }
}

/// A field that is empty when it is missing or null. For `#[serde(default, deserialize_with = "or_empty")]`.
pub(crate) fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A whole number, 0 when it is missing or null. One that is too large to be any number of ours is the largest there
/// is, for the rules to refuse. For `#[serde(default, deserialize_with = "whole")]`.
pub(crate) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let Some(number) = Option::<Number>::deserialize(deserializer)? else {
        return Ok(0);
    };
    let large = || number.as_u64().map(|_| i64::MAX);
    number
        .as_i64()
        .or_else(large)
        .ok_or_else(|| D::Error::custom("not a whole number"))
}
