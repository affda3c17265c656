//! The socket `/ws/im`: who may be on it, frames in both directions, and who hears what.

use parlance_core::command::{
    AddMembers, CreateGroup, DeleteConversation, DeleteMessages, DissolveGroup, EditMessage,
    HideConversation, MarkRead, ReadUpTo, RemoveMembers,
};
use parlance_core::query::Counterpart;
use parlance_core::types::ConversationId;
use parlance_testkit::Socket;
use serde_json::{Value, json};

use crate::house::{House, Person};
use crate::stomp::{PERSONAL, Stomp, actor, text};

/// A group of these people that is known by a text id.
async fn group(house: &House, key: &str, owner: &Person, others: &[&Person]) -> ConversationId {
    let mut member_ids = Vec::new();
    for other in others {
        member_ids.push(actor(house, other).await.user_id);
    }
    let create = CreateGroup {
        group_key: Some(key.to_owned()),
        ..CreateGroup::named(key, member_ids)
    };
    let owner = actor(house, owner).await;
    let made = house.server.core.execute(&owner, create).await;
    made.expect("a group").conversation_id
}

fn token(person: &Person) -> String {
    format!("?token={}", person.http.token())
}

#[tokio::test]
async fn connecting() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let bearer = format!("Bearer {}", ann.http.token());
    let signature = house.signature(&house.signer(), "ann");
    let wrong = house.tenant("ak_other", json!({})).await;
    let foreign = wrong.sign(&json!({ "sub": "ann", "appKey": "ak_default", "exp": 4_000_000_000_i64 }));

    for (query, header) in [
        (token(&ann), None),
        (format!("?token={signature}"), None),
        (String::new(), Some(bearer.as_str())),
        (String::new(), Some(signature.as_str())),
        ("?token=nonsense".to_owned(), Some(bearer.as_str())),
    ] {
        let mut stomp = Stomp::open(&house, &query).await;
        let mut headers = vec![("accept-version", "1.1,1.2"), ("host", "h")];
        headers.extend(header.map(|header| ("Authorization", header)));
        stomp.say("CONNECT", &headers, "").await;
        let connected = stomp.expect("CONNECTED").await;
        assert_eq!(connected.header("version"), "1.2");
        assert_eq!(connected.header("heart-beat"), "0,0");
        assert_eq!(connected.header("user-name"), "ann");
    }
    for (query, header) in [
        (String::new(), None),
        ("?token=nonsense".to_owned(), None),
        (format!("?token={foreign}"), None),
        (token(&ann), Some("Bearer nonsense")),
    ] {
        let mut stomp = Stomp::open(&house, &query).await;
        let mut headers = vec![("accept-version", "1.2")];
        headers.extend(header.map(|header| ("Authorization", header)));
        stomp.say("CONNECT", &headers, "").await;
        let error = stomp.thrown_out().await;
        assert_eq!(
            (error.header("message"), error.body.as_str()),
            ("Unauthorized", "Unauthorized")
        );
    }
    let mut early = Stomp::open(&house, &token(&ann)).await;
    early
        .say("SEND", &[("destination", "/app/chat.send")], "{}")
        .await;
    early.thrown_out().await;
    let mut twice = Stomp::connect(&house, &ann).await;
    twice.say("CONNECT", &[("accept-version", "1.2")], "").await;
    twice.thrown_out().await;
    house.server.stop().await;
}

#[tokio::test]
async fn versions() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let path = format!("/ws/im{}", token(&ann));
    for (offered, chosen) in [
        ("v10.stomp, v11.stomp, v12.stomp", "v12.stomp"),
        ("v10.stomp, v11.stomp", "v11.stomp"),
        ("mqtt, v10.stomp", "v10.stomp"),
    ] {
        let (_, found) = Socket::open_with(house.server.address, &path, offered).await;
        assert_eq!(found.as_deref(), Some(chosen));
    }
    // Without any, as the first clients did.
    let mut bare = Socket::open(house.server.address, &path).await;
    bare.send_text(&text("CONNECT", &[("accept-version", "1.0,1.1")], ""))
        .await;
    assert!(bare.next_text().await.starts_with("CONNECTED\nversion:1.1\n"));
    let mut old = Stomp::open(&house, &token(&ann)).await;
    old.say("CONNECT", &[], "").await;
    assert_eq!(old.expect("CONNECTED").await.header("version"), "1.0");
    old.say(
        "SUBSCRIBE",
        &[("destination", PERSONAL), ("receipt", "a\\nb")],
        "",
    )
    .await;
    assert_eq!(
        old.expect("RECEIPT").await.header("receipt-id"),
        "a\\nb",
        "nothing is escaped"
    );
    let mut new = Stomp::open(&house, &token(&ann)).await;
    new.say("STOMP", &[("accept-version", "2.0")], "").await;
    assert_eq!(new.thrown_out().await.header("version"), "1.0,1.1,1.2");
    house.server.stop().await;
}

#[tokio::test]
async fn sending() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("ann").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let ann_too = house.person("ann").await;
    let mut at_ann = Stomp::listen(&house, &ann).await;
    let mut at_ann_too = Stomp::listen(&house, &ann_too).await;
    let mut at_bob = Stomp::listen(&house, &bob).await;
    let mut at_eve = Stomp::listen(&house, &eve).await;

    let body = json!({
        "appId": "ak_default", "messageId": "c1", "toId": "bob", "chatType": "SINGLE", "msgType": "TEXT", "content": "Hello",
    });
    let receipt = at_ann
        .ask("SEND", &[("destination", "/app/chat.send")], &body.to_string())
        .await;
    let (frame, message) = at_bob.message().await;
    assert_eq!(frame.header("destination"), PERSONAL);
    assert_eq!(frame.header("subscription"), "sub-1");
    assert_eq!(frame.header("message-id"), message["id"]);
    assert_eq!(frame.header("content-length"), frame.body.len().to_string());
    assert_eq!(receipt.header("message-id"), message["id"]);
    assert_eq!(message["messageId"], "c1");
    assert_eq!(
        (&message["fromId"], &message["toId"]),
        (&json!("ann"), &json!("bob"))
    );
    assert_eq!(
        (&message["chatType"], &message["msgType"]),
        (&json!("SINGLE"), &json!("TEXT"))
    );
    assert_eq!(
        (&message["content"], &message["status"]),
        (&json!("Hello"), &json!("SENT"))
    );
    let age = house.server.core.now() / 1_000 - message["createdAt"].as_i64().expect("a time");
    assert!((0..60_000).contains(&age), "{message}");
    assert_eq!(
        at_ann_too.message().await.1,
        message,
        "the sender's other devices hear it as well"
    );

    let again = at_ann
        .ask("SEND", &[("destination", "/app/chat.send")], &body.to_string())
        .await;
    assert_eq!(
        again.header("message-id"),
        message["id"],
        "a retry is the same message"
    );
    at_ann.nothing_came().await;
    at_bob.nothing_came().await;
    at_eve.nothing_came().await;

    // In somebody else's name: administrators only.
    let body = json!({ "fromId": "ann", "toId": "bob", "chatType": "SINGLE", "content": "by order" });
    at_eve.send("/app/chat.send", body.clone()).await;
    at_eve.refusal(403).await;
    let mut at_admin = Stomp::listen(&house, &house.admin().await).await;
    at_admin.send("/app/chat.send", body).await;
    let (_, message) = at_bob.message().await;
    assert_eq!(
        (&message["fromId"], &message["content"]),
        (&json!("ann"), &json!("by order"))
    );
    assert_eq!(at_ann.message().await.1, message);
    house.server.stop().await;
}

#[tokio::test]
async fn refusals() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let mut at_ann = Stomp::listen(&house, &ann).await;
    let to = |to: &str| json!({ "messageId": "m1", "toId": to, "chatType": "SINGLE", "content": "x" });
    let group = json!({ "messageId": "m1", "toId": "none", "chatType": "GROUP", "content": "x" });
    let other = json!({ "messageId": "m1", "toId": "ann", "appId": "ak_other", "content": "x" });
    let blank = json!({ "messageId": "m1", "toId": "ann", "chatType": "SINGLE", "content": "" });
    for (body, code) in [
        (to("nobody"), 404),
        (group, 404),
        (other, 401),
        (blank, 400),
        (json!({ "messageId": "m1" }), 400),
    ] {
        let headers = [("destination", "/app/chat.send"), ("receipt", "never")];
        at_ann.say("SEND", &headers, &body.to_string()).await;
        let refusal = at_ann.refusal(code).await;
        assert_eq!(refusal["messageId"], "m1");
        assert_eq!(refusal["destination"], "/app/chat.send");
    }
    for (destination, body, code) in [
        ("/app/chat.send", "no json", 400),
        ("/app/chat.send", "[]", 400),
        ("/app/chat.revoke", "{}", 400),
        ("/app/chat.revoke", "{\"messageId\":\"none\"}", 404),
        ("/app/chat.sync", "{\"limit\":\"x\"}", 400),
        ("/app/chat.typing", "{\"toId\":\"nobody\"}", 404),
        ("/app/nowhere", "{}", 404),
        ("", "{}", 404),
    ] {
        at_ann.say("SEND", &[("destination", destination)], body).await;
        at_ann.refusal(code).await;
    }
    for destination in ["/topic/group/none", "/topic/other", "/user/queue/other"] {
        at_ann
            .say("SUBSCRIBE", &[("id", "x"), ("destination", destination)], "")
            .await;
        assert_eq!(at_ann.refusal(404).await["destination"], destination);
    }
    at_ann.nothing_came().await;
    house.server.stop().await;
}

#[tokio::test]
async fn topics() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("ann").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    group(&house, "g1", &ann, &[&bob]).await;
    let (mut at_ann, mut at_bob) = (
        Stomp::listen(&house, &ann).await,
        Stomp::listen(&house, &bob).await,
    );
    let mut at_eve = Stomp::listen(&house, &eve).await;
    at_bob.subscribe("sub-2", "/topic/group/g1").await;
    let headers = [
        ("id", "sub-2"),
        ("destination", "/topic/group/g1"),
        ("receipt", "r"),
    ];
    at_eve.say("SUBSCRIBE", &headers, "").await;
    at_eve.refusal(403).await;
    // Rank opens no topic: what is said there reaches members.
    let mut at_admin = Stomp::listen(&house, &house.admin().await).await;
    at_admin.say("SUBSCRIBE", &headers, "").await;
    at_admin.refusal(403).await;

    let id = at_ann.text_to("g1", "GROUP", "all").await;
    let (frame, message) = at_bob.message().await;
    assert_eq!(frame.header("destination"), "/topic/group/g1");
    assert_eq!(frame.header("subscription"), "sub-2");
    assert_eq!((&message["id"], &message["toId"]), (&json!(id), &json!("g1")));
    assert_eq!(message["chatType"], "GROUP");

    at_bob.ask("UNSUBSCRIBE", &[("id", "sub-2")], "").await;
    at_ann.text_to("g1", "GROUP", "more").await;
    assert_eq!(at_bob.message().await.0.header("destination"), PERSONAL);
    at_bob.ask("UNSUBSCRIBE", &[("id", "sub-1")], "").await;
    at_ann.text_to("g1", "GROUP", "unheard").await;
    at_bob.nothing_came().await;
    at_eve.nothing_came().await;
    house.server.stop().await;
}

#[tokio::test]
async fn each_message_once() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    group(&house, "g1", &ann, &[&bob]).await;
    let (mut at_ann, mut at_bob) = (
        Stomp::listen(&house, &ann).await,
        Stomp::listen(&house, &bob).await,
    );
    at_bob.subscribe("sub-2", PERSONAL).await;
    at_bob.subscribe("sub-3", "/topic/group/g1").await;
    at_bob.subscribe("sub-4", "/topic/group/g1").await;
    let mut heard = Vec::new();
    for number in 0..10 {
        let (to, kind) = if number % 2 == 0 {
            ("bob", "SINGLE")
        } else {
            ("g1", "GROUP")
        };
        at_ann.text_to(to, kind, &number.to_string()).await;
    }
    for _ in 0..10 {
        let (frame, message) = at_bob.message().await;
        let to = if message["chatType"] == "GROUP" {
            "sub-3"
        } else {
            "sub-1"
        };
        assert_eq!(frame.header("subscription"), to);
        heard.push(
            message["content"]
                .as_str()
                .expect("a text")
                .parse::<i32>()
                .expect("a number"),
        );
    }
    assert_eq!(heard, (0..10).collect::<Vec<_>>());
    at_bob.nothing_came().await;
    at_ann.nothing_came().await;
    house.server.stop().await;
}

#[tokio::test]
async fn revoking() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let (mut at_ann, mut at_bob) = (
        Stomp::listen(&house, &ann).await,
        Stomp::listen(&house, &bob).await,
    );
    let first = at_ann.text_to("bob", "SINGLE", "one").await;
    let second = at_ann.text_to("bob", "SINGLE", "two").await;
    at_bob.message().await;
    at_bob.message().await;
    for (named, id) in [(first.as_str(), &first), ("two", &second)] {
        at_ann
            .send("/app/chat.revoke", json!({ "messageId": named }))
            .await;
        for told in [at_bob.event("REVOKED").await, at_ann.event("REVOKED").await] {
            assert_eq!(&told["id"], id);
            assert_eq!((&told["fromId"], &told["toId"]), (&json!("ann"), &json!("bob")));
            assert_eq!(
                (&told["status"], &told["content"]),
                (&json!("REVOKED"), &json!(""))
            );
            assert_eq!(told["operatorId"], "ann");
        }
    }
    let mine = at_bob.text_to("ann", "SINGLE", "mine").await;
    at_ann.message().await;
    at_ann
        .send("/app/chat.revoke", json!({ "messageId": mine }))
        .await;
    assert_eq!(at_ann.refusal(403).await["messageId"], json!(mine));
    house.server.stop().await;
}

#[tokio::test]
async fn syncing() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    group(&house, "g1", &ann, &[&bob]).await;
    let mut at_ann = Stomp::listen(&house, &ann).await;
    for (to, kind, content) in [
        ("bob", "SINGLE", "1"),
        ("g1", "GROUP", "2"),
        ("bob", "SINGLE", "3"),
    ] {
        at_ann.text_to(to, kind, content).await;
    }
    let mut at_bob = Stomp::listen(&house, &bob).await;
    at_bob
        .send("/app/chat.sync", json!({ "appId": "ak_default", "limit": 2 }))
        .await;
    for content in ["1", "2"] {
        let (frame, message) = at_bob.message().await;
        assert_eq!(message["content"], content);
        assert_eq!(frame.header("subscription"), "sub-1");
    }
    let end = at_bob.event("SYNC").await;
    assert_eq!((&end["count"], &end["hasMore"]), (&json!(2), &json!(true)));
    let body = json!({}).to_string();
    at_bob
        .say(
            "SEND",
            &[("destination", "/app/chat.sync"), ("receipt", "s")],
            &body,
        )
        .await;
    assert_eq!(at_bob.message().await.1["content"], "3");
    assert_eq!(at_bob.event("SYNC").await["hasMore"], false);
    assert_eq!(
        at_bob.expect("RECEIPT").await.header("receipt-id"),
        "s",
        "after what was asked for"
    );

    at_ann.text_to("bob", "SINGLE", "live").await;
    assert_eq!(at_bob.message().await.1["content"], "live");
    at_bob.send("/app/chat.sync", json!({})).await;
    assert_eq!(
        at_bob.event("SYNC").await["count"],
        0,
        "what a live socket was told is delivered"
    );
    house.server.stop().await;
}

#[tokio::test]
async fn typing() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    group(&house, "g1", &ann, &[&bob]).await;
    let (mut at_ann, mut at_bob) = (
        Stomp::listen(&house, &ann).await,
        Stomp::listen(&house, &bob).await,
    );
    at_ann.text_to("bob", "SINGLE", "hello").await;
    at_bob.message().await;
    at_ann
        .send("/app/chat.typing", json!({ "toId": "bob", "chatType": "SINGLE" }))
        .await;
    let told = at_bob.event("TYPING").await;
    assert_eq!((&told["fromId"], &told["toId"]), (&json!("ann"), &json!("bob")));
    assert_eq!(
        (&told["chatType"], &told["typing"]),
        (&json!("SINGLE"), &json!(true))
    );
    at_ann
        .send(
            "/app/chat.typing",
            json!({ "toId": "g1", "chatType": "GROUP", "typing": false }),
        )
        .await;
    let told = at_bob.event("TYPING").await;
    assert_eq!((&told["toId"], &told["typing"]), (&json!("g1"), &json!(false)));
    at_ann.nothing_came().await;
    house.server.stop().await;
}

#[tokio::test]
async fn events() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let here = group(&house, "g1", &ann, &[&bob]).await;
    let (mut at_ann, mut at_bob) = (
        Stomp::listen(&house, &ann).await,
        Stomp::listen(&house, &bob).await,
    );
    at_bob.subscribe("sub-2", "/topic/group/g1").await;
    let id = at_ann.text_to("g1", "GROUP", "first").await;
    at_bob.message().await;
    let core = &house.server.core;
    let edit = EditMessage {
        message_id: id.parse().expect("a number"),
        content: "second".to_owned(),
    };
    core.execute(&actor(&house, &ann).await, edit)
        .await
        .expect("an edit");
    for told in [at_bob.event("EDITED").await, at_ann.event("EDITED").await] {
        assert_eq!((&told["id"], &told["content"]), (&json!(id), &json!("second")));
        assert_eq!((&told["toId"], &told["status"]), (&json!("g1"), &json!("EDITED")));
    }
    let read = MarkRead {
        conversation_id: here,
        up_to: ReadUpTo::Newest,
    };
    core.execute(&actor(&house, &bob).await, read)
        .await
        .expect("a receipt");
    at_bob.event("READ").await;
    let told = at_ann.event("READ").await;
    assert_eq!((&told["fromId"], &told["toId"]), (&json!("bob"), &json!("g1")));
    assert_eq!(
        (&told["messageId"], &told["messageIds"]),
        (&json!(id), &json!([id]))
    );
    let delete = DeleteMessages {
        message_ids: vec![
            at_ann
                .text_to("g1", "GROUP", "gone")
                .await
                .parse()
                .expect("a number"),
        ],
    };
    at_bob.message().await;
    core.execute(&actor(&house, &ann).await, delete)
        .await
        .expect("deleted");
    let told = at_bob.event("REVOKED").await;
    assert_eq!(
        (&told["operatorId"], &told["chatType"]),
        (&json!("ann"), &json!("GROUP"))
    );
    assert_eq!(at_ann.event("REVOKED").await["id"], told["id"]);
    house.server.stop().await;
}

#[tokio::test]
async fn own_devices() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("ann").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let here = group(&house, "g1", &ann, &[&bob, &eve]).await;
    let mut at_ann = Stomp::listen(&house, &ann).await;
    at_ann.text_to("bob", "SINGLE", "hello").await;
    let mut at_bob = Stomp::listen(&house, &bob).await;
    let second = house.person("ann").await;
    let mut at_second = Stomp::listen(&house, &second).await;
    let told = at_ann.presence().await;
    assert_eq!((&told["userId"], &told["online"]), (&json!("bob"), &json!(true)));
    let _at_eve = Stomp::listen(&house, &eve).await;
    let hide = HideConversation {
        conversation_id: here,
    };
    let done = house
        .server
        .core
        .execute(&actor(&house, &second).await, hide)
        .await;
    done.expect("hidden");
    let told = at_ann.event("CONVERSATION").await;
    assert_eq!(
        (&told["targetId"], &told["chatType"]),
        (&json!("g1"), &json!("GROUP"))
    );
    let delete = DeleteConversation {
        with: Counterpart::Person("bob".to_owned()),
    };
    let done = house
        .server
        .core
        .execute(&actor(&house, &second).await, delete)
        .await;
    done.expect("deleted");
    let told = at_ann.event("CONVERSATION").await;
    assert_eq!(
        (&told["targetId"], &told["deleted"]),
        (&json!("bob"), &json!(true))
    );
    // What did it knows already.
    at_second.nothing_came().await;
    at_bob.nothing_came().await;
    house.server.stop().await;
}

#[tokio::test]
async fn kicked() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("ann").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let here = group(&house, "g1", &ann, &[&bob]).await;
    let mut at_ann = Stomp::listen(&house, &ann).await;
    let (mut at_bob, mut at_eve) = (
        Stomp::listen(&house, &bob).await,
        Stomp::listen(&house, &eve).await,
    );
    at_bob.subscribe("sub-2", "/topic/group/g1").await;
    let (core, owner) = (&house.server.core, actor(&house, &ann).await);
    let user_ids = vec![actor(&house, &bob).await.user_id];
    let remove = RemoveMembers {
        conversation_id: here,
        user_ids: user_ids.clone(),
    };
    core.execute(&owner, remove).await.expect("removed");
    let told = at_bob.event("KICKED").await;
    assert_eq!(
        (&told["groupId"], &told["operatorId"]),
        (&json!("g1"), &json!("ann"))
    );
    assert_eq!(at_ann.event("GROUP").await["change"], "MEMBERS_REMOVED");
    at_ann.text_to("g1", "GROUP", "unheard").await;
    at_bob.nothing_came().await;

    let add = AddMembers {
        conversation_id: here,
        user_ids: vec![user_ids[0], actor(&house, &eve).await.user_id],
    };
    core.execute(&owner, add).await.expect("added");
    for stomp in [&mut at_bob, &mut at_eve] {
        let told = stomp.event("CONVERSATION").await;
        assert_eq!(
            (&told["targetId"], &told["chatType"]),
            (&json!("g1"), &json!("GROUP"))
        );
    }
    assert_eq!(at_ann.event("GROUP").await["change"], "MEMBERS_ADDED");
    at_ann.text_to("g1", "GROUP", "welcome").await;
    assert_eq!(
        at_bob.message().await.0.header("destination"),
        PERSONAL,
        "a topic does not come back"
    );
    at_eve.message().await;

    core.execute(
        &owner,
        DissolveGroup {
            conversation_id: here,
        },
    )
    .await
    .expect("dissolved");
    for stomp in [&mut at_ann, &mut at_bob, &mut at_eve] {
        let told = stomp.event("GROUP").await;
        assert_eq!(
            (&told["groupId"], &told["change"]),
            (&json!("g1"), &json!("DISMISSED"))
        );
    }

    let (known, claims) = core
        .authenticate(eve.http.token(), "xuqm")
        .await
        .expect("a token");
    core.logout(&known, &claims).await.expect("logged out");
    assert_eq!(at_eve.event("KICKED").await["reason"], "REVOKED");
    assert_eq!(
        at_eve.socket.next_text_or_close().await.expect_err("a close").0,
        1008
    );
    house.server.stop().await;
}

#[tokio::test]
async fn receipts() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let mut stomp = Stomp::listen(&house, &ann).await;
    for command in ["ACK", "NACK", "UNSUBSCRIBE"] {
        stomp.ask(command, &[("id", "x")], "").await;
    }
    stomp
        .say("SUBSCRIBE", &[("id", "a:b"), ("destination", PERSONAL)], "")
        .await;
    stomp.socket.send_text("\n").await;
    stomp.say("DISCONNECT", &[("receipt", "b\\cye")], "").await;
    let receipt = stomp.expect("RECEIPT").await;
    assert_eq!(receipt.header("receipt-id"), "b\\cye");
    assert_eq!(
        stomp.socket.next_text_or_close().await.expect_err("a close").0,
        1000
    );
    house.server.stop().await;
}

#[tokio::test]
async fn transactions() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let (mut at_ann, mut at_bob) = (
        Stomp::listen(&house, &ann).await,
        Stomp::listen(&house, &bob).await,
    );
    let body = |content: &str| {
        json!({ "toId": "bob", "chatType": "SINGLE", "msgType": "TEXT", "content": content }).to_string()
    };
    at_ann.ask("BEGIN", &[("transaction", "t")], "").await;
    for content in ["1", "2"] {
        let headers = [("destination", "/app/chat.send"), ("transaction", "t")];
        at_ann.say("SEND", &headers, &body(content)).await;
    }
    at_ann.nothing_came().await;
    at_bob.nothing_came().await;
    at_ann.ask("COMMIT", &[("transaction", "t")], "").await;
    assert_eq!(at_bob.message().await.1["content"], "1");
    assert_eq!(at_bob.message().await.1["content"], "2");
    at_ann.ask("BEGIN", &[("transaction", "t")], "").await;
    at_ann
        .say(
            "SEND",
            &[("destination", "/app/chat.send"), ("transaction", "t")],
            &body("3"),
        )
        .await;
    at_ann.ask("ABORT", &[("transaction", "t")], "").await;
    at_bob.nothing_came().await;
    at_ann.say("COMMIT", &[("transaction", "t")], "").await;
    at_ann.refusal(400).await;
    house.server.stop().await;
}

#[tokio::test]
async fn heart_beats() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let mut stomp = Stomp::open(&house, &token(&ann)).await;
    let wish = [("accept-version", "1.2"), ("heart-beat", "0,1")];
    stomp.say("CONNECT", &wish, "").await;
    assert_eq!(stomp.expect("CONNECTED").await.header("heart-beat"), "1000,0");
    assert_eq!(stomp.socket.next_text().await, "\n");
    assert_eq!(stomp.socket.next_text().await, "\n");
    let mut silent = Stomp::open(&house, &token(&ann)).await;
    let promise = [("accept-version", "1.2"), ("heart-beat", "1000,0")];
    silent.say("CONNECT", &promise, "").await;
    assert_eq!(silent.expect("CONNECTED").await.header("heart-beat"), "0,1000");
    silent.thrown_out().await;
    house.server.stop().await;
}

#[tokio::test]
async fn frames_may_come_in_pieces_and_several_at_once() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let (mut at_ann, mut at_bob) = (
        Stomp::open(&house, &token(&ann)).await,
        Stomp::listen(&house, &bob).await,
    );
    let long = "长".repeat(5_000);
    let say = |content: &str| {
        let body = json!({ "toId": "bob", "chatType": "SINGLE", "content": content }).to_string();
        text("SEND", &[("destination", "/app/chat.send")], &body)
    };
    // All in one, before the token was looked at.
    let all = text("CONNECT", &[("accept-version", "1.2")], "")
        + &text(
            "SUBSCRIBE",
            &[("id", "0"), ("destination", PERSONAL), ("receipt", "s")],
            "",
        )
        + "\r\n\n"
        + &say("one")
        + &say(&long);
    let (start, end) = all.as_bytes().split_at(all.len() - 3_001);
    at_ann.socket.send_binary(start).await;
    at_ann.expect("CONNECTED").await;
    at_ann.expect("RECEIPT").await;
    assert_eq!(at_bob.message().await.1["content"], "one");
    for piece in end.chunks(1_000) {
        at_ann.socket.send_binary(piece).await;
    }
    assert_eq!(at_bob.message().await.1["content"], json!(long));
    house.server.stop().await;
}

#[tokio::test]
async fn what_is_no_stomp_ends_the_connection_in_an_error() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    for garbage in [
        "{\"type\":\"ping\"}\0",
        "HELLO\n\n\0",
        "SEND\nx\n\n\0",
        "SEND\na:\\t\n\n\0",
    ] {
        let mut stomp = Stomp::connect(&house, &ann).await;
        stomp.socket.send_text(garbage).await;
        assert!(!stomp.thrown_out().await.body.is_empty());
    }
    let mut many = Stomp::connect(&house, &ann).await;
    many.socket
        .send_text(&text("ACK", &[("id", "x")], "").repeat(200))
        .await;
    many.thrown_out().await;
    let plain = house.stranger().get("/ws/im").await;
    assert_eq!((plain.status, &plain.body["status"]), (426, &json!("1")));
    assert_eq!(plain.body["data"], Value::Null);
    house.server.stop().await;
}
