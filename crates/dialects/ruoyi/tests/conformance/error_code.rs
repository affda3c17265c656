//! Each code of the seed's table of errors (section 7), provoked by a call.

use parlance_core::types::AccountRole;
use parlance_testkit::Answer;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

use crate::people::{House, Person, ok, refused};
use crate::user::ranked;

async fn send(person: &Person, body: Value) -> Answer {
    person.http.post("/api/im/message/send", body).await
}

async fn recall(person: &Person, id: i64) -> Answer {
    let path = format!("/api/im/message/{id}/recall");
    person.http.delete(&path, json!({})).await
}

async fn edit(person: &Person, id: i64) -> Answer {
    let path = format!("/api/im/message/{id}/edit");
    person.http.put(&path, json!({ "newContent": "changed" })).await
}

/// What a send gets whose sender is disabled after the call was let in and before its body came. The server asks for
/// the body (100 Continue) only when it has looked at the token.
async fn sent_while_disabled(house: &House, sender: &Person, receiver: &Person) -> Value {
    let admin = ranked(house, "boss", AccountRole::Admin).await;
    let body = json!({ "receiverId": receiver.id, "type": "TEXT", "content": "x" }).to_string();
    let stream = TcpStream::connect(house.server.address).await;
    let mut stream = BufStream::new(stream.expect("a connection"));
    let head = format!(
        "POST /api/im/message/send HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\
         Authorization: Bearer {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        sender.http.token(),
        body.len()
    );
    stream
        .write_all(head.as_bytes())
        .await
        .expect("a live connection");
    stream.flush().await.expect("a live connection");
    let mut line = String::new();
    stream.read_line(&mut line).await.expect("a line");
    assert!(line.starts_with("HTTP/1.1 100"), "{line}");
    let off = json!({ "id": sender.id, "status": "0" });
    ok(admin.http.put("/api/im/user/changeStatus", off).await);
    stream
        .write_all(body.as_bytes())
        .await
        .expect("a live connection");
    stream.flush().await.expect("a live connection");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.contains("HTTP/1.1 400"), "{answer}");
    let (_, body) = answer.rsplit_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body).expect("JSON")
}

#[tokio::test]
async fn each_is_reachable() {
    let house = House::open().await;
    let (a, b, eve) = (
        house.person("alice").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let conversation = house.direct(&a, &b).await;
    assert_eq!(sent_while_disabled(&house, &eve, &a).await["code"], 10007);
    let eve = house.person("mallory").await;
    let id = a.say(conversation, "one").await;
    let text = |conversation: i64| json!({ "conversationId": conversation, "type": "TEXT", "content": "x" });

    refused(&send(&a, text(999_999)).await, 400, 10001);
    refused(&send(&eve, text(conversation)).await, 400, 10002);
    refused(&recall(&a, 999_999).await, 400, 10003);
    refused(&recall(&b, id).await, 400, 10004);
    refused(&edit(&b, id).await, 400, 10004);
    let to_nobody = json!({ "receiverId": 999_999, "type": "TEXT", "content": "x" });
    refused(&send(&a, to_nobody).await, 400, 10008);
    refused(
        &send(&a, json!({ "type": "TEXT", "content": "x" })).await,
        400,
        10009,
    );
    let empty = json!({ "conversationId": conversation, "type": "TEXT", "content": "" });
    refused(&send(&a, empty).await, 400, 10010);

    house.server.clock.advance_seconds(121);
    refused(&recall(&a, id).await, 400, 10005);
    ok(edit(&a, id).await);
    house.server.clock.advance_seconds(900);
    refused(&edit(&a, id).await, 400, 10006);
    house.server.stop().await;
}
