//! What a device has missed.

use serde_json::{Value, json};

use crate::house::{House, Person, ok, refused};
use crate::message::{group, say};
use crate::stomp::Stomp;

const PULL: &str = "/api/im/messages/offline";
const COUNT: &str = "/api/im/messages/offline/count";

async fn pull(who: &Person, body: Value) -> (Vec<String>, bool) {
    let pulled = ok(&who.http.post(PULL, body).await);
    let messages = pulled["content"].as_array().expect("a list");
    let content = |message: &Value| message["content"].as_str().expect("a text").to_owned();
    let more = pulled["hasMore"].as_bool().expect("a flag");
    (messages.iter().map(content).collect(), more)
}

#[tokio::test]
async fn a_device_is_given_what_it_has_missed() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    group(&house, &ann, "team", &[&bob]).await;
    say(&ann, "bob", "SINGLE", "1").await;
    say(&ann, "team", "GROUP", "2").await;
    say(&bob, "team", "GROUP", "own").await;
    say(&ann, "bob", "SINGLE", "3").await;
    let gone = say(&ann, "bob", "SINGLE", "gone").await;
    let revoke = format!("/api/im/messages/{}/revoke", gone["id"].as_str().expect("a text"));
    ok(&ann.http.post(&revoke, json!({})).await);
    assert_eq!(ok(&bob.http.get(COUNT).await), 3);
    assert_eq!(
        pull(&bob, json!({ "limit": 2 })).await,
        (vec!["1".into(), "2".into()], true)
    );
    assert_eq!(ok(&bob.http.get(COUNT).await), 1);
    assert_eq!(pull(&bob, json!({})).await, (vec!["3".into()], false));
    assert_eq!(pull(&bob, json!({})).await, (vec![], false));
    let house = house.restart().await;
    let bob = house.person("bob").await;
    assert_eq!(ok(&bob.http.get(COUNT).await), 0);
    house.server.stop().await;
}

#[tokio::test]
async fn each_device_has_its_own_place() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let signer = house.signer();
    let phone = house.person_on(&signer, "bob", "IOS", "phone").await;
    let tablet = house.person_on(&signer, "bob", "IOS", "tablet").await;
    say(&ann, "bob", "SINGLE", "1").await;
    assert_eq!(pull(&phone, json!({})).await.0, ["1"]);
    assert_eq!(ok(&phone.http.get(COUNT).await), 0);
    assert_eq!(ok(&tablet.http.get(COUNT).await), 1);
    assert_eq!(ok(&phone.http.get(&format!("{COUNT}?deviceId=tablet")).await), 1);
    assert_eq!(pull(&phone, json!({ "deviceId": "tablet" })).await.0, ["1"]);
    assert_eq!(ok(&tablet.http.get(COUNT).await), 0);
    house.server.stop().await;
}

#[tokio::test]
async fn what_a_socket_has_brought_is_not_given_again_and_what_came_before_is() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    group(&house, &ann, "team", &[&bob]).await;
    for goodbye in [true, false] {
        say(&ann, "bob", "SINGLE", "before").await;
        let mut at_bob = Stomp::listen(&house, &bob).await;
        say(&ann, "team", "GROUP", "live").await;
        assert_eq!(at_bob.message().await.1["content"], "live");
        assert_eq!(ok(&bob.http.get(COUNT).await), 1);
        if goodbye {
            at_bob.ask("DISCONNECT", &[], "").await;
        }
        at_bob.socket.close().await;
        say(&ann, "bob", "SINGLE", "after").await;
        assert_eq!(ok(&bob.http.get(COUNT).await), 2);
        assert_eq!(pull(&bob, json!({})).await.0, ["before", "after"]);
        assert_eq!(ok(&bob.http.get(COUNT).await), 0);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn what_a_broken_socket_may_have_lost_is_given_again() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let mut at_bob = Stomp::listen(&house, &bob).await;
    say(&ann, "bob", "SINGLE", "long ago").await;
    at_bob.message().await;
    house.server.clock.advance_seconds(60);
    say(&ann, "bob", "SINGLE", "just now").await;
    at_bob.message().await;
    assert_eq!(pull(&bob, json!({})).await.0, Vec::<String>::new());
    at_bob.socket.cut();
    while ok(&bob.http.get(COUNT).await) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(pull(&bob, json!({})).await.0, ["just now"]);
    house.server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_pulled_is_refused() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    for body in [
        json!({ "limit": 0 }),
        json!({ "limit": -1 }),
        json!({ "limit": "x" }),
        json!({ "deviceId": "x".repeat(129) }),
        json!({ "deviceId": "\u{7}" }),
        json!({ "deviceId": [] }),
    ] {
        refused(&ann.http.post(PULL, body).await, 400);
    }
    assert_eq!(
        pull(&ann, json!({ "limit": 100_000 })).await.0,
        Vec::<String>::new()
    );
    refused(
        &ann.http
            .get(&format!("{COUNT}?deviceId={}", "x".repeat(129)))
            .await,
        400,
    );
    refused(&house.stranger().post(PULL, json!({})).await, 401);
    refused(&house.stranger().get(COUNT).await, 401);
    refused(&ann.http.post(PULL, json!({ "appKey": "ak_other" })).await, 401);
    house.server.stop().await;
}
