//! A file in a form: taken in piece by piece as it comes, and gone again unless it is kept.

use axum::extract::{FromRequest, Request};
use parlance_core::files::IncomingFile;
use parlance_transport::http::{Form, FormError, Part};
use serde_json::{Value, json};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use super::problem::{Offending, Place, Problem};
use super::{BodyForm, Described};
use crate::app::App;
use crate::refusal::Refusal;

/// The field of the form that holds the file.
const FIELD: &str = "file";
/// Bytes that are read of a text where a file should be.
const TEXT_BYTES_MAX: usize = 1024;

/// The file of a multipart form.
pub(crate) struct Upload {
    /// Its bytes, all of them.
    pub(crate) file: IncomingFile,
    /// What the client calls it.
    pub(crate) name: String,
}

impl Upload {
    /// What the form must have, for the API document.
    pub(crate) fn describe() -> (BodyForm, Described) {
        let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(binary));
        let field = Described {
            place: Place::Body,
            name: FIELD,
            about: "The file.",
            schema: schema.into(),
            required: true,
            default: None,
        };
        (BodyForm::Upload, field)
    }
}

impl FromRequest<App> for Upload {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        // Another kind of body, none, or one that breaks off before: it has no such field.
        let not_found = |error| match error {
            FormError::Broken => missing(),
            _ => unreadable(error),
        };
        let mut form = Form::of(request).await.map_err(not_found)?;
        while let Some(mut part) = form.next().await.map_err(not_found)? {
            if part.name() != FIELD {
                continue;
            }
            let Some(name) = part.file_name().map(str::to_owned) else {
                return Err(no_file(part.text(TEXT_BYTES_MAX).await.unwrap_or_default()));
            };
            let file = receive(app, &mut part).await?;
            return Ok(Self { file, name });
        }
        Err(missing())
    }
}

async fn receive(app: &App, part: &mut Part<'_>) -> Result<IncomingFile, Refusal> {
    let mut file = app.core.receive_file(app.core.limits().upload_bytes_max).await?;
    while let Some(bytes) = part.chunk().await.map_err(unreadable)? {
        if let Err(error) = file.write(&bytes).await {
            drop(file);
            part.drain().await;
            return Err(error.into());
        }
    }
    Ok(file)
}

fn unreadable(error: FormError) -> Refusal {
    Refusal::rule(format!("There was an error parsing the body: {error}"))
}

fn missing() -> Refusal {
    refusal("missing", "Field required", Value::Null, None)
}

/// A text where the file should be.
fn no_file(text: String) -> Refusal {
    let msg = "Value error, Expected UploadFile, received: <class 'str'>";
    refusal("value_error", msg, text.into(), Some(json!({ "error": {} })))
}

fn refusal(kind: &'static str, msg: &str, input: Value, ctx: Option<Value>) -> Refusal {
    let problem = Problem {
        kind,
        loc: vec![Place::Body.name().into(), FIELD.into()],
        msg: msg.into(),
        input: Offending::Value(input),
        ctx,
    };
    Refusal::fields(vec![problem.report(&Value::Null, &[])])
}
