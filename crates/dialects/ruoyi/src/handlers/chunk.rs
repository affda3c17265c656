//! Uploads in parts (B7): chunks come one by one, in any order, until they are put together.

use axum::extract::{Request, State};
use axum::http::Uri;
use parlance_core::command::{PauseUpload, ResumeUpload};
use parlance_core::files::{CHUNK_BYTES_MAX, NewUpload};
use parlance_core::query::UploadById;
use parlance_transport::http::Form;
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::handlers::file::{form_refusal, receive, upload_refusal};
use crate::input::{Input, Name, int, text};
use crate::refusal::Refusal;
use crate::reply::{Answer, data, done, said};
use crate::wire::file::{WireFile, WireUpload};

/// Bytes of a field beside the file.
const FIELD_BYTES_MAX: usize = 256;

/// What a client announces. Type and conversation, which it sends too, are found in the bytes and in the message.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct InitBody {
    #[serde(deserialize_with = "text")]
    file_name: Option<String>,
    #[serde(deserialize_with = "int")]
    file_size: Option<i64>,
    #[serde(deserialize_with = "text")]
    file_md5: Option<String>,
    #[serde(deserialize_with = "int")]
    chunk_size: Option<i64>,
}

pub(crate) async fn init(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<InitBody>,
) -> Answer<WireUpload> {
    let size = body
        .file_size
        .ok_or_else(|| Refusal::bad("参数校验失败：缺少fileSize"))?;
    let upload = NewUpload {
        name: body.file_name.unwrap_or_default(),
        size,
        md5: body.file_md5.filter(|md5| !md5.is_empty()),
        chunk_size: body.chunk_size,
    };
    let view = app
        .core
        .begin_upload(&caller.actor, upload)
        .await
        .map_err(upload_refusal)?;
    data(WireUpload::new(view, &app.options.time_zone))
}

/// Fields of a chunk, from the query or the form.
#[derive(Debug, Default)]
struct ChunkFields {
    upload_id: Option<String>,
    number: Option<String>,
}

impl ChunkFields {
    fn of(uri: &Uri) -> Self {
        let mut fields = Self::default();
        for pair in uri.query().unwrap_or_default().split('&') {
            if let Some((name, value)) = pair.split_once('=') {
                fields.set(name, value.to_owned());
            }
        }
        fields
    }

    fn set(&mut self, name: &str, value: String) {
        match name {
            "uploadId" => self.upload_id = Some(value),
            "chunkNumber" => self.number = Some(value),
            _ => {}
        }
    }
}

pub(crate) async fn upload(State(app): State<App>, caller: Caller, request: Request) -> Answer<bool> {
    let mut fields = ChunkFields::of(request.uri());
    let mut form = Form::of(request).await.map_err(form_refusal)?;
    let mut chunk = None;
    while let Some(mut part) = form.next().await.map_err(form_refusal)? {
        if part.name() == "file" {
            chunk = Some(receive(&app, &mut part, CHUNK_BYTES_MAX).await?);
        } else {
            let name = part.name().to_owned();
            fields.set(&name, part.text(FIELD_BYTES_MAX).await.map_err(form_refusal)?);
        }
    }
    let chunk = chunk.ok_or_else(|| Refusal::bad("参数校验失败：缺少file"))?;
    let upload_id = fields
        .upload_id
        .ok_or_else(|| Refusal::bad("参数校验失败：缺少uploadId"))?;
    let number = fields.number.and_then(|number| number.trim().parse().ok());
    let number = number.ok_or_else(|| Refusal::bad("参数校验失败：chunkNumber需要整数"))?;
    let kept = app
        .core
        .keep_chunk(&caller.actor, &upload_id, number, chunk)
        .await;
    kept.map_err(upload_refusal)?;
    said("上传成功", true)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MergeBody {
    #[serde(deserialize_with = "text")]
    upload_id: Option<String>,
    #[serde(deserialize_with = "text")]
    file_md5: Option<String>,
}

pub(crate) async fn merge(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<MergeBody>,
) -> Answer<WireFile> {
    let upload_id = body
        .upload_id
        .ok_or_else(|| Refusal::bad("参数校验失败：缺少uploadId"))?;
    let finished = app
        .core
        .finish_upload(&caller.actor, &upload_id, body.file_md5.as_deref());
    let view = finished.await.map_err(upload_refusal)?;
    said("上传成功", WireFile::new(&view, &app.options.time_zone))
}

pub(crate) async fn cancel(State(app): State<App>, caller: Caller, Name(id): Name) -> Answer<()> {
    app.core.cancel_upload(&caller.actor, &id).await?;
    done("取消成功")
}

pub(crate) async fn pause(State(app): State<App>, caller: Caller, Name(upload_id): Name) -> Answer<()> {
    app.core.execute(&caller.actor, PauseUpload { upload_id }).await?;
    done("暂停成功")
}

pub(crate) async fn resume(
    State(app): State<App>,
    caller: Caller,
    Name(upload_id): Name,
) -> Answer<WireUpload> {
    let view = app
        .core
        .execute(&caller.actor, ResumeUpload { upload_id })
        .await?;
    data(WireUpload::new(view, &app.options.time_zone))
}

pub(crate) async fn progress(State(app): State<App>, caller: Caller, Name(upload_id): Name) -> Answer<i64> {
    let view = app.core.query(&caller.actor, UploadById { upload_id }).await?;
    data(view.percent())
}
