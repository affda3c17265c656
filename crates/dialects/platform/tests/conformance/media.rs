//! Files of messages: uploads, and the links that fetch them.

use parlance_core::Limits;
use parlance_core::files::{FileLink, storage_key};
use parlance_testkit::multipart::{Form, Part};
use parlance_testkit::{Answer, Http};
use serde_json::{Value, json};

use crate::people::{House, Person, ok, refused, wrong_fields};

const UPLOAD: &str = "/api/v1/messages/upload";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and the rest of a picture";
const BAD_LINK: &str = "This link is not valid, or no longer";

pub fn form(name: &str, bytes: &[u8]) -> Form {
    Form::new().part("file", Part::bytes(bytes.to_vec()).file_name(name.to_owned()))
}

async fn post(http: &Http, form: Form) -> Answer {
    http.fetch(http.request("POST", UPLOAD).multipart(form)).await
}

/// Uploads a file and gives the answer.
pub async fn upload(person: &Person, name: &str, bytes: &[u8]) -> Value {
    ok(post(&person.http, form(name, bytes)).await)
}

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().expect("a text")
}

#[tokio::test]
async fn an_upload_is_answered_with_its_key_and_a_link() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let file = upload(&alice, "猫 cat.PNG", PNG).await;
    let key = text(&file, "key");
    assert!(storage_key(key).is_some() && key.ends_with(".png"), "{key}");
    let expected = json!({
        "key": key, "url": file["url"], "filename": "猫 cat.PNG", "content_type": "image/png", "size": PNG.len(),
    });
    assert_eq!(file, expected);
    assert!(text(&file, "url").starts_with(&format!("/api/v1/messages/media/{key}?expires=")));
    assert_eq!(upload(&alice, "", b"").await["size"], 0);
    house.server.stop().await;
}

#[tokio::test]
async fn an_upload_needs_a_person_and_a_file() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let nobody = post(&house.stranger(), form("a.png", PNG)).await;
    refused(&nobody, 401, "Not authenticated");
    let missing =
        json!([{ "type": "missing", "loc": ["body", "file"], "msg": "Field required", "input": null }]);
    wrong_fields(&post(&alice.http, Form::new()).await, missing.clone());
    let elsewhere = Form::new().part("files", Part::bytes(PNG).file_name("a.png"));
    wrong_fields(&post(&alice.http, elsewhere).await, missing.clone());
    wrong_fields(
        &alice.http.post(UPLOAD, json!({ "file": "x" })).await,
        missing.clone(),
    );
    let empty = alice.http.request("POST", UPLOAD);
    wrong_fields(&alice.http.fetch(empty).await, missing);
    let no_file = json!([{
        "type": "value_error", "loc": ["body", "file"], "input": "no file", "ctx": { "error": {} },
        "msg": "Value error, Expected UploadFile, received: <class 'str'>",
    }]);
    wrong_fields(
        &post(&alice.http, Form::new().text("file", "no file")).await,
        no_file,
    );
    let cut_off = alice
        .http
        .request("POST", UPLOAD)
        .header("content-type", "multipart/form-data; boundary=X")
        .body("--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhalf");
    assert_eq!(alice.http.fetch(cut_off).await.status, 422);
    house.server.stop().await;
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused_however_it_is_sent() {
    let limits = Limits {
        upload_bytes_max: 1000,
        ..Limits::default()
    };
    let house = House::with_limits(limits).await;
    let alice = house.person("alice").await;
    upload(&alice, "a.bin", &[7; 1000]).await;
    refused(
        &post(&alice.http, form("a.bin", &[7; 1001])).await,
        413,
        "The content is too large",
    );
    let announced = post(&alice.http, form("a.bin", &[7; 100_000])).await;
    refused(&announced, 413, "Request body is too large");
    house.server.stop().await;
}

#[tokio::test]
async fn a_link_works_without_a_token() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let file = upload(&alice, "猫 cat.PNG", PNG).await;
    let stranger = house.stranger();
    let got = stranger.get(text(&file, "url")).await;
    assert_eq!((got.status, got.bytes.as_slice()), (200, PNG));
    for (name, value) in [
        ("content-type", "image/png"),
        (
            "content-disposition",
            "inline; filename=\"_ cat.PNG\"; filename*=UTF-8''%E7%8C%AB%20cat.PNG",
        ),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("referrer-policy", "no-referrer"),
        ("accept-ranges", "bytes"),
        ("cache-control", "private, no-cache"),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    let head = stranger.fetch(stranger.request("HEAD", text(&file, "url"))).await;
    assert_eq!((head.status, head.bytes.len()), (200, 0));
    assert_eq!(head.header("content-length"), PNG.len().to_string());
    for (range, status, bytes) in [("bytes=1-3", 206, &PNG[1..4]), ("bytes=999-", 416, b"")] {
        let request = stranger.request("GET", text(&file, "url")).header("range", range);
        let part = stranger.fetch(request).await;
        assert_eq!((part.status, part.bytes.as_slice()), (status, bytes));
    }
    let known = stranger
        .request("GET", text(&file, "url"))
        .header("if-none-match", got.header("etag"));
    assert_eq!(stranger.fetch(known).await.status, 304);
    house.server.stop().await;
}

#[tokio::test]
async fn a_link_that_is_not_ours_opens_nothing() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let (file, other) = (
        upload(&alice, "a.png", PNG).await,
        upload(&alice, "b.png", PNG).await,
    );
    let url = text(&file, "url");
    let (path, query) = url.split_once('?').expect("a query");
    let (expires, signature) = query.split_once("&signature=").expect("a signature");
    let turned: String = signature.chars().rev().collect();
    for changed in [
        path.to_owned(),
        format!("{path}?{expires}"),
        format!("{path}?signature={signature}"),
        format!("{path}?{expires}0&signature={signature}"),
        format!("{path}?expires=&signature={signature}"),
        format!("{path}?expires=9999999999999999999999&signature={signature}"),
        format!("{path}?{expires}&signature={turned}"),
        format!("{path}?{expires}&signature=%00%F0%9F%98%80"),
        url.replace(text(&file, "key"), text(&other, "key")),
        url.replace(".png?", ".html?"),
        url.replace(text(&file, "key"), "..%2F..%2Fsecrets.toml"),
        url.replace(text(&file, "key"), &"x".repeat(10_000)),
    ] {
        refused(&house.stranger().get(&changed).await, 403, BAD_LINK);
    }
    // Not even the owner's token helps a link.
    refused(&alice.http.get(path).await, 403, BAD_LINK);
    house.server.clock.advance_seconds(3600);
    refused(&house.stranger().get(url).await, 403, BAD_LINK);
    house.server.stop().await;
}

#[tokio::test]
async fn uploaded_pages_are_never_shown_as_such() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    for (name, bytes) in [
        ("a.html", &b"<html><script>alert(1)</script>"[..]),
        (
            "a.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        ),
        ("a.png", b"<html><script>alert(1)</script>"),
        ("a.xml", b"<?xml version='1.0'?><x/>"),
    ] {
        let file = upload(&alice, name, bytes).await;
        assert_eq!(file["content_type"], "application/octet-stream");
        let got = house.stranger().get(text(&file, "url")).await;
        assert_eq!((got.status, got.bytes.as_slice()), (200, bytes));
        assert_eq!(got.header("content-type"), "application/octet-stream", "{name}");
        assert!(got.header("content-disposition").starts_with("attachment; "));
        assert_eq!(got.header("x-content-type-options"), "nosniff");
    }
    house.server.stop().await;
}

#[tokio::test]
async fn a_link_to_a_file_that_is_gone_finds_nothing() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let file = upload(&alice, "a.png", PNG).await;
    std::fs::remove_dir_all(house.server.directory.path().join("files").join("kept")).expect("kept files");
    refused(
        &house.stranger().get(text(&file, "url")).await,
        404,
        "File not found",
    );
    let never = format!("{}.png", "f".repeat(32));
    let Some(FileLink::Own {
        expires_at,
        signature,
    }) = house.server.core.file_link(&never)
    else {
        panic!("a link of our own");
    };
    let url = format!("/api/v1/messages/media/{never}?expires={expires_at}&signature={signature}");
    refused(&house.stranger().get(&url).await, 404, "File not found");
    house.server.stop().await;
}
