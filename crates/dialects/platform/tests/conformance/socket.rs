//! The socket: who is on it, its heartbeat, and what is pushed.

use std::time::Duration;

use parlance_core::command::{EditMessage, RecallMessage};
use parlance_testkit::{Http, Socket};
use serde_json::{Value, json};

use crate::people::{House, ok};

pub(crate) async fn listen(house: &House, http: &Http) -> Socket {
    let path = format!("/api/v1/ws/messages?token={}", http.token());
    let mut socket = Socket::open(house.server.address, &path).await;
    // Subscribed before the handshake is answered; the pong shows that it was.
    socket.send_text("ping").await;
    assert_eq!(socket.next_text().await, "pong");
    socket
}

#[tokio::test]
async fn a_message_reaches_every_socket_of_both() {
    let house = House::open().await;
    let (alice, bob, _) = house.office().await;
    let mut sockets = Vec::new();
    for person in [&alice, &alice, &bob, &bob] {
        sockets.push(listen(&house, &person.http).await);
    }
    let eve = house.person("eve").await;
    let mut at_eve = listen(&house, &eve.http).await;
    let sent = alice.says(&bob, "你好").await;
    let expected = json!({
        "type": "NEW_MESSAGE",
        "data": {
            "id": sent["id"], "sender_id": alice.id, "receiver_id": bob.id, "type": "MESSAGE",
            "content_type": "TEXT", "title": "私信", "content": "你好", "action_url": null, "action_text": null,
            "sender_name": "用户私信", "created_at": sent["created_at"], "app_id": null, "app_name": null,
            "is_read": false, "read_at": null,
        },
    });
    for socket in &mut sockets {
        assert_eq!(socket.next().await, expected);
    }
    let for_eve = alice.says(&eve, "only this").await;
    assert_eq!(at_eve.next().await["data"]["id"], for_eve["id"]);
    house.server.stop().await;
}

#[tokio::test]
async fn notifications_and_broadcasts_are_pushed() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    let (mut at_alice, mut at_bob) = (listen(&house, &alice.http).await, listen(&house, &bob.http).await);
    let notice = oa.notify(&house, Some(&alice), "1").await;
    let pushed = at_alice.next().await;
    assert_eq!(pushed["data"]["id"], notice["id"]);
    assert_eq!(pushed["data"]["sender_name"], "系统通知");
    assert_eq!(pushed["data"]["sender_id"], Value::Null);
    assert_eq!(
        (&pushed["data"]["app_id"], &pushed["data"]["app_name"]),
        (&json!(oa.id), &json!("oa app"))
    );
    let broadcast = oa.notify(&house, None, "2").await;
    for socket in [&mut at_alice, &mut at_bob] {
        let pushed = socket.next().await;
        assert_eq!(pushed["data"]["id"], broadcast["id"]);
        assert_eq!(pushed["data"]["receiver_id"], Value::Null);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn recalls_and_edits_of_other_clients_are_told() {
    let house = House::open().await;
    let (alice, bob, _) = house.office().await;
    let mut at_bob = listen(&house, &bob.http).await;
    let sent = alice.says(&bob, "one").await;
    at_bob.expect("NEW_MESSAGE").await;
    let message_id = sent["id"].as_i64().expect("a number");
    let core = &house.server.core;
    let (actor, _) = core
        .authenticate(alice.http.token(), "platform")
        .await
        .expect("a token");
    let edit = EditMessage {
        message_id,
        content: "two".into(),
    };
    core.execute(&actor, edit).await.expect("an edit");
    let edited = at_bob.next().await;
    assert_eq!(
        (&edited["type"], &edited["data"]["content"]),
        (&json!("MESSAGE_UPDATED"), &json!("two"))
    );
    assert_eq!(
        (&edited["data"]["id"], &edited["data"]["title"]),
        (&sent["id"], &json!("私信"))
    );
    core.execute(&actor, RecallMessage { message_id })
        .await
        .expect("a recall");
    let recalled = at_bob.next().await;
    assert_eq!(recalled["type"], "MESSAGE_RECALLED");
    assert_eq!(
        (&recalled["data"]["id"], &recalled["data"]["is_recalled"]),
        (&sent["id"], &json!(true))
    );
    let shown = &bob.history(alice.id).await[0];
    assert_eq!(
        (&shown["content"], &shown["is_recalled"]),
        (&json!("消息已撤回"), &json!(true))
    );
    assert_eq!(bob.unread().await, 0);
    house.server.stop().await;
}

#[tokio::test]
async fn a_bad_token_is_told_after_the_handshake() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let refused = (4001, "Authentication failed".to_owned());
    for query in ["", "?token=", "?token=nonsense"] {
        let path = format!("/api/v1/ws/messages{query}");
        let mut socket = Socket::open(house.server.address, &path).await;
        assert_eq!(socket.closed().await, refused, "{query}");
    }
    let mut live = listen(&house, &alice.http).await;
    ok(alice.http.post("/api/v1/auth/logout", Value::Null).await);
    assert_eq!(live.closed().await, refused);
    let plain = house.stranger().get("/api/v1/ws/messages").await;
    assert_eq!(plain.status, 426);
    house.server.stop().await;
}

#[tokio::test]
async fn a_ping_is_answered_and_other_texts_are_not() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let mut socket = listen(&house, &alice.http).await;
    for text in ["", "hello", "{\"type\":\"ping\"}", "PING", "\0"] {
        socket.send_text(text).await;
    }
    socket.send_text("ping").await;
    assert_eq!(socket.next_text().await, "pong");
    house.server.stop().await;
}

#[tokio::test]
async fn a_silent_client_is_hung_up_on() {
    let house = House::impatient(Duration::from_millis(300)).await;
    let alice = house.person("alice").await;
    let mut socket = listen(&house, &alice.http).await;
    // Another text than a ping is no sign of life.
    socket.send_text("hello").await;
    assert_eq!(socket.closed().await.0, 4000);
    house.server.stop().await;
}
