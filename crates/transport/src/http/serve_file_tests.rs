//! Files as they are answered: ranges, conditions, and what is said about hostile bytes.

use futures_util::stream;
use http_body_util::BodyExt;

use super::*;

/// What the readers of these tests give at a time.
const PIECE_BYTES: usize = 1000;

async fn answer(
    method: Method,
    headers: &[(HeaderName, &str)],
    bytes: &[u8],
    name: &str,
    media_type: &str,
) -> Response {
    let whole = Bytes::copy_from_slice(bytes);
    let read = async |range: Range<u64>| {
        let part = whole.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap());
        let pieces: Vec<_> = part
            .chunks(PIECE_BYTES)
            .map(Bytes::copy_from_slice)
            .map(Ok)
            .collect();
        Ok(stream::iter(pieces))
    };
    let content = FileContent {
        size: bytes.len() as u64,
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        tag: "abc".to_owned(),
        cache: FileCache::Private,
    };
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(name, value.parse().unwrap());
    }
    file_response(&method, &map, content, read).await.unwrap()
}

async fn get(headers: &[(HeaderName, &str)], bytes: &[u8]) -> (StatusCode, Option<String>, Vec<u8>) {
    let response = answer(Method::GET, headers, bytes, "a.bin", BYTES).await;
    let range = response.headers().get(header::CONTENT_RANGE).cloned();
    let status = response.status();
    let length = response.headers().get(header::CONTENT_LENGTH).cloned();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    if let Some(length) = length {
        assert_eq!(length.to_str().unwrap(), body.len().to_string());
    }
    (
        status,
        range.map(|range| range.to_str().unwrap().to_owned()),
        body.into(),
    )
}

#[tokio::test]
async fn one_range_is_answered_with_that_part() {
    for (range, status, told, body) in [
        ("bytes=0-0", 206, Some("bytes 0-0/10"), "0"),
        ("bytes=2-4", 206, Some("bytes 2-4/10"), "234"),
        ("bytes=7-", 206, Some("bytes 7-9/10"), "789"),
        ("bytes=-3", 206, Some("bytes 7-9/10"), "789"),
        ("bytes=-99", 206, Some("bytes 0-9/10"), "0123456789"),
        (
            "bytes=5-99999999999999999999999",
            206,
            Some("bytes 5-9/10"),
            "56789",
        ),
        ("bytes=10-", 416, Some("bytes */10"), ""),
        ("bytes=-0", 416, Some("bytes */10"), ""),
        ("bytes=4-2", 200, None, "0123456789"),
        ("bytes=0-1,4-5", 200, None, "0123456789"),
        ("bytes=+1-2", 200, None, "0123456789"),
        ("lines=1-2", 200, None, "0123456789"),
        ("bytes=", 200, None, "0123456789"),
    ] {
        let (got, range_told, bytes) = get(&[(header::RANGE, range)], b"0123456789").await;
        assert_eq!(got.as_u16(), status, "{range}");
        assert_eq!(range_told.as_deref(), told, "{range}");
        assert_eq!(bytes, body.as_bytes(), "{range}");
    }
}

#[tokio::test]
async fn a_large_file_comes_whole_and_an_empty_one_too() {
    let large: Vec<u8> = (0..PIECE_BYTES * 3 + 7).map(|n| (n % 251) as u8).collect();
    assert_eq!(get(&[], &large).await.2, large);
    let (status, _, body) = get(&[], b"").await;
    assert_eq!((status, body.len()), (StatusCode::OK, 0));
    let (status, told, _) = get(&[(header::RANGE, "bytes=0-")], b"").await;
    assert_eq!((status.as_u16(), told.as_deref()), (416, Some("bytes */0")));
}

#[tokio::test]
async fn who_has_the_bytes_is_not_sent_them() {
    for tags in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
        let (status, _, body) = get(&[(header::IF_NONE_MATCH, tags)], b"0123").await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0), "{tags}");
    }
    let (status, ..) = get(&[(header::IF_NONE_MATCH, "\"other\"")], b"0123").await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_range_of_other_bytes_gets_the_whole() {
    let range = (header::RANGE, "bytes=1-2");
    let (status, ..) = get(&[range.clone(), (header::IF_RANGE, "\"abc\"")], b"0123").await;
    assert_eq!(status, StatusCode::PARTIAL_CONTENT);
    let (status, ..) = get(&[range, (header::IF_RANGE, "\"old\"")], b"0123").await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_head_has_the_length_and_no_body() {
    let range = [(header::RANGE, "bytes=1-2")];
    let response = answer(Method::HEAD, &range, b"0123", "a", BYTES).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_LENGTH], "4");
    assert!(
        response
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .is_empty()
    );
}

#[tokio::test]
async fn active_types_are_saved_and_never_run() {
    for active in [
        "text/html",
        "image/svg+xml",
        "text/xml",
        "application/xhtml+xml",
        "text/javascript",
        "",
        "a\nb",
    ] {
        let response = answer(Method::GET, &[], b"<script>", "x.html", active).await;
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], BYTES, "{active}");
        let disposition = headers[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert!(disposition.starts_with("attachment; "), "{active}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(
            headers[header::CONTENT_SECURITY_POLICY],
            "sandbox; default-src 'none'"
        );
    }
    for inert in ["image/png", "video/mp4", "audio/ogg", "application/pdf"] {
        let response = answer(Method::GET, &[], b"x", "x", inert).await;
        assert_eq!(response.headers()[header::CONTENT_TYPE], inert);
        let disposition = response.headers()[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert!(disposition.starts_with("inline; "), "{inert}");
    }
}

#[test]
fn any_name_fits_into_the_header() {
    assert_eq!(
        disposition("inline", "a \"b\"\r\nX: 照片.png"),
        "inline; filename=\"a _b___X_ __.png\"; \
         filename*=UTF-8''a%20%22b%22%0D%0AX%3A%20%E7%85%A7%E7%89%87.png"
    );
}
