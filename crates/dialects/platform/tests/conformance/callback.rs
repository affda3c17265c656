//! The way from a message into an app.

use parlance_testkit::Answer;
use serde_json::{Value, json};

use crate::people::{House, Person, ok, refused};
use crate::speaker::Speaker;

async fn callback(who: &Person, message: &Value) -> Answer {
    who.http
        .get(&format!("/api/v1/messages/{}/callback-url", message["id"]))
        .await
}

async fn todo(house: &House, app: &Speaker, to: Value) -> Value {
    let mut body = json!({
        "type": "NOTIFICATION", "title": "t", "content": "c", "auto_sso": true,
        "target_url": "https://biz.example.com/todo/123",
    });
    body.as_object_mut()
        .expect("an object")
        .extend(to.as_object().expect("an object").clone());
    ok(app.send(house, body).await)
}

#[tokio::test]
async fn only_the_receiver_gets_a_way_into_the_app() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    let message = todo(&house, &oa, json!({ "receiver_id": bob.id })).await;
    let mut tickets = Vec::new();
    for _ in 0..2 {
        let url = ok(callback(&bob, &message).await)["callback_url"]
            .as_str()
            .expect("an address")
            .to_owned();
        let ticket = url
            .strip_prefix("https://oa.example.com/callback?ticket=")
            .expect("a ticket");
        let ticket = ticket
            .strip_suffix("&next=https://biz.example.com/todo/123")
            .expect("a page");
        tickets.push(ticket.to_owned());
    }
    assert_ne!(tickets[0], tickets[1], "a new ticket every time");
    refused(
        &callback(&alice, &message).await,
        403,
        "This message is not yours",
    );

    let link = json!({
        "receiver_id": bob.id, "type": "MESSAGE", "content_type": "USER_NOTIFICATION", "app_id": "oa", "title": "t",
        "content": {}, "auto_sso": true, "target_url": "https://biz.example.com/leave/1",
    });
    let from_alice = ok(alice.http.post("/api/v1/messages/", link).await);
    assert_eq!(callback(&bob, &from_alice).await.status, 200);
    refused(
        &callback(&alice, &from_alice).await,
        403,
        "This message is not yours",
    );
    house.server.stop().await;
}

#[tokio::test]
async fn a_broadcast_leads_everybody_who_sees_it_and_has_an_account() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    let stranger = house.person("stranger").await;
    let message = todo(&house, &oa, json!({ "is_broadcast": true })).await;
    let late = house.person("late").await;
    house.map(&oa, &late, "late_oa").await;
    for person in [&alice, &bob] {
        assert_eq!(callback(person, &message).await.status, 200);
    }
    assert_eq!(
        callback(&stranger, &message).await.status,
        403,
        "no account in the app"
    );
    refused(&callback(&late, &message).await, 403, "This message is not yours");
    house.server.stop().await;
}

#[tokio::test]
async fn messages_without_a_jump_lead_nowhere() {
    let house = House::open().await;
    let (alice, bob, oa) = house.office().await;
    let plain = alice.says(&bob, "hello").await;
    refused(
        &callback(&bob, &plain).await,
        404,
        "This message has no link into an app",
    );
    let body = json!({
        "receiver_id": bob.id, "type": "NOTIFICATION", "title": "t", "content": "c",
        "action_url": "https://biz.example.com/todo/123",
    });
    let elsewhere = ok(oa.send(&house, body).await);
    refused(
        &callback(&bob, &elsewhere).await,
        404,
        "This message has no link into an app",
    );
    refused(
        &callback(&bob, &json!({ "id": 1 })).await,
        404,
        "Message not found",
    );
    house.server.stop().await;
}
