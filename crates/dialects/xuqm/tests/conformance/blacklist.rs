//! The blacklist: what is on it, and what it does to friends.

use parlance_testkit::Answer;
use serde_json::{Value, json};

use crate::house::{House, Person, ok, refused};

const PATH: &str = "/api/im/blacklist";

async fn unblock(who: &Person, body: Value) -> Answer {
    who.http.fetch(who.http.request("DELETE", PATH).json(&body)).await
}

fn ids(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|row| row["targetId"].as_str().expect("an id"))
        .collect()
}

#[tokio::test]
async fn people_are_blocked_listed_and_unblocked() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    for uid in ["eve", "dan"] {
        house.person(uid).await;
    }
    ok(&ann
        .http
        .post("/api/im/friends", json!({ "friendId": "bob" }))
        .await);
    let list = ok(&ann.http.post(PATH, json!({ "targetId": "bob" })).await);
    let since = list[0]["createdAt"].as_i64().expect("a time");
    let whole = json!([{
        "targetId": "bob", "userId": "bob", "nickname": "", "avatar": "", "createdAt": since,
    }]);
    assert_eq!(list, whole);
    assert_eq!(
        ok(&ann.http.post(PATH, json!({ "targetId": "bob" })).await),
        whole,
        "twice is once"
    );
    assert_eq!(ok(&ann.http.get(PATH).await), whole);
    assert_eq!(ok(&bob.http.get(PATH).await), json!([]));
    for who in [&ann, &bob] {
        assert_eq!(
            ok(&who.http.get("/api/im/friends").await),
            json!([]),
            "the friendship is over"
        );
    }
    for (who, whom) in [(&ann, "bob"), (&bob, "ann")] {
        refused(
            &who.http
                .post("/api/im/friends", json!({ "friendId": whom }))
                .await,
            403,
        );
    }
    ok(&ann.http.post(PATH, json!({ "targetIds": ["eve", "dan"] })).await);
    let page = ok(&ann.http.get(&format!("{PATH}?size=2")).await);
    assert_eq!((ids(&page["content"]).len(), &page["total"]), (2, &json!(3)));
    let left = ok(&unblock(&ann, json!({ "targetIds": ["eve", "dan"] })).await);
    assert_eq!(ids(&left), ["bob"]);
    let by_query = ann.http.request("DELETE", &format!("{PATH}?targetId=bob"));
    assert_eq!(ok(&ann.http.fetch(by_query).await), json!([]));
    assert_eq!(
        ok(&unblock(&ann, json!({ "targetId": "bob" })).await),
        json!([]),
        "twice is once"
    );

    refused(
        &ann.http
            .post(PATH, json!({ "targetIds": ["eve", "nobody"] }))
            .await,
        404,
    );
    assert_eq!(ok(&ann.http.get(PATH).await), json!([]), "all or none");
    refused(&unblock(&ann, json!({ "targetId": "nobody" })).await, 404);
    for body in [
        json!({}),
        json!({ "targetId": "ann" }),
        json!({ "targetIds": vec!["x"; 101] }),
    ] {
        refused(&ann.http.post(PATH, body).await, 400);
    }
    refused(&unblock(&ann, json!({})).await, 400);
    let stranger = house.stranger();
    refused(&stranger.get(PATH).await, 401);
    refused(&stranger.post(PATH, json!({ "targetId": "bob" })).await, 401);
    refused(&stranger.fetch(stranger.request("DELETE", PATH)).await, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn a_block_is_told_each_way() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    house.person("eve").await;
    ok(&ann.http.post(PATH, json!({ "targetId": "bob" })).await);
    let path = format!("{PATH}/check");
    let check = async |who: &Person, query: &str| who.http.get(&format!("{path}?{query}")).await;
    let told = |blocked: bool, blocked_by: bool, uid: &str| json!({ "targetId": uid, "blocked": blocked, "blockedBy": blocked_by });
    assert_eq!(ok(&check(&ann, "targetId=bob").await), told(true, false, "bob"));
    assert_eq!(ok(&check(&bob, "targetId=ann").await), told(false, true, "ann"));
    let several = ok(&check(&ann, "targetIds=bob,eve").await);
    assert_eq!(
        several,
        json!([told(true, false, "bob"), told(false, false, "eve")])
    );
    refused(&check(&ann, "targetId=nobody").await, 404);
    refused(&check(&ann, "").await, 400);
    refused(&house.stranger().get(&format!("{path}?targetId=bob")).await, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn only_who_was_blocked_may_not_write() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let admin = house.admin().await;
    ok(&ann
        .http
        .post(PATH, json!({ "targetIds": ["bob", "admin"] }))
        .await);
    let write = async |who: &Person, to: &str| {
        let body = json!({ "toId": to, "chatType": "SINGLE", "msgType": "TEXT", "content": "hello" });
        who.http.post("/api/im/messages/send", body).await
    };
    ok(&write(&ann, "bob").await);
    refused(&write(&bob, "ann").await, 403);
    ok(&write(&admin, "ann").await);
    ok(&bob.http.post(PATH, json!({ "targetId": "ann" })).await);
    refused(&write(&ann, "bob").await, 403);
    house.server.stop().await;
}

#[tokio::test]
async fn where_friends_are_required_strangers_may_not_write() {
    let house = House::open().await;
    let strict = house.tenant("ak_strict", json!({ "friendRequired": true })).await;
    let (ann, bob) = (
        house.person_of(&strict, "ann").await,
        house.person_of(&strict, "bob").await,
    );
    let admin = house.person_of(&strict, "admin").await;
    let write = async |who: &Person, to: &str| {
        let body = json!({ "toId": to, "content": "hello" });
        who.http.post("/api/im/messages/send", body).await
    };
    refused(&write(&ann, "bob").await, 403);
    ok(&write(&admin, "bob").await);
    ok(&ann
        .http
        .post("/api/im/friends", json!({ "friendId": "bob", "bothWay": false }))
        .await);
    refused(&write(&ann, "bob").await, 403);
    ok(&bob
        .http
        .post("/api/im/friends", json!({ "friendId": "ann" }))
        .await);
    ok(&write(&ann, "bob").await);
    ok(&write(&bob, "ann").await);
    house.server.stop().await;
}
