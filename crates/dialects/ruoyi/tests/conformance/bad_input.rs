//! Every route of the ledger against what no client should send: odd ids, odd bodies, odd queries, bodies that are
//! too large, tokens that are none. The server answers each time, in the dialect's form, and never with a fault.

use parlance_core::Limits;
use parlance_dialect_ruoyi::ledger;
use parlance_testkit::{Answer, RawHttp, RawRequest, odd_texts, odd_values};
use parlance_transport::http::route_table::LedgerRow;
use serde_json::{Map, Value, json};

use crate::group::group;
use crate::people::{House, Person, ok, refused};

/// Bytes of a body that is one too large.
const TOO_LARGE_BYTES: usize = 1024 * 1024 + 1;

/// The routes; `*` is tried with a method that has no line of its own.
fn routes() -> Vec<LedgerRow> {
    let mut rows = ledger();
    rows.retain(|row| row.method != "frame" && row.path != "/ws/im");
    for row in &mut rows {
        if row.method == "*" {
            row.method = "PATCH";
        }
    }
    assert!(rows.len() > 150, "{}", rows.len());
    rows
}

/// A server where passwords may be guessed for ever, since the battery calls the log-in too.
async fn open() -> House {
    let limits = Limits {
        logins_failed_per_minute: 1_000_000,
        ..Limits::default()
    };
    House::with_limits(limits).await
}

/// Somebody with one of everything that a path can name. Made anew for each route, which may destroy any of it.
struct World {
    me: Person,
    peer: Person,
    conversation: i64,
    group: i64,
    message: i64,
    friend: i64,
    announcement: i64,
}

impl World {
    async fn make(house: &House, number: usize) -> Self {
        let me = house.person(&format!("me{number}")).await;
        let peer = house.person(&format!("peer{number}")).await;
        let conversation = house.direct(&me, &peer).await;
        let message = me.say(conversation, "你好 hello").await;
        peer.say(conversation, "answer").await;
        let group = group(&me, "team", &[&peer]).await;
        let note = json!({ "groupId": group, "content": "note" });
        let announcement = ok(me.http.post("/api/im/group/announcement", note).await);
        let request = json!({ "targetUserId": peer.id, "message": "hi" });
        let request = ok(me.http.post("/api/im/contact/request/send", request).await);
        let path = format!("/api/im/contact/request/{request}/handle?approved=true");
        ok(peer.http.post(&path, json!({})).await);
        let friends = ok(me.http.get("/api/im/contact/list").await);
        Self {
            conversation,
            group,
            message,
            friend: friends[0]["id"].as_i64().expect("a friend"),
            announcement: announcement.as_i64().expect("an announcement"),
            me,
            peer,
        }
    }

    /// What belongs into a path at this name.
    fn named(&self, path: &str, name: &str) -> String {
        let id = match name {
            "messageId" => self.message,
            "conversationId" => self.conversation,
            "groupId" => self.group,
            "userId" => self.peer.id,
            "id" if path.contains("/announcement/") => self.announcement,
            "id" if path.contains("/conversation/") || path.contains("/session/") => self.conversation,
            "id" if path.contains("/read/status/") => self.conversation,
            "id" if path.contains("/group/") || path.contains("/groups/") => self.group,
            "id" if path.contains("/user/") || path.contains("/config/") => self.peer.id,
            "id" if path.contains("/contact/") => self.friend,
            "id" => 1,
            _ => return "2026".into(),
        };
        id.to_string()
    }

    /// The path with everything that it names, but `odd` in its place number `at`.
    fn path(&self, path: &str, odd: Option<(usize, &str)>) -> String {
        let mut parameters = 0;
        let parts = path.split('/').map(|part| {
            let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
                return part.to_owned();
            };
            let own = parameters;
            parameters += 1;
            match odd {
                Some((at, odd)) if at == own => odd.to_owned(),
                _ => self.named(path, name),
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// A body in which most calls find what they need.
    fn body(&self) -> Map<String, Value> {
        let ids = json!({
        "conversationId": self.conversation, "sessionId": self.conversation, "groupId": self.group,
        "toConversationId": self.conversation, "toConversationIds": [self.conversation], "targetId": self.group,
        "targetConversationId": self.conversation, "targetConversationIds": [self.conversation],
        "userId": self.peer.id, "userIds": [self.peer.id], "memberIds": [self.peer.id],
        "targetUserId": self.peer.id, "peerUserId": self.peer.id, "receiverId": self.peer.id,
        "toUserId": self.peer.id, "toUserIds": [self.peer.id], "friendIds": [self.friend],
        });
        let texts = json!({
            "messageId": self.message, "messageIds": [self.message], "replyToMessageId": self.message,
            "lastReadMessageId": self.message, "id": self.peer.id, "ids": [1], "content": "text",
            "newContent": "text", "type": "TEXT", "messageType": "TEXT", "emoji": "👍", "name": "name",
            "groupName": "friends", "newName": "others", "role": "MEMBER", "status": "1", "keyword": "hello",
            "username": "somebody", "password": "123456", "oldPassword": "123456", "newPassword": "654321",
            "fileName": "a.txt", "fileSize": 3, "fileMd5": "900150983cd24fb0d6963f7d28e17f72", "chunkSize": 1_048_576,
        });
        let of = |value: &Value| value.as_object().expect("an object").clone();
        of(&ids).into_iter().chain(of(&texts)).collect()
    }
}

/// Fields of bodies and queries.
const FIELDS: [&str; 104] = [
    "[]",
    "allMuted",
    "approved",
    "avatar",
    "blocked",
    "chunkNumber",
    "chunkSize",
    "clientMsgId",
    "content",
    "conversationId",
    "data",
    "department",
    "description",
    "draft",
    "duration",
    "email",
    "emoji",
    "endTime",
    "exactMatch",
    "extra",
    "fileId",
    "fileIds",
    "fileMd5",
    "fileName",
    "fileSize",
    "fileType",
    "filter",
    "friendIds",
    "gender",
    "groupAvatar",
    "groupId",
    "groupName",
    "id",
    "ids",
    "includeRevoked",
    "isAdmin",
    "isCombine",
    "isMuted",
    "isPinned",
    "isTyping",
    "keyword",
    "lastId",
    "lastMessageId",
    "lastReadMessageId",
    "lastUserId",
    "limit",
    "memberIds",
    "memberLimit",
    "mentionAll",
    "mentionIds",
    "mentionInfo",
    "message",
    "messageId",
    "messageIds",
    "messageType",
    "mobile",
    "muteDuration",
    "muted",
    "name",
    "newContent",
    "newName",
    "newPassword",
    "nickname",
    "notice",
    "oldPassword",
    "pageNum",
    "pageSize",
    "password",
    "payload",
    "peerUserId",
    "phone",
    "pinned",
    "position",
    "reactionType",
    "receiverId",
    "refreshToken",
    "remark",
    "replyToMessageId",
    "role",
    "senderId",
    "sessionId",
    "signature",
    "startTime",
    "status",
    "tags",
    "targetConversationId",
    "targetConversationIds",
    "targetId",
    "targetUserId",
    "title",
    "toConversationId",
    "toConversationIds",
    "toUserId",
    "toUserIds",
    "type",
    "typing",
    "uploadId",
    "url",
    "userId",
    "userIds",
    "username",
    "category",
    "groups",
    "unknownField",
];

/// Checks that an answer is one: no fault, in the form of the dialect, unless it is a file or the health check.
#[track_caller]
fn judge(answer: &Answer, call: &str) {
    assert!(
        (200..500).contains(&answer.status) || answer.status == 304,
        "{call}: {answer:?}"
    );
    let bare = call.contains(" /health")
        || call.contains(" /avatar/")
        || call.contains(" /uploads/")
        || call.contains("/download");
    if answer.status < 400 && bare {
        return;
    }
    // Without a name these are paths of no dialect.
    if call.contains(" /avatar/ ") || call.contains(" /uploads/ ") {
        assert_eq!(answer.status, 404, "{call}");
        return;
    }
    let body = &answer.body;
    assert!(
        body["code"].is_u64() && body["msg"].is_string() && body.get("data").is_some(),
        "{call}: {} {}",
        answer.status,
        String::from_utf8_lossy(&answer.bytes[..answer.bytes.len().min(300)])
    );
    assert_eq!(
        answer.status == 200,
        body["code"] == 200,
        "{call}: {} {body}",
        answer.status
    );
}

/// Sends and judges.
async fn call(http: &mut RawHttp, request: RawRequest<'_>) -> Answer {
    let answer = http.send(&request).await;
    let body = String::from_utf8_lossy(&request.body[..request.body.len().min(200)]).into_owned();
    let path = &request.path[..request.path.len().min(200)];
    judge(
        &answer,
        &format!("{} {path} {}{body}", request.method, request.headers),
    );
    answer
}

fn with_json<'a>(row: &'a LedgerRow, path: &'a str, token: &'a str, body: &'a [u8]) -> RawRequest<'a> {
    RawRequest {
        method: row.method,
        path,
        token: Some(token),
        headers: "Content-Type: application/json\r\n",
        body,
        announced: None,
    }
}

#[tokio::test]
async fn odd_ids() {
    let odd = odd_texts();
    let house = open().await;
    let mut http = RawHttp::new(house.server.address);
    for (number, row) in routes()
        .iter()
        .enumerate()
        .filter(|(_, row)| row.path.contains('{'))
    {
        let world = World::make(&house, number).await;
        for at in 0..row.path.matches('{').count() {
            for odd in &odd {
                let path = world.path(row.path, Some((at, odd)));
                call(&mut http, with_json(row, &path, world.me.http.token(), b"{}")).await;
            }
        }
        ok(world.me.http.get("/api/im/conversation/list").await);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn odd_bodies() {
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let deep_object = format!("{}1{}", "{\"content\":".repeat(500), "}".repeat(500));
    let many = format!("[{}]", vec!["1"; 20_000].join(","));
    let json_type = "Content-Type: application/json\r\n";
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let multipart = "Content-Type: multipart/form-data; boundary=x\r\n";
    let odd: Vec<(&str, &[u8])> = vec![
        (json_type, b""), (json_type, b"{"), (json_type, b"null"), (json_type, b"[]"), (json_type, b"7"),
        (json_type, b"\"text\""), (json_type, b"true"), (json_type, b"[1,\"a\",null,{}]"), (json_type, b"1e400"),
        (json_type, b"{\"content\":1e400}"), (json_type, b"{\"id\":1,\"id\":\"x\",\"content\":1,\"content\":[]}"),
        (json_type, b"{\"content\":\"\xff\xfe\"}"), (json_type, b"\xff\xfe\x00"), (json_type, b"{\"\\u0000\":1}"),
        (json_type, b"{\"content\":\"\\ud800\"}"), (json_type, deep.as_bytes()), (json_type, deep_object.as_bytes()),
        (json_type, many.as_bytes()), ("Content-Type: text/plain\r\n", b"{}"), ("", b"hello"),
        ("Content-Type: \u{a0}\r\n", b"{}"), (form, b"content=%ff&content=a&&&=&id=%00&limit=1e400"), (form, b"%"),
        (form, b"\xff\xfe \r\n"), (multipart, b""), (multipart, b"--x"), (multipart, b"--x--\r\n"),
        (multipart, b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"..\\..\\a\"\r\n\r\nabc"),
        (multipart, b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\xff\"\r\n\r\nabc\r\n--x--\r\n"),
        (multipart, b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"/\"\r\n\r\n\r\n--x--\r\n"),
        ("Content-Type: multipart/form-data\r\n", b"--x\r\n\r\n"),
    ];
    let values = odd_values();
    let house = open().await;
    let mut http = RawHttp::new(house.server.address);
    for (number, row) in routes().iter().enumerate().filter(|(_, row)| row.method != "GET") {
        let mut world = World::make(&house, number).await;
        let path = world.path(row.path, None);
        for (headers, body) in &odd {
            let request = RawRequest {
                headers,
                ..with_json(row, &path, world.me.http.token(), body)
            };
            if call(&mut http, request).await.status == 401 {
                world.me = house.login("/api/auth", &format!("me{number}")).await;
            }
        }
        for value in &values {
            let all: Map<String, Value> = FIELDS
                .iter()
                .map(|field| ((*field).to_owned(), value.clone()))
                .collect();
            let body = Value::Object(all).to_string();
            call(
                &mut http,
                with_json(row, &path, world.me.http.token(), body.as_bytes()),
            )
            .await;
        }
    }
    house.server.stop().await;
}

#[tokio::test]
async fn one_odd_field() {
    let values = odd_values();
    let house = open().await;
    let mut http = RawHttp::new(house.server.address);
    let rows = routes();
    let mut accepted = 0;
    let changing = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.method == "POST" || row.method == "PUT");
    for (number, row) in changing {
        let world = World::make(&house, number).await;
        let path = world.path(row.path, None);
        for (place, field) in FIELDS.iter().enumerate() {
            let mut body = world.body();
            // Each field meets each value, if not on every route.
            let value = &values[(place + number) % values.len()];
            body.insert((*field).to_owned(), value.clone());
            let body = Value::Object(body).to_string();
            let request = with_json(row, &path, world.me.http.token(), body.as_bytes());
            accepted += usize::from(call(&mut http, request).await.status == 200);
        }
    }
    assert!(accepted > 1_000, "only {accepted} calls did anything");
    house.server.stop().await;
}

#[tokio::test]
async fn odd_queries() {
    const VALUES_EACH: usize = 3;
    let long = "%E4%BD%A0".repeat(1_000);
    let values = [
        "",
        "-1",
        "0",
        "1e400",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "null",
        "%00",
        "%ff",
        "%F0%9F%98%80",
        "..",
        "a,b,,1,-1",
        "%25_%27%22%5C",
        "2026-02-30",
        "1%20OR%201",
        "true",
        &long,
    ];
    let bare = [
        "?",
        "?&&==&=",
        "?%00=%00",
        "?%ff=1",
        "?limit=1&limit=2",
        "?[]=1",
        "?a[b]=1",
        "?%5B%5D=%5B%5D",
    ];
    let house = open().await;
    let mut http = RawHttp::new(house.server.address);
    for (number, row) in routes().iter().enumerate() {
        let mut world = World::make(&house, number).await;
        let path = world.path(row.path, None);
        let mut queries: Vec<String> = bare.iter().map(|query| (*query).to_owned()).collect();
        for value in values {
            let all: Vec<String> = FIELDS.iter().map(|field| format!("{field}={value}")).collect();
            let all = format!("?{}", all.join("&"));
            // A longer head ends in the HTTP library.
            queries.extend((all.len() < 12_000).then_some(all));
        }
        if row.method == "GET" {
            // Each field meets each value, if not on every route.
            for (place, field) in FIELDS.iter().enumerate() {
                let odd = (0..VALUES_EACH).map(|step| values[(place + number + step * 5) % values.len()]);
                queries.extend(odd.map(|value| format!("?{field}={value}")));
            }
        }
        for query in queries {
            let path = format!("{path}{query}");
            let answer = call(&mut http, with_json(row, &path, world.me.http.token(), b"")).await;
            if answer.status == 401 {
                world.me = house.login("/api/auth", &format!("me{number}")).await;
            }
        }
    }
    house.server.stop().await;
}

#[tokio::test]
async fn tokens_that_are_none() {
    let house = open().await;
    let world = World::make(&house, 0).await;
    // The same key would make the same signature, so this one was made by another server.
    let elsewhere = TestToken::of(world.me.http.token());
    let tokens = [
        None,
        Some(""),
        Some("x"),
        Some("😀"),
        Some("a.b.c"),
        Some(".."),
        Some(&*elsewhere.truncated),
        Some(&*elsewhere.resigned),
        Some(&*elsewhere.unsigned),
        Some(&*elsewhere.other_claims),
    ];
    let mut http = RawHttp::new(house.server.address);
    for row in routes() {
        let path = world.path(row.path, None);
        for token in tokens {
            let answer = call(
                &mut http,
                RawRequest {
                    token,
                    ..with_json(&row, &path, "", b"{}")
                },
            )
            .await;
            assert_eq!(
                answer.status == 401,
                needs_token(&row) || is_about_tokens(row.path),
                "{row:?} {token:?}"
            );
            let query = format!(
                "{path}?token={}&userId={}",
                token.unwrap_or_default(),
                world.me.id
            );
            if needs_token(&row) && query.is_ascii() {
                let answer = call(
                    &mut http,
                    RawRequest {
                        token: None,
                        ..with_json(&row, &query, "", b"{}")
                    },
                )
                .await;
                refused(&answer, 401, 401);
            }
        }
    }
    assert!(ok(world.me.http.get("/api/im/message/unread/count").await).is_i64());
    house.server.stop().await;
}

/// Whether a route answers 401 to whoever has no token.
fn needs_token(row: &LedgerRow) -> bool {
    row.guard != "public"
}

/// Routes for anybody that answer 401 nevertheless, because the token is what they are asked about.
fn is_about_tokens(path: &str) -> bool {
    path.ends_with("/refresh")
}

/// Tokens that look like a good one.
struct TestToken {
    truncated: String,
    resigned: String,
    unsigned: String,
    other_claims: String,
}

impl TestToken {
    fn of(good: &str) -> Self {
        let mut parts = good.split('.');
        let mut part = || parts.next().expect("three parts");
        let (head, claims, signature) = (part(), part(), part());
        let backwards: String = signature.chars().rev().collect();
        Self {
            truncated: good[..good.len() - 10].to_owned(),
            resigned: format!("{head}.{claims}.{backwards}"),
            // {"alg":"none","typ":"JWT"}
            unsigned: format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}."),
            // {"sub":"admin","userId":1,"aud":"ruoyi"}
            other_claims: format!(
                "{head}.eyJzdWIiOiJhZG1pbiIsInVzZXJJZCI6MSwiYXVkIjoicnVveWkifQ.{signature}"
            ),
        }
    }
}

#[tokio::test]
async fn bodies_that_are_too_large() {
    const HUGE_BYTES: u64 = 2 * 1024 * 1024 * 1024;
    let house = open().await;
    let world = World::make(&house, 0).await;
    let token = world.me.http.token();
    let mut http = RawHttp::new(house.server.address);
    for row in routes().iter().filter(|row| row.method != "PATCH") {
        let path = world.path(row.path, None);
        // Nothing is sent after the head: an answer shows that the body was not waited for.
        let request = RawRequest {
            announced: Some(HUGE_BYTES),
            ..with_json(row, &path, token, b"")
        };
        let answer = call(&mut http, request).await;
        refused(&answer, 413, 413);
    }
    let spaces = vec![b' '; TOO_LARGE_BYTES];
    let mut chunked = format!("{TOO_LARGE_BYTES:x}\r\n").into_bytes();
    chunked.extend_from_slice(&spaces);
    chunked.extend_from_slice(b"\r\n0\r\n\r\n");
    for path in [
        "/api/im/message/send",
        "/api/auth/login",
        "/api/im/config/privacy",
    ] {
        let rows = routes();
        let row = rows
            .iter()
            .find(|row| row.path == path && row.method != "GET")
            .expect(path);
        refused(
            &call(&mut http, with_json(row, path, token, &spaces)).await,
            413,
            413,
        );
        let headers = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
        let request = RawRequest {
            headers,
            ..with_json(row, path, token, &chunked)
        };
        refused(&call(&mut http, request).await, 413, 413);
    }
    ok(world.me.http.get("/api/im/conversation/list").await);
    house.server.stop().await;
}

/// What is no HTTP ends with the connection, not with the server.
#[tokio::test]
async fn bytes_that_are_no_http() {
    let house = open().await;
    let me = house.person("alice").await;
    for path in ["/api/im/\u{0}", "/api/im/ /x", "no-slash", "/api/im/\u{7f}"] {
        let mut http = RawHttp::new(house.server.address);
        let request = RawRequest {
            method: "GET",
            path,
            ..RawRequest::default()
        };
        let answer = http.send(&request).await;
        assert!((400..500).contains(&answer.status), "{path:?} {answer:?}");
    }
    ok(me.http.get("/api/im/conversation/list").await);
    house.server.stop().await;
}
