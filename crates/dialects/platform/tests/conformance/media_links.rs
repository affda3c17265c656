//! Files in messages: what a content may name, and the links that leave in its place.

use parlance_core::command::{NamedFiles, SendMessage, Target};
use parlance_core::files::storage_key;
use parlance_core::types::FileRef;
use parlance_testkit::Answer;
use serde_json::{Value, json};

use crate::media::{text, upload};
use crate::people::{House, Person, ok, refused};
use crate::socket::listen;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and the rest of a picture";
const NOT_YOURS: &str = "Not enough permissions";

async fn send(from: &Person, to: &Person, content: impl Into<Value>) -> Answer {
    let body = json!({
        "receiver_id": to.id, "type": "MESSAGE", "content_type": "IMAGE", "title": "t", "content": content.into(),
    });
    from.http.post("/api/v1/messages/", body).await
}

async fn newest(person: &Person, other: &Person) -> String {
    text(&person.history(other.id).await[0], "content").to_owned()
}

/// Checks that a text is a link to this file, and that it opens it for everybody.
async fn opens(house: &House, link: &str, key: &str) {
    assert!(
        link.starts_with(&format!("/api/v1/messages/media/{key}?expires=")),
        "{link}"
    );
    let got = house.stranger().get(link).await;
    assert_eq!((got.status, got.bytes.as_slice()), (200, PNG));
}

/// Sends in the name of somebody as another dialect does, where content is opaque.
async fn from_elsewhere(house: &House, from: &Person, to: &Person, content: &str, files: Vec<FileRef>) {
    let core = &house.server.core;
    let (actor, _) = core
        .authenticate(from.http.token(), "platform")
        .await
        .expect("a caller");
    let message = SendMessage {
        content_type: "IMAGE".into(),
        files: NamedFiles::perhaps(files),
        ..SendMessage::text(Target::User(to.id), content)
    };
    core.execute(&actor, message).await.expect("a message");
}

#[tokio::test]
async fn a_key_leaves_as_a_link_in_answers_history_and_pushes() {
    let house = House::open().await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    let file = upload(&alice, "a.png", PNG).await;
    let key = text(&file, "key");
    let (mut at_alice, mut at_bob) = (listen(&house, &alice.http).await, listen(&house, &bob.http).await);
    let sent = ok(send(&alice, &bob, key).await);
    opens(&house, text(&sent, "content"), key).await;
    for socket in [&mut at_alice, &mut at_bob] {
        opens(&house, text(&socket.next().await["data"], "content"), key).await;
    }
    for (person, other) in [(&alice, &bob), (&bob, &alice)] {
        opens(&house, &newest(person, other).await, key).await;
    }
    let all = ok(bob.http.get("/api/v1/messages/").await);
    opens(&house, text(&all[0], "content"), key).await;
    // What was shown has ended by then, what is shown has not.
    house.server.clock.advance_seconds(7200);
    assert_eq!(house.stranger().get(text(&sent, "content")).await.status, 403);
    opens(&house, &newest(&bob, &alice).await, key).await;
    house.server.stop().await;
}

#[tokio::test]
async fn an_object_keeps_its_order_and_gets_the_link_in_url() {
    let house = House::open().await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    let file = upload(&alice, "a.png", PNG).await;
    let key = text(&file, "key");
    for (content, before, after) in [
        (
            format!(r#"{{"z":1,"url":"old","key":"{key}","a":2}}"#),
            r#"{"z":1,"url":""#.to_owned(),
            format!(r#"","key":"{key}","a":2}}"#),
        ),
        (
            format!(r#"{{"size":3,"key":"{key}"}}"#),
            format!(r#"{{"size":3,"key":"{key}","url":""#),
            r#""}"#.to_owned(),
        ),
    ] {
        ok(send(&alice, &bob, content).await);
        let shown = newest(&bob, &alice).await;
        let link = shown
            .strip_prefix(&before)
            .and_then(|rest| rest.strip_suffix(&after));
        opens(&house, link.expect(&shown), key).await;
    }
    house.server.stop().await;
}

#[tokio::test]
async fn a_key_of_somebody_else_is_refused_until_it_was_shown() {
    let house = House::open().await;
    let (alice, bob, _) = house.office().await;
    let eve = house.person("eve").await;
    let file = upload(&alice, "a.png", PNG).await;
    let key = text(&file, "key");
    let unknown = format!("{}.png", "f".repeat(32));
    for content in [
        json!(key),
        json!(storage_key(key)),
        json!({ "key": key }),
        json!(format!("{{\"url\":\"{key}\"}}")),
        json!(unknown),
    ] {
        refused(&send(&eve, &bob, content).await, 403, NOT_YOURS);
    }
    assert_eq!(eve.history(bob.id).await, json!([]), "nothing was sent");
    ok(send(&alice, &bob, key).await);
    refused(&send(&eve, &bob, key).await, 403, NOT_YOURS);
    ok(send(&bob, &eve, key).await);
    opens(&house, &newest(&eve, &bob).await, key).await;
    house.server.stop().await;
}

#[tokio::test]
async fn an_app_has_no_files_to_send() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    let file = upload(&alice, "a.png", PNG).await;
    let body = |content: &str| {
        json!({
            "receiver_id": bob.id, "type": "NOTIFICATION", "content_type": "IMAGE", "title": "t", "content": content,
        })
    };
    refused(&oa.send(&house, body(text(&file, "key"))).await, 403, NOT_YOURS);
    let address = "https://cdn.example.com/d41d8cd98f00b204e9800998ecf8427e.png";
    assert_eq!(ok(oa.send(&house, body(address)).await)["content"], address);
    house.server.stop().await;
}

#[tokio::test]
async fn a_link_that_comes_back_as_content_is_renewed() {
    let house = House::open().await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    let file = upload(&alice, "a.png", PNG).await;
    ok(send(&alice, &bob, text(&file, "url")).await);
    house.server.clock.advance_seconds(7200);
    opens(&house, &newest(&bob, &alice).await, text(&file, "key")).await;
    house.server.stop().await;
}

#[tokio::test]
async fn a_key_that_another_dialect_lets_through_opens_nothing() {
    let house = House::open().await;
    let (alice, eve) = (house.person("alice").await, house.person("eve").await);
    let accomplice = house.person("mallory").await;
    let file = upload(&alice, "a.png", PNG).await;
    let key = text(&file, "key");
    let files = || vec![FileRef::Key(storage_key(key).expect("a key").to_owned())];
    let object = format!("{{\"key\":\"{key}\"}}");
    for content in [key, &object] {
        from_elsewhere(&house, &eve, &accomplice, content, files()).await;
        for (person, other) in [(&eve, &accomplice), (&accomplice, &eve)] {
            assert_eq!(newest(person, other).await, content, "as it came, without a link");
        }
    }
    house.server.stop().await;
}

#[tokio::test]
async fn a_picture_from_another_dialect_can_be_seen_here() {
    let house = House::open().await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    let file = upload(&alice, "a.png", PNG).await;
    let key = text(&file, "key");
    let files = || vec![FileRef::Key(storage_key(key).expect("a key").to_owned())];
    let address = format!("/api/im/file/download/image/2026/01/09/{key}");
    from_elsewhere(&house, &alice, &bob, &address, files()).await;
    opens(&house, &newest(&bob, &alice).await, key).await;
    let object = format!("{{\"fileName\":\"a.png\",\"imageUrl\":\"http://host{address}?token=x\"}}");
    from_elsewhere(&house, &alice, &bob, &object, files()).await;
    let shown: Value = serde_json::from_str(&newest(&bob, &alice).await).expect("an object");
    assert_eq!(shown["fileName"], "a.png");
    opens(&house, text(&shown, "imageUrl"), key).await;
    from_elsewhere(
        &house,
        &alice,
        &bob,
        "https://elsewhere.example/a.png",
        Vec::new(),
    )
    .await;
    assert_eq!(newest(&bob, &alice).await, "https://elsewhere.example/a.png");
    house.server.stop().await;
}
