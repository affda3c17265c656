//! All four dialects over one server: what is said, read, edited and recalled in any of them shows in every other one
//! that has such a conversation. Direct conversations are in `platform`, `ruoyi` and `xuqm`, groups in `gateway`, `ruoyi`
//! and `xuqm`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails there"
)]

use std::net::SocketAddr;

use parlance_testkit::{Http, ServerProgram, Socket};
use serde_json::{Value, json};

const APP_KEY: &str = "ak_four_dialects";
const APP_SECRET: &str = "as_four_dialects_test";
const PASSWORD: &str = "secret-Pass-1";

/// An API that people speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Platform,
    Gateway,
    Ruoyi,
    Xuqm,
}

use Dialect::{Gateway, Platform, Ruoyi, Xuqm};

/// Dialects that have direct conversations.
const DIRECT: [Dialect; 3] = [Platform, Ruoyi, Xuqm];
/// Dialects that have groups.
const GROUP: [Dialect; 3] = [Gateway, Ruoyi, Xuqm];

/// Somebody who speaks all four.
struct Person {
    id: i64,
    uid: String,
    platform: Http,
    gateway: Http,
    ruoyi: Http,
    xuqm: Http,
}

/// A group under its three names.
struct Group {
    uuid: String,
    conversation_id: i64,
    group_id: String,
}

/// Where something is said.
#[derive(Clone, Copy)]
enum Place<'a> {
    With(&'a Person, i64),
    In(&'a Group),
}

fn signature(uid: &str) -> String {
    let claims = json!({ "sub": uid, "appKey": APP_KEY, "exp": i64::from(i32::MAX) });
    let key = jsonwebtoken::EncodingKey::from_secret(APP_SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
}

/// The answer to a call that must succeed.
async fn call(http: &Http, method: &str, path: &str, body: Value) -> Value {
    let answer = http.fetch(http.request(method, path).json(&body)).await;
    let said = &answer.body["code"];
    let well = answer.status < 300 && (said.is_null() || *said == 200 || *said == 0);
    assert!(well, "{method} {path}: {} {}", answer.status, answer.body);
    answer.body
}

async fn person(address: SocketAddr, uid: &str) -> Person {
    let nobody = Http::new(address);
    let account = json!({ "username": uid, "password": PASSWORD, "nickname": uid });
    call(&nobody, "POST", "/api/auth/register", account.clone()).await;
    let ruoyi = call(&nobody, "POST", "/api/auth/login", account).await["data"].clone();
    let login = json!({ "identifier": uid, "password": PASSWORD });
    let platform = call(&nobody, "POST", "/api/v1/auth/login/json", login).await;
    let session = json!({ "session": uid, "platform": 1 });
    let gateway = call(&nobody, "POST", "/inner/get_token", session).await;
    let login = json!({ "appKey": APP_KEY, "userId": uid, "userSig": signature(uid) });
    let xuqm = call(&nobody, "POST", "/api/im/auth/login", login).await["data"].clone();
    let with = |token: &Value| nobody.with_token(token.as_str().unwrap());
    Person {
        id: ruoyi["userInfo"]["id"].as_i64().unwrap(),
        uid: uid.to_owned(),
        platform: with(&platform["access_token"]),
        gateway: with(&gateway["data"]),
        ruoyi: with(&ruoyi["token"]),
        xuqm: with(&xuqm["token"]),
    }
}

impl Person {
    /// Says a text in a dialect.
    async fn say(&self, dialect: Dialect, place: Place<'_>, text: &str) {
        match (dialect, place) {
            (Platform, Place::With(other, _)) => {
                let body =
                    json!({ "receiver_id": other.id, "type": "MESSAGE", "title": "t", "content": text });
                call(&self.platform, "POST", "/api/v1/messages/", body).await;
            }
            (Gateway, Place::In(group)) => {
                let body = json!({ "conversation_id": group.uuid, "type": 1, "content": text });
                call(&self.gateway, "POST", "/send_msg", body).await;
            }
            (Ruoyi, place) => {
                let mut body = json!({ "messageType": "TEXT", "content": text });
                match place {
                    Place::With(other, _) => body["receiverId"] = json!(other.id),
                    Place::In(group) => body["conversationId"] = json!(group.conversation_id),
                }
                call(&self.ruoyi, "POST", "/api/im/message/send", body).await;
            }
            (Xuqm, place) => {
                let (target, kind) = xuqm_target(place);
                let body = json!({ "toId": target, "chatType": kind, "msgType": "TEXT", "content": text });
                call(&self.xuqm, "POST", "/api/im/messages/send", body).await;
            }
            (dialect, _) => unreachable!("{dialect:?} has no such conversation"),
        }
    }

    /// The texts of a conversation as a dialect shows them.
    async fn history(&self, dialect: Dialect, place: Place<'_>) -> String {
        let shown = match (dialect, place) {
            (Platform, Place::With(other, _)) => {
                let path = format!("/api/v1/messages/history/{}", other.id);
                call(&self.platform, "GET", &path, json!({})).await
            }
            (Gateway, Place::In(group)) => {
                let body = json!({ "conversation_id": group.uuid });
                call(&self.gateway, "POST", "/get_conversation_last_30_msg", body).await
            }
            (Ruoyi, place) => {
                let path = format!("/api/im/message/list/{}", ruoyi_id(place));
                call(&self.ruoyi, "GET", &path, json!({})).await
            }
            (Xuqm, place) => call(&self.xuqm, "GET", &xuqm_history(place), json!({})).await,
            (dialect, _) => unreachable!("{dialect:?} has no such conversation"),
        };
        shown.to_string()
    }

    /// How many messages of a conversation are unread; none where the dialect does not say.
    async fn unread(&self, dialect: Dialect, place: Place<'_>) -> Option<i64> {
        let (list, name, target, count) = match dialect {
            Gateway => return None,
            Platform => {
                let Place::With(other, _) = place else { return None };
                let list = call(&self.platform, "GET", "/api/v1/messages/conversations", json!({})).await;
                (list, "user_id", json!(other.id), "unread_count")
            }
            Ruoyi => {
                let list = call(&self.ruoyi, "GET", "/api/im/conversation/list", json!({})).await;
                (list["data"].clone(), "id", json!(ruoyi_id(place)), "unreadCount")
            }
            Xuqm => {
                let list = call(&self.xuqm, "GET", "/api/im/conversations", json!({})).await;
                (
                    list["data"].clone(),
                    "targetId",
                    json!(xuqm_target(place).0),
                    "unreadCount",
                )
            }
        };
        let found = list.as_array().unwrap().iter().find(|one| one[name] == target);
        found.unwrap_or_else(|| panic!("{dialect:?}: no {target} in {list}"))[count].as_i64()
    }

    /// Reads all of a conversation in a dialect.
    async fn read(&self, dialect: Dialect, place: Place<'_>) {
        match (dialect, place) {
            (Platform, Place::With(other, _)) => {
                let path = format!("/api/v1/messages/history/{}/read-all", other.id);
                call(&self.platform, "PUT", &path, json!({})).await;
            }
            (Xuqm, place) => {
                let (target, kind) = xuqm_target(place);
                let path = format!("/api/im/conversations/{target}/read");
                call(&self.xuqm, "PUT", &path, json!({ "chatType": kind })).await;
            }
            (_, place) => {
                let path = format!("/api/im/conversation/{}/markAsRead", ruoyi_id(place));
                call(&self.ruoyi, "PUT", &path, json!({})).await;
            }
        }
    }

    /// The number of the newest message.
    async fn newest(&self, place: Place<'_>) -> String {
        let shown = call(&self.xuqm, "GET", &xuqm_history(place), json!({})).await;
        shown["data"][0]["id"].as_str().expect("an id").to_owned()
    }

    /// Changes the newest message, which is this person's own.
    async fn edit(&self, dialect: Dialect, place: Place<'_>, text: &str) {
        let (id, body) = (self.newest(place).await, json!({ "content": text }));
        match dialect {
            Xuqm => call(&self.xuqm, "PUT", &format!("/api/im/messages/{id}"), body).await,
            _ => call(&self.ruoyi, "PUT", &format!("/api/im/message/{id}/edit"), body).await,
        };
    }

    /// Recalls the newest message, which is this person's own.
    async fn recall(&self, dialect: Dialect, place: Place<'_>) {
        let id = self.newest(place).await;
        match dialect {
            Xuqm => {
                call(
                    &self.xuqm,
                    "POST",
                    &format!("/api/im/messages/{id}/revoke"),
                    json!({}),
                )
                .await
            }
            _ => {
                call(
                    &self.ruoyi,
                    "DELETE",
                    &format!("/api/im/message/{id}/recall"),
                    json!({}),
                )
                .await
            }
        };
    }

    /// A live connection of a dialect.
    async fn listen(&self, address: SocketAddr, dialect: Dialect) -> Socket {
        match dialect {
            Platform => {
                let path = format!("/api/v1/ws/messages?token={}", self.platform.token());
                Socket::open(address, &path).await
            }
            Gateway => {
                let path = format!("/notify?protoc=ws&token={}", self.gateway.token());
                Socket::open(address, &path).await
            }
            Ruoyi => {
                let path = format!("/ws/im?token={}", self.ruoyi.token());
                let mut socket = Socket::open(address, &path).await;
                socket.expect("connected").await;
                socket
            }
            Xuqm => {
                let path = format!("/ws/im?token={}", self.xuqm.token());
                let mut socket = Socket::open(address, &path).await;
                socket
                    .send_text("CONNECT\naccept-version:1.2\nhost:test\n\n\0")
                    .await;
                heard(&mut socket, "CONNECTED").await;
                let subscribe = "SUBSCRIBE\nid:1\ndestination:/user/queue/messages\nreceipt:r\n\n\0";
                socket.send_text(subscribe).await;
                heard(&mut socket, "RECEIPT").await;
                socket
            }
        }
    }
}

fn ruoyi_id(place: Place<'_>) -> i64 {
    match place {
        Place::With(_, conversation_id) => conversation_id,
        Place::In(group) => group.conversation_id,
    }
}

fn xuqm_target(place: Place<'_>) -> (&str, &'static str) {
    match place {
        Place::With(other, _) => (&other.uid, "SINGLE"),
        Place::In(group) => (&group.group_id, "GROUP"),
    }
}

fn xuqm_history(place: Place<'_>) -> String {
    match place {
        Place::With(other, _) => format!("/api/im/messages/history/{}", other.uid),
        Place::In(group) => format!("/api/im/messages/group-history/{}", group.group_id),
    }
}

/// Waits for a frame with this text in it.
async fn heard(socket: &mut Socket, text: &str) {
    while !socket.next_text().await.contains(text) {}
}

fn start(data: &std::path::Path) -> ServerProgram {
    let variables = [("PARLANCE_APP_KEY", APP_KEY), ("PARLANCE_APP_SECRET", APP_SECRET)];
    ServerProgram::start(env!("CARGO_BIN_EXE_parlance"), data, &variables)
}

/// What one says in each dialect, the other hears, finds, counts and reads in each, and sees changed and taken back.
async fn all_pairs(
    address: SocketAddr,
    (ann, at_ann): (&Person, Place<'_>),
    (bob, at_bob): (&Person, Place<'_>),
    dialects: [Dialect; 3],
) {
    let mut sockets = Vec::new();
    for reader in dialects {
        sockets.push((reader, bob.listen(address, reader).await));
    }
    for sender in dialects {
        let text = format!("said in {sender:?}");
        ann.say(sender, at_ann, &text).await;
        for (reader, socket) in &mut sockets {
            heard(socket, &text).await;
            let history = bob.history(*reader, at_bob).await;
            assert!(history.contains(&text), "{sender:?} to {reader:?}: {history}");
            let unread = bob.unread(*reader, at_bob).await;
            assert!(
                unread.is_none_or(|unread| unread == 1),
                "{sender:?} to {reader:?}: {unread:?}"
            );
        }
        bob.read(sender, at_bob).await;
        for reader in dialects {
            let unread = bob.unread(reader, at_bob).await;
            assert!(
                unread.is_none_or(|unread| unread == 0),
                "read in {sender:?}, asked in {reader:?}"
            );
        }
    }
    for changer in [Ruoyi, Xuqm] {
        let (before, after) = (format!("first in {changer:?}"), format!("better in {changer:?}"));
        ann.say(changer, at_ann, &before).await;
        ann.edit(changer, at_ann, &after).await;
        for (reader, socket) in &mut sockets {
            heard(socket, &before).await;
            // The platform pushes no edits: its clients see them when they read.
            if *reader != Platform {
                heard(socket, &after).await;
            }
            let history = bob.history(*reader, at_bob).await;
            assert!(
                history.contains(&after) && !history.contains(&before),
                "{changer:?} to {reader:?}"
            );
        }
        ann.recall(changer, at_ann).await;
        for reader in dialects {
            let history = bob.history(reader, at_bob).await;
            assert!(
                !history.contains(&after),
                "recalled in {changer:?}, shown in {reader:?}: {history}"
            );
        }
    }
}

#[tokio::test]
async fn two_people_talk_over_every_pair_of_dialects() {
    let data = tempfile::tempdir().unwrap();
    let mut server = start(data.path());
    let address = server.address;
    let (ann, bob) = (person(address, "anne").await, person(address, "bob1").await);
    let open = json!({ "receiverId": bob.id, "messageType": "TEXT", "content": "first of all" });
    call(&ann.ruoyi, "POST", "/api/im/message/send", open).await;
    let list = call(&bob.ruoyi, "GET", "/api/im/conversation/list", json!({})).await;
    let conversation_id = list["data"][0]["id"].as_i64().unwrap();
    let (to_bob, to_ann) = (
        Place::With(&bob, conversation_id),
        Place::With(&ann, conversation_id),
    );
    bob.read(Ruoyi, to_ann).await;
    all_pairs(address, (&ann, to_bob), (&bob, to_ann), DIRECT).await;
    all_pairs(address, (&bob, to_ann), (&ann, to_bob), DIRECT).await;

    let variables = [("PARLANCE_APP_KEY", APP_KEY), ("PARLANCE_APP_SECRET", APP_SECRET)];
    server.restart(env!("CARGO_BIN_EXE_parlance"), data.path(), &variables);
    let again = Http::new(server.address);
    let bob = Person {
        id: bob.id,
        uid: bob.uid.clone(),
        platform: again.with_token(bob.platform.token()),
        gateway: again.with_token(bob.gateway.token()),
        ruoyi: again.with_token(bob.ruoyi.token()),
        xuqm: again.with_token(bob.xuqm.token()),
    };
    for reader in DIRECT {
        let history = bob.history(reader, to_ann).await;
        assert!(history.contains("said in Xuqm"), "{reader:?} after a restart");
    }
    server.stop();
}

#[tokio::test]
async fn a_group_talks_over_every_pair_of_dialects_until_somebody_is_kicked() {
    let data = tempfile::tempdir().unwrap();
    let server = start(data.path());
    let address = server.address;
    let (ann, bob) = (person(address, "anne").await, person(address, "bob1").await);
    for (number, maker) in [Xuqm, Ruoyi, Gateway].into_iter().enumerate() {
        let group = make_group(&ann, &bob, maker, number).await;
        let place = Place::In(&group);
        all_pairs(address, (&ann, place), (&bob, place), GROUP).await;
        let kicked_in = if maker == Ruoyi { Xuqm } else { Ruoyi };
        kick(&ann, &bob, kicked_in, &group).await;
        ann.say(maker, place, "after the kick").await;
        refused_everywhere(&bob, &group).await;
    }
    server.stop();
}

/// Makes a group of two in a dialect, and finds its names in the others.
async fn make_group(ann: &Person, bob: &Person, maker: Dialect, number: usize) -> Group {
    let name = format!("made in {maker:?}");
    match maker {
        Xuqm => {
            let body = json!({ "name": name, "groupId": format!("g{number}"), "memberIds": [bob.uid] });
            call(&ann.xuqm, "POST", "/api/im/groups", body).await;
        }
        Ruoyi => {
            let body = json!({ "name": name, "memberIds": [bob.id] });
            call(&ann.ruoyi, "POST", "/api/im/group/create", body).await;
        }
        _ => {
            let body = json!({ "conversation_type": 0, "sessions": [bob.uid], "name": name });
            call(&ann.gateway, "POST", "/create_conversation", body).await;
        }
    }
    let list = call(&bob.ruoyi, "GET", "/api/im/conversation/list", json!({})).await;
    let in_ruoyi = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == *name);
    let groups = call(&bob.xuqm, "GET", "/api/im/groups", json!({})).await;
    let in_xuqm = groups["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == *name);
    // The gateway lists ids only, the last changed first.
    let joined = call(&bob.gateway, "POST", "/get_joined_conversation", json!({})).await;
    Group {
        uuid: joined["data"]["Conversations"][0].as_str().unwrap().to_owned(),
        conversation_id: in_ruoyi.expect("the group in ruoyi")["id"].as_i64().unwrap(),
        group_id: in_xuqm.expect("the group in xuqm")["groupId"]
            .as_str()
            .unwrap()
            .to_owned(),
    }
}

async fn kick(ann: &Person, bob: &Person, dialect: Dialect, group: &Group) {
    match dialect {
        Xuqm => {
            let path = format!("/api/im/groups/{}/members/{}", group.group_id, bob.uid);
            call(&ann.xuqm, "DELETE", &path, json!({})).await;
        }
        _ => {
            let path = format!("/api/im/group/{}/members/{}", group.conversation_id, bob.id);
            call(&ann.ruoyi, "DELETE", &path, json!({})).await;
        }
    }
}

async fn refused_everywhere(bob: &Person, group: &Group) {
    let path = format!("/api/im/messages/group-history/{}", group.group_id);
    assert_eq!(bob.xuqm.get(&path).await.status, 403);
    let path = format!("/api/im/message/list/{}", group.conversation_id);
    assert_ne!(bob.ruoyi.get(&path).await.body["code"], 200);
    let body = json!({ "conversation_id": group.uuid });
    let answer = bob.gateway.post("/get_conversation_last_30_msg", body).await;
    assert_eq!(answer.body["code"], 10004);
}

#[tokio::test]
async fn paths_that_two_dialects_share_are_told_apart() {
    let data = tempfile::tempdir().unwrap();
    let server = start(data.path());
    let ann = person(server.address, "anne").await;
    let nobody = Http::new(server.address);
    let envelope = |answer: &parlance_testkit::Answer| (answer.status, answer.body["status"].clone());

    // Groups: by the token.
    let ruoyi = ann.ruoyi.get("/api/im/groups/list").await;
    assert_eq!(ruoyi.body["code"], 200, "{}", ruoyi.body);
    assert!(ruoyi.body.get("status").is_none(), "ruoyi's own envelope");
    assert_eq!(envelope(&ann.xuqm.get("/api/im/groups").await), (200, json!("0")));
    for token in ["", "x", ann.platform.token(), ann.gateway.token()] {
        let answer = nobody.with_token(token).get("/api/im/groups/list").await;
        assert_eq!(envelope(&answer), (401, json!("1")), "{token}");
    }
    assert_eq!(envelope(&nobody.get("/api/im/groups").await), (401, json!("1")));

    // Log-ins: by what they bring.
    let path = "/api/im/auth/login";
    let by_password = json!({ "username": "anne", "password": PASSWORD });
    let ruoyi = nobody.post(path, by_password).await;
    assert!(
        ruoyi.body["data"]["token"].is_string() && ruoyi.body.get("status").is_none(),
        "{}",
        ruoyi.body
    );
    let by_signature = json!({ "userId": "anne", "userSig": signature("anne") });
    assert_eq!(
        envelope(&nobody.post(path, by_signature).await),
        (200, json!("0"))
    );
    let in_query = format!("{path}?userSig={}", signature("anne"));
    assert_eq!(
        envelope(&nobody.post(&in_query, json!({})).await),
        (200, json!("0"))
    );
    assert_eq!(envelope(&nobody.post(path, json!({})).await), (400, json!("1")));

    // The socket: by the token.
    let mut socket = ann.listen(server.address, Ruoyi).await;
    socket.send_text("CONNECT\naccept-version:1.2\n\n\0").await;
    drop(socket);
    drop(ann.listen(server.address, Xuqm).await);

    let mut silent = Socket::open(server.address, "/ws/im").await;
    silent.expect("auth_required").await;
    let (mut offering, chosen) = Socket::open_with(server.address, "/ws/im", "v12.stomp").await;
    assert_eq!(chosen.as_deref(), Some("v12.stomp"));
    let connect = format!(
        "CONNECT\naccept-version:1.2\nAuthorization:Bearer {}\n\n\0",
        ann.xuqm.token()
    );
    offering.send_text(&connect).await;
    heard(&mut offering, "CONNECTED").await;

    // What nobody has: in the envelope of the dialect that has the area, else in ruoyi's.
    let nothing = nobody.get("/api/im/accounts/x/y/z").await;
    assert_eq!(envelope(&nothing), (404, json!("1")));
    let nothing = nobody.get("/api/im/nothing").await;
    assert_eq!((nothing.status, &nothing.body["code"]), (404, &json!(404)));
    server.stop();
}
