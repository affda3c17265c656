//! Every route against what no client should send: odd ids, odd bodies, odd queries, bodies that are too large, tokens
//! that are none. What a route takes is read from the API document, so that a new route is tried as soon as it is
//! there. The server answers each time, in the dialect's form, and never with a fault.

use parlance_core::Limits;
use parlance_dialect_platform::ledger;
use parlance_testkit::{Answer, RawHttp, RawRequest, odd_texts, odd_values};
use parlance_transport::http::route_table::LedgerRow;
use serde_json::{Map, Value, json};

use crate::people::{House, Person, ok};

/// Bytes of a body that is one too large.
const TOO_LARGE_BYTES: usize = 1024 * 1024 + 1;
/// A length that nobody waits for.
const HUGE_BYTES: u64 = 2 * 1024 * 1024 * 1024;
const JSON: &str = "Content-Type: application/json\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const MULTIPART: &str = "Content-Type: multipart/form-data; boundary=x\r\n";

/// A route with what it takes, from the document.
struct Taken {
    row: LedgerRow,
    query: Vec<String>,
    headers: Vec<String>,
    body: Map<String, Value>,
}

/// A server where passwords may be guessed for ever, since the battery calls the log-in too, with somebody who may do
/// everything and somebody whom it is done to.
struct World {
    house: House,
    http: RawHttp,
    admin: Person,
    peer: Person,
    routes: Vec<Taken>,
}

impl World {
    async fn open() -> Self {
        let limits = Limits {
            logins_failed_per_minute: 1_000_000,
            ..Limits::default()
        };
        let house = House::with_limits(limits).await;
        let (admin, peer) = (house.administrator("root").await, house.person("peer").await);
        let document = ok(house.stranger().get("/api/v1/openapi.json").await);
        let routes: Vec<Taken> = ledger()
            .into_iter()
            .map(|row| Taken::new(row, &document))
            .collect();
        assert!(routes.len() > 13, "{}", routes.len());
        Self {
            http: RawHttp::new(house.server.address),
            house,
            admin,
            peer,
            routes,
        }
    }

    /// Somebody who has not been deleted, disabled or renamed by what was tried before.
    async fn renew(&mut self, number: usize) {
        self.admin = self.house.administrator(&format!("root{number}")).await;
        self.peer = self.house.person(&format!("peer{number}")).await;
    }

    /// Sends and judges. Without a token of its own the request is the administrator's.
    async fn call(&mut self, request: RawRequest<'_>) -> Answer {
        let answer = self.http.send(&request).await;
        let body = String::from_utf8_lossy(&request.body[..request.body.len().min(200)]).into_owned();
        let path = &request.path[..request.path.len().min(200)];
        judge(
            &answer,
            &format!("{} {path} {}{body}", request.method, request.headers),
        );
        answer
    }
}

impl Taken {
    fn new(row: LedgerRow, document: &Value) -> Self {
        let operation = &document["paths"][row.path][row.method.to_lowercase()];
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let of = |place: &str| {
            let here = parameters.iter().filter(|parameter| parameter["in"] == place);
            let names = here.map(|parameter| parameter["name"].as_str().expect("a name").to_owned());
            names.collect::<Vec<String>>()
        };
        let content = operation["requestBody"]["content"].as_object();
        let body = content
            .and_then(|content| content.values().next())
            .and_then(|content| {
                let properties = content["schema"]["properties"].as_object()?;
                Some(properties.clone())
            });
        Self {
            query: of("query"),
            headers: of("header"),
            body: body.unwrap_or_default(),
            row,
        }
    }

    /// The path with everything that it names, but `odd` in its place number `at`.
    fn path(&self, peer: i64, odd: Option<(usize, &str)>) -> String {
        let mut parameters = 0;
        let parts = self.row.path.split('/').map(|part| {
            if !part.starts_with('{') {
                return part.to_owned();
            }
            let own = parameters;
            parameters += 1;
            match odd {
                Some((at, odd)) if at == own => odd.to_owned(),
                _ => peer.to_string(),
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// A body that fits by kind and bounds, its texts unlike those of any other `call`.
    fn fitting(&self, peer: i64, call: usize) -> Map<String, Value> {
        let of = |name: &str, schema: &Value| match schema["type"].as_str() {
            Some("integer") => json!(peer),
            Some("boolean") => json!(true),
            Some("array") => json!(["text"]),
            _ if schema["enum"].is_array() => schema["enum"][0].clone(),
            _ if name.contains("email") => json!(format!("{call}@example.org")),
            _ if name.contains("url") => json!("https://example.org/"),
            _ => json!(format!("13{call:09}")),
        };
        let fields = self.body.iter();
        fields
            .map(|(name, schema)| (name.clone(), of(name, schema)))
            .collect()
    }

    /// Whether it answers 401 to whoever has no token.
    fn needs_token(&self) -> bool {
        self.row.guard != "public"
    }

    fn request<'a>(&'a self, path: &'a str, token: &'a str, body: &'a [u8]) -> RawRequest<'a> {
        RawRequest {
            method: self.row.method,
            path,
            token: Some(token),
            headers: JSON,
            body,
            announced: None,
        }
    }
}

/// Checks that an answer is one: no fault, and a refusal in the form of the dialect.
#[track_caller]
fn judge(answer: &Answer, call: &str) {
    assert!((200..500).contains(&answer.status), "{call}: {answer:?}");
    if answer.status < 400 {
        return;
    }
    let detail = &answer.body["detail"];
    let listed = |problem: &Value| {
        problem["type"].is_string()
            && problem["loc"].as_array().is_some_and(|loc| !loc.is_empty())
            && problem["msg"].is_string()
            && problem.get("input").is_some()
    };
    let whole = match detail {
        Value::String(text) => !text.is_empty(),
        Value::Array(problems) => answer.status == 422 && !problems.is_empty() && problems.iter().all(listed),
        _ => false,
    };
    let start = &answer.bytes[..answer.bytes.len().min(300)];
    assert!(
        whole,
        "{call}: {} {}",
        answer.status,
        String::from_utf8_lossy(start)
    );
    assert!(
        answer.bytes.len() < 64 * 1024,
        "{call}: {} bytes",
        answer.bytes.len()
    );
}

#[tokio::test]
async fn odd_ids() {
    let texts = odd_texts();
    let mut world = World::open().await;
    for (number, taken) in std::mem::take(&mut world.routes).iter().enumerate() {
        world.renew(number).await;
        let token = world.admin.http.token().to_owned();
        for at in 0..taken.row.path.matches('{').count() {
            for odd in &texts {
                let path = taken.path(world.peer.id, Some((at, odd)));
                world.call(taken.request(&path, &token, b"{}")).await;
            }
        }
    }
    ok(world.admin.http.get("/api/v1/users/me").await);
    world.house.server.stop().await;
}

#[tokio::test]
async fn odd_bodies() {
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let deep_object = format!("{}1{}", "{\"content\":".repeat(500), "}".repeat(500));
    let many = format!("[{}]", vec!["1"; 20_000].join(","));
    let odd: Vec<(&str, &[u8])> = vec![
        (JSON, b""), (JSON, b"{"), (JSON, b"null"), (JSON, b"[]"), (JSON, b"7"), (JSON, b"\"text\""), (JSON, b"true"),
        (JSON, b"[1,\"a\",null,{}]"), (JSON, b"1e400"), (JSON, b"{\"content\":1e400,\"name\":1e400,\"title\":1e400}"),
        (JSON, b"{\"id\":1,\"id\":\"x\",\"content\":1,\"content\":[]}"), (JSON, b"{\"content\":\"\xff\xfe\"}"),
        (JSON, b"\xff\xfe\x00"), (JSON, b"{\"\\u0000\":1}"), (JSON, b"{\"content\":\"\\ud800\",\"name\":\"\\ud800\"}"),
        (JSON, b"\xef\xbb\xbf{}"), (JSON, deep.as_bytes()), (JSON, deep_object.as_bytes()), (JSON, many.as_bytes()),
        ("Content-Type: text/plain\r\n", b"{}"), ("", b"hello"), ("Content-Type: \u{a0}\r\n", b"{}"),
        (FORM, b"username=%ff&username=a&&&=&password=%00&limit=1e400"), (FORM, b"%"), (FORM, b"\xff\xfe \r\n"),
        (MULTIPART, b""), (MULTIPART, b"--x"), (MULTIPART, b"--x--\r\n"),
        (MULTIPART, b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"..\\..\\a\"\r\n\r\nabc"),
        (MULTIPART, b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\xff\"\r\n\r\nabc\r\n--x--\r\n"),
        (MULTIPART, b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"/\"\r\n\r\n\r\n--x--\r\n"),
        ("Content-Type: multipart/form-data\r\n", b"--x\r\n\r\n"),
    ];
    let values = odd_values();
    let mut world = World::open().await;
    for (number, taken) in std::mem::take(&mut world.routes).iter().enumerate() {
        if taken.row.method == "GET" {
            continue;
        }
        world.renew(number).await;
        let path = taken.path(world.peer.id, None);
        for (headers, body) in &odd {
            let token = world.admin.http.token().to_owned();
            let request = RawRequest {
                headers,
                ..taken.request(&path, &token, body)
            };
            if world.call(request).await.status == 401 {
                world.admin.http = world.house.login(&format!("root{number}")).await;
            }
        }
        let token = world
            .house
            .login(&format!("root{number}"))
            .await
            .token()
            .to_owned();
        for value in &values {
            let all = taken.body.keys().map(|name| (name.clone(), value.clone()));
            let body = Value::Object(all.collect()).to_string();
            world.call(taken.request(&path, &token, body.as_bytes())).await;
        }
    }
    world.house.server.stop().await;
}

#[tokio::test]
async fn one_odd_field() {
    let values = odd_values();
    let mut world = World::open().await;
    let (mut sent, mut accepted) = (0, 0);
    for (number, taken) in std::mem::take(&mut world.routes).iter().enumerate() {
        world.renew(number).await;
        let path = taken.path(world.peer.id, None);
        for field in taken.body.keys() {
            for value in &values {
                let mut body = taken.fitting(world.peer.id, sent);
                body.insert(field.clone(), value.clone());
                let body = Value::Object(body).to_string();
                let token = world.admin.http.token().to_owned();
                let answer = world.call(taken.request(&path, &token, body.as_bytes())).await;
                sent += 1;
                accepted += usize::from(answer.status == 200);
            }
        }
    }
    assert!(
        sent > 400 && accepted > 20,
        "{accepted} of {sent} calls did anything"
    );
    world.house.server.stop().await;
}

#[tokio::test]
async fn odd_queries_and_headers() {
    let texts = odd_texts();
    let bare = [
        "&&==&=",
        "%00=%00",
        "%ff=1",
        "limit=1&limit=2",
        "[]=1",
        "a[b]=1",
        "%5B%5D=%5B%5D",
    ];
    let mut world = World::open().await;
    for (number, taken) in std::mem::take(&mut world.routes).iter().enumerate() {
        world.renew(number).await;
        let token = world.admin.http.token().to_owned();
        let path = taken.path(world.peer.id, None);
        let mut queries: Vec<String> = bare.iter().map(|query| (*query).to_owned()).collect();
        for odd in &texts {
            queries.extend(taken.query.iter().map(|name| format!("{name}={odd}")));
            let all: Vec<String> = taken.query.iter().map(|name| format!("{name}={odd}")).collect();
            queries.extend((all.len() > 1).then(|| all.join("&")));
        }
        for query in queries.iter().filter(|query| query.len() < 12_000) {
            world
                .call(taken.request(&format!("{path}?{query}"), &token, b"{}"))
                .await;
        }
        for odd in ["", "x", "-1", "99999999999999999999", "\u{a0}", "😀"] {
            let lines: String = taken
                .headers
                .iter()
                .map(|name| format!("{name}: {odd}\r\n"))
                .collect();
            let headers = format!("{JSON}{lines}");
            let request = RawRequest {
                headers: &headers,
                ..taken.request(&path, &token, b"{}")
            };
            world.call(request).await;
        }
        // A log-out among them has ended the token; nothing else may.
        if !path.ends_with("/logout") {
            ok(world.admin.http.get("/api/v1/users/me").await);
        }
    }
    world.house.server.stop().await;
}

#[tokio::test]
async fn tokens_that_are_none() {
    let mut world = World::open().await;
    let good = world.admin.http.token().to_owned();
    let mut parts = good.split('.');
    let mut part = || parts.next().expect("three parts");
    let (head, claims, signature) = (part(), part(), part());
    let truncated = &good[..good.len() - 10];
    let resigned = format!("{head}.{claims}.{}", signature.chars().rev().collect::<String>());
    // {"alg":"none","typ":"JWT"}
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
    let tokens = [
        None,
        Some(""),
        Some("x"),
        Some("😀"),
        Some("a.b.c"),
        Some(".."),
        Some(truncated),
        Some(&*resigned),
        Some(&*unsigned),
    ];
    for taken in std::mem::take(&mut world.routes) {
        let path = taken.path(world.peer.id, None);
        for token in tokens {
            let request = RawRequest {
                token,
                ..taken.request(&path, "", b"{}")
            };
            let answer = world.call(request).await;
            if taken.needs_token() {
                assert_eq!(answer.status, 401, "{:?} {token:?}", taken.row);
            }
        }
        let by_query = format!("{path}?token={good}");
        if taken.needs_token() {
            let request = RawRequest {
                token: None,
                ..taken.request(&by_query, "", b"{}")
            };
            let answer = world.call(request).await;
            assert_eq!(
                (answer.status, &answer.body["detail"]),
                (401, &json!("Not authenticated"))
            );
        }
    }
    world.house.server.stop().await;
}

#[tokio::test]
async fn bodies_that_are_too_large() {
    let mut world = World::open().await;
    let token = world.admin.http.token().to_owned();
    for taken in std::mem::take(&mut world.routes) {
        let path = taken.path(world.peer.id, None);
        // Nothing is sent after the head: an answer shows that the body was not waited for.
        let request = RawRequest {
            announced: Some(HUGE_BYTES),
            ..taken.request(&path, &token, b"")
        };
        assert_eq!(world.call(request).await.status, 413, "{:?}", taken.row);
        if taken.row.method != "POST" || !taken.row.path.starts_with("/api/v1/users") {
            continue;
        }
        let spaces = vec![b' '; TOO_LARGE_BYTES];
        let mut chunked = format!("{TOO_LARGE_BYTES:x}\r\n").into_bytes();
        chunked.extend_from_slice(&spaces);
        chunked.extend_from_slice(b"\r\n0\r\n\r\n");
        let answer = world.call(taken.request(&path, &token, &spaces)).await;
        assert_eq!(answer.status, 413);
        let headers = format!("{JSON}Transfer-Encoding: chunked\r\n");
        let request = RawRequest {
            headers: &headers,
            ..taken.request(&path, &token, &chunked)
        };
        assert_eq!(world.call(request).await.status, 413);
    }
    world.house.server.stop().await;
}
