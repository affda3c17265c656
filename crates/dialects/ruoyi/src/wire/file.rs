//! Files and uploads as the clients read them, and the addresses under which files are served (B7).
//!
//! Servers and clients of this dialect disagree about names, so an object carries both of each pair.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use parlance_core::files::extension;
use parlance_core::query::FileTotals;
use parlance_core::types::{FileRef, FileView, StoredFile, UploadView};
use serde::Serialize;
use serde_json::Value;

use crate::wire::time::local;

/// Where private files are served, for those who may open them.
pub(crate) const DOWNLOAD: &str = "/api/im/file/download/";
/// Where public files are served.
pub(crate) const PUBLIC: &str = "/uploads/";
/// Where a file's address is asked for.
const PREVIEW: &str = "/api/im/file/preview/";
/// Extension of a file that has none.
const NO_EXTENSION: &str = "bin";
/// Texts in a message's content that are looked at for addresses of files.
const ADDRESSES_MAX: usize = 20;

/// A file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireFile {
    id: i64,
    file_id: i64,
    file_name: String,
    file_size: i64,
    file_type: String,
    file_extension: String,
    file_path: String,
    file_url: String,
    url: String,
    uploader_id: i64,
    uploader_name: String,
    upload_time: String,
    download_count: i64,
    deleted: bool,
}

impl WireFile {
    pub(crate) fn new(view: &FileView, zone: &TimeZone) -> Self {
        let file = &view.file;
        let path = path(
            &file.category,
            &file.storage_key,
            &file.name,
            file.created_at,
            zone,
        );
        let base = if file.public { PUBLIC } else { DOWNLOAD };
        let url = format!("{base}{path}");
        Self {
            id: file.id,
            file_id: file.id,
            file_name: file.name.clone(),
            file_size: file.size,
            file_type: file.category.clone(),
            file_extension: extension(&file.name).unwrap_or_default(),
            file_path: path,
            file_url: url.clone(),
            url,
            uploader_id: file.owner_id,
            uploader_name: view
                .owner
                .as_ref()
                .map(|card| card.name.clone())
                .unwrap_or_default(),
            upload_time: local(file.created_at, zone),
            download_count: file.downloads,
            deleted: file.deleted_at.is_some(),
        }
    }
}

/// `{type}/{y}/{m}/{d}/{name}`; the name alone finds the file again.
pub(crate) fn path(category: &str, storage_key: &str, name: &str, at: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    let date = zone.to_datetime(at);
    let (year, month, day) = (date.year(), date.month(), date.day());
    let ending = extension(name);
    let ending = ending.as_deref().unwrap_or(NO_EXTENSION);
    format!("{category}/{year:04}/{month:02}/{day:02}/{storage_key}.{ending}")
}

/// Where the file is served.
pub(crate) fn url(file: &StoredFile, zone: &TimeZone) -> String {
    let path = path(
        &file.category,
        &file.storage_key,
        &file.name,
        file.created_at,
        zone,
    );
    format!("{}{path}", if file.public { PUBLIC } else { DOWNLOAD })
}

/// The storage key in the last part of an address.
pub(crate) fn key_of(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

/// The files that the content of a message names: by number, or by an address of ours, whatever host stands before
/// it. Only media messages name files; in any other, a number may mean anything.
pub(crate) fn named_in(content_type: &str, content: &str) -> Vec<FileRef> {
    if !matches!(content_type, "IMAGE" | "FILE" | "VIDEO" | "VOICE" | "AUDIO") {
        return Vec::new();
    }
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(content) else {
        return named_by(content).into_iter().collect();
    };
    let number = |name: &str| match fields.get(name)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let id = number("fileId").or_else(|| number("id"));
    let addresses = fields.values().filter_map(Value::as_str).take(ADDRESSES_MAX);
    let named = addresses.filter_map(named_by);
    id.map(FileRef::Id).into_iter().chain(named).collect()
}

/// The file that an address leads to, if it is one of ours.
fn named_by(address: &str) -> Option<FileRef> {
    let address = address.trim();
    let (path, query) = address.split_once(['?', '#']).unwrap_or((address, ""));
    let rest = [DOWNLOAD, PREVIEW]
        .iter()
        .find_map(|base| path.split_once(base))
        .map(|(_, rest)| rest);
    let Some(rest) = rest else {
        let by_query = path.ends_with(DOWNLOAD.trim_end_matches('/'));
        let id = query.split('&').find_map(|pair| pair.strip_prefix("fileId="));
        return id.filter(|_| by_query)?.parse().ok().map(FileRef::Id);
    };
    let last = rest.rsplit('/').next()?;
    if let Ok(id) = rest.parse() {
        return Some(FileRef::Id(id));
    }
    Some(FileRef::Key(key_of(last).to_owned()))
}

/// An upload in parts.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireUpload {
    upload_id: String,
    total_chunks: i64,
    chunk_size: i64,
    uploaded_chunks: Vec<i64>,
    need_upload: bool,
    status: &'static str,
    expire_time: String,
    file_id: Option<i64>,
    file_url: Option<String>,
    file: Option<WireFile>,
}

impl WireUpload {
    pub(crate) fn new(view: UploadView, zone: &TimeZone) -> Self {
        let status = match (view.is_finished(), view.is_paused()) {
            (true, _) => "COMPLETED",
            (false, true) => "PAUSED",
            (false, false) => "UPLOADING",
        };
        let file = view.file.as_ref();
        Self {
            total_chunks: view.upload.chunks(),
            chunk_size: view.upload.chunk_size,
            need_upload: !view.is_finished(),
            status,
            expire_time: local(view.upload.expires_at, zone),
            file_id: file.map(|view| view.file.id),
            file_url: file.map(|view| url(&view.file, zone)),
            file: file.map(|view| WireFile::new(view, zone)),
            uploaded_chunks: view.chunks,
            upload_id: view.upload.id,
        }
    }
}

/// What somebody's files come to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireTotals {
    total_files: i64,
    total_storage: i64,
    total_downloads: i64,
    today_uploads: i64,
    week_uploads: i64,
    month_uploads: i64,
    type_stats: Vec<WireTypeTotal>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireTypeTotal {
    file_type: &'static str,
    count: i64,
    total_size: i64,
}

impl WireTotals {
    /// `totals` has counted since the beginning of the day, of the week and of the month.
    pub(crate) fn new(totals: &FileTotals) -> Self {
        let since = |index: usize| totals.since.get(index).copied().unwrap_or(0);
        let categories = &totals.categories;
        Self {
            total_files: categories.iter().map(|total| total.files).sum(),
            total_storage: categories.iter().map(|total| total.bytes).sum(),
            total_downloads: categories.iter().map(|total| total.downloads).sum(),
            today_uploads: since(0),
            week_uploads: since(1),
            month_uploads: since(2),
            type_stats: categories
                .iter()
                .map(|total| WireTypeTotal {
                    file_type: total.category.as_str(),
                    count: total.files,
                    total_size: total.bytes,
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: &str) -> Vec<FileRef> {
        vec![FileRef::Key(key.into())]
    }

    #[test]
    fn media_content_names_files_in_every_form_that_clients_use() {
        for (content, files) in [
            (r#"{"fileId":7,"imageUrl":"/other"}"#, vec![FileRef::Id(7)]),
            (r#"{"id":"8"}"#, vec![FileRef::Id(8)]),
            ("/api/im/file/download/image/2026/01/09/abc.png", key("abc")),
            (
                "http://host:1/api/im/file/download/image/2026/01/09/abc.png?token=x",
                key("abc"),
            ),
            ("/api/im/file/download/9?token=x", vec![FileRef::Id(9)]),
            ("/api/im/file/download?fileId=10", vec![FileRef::Id(10)]),
            ("/api/im/file/preview/11", vec![FileRef::Id(11)]),
            (
                r#"{"videoUrl":"/api/im/file/download/video/2026/01/09/abc.mp4"}"#,
                key("abc"),
            ),
            ("https://elsewhere.example/picture.png", vec![]),
            ("/elsewhere?fileId=3", vec![]),
            ("[1,2]", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(named_in("IMAGE", content), files, "{content}");
        }
        assert_eq!(
            named_in("CARD", r#"{"id":8}"#),
            [],
            "a card's number is no file's"
        );
        assert_eq!(named_in("TEXT", "/api/im/file/download/9"), []);
    }

    #[test]
    fn an_address_has_the_local_date_and_a_plain_name() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let at = 1_767_924_000_000_000;
        assert_eq!(
            path("image", "abc", "猫.PNG", at, &zone),
            "image/2026/01/09/abc.png"
        );
        assert_eq!(
            path("other", "abc", "no dot", at, &zone),
            "other/2026/01/09/abc.bin"
        );
    }
}
