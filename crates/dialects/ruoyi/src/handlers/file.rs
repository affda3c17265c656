//! Taking files in and giving them out (B7, decision 14).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::ToSpan;
use jiff::civil::{DateTime, Time};
use parlance_core::command::CountDownload;
use parlance_core::files::{Category, IncomingFile, OpenFile};
use parlance_core::query::{FileByRef, FileStatistics, OwnFiles};
use parlance_core::types::FileRef;
use parlance_core::{Error, ErrorKind};
use parlance_transport::http::{FileCache, FileContent, Form, FormError, Part, file_response};
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::input::{Id, Input, Name, ids, int, text};
use crate::refusal::Refusal;
use crate::reply::{Answer, data, done, said};
use crate::wire::file::{PUBLIC, WireFile, WireTotals, key_of, path, url};

/// Files in one call.
const FILES_MAX: usize = 9;
/// Bytes of a person's picture.
const AVATAR_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Files in a list when the client names no number.
const PAGE_DEFAULT: i64 = 100;

/// A picture for people who have none, and one for groups.
const DEFAULT_PICTURES: [(&str, &[u8]); 2] = [
    ("default.png", include_bytes!("../../assets/default.png")),
    (
        "group_default.png",
        include_bytes!("../../assets/group_default.png"),
    ),
];

/// Core's refusal of an upload. Too large is told by HTTP too, so that proxies and clients need not read the body.
pub(super) fn upload_refusal(error: Error) -> Refusal {
    match error.kind {
        ErrorKind::TooLarge => Refusal::too_large(format!("文件过大：{}", error.detail)),
        ErrorKind::Unavailable => {
            tracing::error!(%error, "a file could not be stored");
            Refusal::bad("服务器存储空间不足或不可写，文件未保存，请联系管理员")
        }
        _ => error.into(),
    }
}

/// What is wrong with a form.
pub(super) fn form_refusal(error: FormError) -> Refusal {
    Refusal::bad(format!("上传表单有误：{error}"))
}

/// Takes one part in as a file.
pub(super) async fn receive(app: &App, part: &mut Part<'_>, bytes_max: u64) -> Result<IncomingFile, Refusal> {
    let mut incoming = app.core.receive_file(bytes_max).await.map_err(upload_refusal)?;
    while let Some(bytes) = part.chunk().await.map_err(form_refusal)? {
        if let Err(error) = incoming.write(&bytes).await {
            drop(incoming);
            part.drain().await;
            return Err(upload_refusal(error));
        }
    }
    Ok(incoming)
}

/// Every file of a form, in order. All are there before the first is kept, so that a form is kept whole or not at all.
async fn receive_all(
    app: &App,
    request: Request,
    files_max: usize,
    bytes_max: u64,
) -> Result<Vec<(IncomingFile, String)>, Refusal> {
    let mut form = Form::of(request).await.map_err(form_refusal)?;
    let mut files = Vec::new();
    while let Some(mut part) = form.next().await.map_err(form_refusal)? {
        let Some(name) = part.file_name().map(str::to_owned) else {
            continue;
        };
        if files.len() == files_max {
            return Err(Refusal::bad(format!("一次最多上传{files_max}个文件")));
        }
        files.push((receive(app, &mut part, bytes_max).await?, name));
    }
    if files.is_empty() {
        return Err(Refusal::bad("请选择要上传的文件"));
    }
    Ok(files)
}

async fn keep_all(
    app: &App,
    caller: &Caller,
    request: Request,
    most: usize,
) -> Result<Vec<WireFile>, Refusal> {
    let files = receive_all(app, request, most, app.core.limits().upload_bytes_max).await?;
    let mut kept = Vec::with_capacity(files.len());
    for (incoming, name) in files {
        let view = app.core.keep_file(&caller.actor, incoming, &name).await;
        kept.push(WireFile::new(
            &view.map_err(upload_refusal)?,
            &app.options.time_zone,
        ));
    }
    Ok(kept)
}

pub(crate) async fn upload(State(app): State<App>, caller: Caller, request: Request) -> Answer<WireFile> {
    let mut kept = keep_all(&app, &caller, request, 1).await?;
    let file = kept.pop().ok_or_else(|| Refusal::bad("请选择要上传的文件"))?;
    said("上传成功", file)
}

pub(crate) async fn upload_batch(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Answer<Vec<WireFile>> {
    said("上传成功", keep_all(&app, &caller, request, FILES_MAX).await?)
}

pub(crate) async fn upload_avatar(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Answer<String> {
    let mut files = receive_all(&app, request, 1, AVATAR_BYTES_MAX).await?;
    let (incoming, name) = files.pop().ok_or_else(|| Refusal::bad("请选择要上传的文件"))?;
    let ending = format!(
        "picture.{}",
        incoming.kind(&name).media_type.trim_start_matches("image/")
    );
    let zone = &app.options.time_zone;
    let address = path("avatar", incoming.storage_key(), &ending, app.core.now(), zone);
    let address = format!("{PUBLIC}{address}");
    let changed = app
        .core
        .change_avatar(&caller.actor, incoming, &name, address.clone());
    changed.await.map_err(upload_refusal)?;
    said(address.clone(), address)
}

/// The bytes of a file as an answer.
async fn serve(method: &Method, headers: &HeaderMap, open: OpenFile) -> Result<Response, Refusal> {
    let OpenFile { file, bytes } = open;
    let content = FileContent {
        size: u64::try_from(file.size).unwrap_or(0),
        name: file.name,
        media_type: file.content_type,
        tag: file.sha256,
        cache: if file.public {
            FileCache::Public
        } else {
            FileCache::Private
        },
    };
    let response = file_response(method, headers, content, |range| bytes.read(range)).await;
    response.map_err(|error| Error::new(ErrorKind::Unavailable, error.to_string()).into())
}

/// Bytes that are not there, or not for the caller, are the one case of HTTP 404 beside unknown paths (decision 12).
fn no_bytes(error: Error) -> Refusal {
    let refusal = Refusal::from(error);
    if refusal.code == 404 {
        Refusal::new(StatusCode::NOT_FOUND, 404, refusal.msg)
    } else {
        refusal
    }
}

async fn serve_private(
    app: &App,
    caller: &Caller,
    method: &Method,
    headers: &HeaderMap,
    which: FileRef,
) -> Result<Response, Refusal> {
    let open = app.core.open_file(&caller.actor, which).await.map_err(no_bytes)?;
    let file_id = open.file.id;
    let response = serve(method, headers, open).await?;
    // Parts are fetched by players that jump about: only a whole file counts.
    if method == Method::GET && response.status() == StatusCode::OK {
        let counted = app.core.execute(&caller.actor, CountDownload { file_id }).await;
        if let Err(error) = counted {
            tracing::debug!(%error, file_id, "a download was not counted");
        }
    }
    Ok(response)
}

pub(crate) async fn download(
    State(app): State<App>,
    caller: Caller,
    method: Method,
    headers: HeaderMap,
    Id(id): Id,
) -> Result<Response, Refusal> {
    serve_private(&app, &caller, &method, &headers, FileRef::Id(id)).await
}

/// The file of a query.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DownloadQuery {
    #[serde(deserialize_with = "int")]
    file_id: Option<i64>,
    #[serde(deserialize_with = "int")]
    id: Option<i64>,
}

pub(crate) async fn download_by_query(
    State(app): State<App>,
    caller: Caller,
    method: Method,
    headers: HeaderMap,
    Input(query): Input<DownloadQuery>,
) -> Result<Response, Refusal> {
    let id = query.file_id.or(query.id);
    let id = id.ok_or_else(|| Refusal::bad("参数校验失败：缺少fileId"))?;
    serve_private(&app, &caller, &method, &headers, FileRef::Id(id)).await
}

/// The last part of the path names the file; type and date before it are for people.
pub(crate) async fn download_by_path(
    State(app): State<App>,
    caller: Caller,
    method: Method,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Refusal> {
    let name = request.uri().path().rsplit('/').next().unwrap_or_default();
    let which = FileRef::Key(key_of(name).to_owned());
    serve_private(&app, &caller, &method, &headers, which).await
}

pub(crate) async fn public_file(
    State(app): State<App>,
    method: Method,
    headers: HeaderMap,
    Name(path): Name,
) -> Result<Response, Refusal> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let open = app.core.open_public_file(key_of(name)).await.map_err(no_bytes)?;
    serve(&method, &headers, open).await
}

pub(crate) async fn default_picture(Name(name): Name) -> Result<Response, Refusal> {
    let found = DEFAULT_PICTURES.iter().find(|(known, _)| *known == name);
    let (_, bytes) = found.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, 404, "文件不存在"))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/png")),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=86400"),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ];
    Ok((headers, *bytes).into_response())
}

pub(crate) async fn details(State(app): State<App>, caller: Caller, Id(id): Id) -> Answer<WireFile> {
    let query = FileByRef {
        file: FileRef::Id(id),
    };
    let view = app.core.query(&caller.actor, query).await?;
    data(WireFile::new(&view, &app.options.time_zone))
}

/// The address of a file; the original put it into `msg` by mistake, and clients look there too.
pub(crate) async fn preview(State(app): State<App>, caller: Caller, Id(id): Id) -> Answer<String> {
    let query = FileByRef {
        file: FileRef::Id(id),
    };
    let view = app.core.query(&caller.actor, query).await?;
    let address = url(&view.file, &app.options.time_zone);
    said(address.clone(), address)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ListInput {
    #[serde(deserialize_with = "text")]
    file_type: Option<String>,
    #[serde(deserialize_with = "int")]
    last_id: Option<i64>,
    #[serde(deserialize_with = "int")]
    limit: Option<i64>,
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<ListInput>,
) -> Answer<Vec<WireFile>> {
    let kind = input.file_type.unwrap_or_default().to_ascii_lowercase();
    let category = match kind.as_str() {
        "" | "all" => None,
        word => {
            let known = Category::ALL
                .into_iter()
                .find(|category| category.as_str() == word);
            Some(known.ok_or_else(|| Refusal::bad("fileType可选值：image、video、audio、document、other"))?)
        }
    };
    let query = OwnFiles {
        category,
        before: input.last_id.filter(|id| *id > 0),
        limit: input.limit.unwrap_or(PAGE_DEFAULT).max(1),
    };
    let files = app.core.query(&caller.actor, query).await?;
    let zone = &app.options.time_zone;
    data(files.iter().map(|view| WireFile::new(view, zone)).collect())
}

pub(crate) async fn statistics(State(app): State<App>, caller: Caller) -> Answer<WireTotals> {
    let zone = &app.options.time_zone;
    let now = jiff::Timestamp::from_microsecond(app.core.now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let today = zone.to_datetime(now).date();
    let into_week = i64::from(today.weekday().to_monday_zero_offset());
    let monday = today.checked_sub(into_week.days()).unwrap_or(today);
    let midnight = |date: jiff::civil::Date| {
        let start: DateTime = date.to_datetime(Time::midnight());
        zone.to_timestamp(start)
            .map_or(0, jiff::Timestamp::as_microsecond)
    };
    let since = vec![
        midnight(today),
        midnight(monday),
        midnight(today.first_of_month()),
    ];
    let totals = app.core.query(&caller.actor, FileStatistics { since }).await?;
    data(WireTotals::new(&totals))
}

pub(crate) async fn delete(State(app): State<App>, caller: Caller, Id(id): Id) -> Answer<()> {
    app.core.delete_files(&caller.actor, vec![id]).await?;
    done("删除成功")
}

/// Files to delete: a bare array, or under one of the names that clients use.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DeleteBody {
    #[serde(rename = "[]", deserialize_with = "ids")]
    bare: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    file_ids: Option<Vec<i64>>,
    #[serde(deserialize_with = "ids")]
    ids: Option<Vec<i64>>,
}

pub(crate) async fn delete_batch(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<DeleteBody>,
) -> Answer<()> {
    let ids = body.bare.or(body.file_ids).or(body.ids).unwrap_or_default();
    if ids.is_empty() {
        return Err(Refusal::bad("参数校验失败：缺少fileIds"));
    }
    app.core.delete_files(&caller.actor, ids).await?;
    done("删除成功")
}
