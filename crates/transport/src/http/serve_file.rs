//! Answers a request for a file: whole or a range, streamed, and in a form that no browser runs.
//!
//! Uploaded bytes are hostile. A media type is told only when a browser shows it without running anything, all else
//! is saved to disk; and whatever is opened in a tab gets no script, no origin and no referrer. Who may open a file,
//! and what it is, is the core's business.

use std::io;
use std::ops::Range;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

/// Media types that browsers show without running anything of them. Pictures, sound and film by their family, so SVG
/// has to be kept out by name.
const INERT_FAMILIES: [&str; 3] = ["image/", "audio/", "video/"];
const ACTIVE_PICTURE: &str = "image/svg";
const INERT_DOCUMENT: &str = "application/pdf";
/// What everything else is served as.
const BYTES: &str = "application/octet-stream";

/// Who may keep a copy on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileCache {
    /// Only the caller, who asks each time whether it may still be shown.
    Private,
    /// Everybody, for ever: the address names these bytes and no others.
    Public,
}

/// A file to answer with.
#[derive(Debug)]
pub struct FileContent {
    /// How many bytes it has.
    pub size: u64,
    /// The name to save it under; any text.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// Changes whenever the bytes do; letters and digits.
    pub tag: String,
    /// Who may keep a copy.
    pub cache: FileCache,
}

/// Which bytes a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(Range<u64>),
    Beyond,
}

/// The answer to a GET or HEAD for a file: 200, 206, 304 or 416. `read` gives the bytes of a range, all of them or an
/// error; it is called at most once, and not for an empty range.
///
/// # Errors
/// When the file cannot be read from where the range begins.
pub async fn file_response<F, S>(
    method: &Method,
    headers: &HeaderMap,
    content: FileContent,
    read: impl FnOnce(Range<u64>) -> F,
) -> io::Result<Response>
where
    F: Future<Output = io::Result<S>>,
    S: Stream<Item = io::Result<Bytes>> + Send + 'static,
{
    let tag = format!("\"{}\"", content.tag);
    if is_known(headers, &tag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        describe(response.headers_mut(), &content, &tag);
        return Ok(response);
    }
    let asked = match *method {
        Method::GET => asked(headers, &tag, content.size),
        _ => Asked::Whole,
    };
    let mut response = Response::new(Body::empty());
    let size = content.size;
    let range = match asked {
        Asked::Whole => 0..size,
        Asked::Part(range) => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let told = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            set(response.headers_mut(), header::CONTENT_RANGE, &told);
            range
        }
        Asked::Beyond => {
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            set(
                response.headers_mut(),
                header::CONTENT_RANGE,
                &format!("bytes */{size}"),
            );
            0..0
        }
    };
    describe(response.headers_mut(), &content, &tag);
    let length = (range.end - range.start).to_string();
    set(response.headers_mut(), header::CONTENT_LENGTH, &length);
    if method == Method::GET && !range.is_empty() {
        *response.body_mut() = Body::from_stream(read(range).await?);
    }
    Ok(response)
}

/// How a file is served that is said to be of `media_type` and is called `name`: the media type that browsers are
/// told, and the disposition. Together they keep every browser from running any of it.
pub fn served_as<'a>(media_type: &'a str, name: &str) -> (&'a str, String) {
    let (media_type, manner) = if is_inert(media_type) {
        (media_type, "inline")
    } else {
        (BYTES, "attachment")
    };
    (media_type, disposition(manner, name))
}

/// Everything about a file but its length and range.
fn describe(headers: &mut HeaderMap, content: &FileContent, tag: &str) {
    let (media_type, disposition) = served_as(&content.media_type, &content.name);
    let cache = match content.cache {
        FileCache::Private => "private, no-cache",
        FileCache::Public => "public, max-age=31536000, immutable",
    };
    for (name, value) in [
        (header::CONTENT_TYPE, media_type),
        (header::ETAG, tag),
        (header::CACHE_CONTROL, cache),
        (header::ACCEPT_RANGES, "bytes"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
        // The address may carry a token.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_DISPOSITION, &disposition),
    ] {
        set(headers, name, value);
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // What is no header value (a media type or tag with control characters) is left out.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn is_inert(media_type: &str) -> bool {
    let shown = INERT_FAMILIES.iter().any(|family| media_type.starts_with(family));
    (shown && !media_type.starts_with(ACTIVE_PICTURE)) || media_type == INERT_DOCUMENT
}

/// The name twice (RFC 6266): in plain letters for old clients, and in full for the others.
fn disposition(manner: &str, name: &str) -> String {
    let plain = |c: char| {
        let kept = c.is_ascii_alphanumeric() || " .-_()".contains(c);
        if kept { c } else { '_' }
    };
    let ascii: String = name.chars().map(plain).collect();
    let mut full = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            full.push(char::from(byte));
        } else {
            full.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{manner}; filename=\"{ascii}\"; filename*=UTF-8''{full}")
}

/// Whether the caller says that it has these bytes already.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let mut values = headers.get_all(header::IF_NONE_MATCH).iter();
    values.any(|value| {
        let tags = value.to_str().unwrap_or_default().split(',').map(str::trim);
        let mut strong = tags.map(|known| known.strip_prefix("W/").unwrap_or(known));
        strong.any(|known| known == "*" || known == tag)
    })
}

/// Which bytes a GET asks for. What is not exactly one range of bytes is answered with the whole, as the standard
/// allows, and so is a range of other bytes than these.
fn asked(headers: &HeaderMap, tag: &str, size: u64) -> Asked {
    let other_bytes = headers
        .get(header::IF_RANGE)
        .is_some_and(|value| value.as_bytes() != tag.as_bytes());
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let Some(range) = range.filter(|_| !other_bytes) else {
        return Asked::Whole;
    };
    let bounds = range
        .strip_prefix("bytes=")
        .and_then(|range| range.trim().split_once('-'));
    match bounds {
        Some(("", length)) => match number(length) {
            Some(length) if length > 0 && size > 0 => Asked::Part(size.saturating_sub(length)..size),
            Some(_) => Asked::Beyond,
            None => Asked::Whole,
        },
        Some((first, last)) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => part(first, last, size),
            (Some(first), None) if last.is_empty() => part(first, u64::MAX, size),
            _ => Asked::Whole,
        },
        None => Asked::Whole,
    }
}

fn number(digits: &str) -> Option<u64> {
    // `parse` alone would take a plus sign.
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}

fn part(first: u64, last: u64, size: u64) -> Asked {
    if first >= size {
        return Asked::Beyond;
    }
    Asked::Part(first..last.saturating_add(1).min(size))
}

#[cfg(test)]
#[path = "serve_file_tests.rs"]
mod tests;
