//! `/notify`: who is pushed what, in each of the three ways.

use std::time::Duration;

use parlance_core::command::{EditMessage, OpenDirect, RecallMessage, SendMessage, SetUserStatus, Target};
use parlance_core::query::{FindGroup, GroupHistory, Pick};
use parlance_core::types::{AccountStatus, DEFAULT_TENANT, MessageId};
use parlance_core::{Actor, Core};
use parlance_dialect_gateway::{Notify, Options};
use parlance_testkit::{Answer, Events, Request, Socket, StreamEnd};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::conversation::OPENING;
use crate::people::{House, Person, contents, ok, refused, refused_with, whole};

/// Waits for something that no message tells of.
async fn until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting)
        .await
        .expect("it came about");
}

/// Who somebody is to the core.
async fn actor(core: &Core, person: &Person) -> Actor {
    core.authenticate(person.http.token(), "gateway")
        .await
        .expect("a good token")
        .0
}

async fn socket(house: &House, person: &Person, more: &str) -> Socket {
    Socket::open(house.server.address, &person.notify(&format!("protoc=ws{more}"))).await
}

fn stream(person: &Person, more: &str) -> Request {
    person
        .http
        .request("GET", &person.notify(&format!("protoc=sse{more}")))
}

async fn poll(person: &Person, more: &str) -> Answer {
    person
        .http
        .get(&person.notify(&format!("protoc=poll{more}")))
        .await
}

/// The message in the answer to a poll: bare, in one line.
#[track_caller]
fn polled(answer: &Answer) -> Value {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json")
    );
    let said = String::from_utf8_lossy(&answer.bytes);
    assert!(said.ends_with("}\n") && said.lines().count() == 1, "{said}");
    whole(&answer.body);
    answer.body.clone()
}

fn content(message: &Value) -> &str {
    message["Content"].as_str().expect("a text")
}

/// A server where nobody waits for long.
async fn hasty() -> House {
    let short = Duration::from_millis(20);
    House::with(Options {
        notify: Notify {
            poll_wait: short,
            ping_every: short,
            comment_every: short,
        },
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn unsupported_driver() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    for path in [
        "/notify",
        "/notify?protoc=",
        "/notify?protoc=WS",
        "/notify?protoc=tcp",
        "/notify?protoc=%ff",
    ] {
        refused(&ann.http.get(path).await, 90013);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn a_socket_has_every_message_of_every_member_and_nothing_else() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("ann").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let phone = house.person_on("bob", 200).await;
    let mut sockets = Vec::new();
    for person in [&ann, &bob, &bob, &phone] {
        sockets.push(socket(&house, person, "").await);
    }
    let mut outside = socket(&house, &eve, "").await;
    // What clients say is not looked at.
    sockets[1].send_text("hello?").await;
    sockets[1].send(json!({ "type": "auth" })).await;
    let id = ann.create(&[&bob]).await;
    bob.say(&id, "one").await;
    ann.say(&id, "two").await;
    let history = ann.newest(&id).await;
    for socket in &mut sockets {
        for message in &history {
            assert_eq!(socket.next().await, *message, "as the history has it");
        }
    }
    // Conversations of two have no place here.
    let core = &house.server.core;
    let (as_ann, as_eve) = (actor(core, &ann).await, actor(core, &eve).await);
    let peer_id = as_eve.user_id;
    core.execute(&as_ann, OpenDirect { peer_id }).await.expect("done");
    let private = SendMessage::text(Target::User(peer_id), "private");
    core.execute(&as_ann, private).await.expect("done");
    let open = eve.create(&[&ann]).await;
    for socket in [&mut outside, &mut sockets[0]] {
        let next = socket.next().await;
        assert_eq!((content(&next), &next["ConversationID"]), (OPENING, &json!(open)));
    }
    house.server.stop().await;
}

#[tokio::test]
async fn a_message_that_was_changed_is_pushed_again() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let id = ann.create(&[&bob]).await;
    let mut at_bob = socket(&house, &bob, "").await;
    let mut stream = Events::open(stream(&bob, "")).await;
    ann.say(&id, "first").await;
    let sent = at_bob.next().await;
    assert_eq!(stream.next().await.id, sent["MsgId"].as_str().expect("an id"));
    let (core, as_ann) = (&house.server.core, actor(&house.server.core, &ann).await);
    let message_id = newest_id(core, &as_ann, &id).await;
    let edit = EditMessage {
        message_id,
        content: "second".into(),
    };
    core.execute(&as_ann, edit).await.expect("done");
    core.execute(&as_ann, RecallMessage { message_id })
        .await
        .expect("done");
    for (status, text) in [(2, "second"), (1, "")] {
        let mut changed = sent.clone();
        changed["Status"] = json!(status);
        changed["Content"] = json!(text);
        assert_eq!(at_bob.next().await, changed);
        let event = stream.next().await;
        assert_eq!(event.id, "", "a browser's position does not go back");
        let data: Value = serde_json::from_str(&event.data).expect("JSON");
        assert_eq!((event.event.as_str(), data), ("message", changed));
    }
    let last = ann.newest(&id).await[1].clone();
    assert_eq!((&last["Status"], content(&last)), (&json!(1), ""));
    house.server.stop().await;
}

/// The common number of the newest message.
async fn newest_id(core: &Core, actor: &Actor, uuid: &str) -> MessageId {
    let history = GroupHistory {
        uuid: uuid.to_owned(),
        from: None,
        to: None,
        pick: Pick::Newest,
        limit: 1,
    };
    core.query(actor, history).await.expect("a page").messages[0]
        .message
        .id
}

#[tokio::test]
async fn a_socket_and_a_stream_begin_after_a_message_if_they_say_so() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let (here, there) = (ann.create(&[]).await, ann.create(&[]).await);
    let first = ann.say(&here, "1").await;
    ann.say(&there, "2").await;
    let third = ann.say(&here, "3").await;
    let mut now = socket(&house, &ann, "").await;
    let mut later = socket(&house, &ann, &format!("&last_msg_id={first}")).await;
    let mut events = Vec::new();
    for name in ["last_msg_id", "last_event_id"] {
        let query = format!("&{name}={first}");
        events.push(Events::open(stream(&ann, &query)).await);
    }
    // A browser comes back with the address that it began with, and the header beside it counts.
    let stale = stream(&ann, &format!("&last_event_id={third}"));
    events.push(Events::open(stale.header("Last-Event-ID", &first)).await);
    let empty = stream(&ann, &format!("&last_event_id={first}"));
    events.push(Events::open(empty.header("Last-Event-ID", "")).await);
    ann.say(&here, "4").await;
    assert_eq!(content(&now.next().await), "4");
    for expected in ["2", "3", "4"] {
        assert_eq!(content(&later.next().await), expected);
        for stream in &mut events {
            let event = stream.next().await;
            let data: Value = serde_json::from_str(&event.data).expect("JSON");
            assert_eq!((content(&data), event.event.as_str()), (expected, "message"));
            assert_eq!(event.id, data["MsgId"].as_str().expect("an id"));
        }
    }
    for protoc in ["ws", "sse", "poll"] {
        let odd = ann.notify(&format!("protoc={protoc}&last_msg_id=odd"));
        refused(&ann.http.get(&odd).await, 10001);
    }
    let odd = stream(&ann, "").header("Last-Event-ID", "odd");
    refused(&ann.http.fetch(odd).await, 10001);
    // A position that nobody has reached yet hides nothing.
    let mut ahead = socket(&house, &ann, "&last_msg_id=ZZZZZ-ZZZZ-ZZZZ-ZZZ").await;
    ann.say(&here, "5").await;
    assert_eq!(content(&ahead.next().await), "5");
    house.server.stop().await;
}

#[tokio::test]
async fn who_was_taken_out_hears_nothing_from_then_on() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let id = ann.create(&[&bob]).await;
    let mut at_bob = socket(&house, &bob, "").await;
    let last = ann.say(&id, "before").await;
    assert_eq!(content(&at_bob.next().await), "before");
    let kick = json!({ "conversation_id": id, "sessions": ["bob"] });
    ok(house.stranger().post("/inner/kickout_conversation", kick).await);
    ann.say(&id, "about bob").await;
    let own = bob.create(&[]).await;
    assert_eq!(at_bob.next().await["ConversationID"], json!(own));
    let mut again = socket(&house, &bob, &format!("&last_msg_id={last}")).await;
    assert_eq!(again.next().await["ConversationID"], json!(own));
    let next = polled(&poll(&bob, &format!("&last_msg_id={last}")).await);
    assert_eq!(next["ConversationID"], json!(own));
    // Who comes back hears what is said from then on; the rest is in the history.
    let join = json!({ "conversation_id": id, "sessions": ["bob"] });
    ok(house.stranger().post("/inner/join_conversation", join).await);
    ann.say(&id, "welcome").await;
    assert_eq!(content(&at_bob.next().await), "welcome");
    assert_eq!(content(&again.next().await), "welcome");
    assert_eq!(
        contents(&bob.newest(&id).await),
        [OPENING, "before", "about bob", "welcome"]
    );
    house.server.stop().await;
}

#[tokio::test]
async fn what_is_idle_is_kept_alive() {
    let house = hasty().await;
    let ann = house.person("ann").await;
    let mut socket = socket(&house, &ann, "").await;
    socket.pinged().await;
    socket.pinged().await;
    let mut stream = Events::open(stream(&ann, "")).await;
    assert_eq!(stream.header("cache-control"), "no-cache");
    stream.comment().await;
    let answer = poll(&ann, "").await;
    assert_eq!((answer.status, answer.bytes.len()), (204, 0));
    house.server.stop().await;
}

#[tokio::test]
async fn what_is_no_upgrade_is_told_so() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    assert_eq!(ann.http.get(&ann.notify("protoc=ws")).await.status, 426);
    let none = Socket::try_open(house.server.address, "/notify?protoc=ws&token=x").await;
    assert!(none.is_none());
    refused(&house.stranger().get("/notify?protoc=ws&token=x").await, 10101);
    house.server.stop().await;
}

#[tokio::test]
async fn sockets_and_streams_are_presence_and_polls_are_not() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let core = house.server.core.clone();
    let me = actor(&core, &ann).await.user_id;
    let polling = {
        let ann = ann.clone();
        tokio::spawn(async move { poll(&ann, "").await })
    };
    until(|| core.connected().0 == 1).await;
    assert!(!core.is_online(me));
    let at_ann = socket(&house, &ann, "").await;
    assert!(core.is_online(me), "before the upgrade was answered");
    at_ann.cut();
    until(|| !core.is_online(me)).await;
    let events = Events::open(stream(&ann, "")).await;
    assert!(core.is_online(me), "before the stream began");
    drop(events);
    until(|| !core.is_online(me)).await;
    ann.create(&[]).await;
    assert_eq!(content(&polled(&polling.await.expect("an answer"))), OPENING);
    house.server.stop().await;
}

#[tokio::test]
async fn a_poll_has_one_message_and_none_is_lost_between_two() {
    let house = hasty().await;
    let ann = house.person("ann").await;
    let phone = house.person_on("ann", 2).await;
    let id = ann.create(&[]).await;
    ann.say(&id, "before the first poll").await;
    assert_eq!(poll(&ann, "").await.status, 204, "the first poll begins now");
    for text in ["1", "2", "3"] {
        ann.say(&id, text).await;
    }
    for text in ["1", "2", "3"] {
        assert_eq!(content(&polled(&poll(&ann, "").await)), text);
    }
    assert_eq!(poll(&ann, "").await.status, 204);
    // Each platform stands somewhere else.
    assert_eq!(poll(&phone, "").await.status, 204);
    ann.say(&id, "4").await;
    assert_eq!(content(&polled(&poll(&phone, "").await)), "4");
    ann.say(&id, "5").await;
    let house = house.restart().await;
    let (ann, phone) = (house.again(&ann), house.again(&phone));
    assert_eq!(
        content(&polled(&poll(&ann, "").await)),
        "4",
        "also after a restart"
    );
    assert_eq!(content(&polled(&poll(&phone, "").await)), "5");
    assert_eq!(content(&polled(&poll(&ann, "").await)), "5");
    house.server.stop().await;
}

#[tokio::test]
async fn a_poll_may_say_what_it_has() {
    let house = hasty().await;
    let ann = house.person("ann").await;
    let id = ann.create(&[]).await;
    let mut ids = Vec::new();
    for text in ["0", "1", "2", "3"] {
        ids.push(ann.say(&id, text).await);
    }
    let after = |number: usize| format!("&last_msg_id={}", ids[number]);
    // Also the first time, and as often as it likes.
    for _ in 0..2 {
        assert_eq!(content(&polled(&poll(&ann, &after(0)).await)), "1");
    }
    assert_eq!(
        content(&polled(&poll(&ann, "").await)),
        "2",
        "what it was given counts"
    );
    assert_eq!(content(&polled(&poll(&ann, &after(0)).await)), "1");
    assert_eq!(
        content(&polled(&poll(&ann, "").await)),
        "3",
        "to ask for something again does not turn the clock back"
    );
    let mut gone = poll(&ann, &after(3)).await;
    assert_eq!(gone.status, 204);
    gone = poll(&ann, "&last_msg_id=ZZZZZ-ZZZZ-ZZZZ-ZZZ").await;
    assert_eq!(gone.status, 204);
    ann.say(&id, "4").await;
    assert_eq!(content(&polled(&poll(&ann, "").await)), "4");
    house.server.stop().await;
}

#[tokio::test]
async fn a_newer_poll_ends_the_older() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let core = house.server.core.clone();
    let start = || {
        let ann = ann.clone();
        tokio::spawn(async move { poll(&ann, "").await })
    };
    let first = start();
    until(|| core.connected().0 == 1).await;
    let second = start();
    let ended = first.await.expect("an answer");
    assert_eq!((ended.status, ended.bytes.len()), (204, 0));
    until(|| core.connected().0 == 1).await;
    let elsewhere = house.person_on("ann", 9).await;
    let third = tokio::spawn(async move { poll(&elsewhere, "").await });
    until(|| core.connected().0 == 2).await;
    ann.create(&[]).await;
    for polling in [second, third] {
        let answer = polling.await.expect("an answer");
        assert_eq!(content(&polled(&answer)), OPENING);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn a_poll_that_was_cut_off_while_it_waited_has_taken_nothing() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let id = ann.create(&[]).await;
    let core = house.server.core.clone();
    for number in 0..20 {
        let mut cut = TcpStream::connect(house.server.address)
            .await
            .expect("a connection");
        let head = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", ann.notify("protoc=poll"));
        cut.write_all(head.as_bytes()).await.expect("written");
        until(|| core.connected().0 == 1).await;
        drop(cut);
        until(|| core.connected().0 == 0).await;
        ann.say(&id, &number.to_string()).await;
        assert_eq!(content(&polled(&poll(&ann, "").await)), number.to_string());
    }
    house.server.stop().await;
}

#[tokio::test]
async fn a_poll_is_told_of_a_change_while_it_waits() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let id = ann.create(&[]).await;
    let said = ann.say(&id, "oops").await;
    let core = house.server.core.clone();
    let polling = {
        let (ann, query) = (ann.clone(), format!("&last_msg_id={said}"));
        tokio::spawn(async move { poll(&ann, &query).await })
    };
    until(|| core.connected().0 == 1).await;
    let as_ann = actor(&core, &ann).await;
    let message_id = newest_id(&core, &as_ann, &id).await;
    core.execute(&as_ann, RecallMessage { message_id })
        .await
        .expect("done");
    let changed = polled(&polling.await.expect("an answer"));
    assert_eq!((&changed["MsgId"], &changed["Status"]), (&json!(said), &json!(1)));
    ann.say(&id, "next").await;
    assert_eq!(content(&polled(&poll(&ann, "").await)), "next");
    house.server.stop().await;
}

#[tokio::test]
async fn all_three_ways_end_when_the_token_is_void() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let core = house.server.core.clone();
    let mut socket = socket(&house, &ann, "").await;
    let mut stream = Events::open(stream(&ann, "")).await;
    let polling = {
        let ann = ann.clone();
        tokio::spawn(async move { poll(&ann, "").await })
    };
    until(|| core.connected().0 == 3).await;
    let disable = SetUserStatus {
        user_id: actor(&core, &ann).await.user_id,
        status: AccountStatus::Disabled,
    };
    core.execute(&Actor::system(DEFAULT_TENANT), disable)
        .await
        .expect("done");
    assert_eq!(socket.closed().await.0, 1008);
    assert_eq!(stream.ended().await, StreamEnd::Finished);
    refused(&polling.await.expect("an answer"), 10101);
    refused_with(&poll(&ann, "").await, 200, 10101);
    house.server.stop().await;
}

#[tokio::test]
async fn a_stop_ends_all_three_ways_at_once() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let core = house.server.core.clone();
    let mut socket = socket(&house, &ann, "").await;
    let mut stream = Events::open(stream(&ann, "")).await;
    let polling = {
        let ann = ann.clone();
        tokio::spawn(async move { poll(&ann, "").await })
    };
    until(|| core.connected().0 == 3).await;
    let (_, closed, ended, polled) =
        tokio::join!(house.server.stop(), socket.closed(), stream.ended(), polling);
    assert_eq!((closed.0, ended), (1001, StreamEnd::Finished));
    assert_eq!(polled.expect("an answer").status, 204);
}

#[tokio::test]
async fn a_conversation_can_be_found_by_its_id_only() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let id = ann.create(&[]).await;
    let (core, me) = (&house.server.core, actor(&house.server.core, &ann).await);
    assert!(core.query(&me, FindGroup { uuid: id.clone() }).await.is_ok());
    for odd in [format!(" {id}"), format!("{id}\0"), id[..35].to_owned()] {
        refused(&ann.ask("/get_conversation_detail", &odd).await, 10002);
    }
    house.server.stop().await;
}
