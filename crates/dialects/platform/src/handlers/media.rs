//! Files of messages: taking them in, and giving them to whoever has a link.

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use parlance_core::{Error, ErrorKind};
use parlance_transport::http::{FileCache, FileContent, file_response};

use crate::app::App;
use crate::caller::Caller;
use crate::input::{Call, Input, Takes, Upload};
use crate::refusal::Refusal;
use crate::reply::{Answer, ok};
use crate::wire::media::WireUpload;

/// Takes one file in. It is the caller's alone until a message carries it.
pub(crate) async fn upload(State(app): State<App>, caller: Caller, upload: Upload) -> Answer<WireUpload> {
    let kept = app
        .core
        .keep_file(&caller.actor, upload.file, &upload.name)
        .await?;
    ok(WireUpload::new(&app, kept))
}

/// A link: a file's key, and what makes it good. Nothing of it is checked here, so that everything wrong with it is
/// the same refusal.
pub(crate) struct LinkInput {
    key: String,
    expires: String,
    signature: String,
}

impl Takes for LinkInput {
    fn read(call: &mut Call) -> Self {
        let any = || 0..=usize::MAX;
        Self {
            key: call.path("key").text(any()).or(String::new()),
            expires: call.query("expires").text(any()).or(String::new()),
            signature: call.query("signature").text(any()).or(String::new()),
        }
    }
}

/// The bytes of a file, for whoever has a link to it.
pub(crate) async fn download(
    State(app): State<App>,
    method: Method,
    headers: HeaderMap,
    Input(input): Input<LinkInput>,
) -> Result<Response, Refusal> {
    let expires_at = input.expires.parse().unwrap_or(0);
    let opened = app
        .core
        .open_linked_file(&input.key, expires_at, &input.signature)
        .await;
    let opened = opened.map_err(|error| match error.kind {
        ErrorKind::Forbidden => Refusal::bad_link(),
        _ => error.into(),
    })?;
    let (file, bytes) = (opened.file, opened.bytes);
    let content = FileContent {
        size: u64::try_from(file.size).unwrap_or(0),
        name: file.name,
        media_type: file.content_type,
        tag: file.sha256,
        cache: FileCache::Private,
    };
    let answer = file_response(&method, &headers, content, |range| bytes.read(range)).await;
    answer.map_err(|error| Error::new(ErrorKind::Unavailable, error.to_string()).into())
}
