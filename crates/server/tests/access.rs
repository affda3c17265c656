//! Who sees what, across dialects: the same accounts and messages are reached by several APIs, and none of them is a
//! way around another.
//!
//! Not in here: what one dialect alone can show; that is in its conformance tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use parlance_testkit::{Answer, Http, ServerProgram, Socket};
use serde_json::{Value, json};
use tempfile::TempDir;

const ADMIN_PASSWORD: &str = "for-these-tests-only";
const APP_KEY: &str = "ak_access_tests";
const APP_SECRET: &str = "as_access_tests_only";

/// What only two people may read. The search for it finds the word, so it would find the message.
const SECRET: &str = "nightingale at four";
const SECRET_WORD: &str = "nightingale";

/// In each dialect a route that answers everybody who has a good token, and the beginning of the address of its socket,
/// which ruoyi and xuqm share. The order is that of [`Person`].
const ROUTES: [(&str, &str); 4] = [
    ("GET", "/api/v1/users/me"),
    ("POST", "/get_joined_conversation"),
    ("GET", "/api/auth/getInfo"),
    ("GET", "/api/im/conversations"),
];
const SOCKETS: [&str; 3] = [
    "/api/v1/ws/messages?token=",
    "/notify?protoc=ws&token=",
    "/ws/im?token=",
];

/// A server with all dialects.
struct House {
    server: ServerProgram,
    _data: TempDir,
    nobody: Http,
    admin: Http,
}

/// One account, logged in everywhere.
struct Person {
    id: i64,
    platform: Http,
    gateway: Http,
    ruoyi: Http,
    xuqm: Http,
}

impl Person {
    fn callers(&self) -> [&Http; 4] {
        [&self.platform, &self.gateway, &self.ruoyi, &self.xuqm]
    }
}

impl House {
    async fn open() -> Self {
        let data = tempfile::tempdir().unwrap();
        let variables = [
            ("PARLANCE_ADMIN_PASSWORD", ADMIN_PASSWORD),
            ("PARLANCE_APP_KEY", APP_KEY),
            ("PARLANCE_APP_SECRET", APP_SECRET),
        ];
        let server = ServerProgram::start(env!("CARGO_BIN_EXE_parlance"), data.path(), &variables);
        let nobody = Http::new(server.address);
        let admin = nobody.with_token(platform_token(&nobody, "admin", ADMIN_PASSWORD).await);
        Self {
            server,
            _data: data,
            nobody,
            admin,
        }
    }

    /// Makes an account by one dialect and logs it in by all of them.
    async fn person(&self, name: &str, mobile: &str) -> Person {
        let password = format!("{name}-password");
        let body = json!({ "mobile": mobile, "name": name, "uid": name, "password": password });
        let made = self.admin.post("/api/v1/users/", body).await;
        assert_eq!(made.status, 200, "{}", made.body);
        let body = json!({ "username": name, "password": password });
        let ruoyi = self.nobody.post("/api/auth/login", body).await;
        assert_eq!(ruoyi.body["data"]["userInfo"]["id"], made.body["id"]);
        let ruoyi = ruoyi.body["data"]["token"].as_str().unwrap();
        let body = json!({ "session": name, "platform": 1 });
        let gateway = self.nobody.post("/inner/get_token", body).await;
        let gateway = gateway.body["data"].as_str().unwrap();
        Person {
            id: made.body["id"].as_i64().unwrap(),
            platform: self
                .nobody
                .with_token(platform_token(&self.nobody, name, &password).await),
            gateway: self.nobody.with_token(gateway),
            ruoyi: self.nobody.with_token(ruoyi),
            xuqm: self.nobody.with_token(xuqm_token(&self.nobody, name).await),
        }
    }

    async fn listen(&self, path: &str) -> Socket {
        Socket::open(self.server.address, path).await
    }
}

async fn platform_token(nobody: &Http, name: &str, password: &str) -> String {
    let body = json!({ "identifier": name, "password": password });
    let answer = nobody.post("/api/v1/auth/login/json", body).await;
    answer.body["access_token"].as_str().unwrap().to_owned()
}

async fn xuqm_token(nobody: &Http, name: &str) -> String {
    let claims = json!({ "sub": name, "appKey": APP_KEY, "exp": i64::from(i32::MAX) });
    let key = jsonwebtoken::EncodingKey::from_secret(APP_SECRET.as_bytes());
    let signed = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap();
    let answer = nobody
        .post("/api/im/auth/login", json!({ "userSig": signed }))
        .await;
    answer.body["data"]["token"].as_str().unwrap().to_owned()
}

/// The data of a good answer of the gateway.
#[track_caller]
fn good(answer: Answer) -> Value {
    assert_eq!(answer.body["code"], 0, "{}", answer.body);
    answer.body["data"].clone()
}

/// The data of a good answer of ruoyi.
#[track_caller]
fn ok(answer: Answer) -> Value {
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (200, &json!(200)),
        "{}",
        answer.body
    );
    answer.body["data"].clone()
}

/// Whether an answer says yes, in any dialect.
fn is_yes(answer: &Answer) -> bool {
    let code = &answer.body["code"];
    answer.status < 300 && (code.is_null() || code == 0 || code == 200)
}

#[track_caller]
fn assert_refused(what: &str, answer: &Answer) {
    assert!(!is_yes(answer), "{what} was allowed: {}", answer.body);
    assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.body);
    assert_silent(what, answer);
}

/// The refusal of ruoyi is about the conversation or message, and not about how it was asked for.
#[track_caller]
fn assert_no_right(what: &str, answer: &Answer) {
    assert_refused(what, answer);
    let code = &answer.body["code"];
    assert!(code == 10002 || code == 10003, "{what}: {}", answer.body);
}

#[track_caller]
fn assert_silent(what: &str, answer: &Answer) {
    let text = String::from_utf8_lossy(&answer.bytes);
    assert!(!text.contains(SECRET), "{what} tells the secret: {text}");
}

#[tokio::test]
async fn a_token_is_good_in_its_own_dialect_only() {
    let house = House::open().await;
    let ann = house.person("ann", "13900000001").await;
    let callers = ann.callers();
    for (at, (method, path)) in ROUTES.into_iter().enumerate() {
        for (from, caller) in callers.into_iter().enumerate() {
            let answer = caller.fetch(caller.request(method, path)).await;
            assert_eq!(is_yes(&answer), at == from, "{path}: {}", answer.body);
        }
    }
    for (at, path) in SOCKETS.into_iter().enumerate() {
        // A token of xuqm is good at ruoyi's address, and chooses STOMP there.
        for (from, caller) in callers.into_iter().take(SOCKETS.len()).enumerate() {
            let path = format!("{path}{}", caller.token());
            let opened = Socket::try_open(house.server.address, &path).await;
            if at == from {
                assert!(opened.is_some(), "{path}");
            } else if let Some(mut socket) = opened {
                // A refusal after the handshake.
                assert!(socket.next_or_close().await.is_err(), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn who_is_disabled_or_deleted_in_one_dialect_is_out_of_all_at_once() {
    let house = House::open().await;
    let Three { ann, bob, .. } = Three::come_to(&house).await;
    for (person, method, body) in [
        (&ann, "PATCH", json!({ "status": "DISABLED" })),
        (&bob, "DELETE", Value::Null),
    ] {
        let callers = person.callers();
        let mut sockets = Vec::new();
        for (path, caller) in SOCKETS.into_iter().zip(callers) {
            sockets.push(house.listen(&format!("{path}{}", caller.token())).await);
        }
        let path = format!("/api/v1/users/{}", person.id);
        let done = call(&house.admin, method, &path, &body).await;
        assert!(done.status < 300, "{}", done.body);
        for socket in &mut sockets {
            socket.closed().await;
        }
        for ((method, path), caller) in ROUTES.into_iter().zip(callers) {
            let answer = caller.fetch(caller.request(method, path)).await;
            assert!(!is_yes(&answer), "{path}: {}", answer.body);
        }
    }
}

/// Two people who share a secret, and one who should not hear of it.
struct Three {
    ann: Person,
    bob: Person,
    mallory: Person,
}

impl Three {
    async fn come_to(house: &House) -> Self {
        Self {
            ann: house.person("ann", "13900000001").await,
            bob: house.person("bob", "13900000002").await,
            mallory: house.person("mallory", "13900000003").await,
        }
    }
}

/// Everything by which ruoyi reads or changes a message or a conversation that is named by its id.
fn ruoyi_calls(conversation: i64, message: i64, own_conversation: i64) -> Vec<(&'static str, String, Value)> {
    let (c, m) = (conversation, message);
    let nothing = Value::Null;
    let send = |body: Value| ("POST", "/api/im/message/send".to_owned(), body);
    let mut calls = vec![
        send(json!({ "conversationId": c, "content": "let me in" })),
        send(json!({ "conversationId": own_conversation, "content": "x", "replyToMessageId": m })),
        (
            "POST",
            "/api/im/message/reply".to_owned(),
            json!({ "messageId": m, "content": "x" }),
        ),
        (
            "POST",
            "/api/im/message/forward".to_owned(),
            json!({ "messageId": m, "conversationId": own_conversation, "toConversationId": own_conversation }),
        ),
        (
            "PUT",
            "/api/im/message/mark-read".to_owned(),
            json!({ "conversationId": c, "messageIds": [m] }),
        ),
        (
            "PUT",
            format!("/api/im/message/{m}/edit"),
            json!({ "content": "mine now" }),
        ),
        (
            "POST",
            format!("/api/im/message/{m}/reaction"),
            json!({ "emoji": "👍" }),
        ),
        ("POST", format!("/api/im/message/favorite/{m}"), json!({})),
        ("POST", format!("/api/im/conversation/{c}/pin/{m}"), json!({})),
        (
            "PUT",
            format!("/api/im/conversation/{c}/pinned?pinned=1"),
            json!({}),
        ),
        (
            "PUT",
            format!("/api/im/conversation/{c}/draft"),
            json!({ "draft": "x" }),
        ),
    ];
    for path in [
        format!("/api/im/message/list/{c}"),
        format!("/api/im/message/{m}"),
        format!("/api/im/message/edit-history/{m}"),
        format!("/api/im/message/read/detail/{m}"),
        format!("/api/im/message/{m}/reactions"),
        format!("/api/im/message/unread/conversation/{c}"),
        format!("/api/im/conversation/{c}"),
        format!("/api/im/mention/users/{c}"),
    ] {
        calls.push(("GET", path, nothing.clone()));
    }
    for path in [
        format!("/api/im/message/{m}/recall"),
        format!("/api/im/message/{m}"),
        format!("/api/im/message/conversation/{c}/clear"),
        format!("/api/im/conversation/{c}"),
    ] {
        calls.push(("DELETE", path, nothing.clone()));
    }
    calls
}

async fn call(http: &Http, method: &str, path: &str, body: &Value) -> Answer {
    let request = http.request(method, path);
    let request = if body.is_null() {
        request
    } else {
        request.json(body)
    };
    http.fetch(request).await
}

/// What ruoyi lists and finds without an id must not hold the secret either.
async fn assert_ruoyi_lists_are_silent(http: &Http) {
    for path in [
        "/api/im/conversation/list",
        "/api/im/conversation/groups",
        "/api/im/session/list",
        "/api/im/group/list",
        "/api/im/message/latest",
        "/api/im/message/favorite/list",
        "/api/im/message/unread/count",
        &format!("/api/im/search/global?keyword={SECRET_WORD}"),
        &format!("/api/im/search/messages?keyword={SECRET_WORD}"),
        &format!("/api/im/message/search?keyword={SECRET_WORD}"),
    ] {
        let answer = http.get(path).await;
        assert!(answer.status < 500, "{path}");
        assert_silent(path, &answer);
    }
}

/// The direct conversation with somebody as ruoyi knows it.
async fn direct(person: &Person, other: &Person) -> i64 {
    let body = json!({ "type": "PRIVATE", "peerUserId": other.id });
    ok(person.ruoyi.post("/api/im/conversation/create", body).await)
        .as_i64()
        .unwrap()
}

async fn send_by_platform(from: &Person, to: &Person, content: &str) -> i64 {
    let body = json!({
        "receiver_id": to.id, "type": "MESSAGE", "content_type": "TEXT", "title": "t", "content": content,
    });
    let sent = from.platform.post("/api/v1/messages/", body).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    sent.body["id"].as_i64().unwrap()
}

#[tokio::test]
async fn a_private_message_of_one_dialect_stays_private_in_the_others() {
    let house = House::open().await;
    let Three { ann, bob, mallory } = Three::come_to(&house).await;
    let mut at_platform = house
        .listen(&format!("/api/v1/ws/messages?token={}", mallory.platform.token()))
        .await;
    let mut at_ruoyi = house
        .listen(&format!("/ws/im?token={}", mallory.ruoyi.token()))
        .await;
    assert_eq!(at_ruoyi.next().await["type"], "connected");
    let message = send_by_platform(&ann, &bob, SECRET).await;

    // Who may read it does, in the other dialect; so what follows could fail.
    let conversation = direct(&bob, &ann).await;
    let list = ok(bob
        .ruoyi
        .get(&format!("/api/im/message/list/{conversation}"))
        .await);
    assert_eq!(
        (&list[0]["id"], &list[0]["content"]),
        (&json!(message), &json!(SECRET))
    );
    let found = bob
        .ruoyi
        .get(&format!("/api/im/message/search?keyword={SECRET_WORD}"))
        .await;
    assert!(
        String::from_utf8_lossy(&found.bytes).contains(SECRET),
        "{}",
        found.body
    );

    let own = direct(&mallory, &ann).await;
    for (method, path, body) in ruoyi_calls(conversation, message, own) {
        let answer = call(&mallory.ruoyi, method, &path, &body).await;
        assert_no_right(&format!("{method} {path}"), &answer);
    }
    assert_ruoyi_lists_are_silent(&mallory.ruoyi).await;
    assert_platform_is_silent(&mallory, [ann.id, bob.id], message).await;

    // The first that Mallory hears is what is meant for Mallory.
    let hello = send_by_platform(&ann, &mallory, "hello").await;
    assert_eq!(at_platform.next().await["data"]["id"], hello);
    assert_eq!(at_ruoyi.expect("new_message").await["payload"]["id"], hello);
    let after = ok(bob
        .ruoyi
        .get(&format!("/api/im/message/list/{conversation}"))
        .await);
    assert_eq!(after, list, "nothing was changed");
}

/// Whatever a stranger asks the platform, it does not tell the secret, and it changes nothing.
async fn assert_platform_is_silent(stranger: &Person, others: [i64; 2], message: i64) {
    let http = &stranger.platform;
    for (method, path) in [
        ("PUT", format!("/api/v1/messages/{message}/read")),
        ("GET", format!("/api/v1/messages/{message}/callback-url")),
    ] {
        let answer = call(http, method, &path, &Value::Null).await;
        assert_refused(&format!("{method} {path}"), &answer);
    }
    for path in [
        format!("/api/v1/messages/history/{}", others[0]),
        format!("/api/v1/messages/history/{}", others[1]),
        "/api/v1/messages/history/0".to_owned(),
        "/api/v1/messages/".to_owned(),
        "/api/v1/messages/conversations".to_owned(),
    ] {
        let answer = http.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert_silent(&path, &answer);
    }
    assert_eq!(http.get("/api/v1/messages/unread-count").await.body, 0);
}

#[tokio::test]
async fn a_closed_conversation_of_the_gateway_stays_closed_in_the_others() {
    let house = House::open().await;
    let Three { ann, bob, mallory } = Three::come_to(&house).await;
    let mut at_gateway = house
        .listen(&format!("/notify?protoc=ws&token={}", mallory.gateway.token()))
        .await;
    let mut at_ruoyi = house
        .listen(&format!("/ws/im?token={}", mallory.ruoyi.token()))
        .await;
    assert_eq!(at_ruoyi.next().await["type"], "connected");
    let uuid = gateway_conversation(&house, &["ann", "bob"]).await;
    let secret = say(&ann, &uuid, SECRET).await;

    // Who may read it does, in the other dialect; so what follows could fail.
    let conversations = ok(bob.ruoyi.get("/api/im/conversation/list").await);
    let conversation = conversations[0]["id"].as_i64().unwrap();
    let list = ok(bob
        .ruoyi
        .get(&format!("/api/im/message/list/{conversation}"))
        .await);
    assert_eq!(list[0]["content"], SECRET);
    let message = list[0]["id"].as_i64().unwrap();

    let own = direct(&mallory, &ann).await;
    let group = conversations[0]["targetId"].as_i64().unwrap_or(conversation);
    let mut calls = ruoyi_calls(conversation, message, own);
    for (method, path) in [
        ("GET", format!("/api/im/group/{group}/members")),
        ("GET", format!("/api/im/groups/{group}/members")),
        ("GET", format!("/api/im/group/announcement/list/{group}")),
        ("DELETE", format!("/api/im/group/{group}")),
        ("DELETE", format!("/api/im/group/{group}/members/{}", bob.id)),
        ("PUT", format!("/api/im/group/{group}/transfer/{}", mallory.id)),
        (
            "PUT",
            format!("/api/im/group/{group}/admin/{}?isAdmin=true", mallory.id),
        ),
        ("PUT", format!("/api/im/group/mute/all/{group}?allMuted=true")),
    ] {
        calls.push((method, path, json!({})));
    }
    let into = json!({ "userIds": [mallory.id], "memberIds": [mallory.id] });
    calls.push(("POST", format!("/api/im/group/{group}/members"), into));
    for (method, path, body) in calls {
        let answer = call(&mallory.ruoyi, method, &path, &body).await;
        assert_no_right(&format!("{method} {path}"), &answer);
    }
    assert_ruoyi_lists_are_silent(&mallory.ruoyi).await;
    assert_gateway_refuses(&mallory, &uuid, &secret).await;

    // Bob is shown out in one dialect: the other closes at once, and says so.
    let out = json!({ "conversation_id": uuid, "sessions": ["bob"] });
    good(house.nobody.post("/inner/kickout_conversation", out).await);
    assert_gateway_refuses(&bob, &uuid, &secret).await;
    let answer = bob
        .ruoyi
        .get(&format!("/api/im/message/list/{conversation}"))
        .await;
    assert_refused("the list after leaving", &answer);

    // The first that Mallory hears of the gateway is the place where Mallory is.
    let open = gateway_conversation(&house, &["ann", "mallory"]).await;
    assert_eq!(at_gateway.next().await["ConversationID"], open.as_str());
    let hello = say(&ann, &open, "hello").await;
    assert_eq!(at_gateway.next().await["MsgId"], hello.as_str());
    let heard = at_ruoyi.expect("new_message").await;
    assert_ne!(heard["payload"]["conversationId"], conversation, "{heard}");
}

async fn gateway_conversation(house: &House, sessions: &[&str]) -> String {
    let body = json!({ "conversation_type": 0, "sessions": sessions });
    let made = good(house.nobody.post("/inner/create_conversation", body).await);
    made["ConversationId"].as_str().unwrap().to_owned()
}

async fn say(person: &Person, conversation: &str, content: &str) -> String {
    let body = json!({ "conversation_id": conversation, "status": 0, "type": 1, "content": content });
    let sent = good(person.gateway.post("/send_msg", body).await);
    sent["MsgID"].as_str().unwrap().to_owned()
}

/// Everything by which the gateway reads or writes a conversation is closed to who is not in it.
async fn assert_gateway_refuses(person: &Person, conversation: &str, message: &str) {
    for path in [
        "/send_msg",
        "/get_conversation_detail",
        "/get_lastone_msgid",
        "/get_conversation_msg_by_range",
        "/get_conversation_last_30_msg",
        "/get_conversation_lastone_msg",
        "/get_conversation_30msg_after_the_id",
        "/get_conversation_30msg_before_the_id",
    ] {
        let body = json!({
            "conversation_id": conversation, "type": 1, "content": "x", "msg_id": message,
            "start_msg_id": "", "end_msg_id": "", "desc": false,
        });
        let answer = person.gateway.post(path, body).await;
        assert_refused(path, &answer);
        assert_eq!(answer.body["code"], 10004, "{path}: {}", answer.body);
    }
    let body = json!({ "conversation_id": conversation });
    let joined = good(person.gateway.post("/check_joined_conversation", body).await);
    assert_eq!(joined, json!({ "Joined": false }));
    let all = good(person.gateway.post("/get_joined_conversation", json!({})).await);
    assert!(!all.to_string().contains(conversation), "{all}");
}
