//! Every route of the ledger against requests that no client should send: tokens that are none, bodies that are too
//! large or no JSON, odd queries, other methods, forwarded calls of internal routes. The server answers each time, in
//! the dialect's form, and never with a fault.

use std::collections::{BTreeMap, BTreeSet};

use parlance_dialect_gateway::ledger;
use parlance_testkit::{Answer, RawHttp, RawRequest};
use parlance_transport::http::route_table::LedgerRow;

use crate::people::{House, refused, refused_with};

/// Bytes of a body that is one too large.
const TOO_LARGE_BYTES: usize = 1024 * 1024 + 1;
/// Bytes that a body may announce, and no server should wait for.
const HUGE_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Methods that a path may be tried with.
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE"];

fn with_body<'a>(row: &'a LedgerRow, path: &'a str, token: &'a str, body: &'a [u8]) -> RawRequest<'a> {
    RawRequest {
        method: row.method,
        path,
        token: Some(token),
        headers: "Content-Type: application/json\r\n",
        body,
        announced: None,
    }
}

/// Sends, and checks that the answer is one of this dialect and no fault.
async fn call(http: &mut RawHttp, request: RawRequest<'_>) -> Answer {
    let answer = http.send(&request).await;
    let said = String::from_utf8_lossy(&answer.bytes);
    let path: String = request.path.chars().take(200).collect();
    let call = format!("{} {path}: {} {said}", request.method, answer.status);
    assert!((200..500).contains(&answer.status), "{call}");
    let code = answer.body["code"].as_i64();
    let fields: BTreeSet<&str> = answer
        .body
        .as_object()
        .map(|fields| fields.keys().map(String::as_str).collect())
        .unwrap_or_default();
    let second = if code == Some(0) { "data" } else { "error" };
    assert_eq!(fields, BTreeSet::from(["code", second]), "{call}");
    assert!(code != Some(0) || answer.status == 200, "{call}");
    answer
}

#[tokio::test]
async fn tokens_that_are_none() {
    let house = House::open().await;
    let good = house.person("ann").await.http.token().to_owned();
    let mut parts = good.split('.');
    let mut part = || parts.next().expect("three parts");
    let (head, claims, signature) = (part(), part(), part());
    let truncated = &good[..good.len() - 10];
    let backwards: String = signature.chars().rev().collect();
    let resigned = format!("{head}.{claims}.{backwards}");
    // {"alg":"none","typ":"JWT"}
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
    // {"sub":"admin","userId":1,"aud":"gateway"}
    let other = format!("{head}.eyJzdWIiOiJhZG1pbiIsInVzZXJJZCI6MSwiYXVkIjoiZ2F0ZXdheSJ9.{signature}");
    let tokens = [
        None,
        Some(""),
        Some("x"),
        Some("😀"),
        Some("a.b.c"),
        Some(truncated),
        Some(&*resigned),
        Some(&*unsigned),
        Some(&*other),
    ];
    let mut http = RawHttp::new(house.server.address);
    for row in ledger().iter().filter(|row| row.guard == "token") {
        for token in tokens {
            let request = RawRequest {
                token,
                ..with_body(row, row.path, "", b"{}")
            };
            refused(&call(&mut http, request).await, 10101);
            let query = format!("{}?token={}&protoc=ws", row.path, token.unwrap_or_default());
            if query.is_ascii() {
                let request = RawRequest {
                    token: None,
                    ..with_body(row, &query, "", b"{}")
                };
                refused(&call(&mut http, request).await, 10101);
            }
        }
    }
    house.server.stop().await;
}

#[tokio::test]
async fn bodies_that_are_too_large() {
    let house = House::open().await;
    let token = house.person("ann").await.http.token().to_owned();
    let mut http = RawHttp::new(house.server.address);
    let spaces = vec![b' '; TOO_LARGE_BYTES];
    let mut chunked = format!("{TOO_LARGE_BYTES:x}\r\n").into_bytes();
    chunked.extend_from_slice(&spaces);
    chunked.extend_from_slice(b"\r\n0\r\n\r\n");
    for row in &ledger() {
        // Nothing is sent after the head: an answer shows that the body was not waited for.
        let request = RawRequest {
            announced: Some(HUGE_BYTES),
            ..with_body(row, row.path, &token, b"")
        };
        refused_with(&call(&mut http, request).await, 413, 10002);
    }
    let post = ledger();
    let post = post
        .iter()
        .find(|row| row.path == "/inner/get_token")
        .expect("a route");
    refused_with(
        &call(&mut http, with_body(post, post.path, &token, &spaces)).await,
        413,
        10002,
    );
    let request = RawRequest {
        headers: "Transfer-Encoding: chunked\r\n",
        ..with_body(post, post.path, &token, &chunked)
    };
    refused_with(&call(&mut http, request).await, 413, 10002);
    house.server.stop().await;
}

#[tokio::test]
async fn bodies_that_are_no_json_object() {
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let deep_object = format!("{}1{}", "{\"content\":".repeat(500), "}".repeat(500));
    let odd: [&[u8]; 17] = [
        b"",
        b" ",
        b"{",
        b"null",
        b"[]",
        b"7",
        b"\"text\"",
        b"true",
        b"{}{}",
        b"{'a':1}",
        b"{\"a\":1,}",
        b"1e400",
        b"\xff\xfe\x00",
        b"{\"content\":\"\xff\xfe\"}",
        b"\xef\xbb\xbf{}",
        deep.as_bytes(),
        deep_object.as_bytes(),
    ];
    let house = House::open().await;
    let token = house.person("ann").await.http.token().to_owned();
    let mut http = RawHttp::new(house.server.address);
    // What needs no field may need no body either.
    let needs_body = |row: &&LedgerRow| row.method == "POST" && row.path != "/get_joined_conversation";
    for row in ledger().iter().filter(needs_body) {
        for body in odd {
            let answer = call(&mut http, with_body(row, row.path, &token, body)).await;
            refused(&answer, 10001);
        }
    }
    house.server.stop().await;
}

#[tokio::test]
async fn the_content_type_does_not_matter() {
    let house = House::open().await;
    let mut http = RawHttp::new(house.server.address);
    for headers in [
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: \u{a0}\r\n",
        "Content-Type: application/json; charset=gbk\r\n",
    ] {
        let request = RawRequest {
            method: "POST",
            path: "/inner/get_token",
            headers,
            body: br#"{"session":"ann","platform":1}"#,
            ..RawRequest::default()
        };
        assert_eq!(call(&mut http, request).await.body["code"], 0, "{headers}");
    }
    house.server.stop().await;
}

#[tokio::test]
async fn queries_that_are_odd() {
    let long = format!("?a={}", "%E4%BD%A0".repeat(1_000));
    let odd = [
        "?",
        "?&&==&=",
        "?%00=%00",
        "?%ff=1",
        "?token=%ff",
        "?protoc=%ff",
        "?protoc=a&protoc=b",
        "?protoc",
        "?[]=1",
        "?%5B%5D=%5B%5D",
        "?last_msg_id=%00",
        "?last_event_id=x&protoc=%00",
        &long,
    ];
    let house = House::open().await;
    let token = house.person("ann").await.http.token().to_owned();
    let mut http = RawHttp::new(house.server.address);
    for row in &ledger() {
        for query in odd {
            let path = format!("{}{query}", row.path);
            call(&mut http, with_body(row, &path, &token, b"{}")).await;
        }
    }
    house.server.stop().await;
}

#[tokio::test]
async fn other_methods_are_405() {
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in ledger() {
        known.entry(row.path).or_default().insert(row.method);
    }
    let house = House::open().await;
    let token = house.person("ann").await.http.token().to_owned();
    let mut http = RawHttp::new(house.server.address);
    for (path, methods) in known {
        for method in METHODS.iter().filter(|method| !methods.contains(**method)) {
            let request = RawRequest {
                method,
                path,
                token: Some(&token),
                ..RawRequest::default()
            };
            refused_with(&call(&mut http, request).await, 405, 10001);
        }
    }
    house.server.stop().await;
}

#[tokio::test]
async fn internal_routes_are_closed_to_forwarded_calls_whatever_else_they_bring() {
    let house = House::open().await;
    let token = house.person("ann").await.http.token().to_owned();
    let mut http = RawHttp::new(house.server.address);
    for row in ledger().iter().filter(|row| row.guard == "inner") {
        for headers in [
            "X-Forwarded-For: 127.0.0.1\r\n",
            "X-Forwarded-For: ::1\r\nX-Forwarded-For: 127.0.0.1\r\n",
            "x-forwarded-for: \r\n",
            "Forwarded: for=127.0.0.1;proto=https\r\n",
            "Forwarded: for=\"[::1]:80\"\r\n",
            "X-Real-IP: 127.0.0.1\r\n",
            "X-Real-IP: localhost\r\nX-Internal-Token: \r\n",
        ] {
            for body in [&b"{}"[..], b"no json"] {
                let request = RawRequest {
                    headers,
                    ..with_body(row, row.path, &token, body)
                };
                refused(&call(&mut http, request).await, 10003);
            }
        }
    }
    house.server.stop().await;
}

/// What is no HTTP ends with the connection, not with the server.
#[tokio::test]
async fn bytes_that_are_no_http() {
    let house = House::open().await;
    for path in ["/notify\u{0}", "/ /x", "no-slash", "/\u{7f}"] {
        let request = RawRequest {
            method: "GET",
            path,
            ..RawRequest::default()
        };
        let answer = RawHttp::new(house.server.address).send(&request).await;
        assert!((400..500).contains(&answer.status), "{path:?} {answer:?}");
    }
    house.person("ann").await;
    house.server.stop().await;
}
