//! Friends: added, listed, kept in groups, checked, removed.

use parlance_testkit::Answer;
use serde_json::{Value, json};

use crate::house::{House, Person, ok, refused};

const PATH: &str = "/api/im/friends";

/// The ids in a list of friends or blocked people.
fn ids(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|friend| friend["userId"].as_str().expect("an id"))
        .collect()
}

async fn friends(who: &Person) -> Vec<String> {
    let list = ok(&who.http.get(PATH).await);
    ids(&list).into_iter().map(str::to_owned).collect()
}

async fn add(who: &Person, body: Value) -> Answer {
    who.http.post(PATH, body).await
}

async fn delete(who: &Person, path: &str, body: Value) -> Answer {
    who.http.fetch(who.http.request("DELETE", path).json(&body)).await
}

#[tokio::test]
async fn friends_are_added_and_listed() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("ann").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    let body = json!({ "friendId": "bob", "remark": "小波", "groupName": "同事" });
    let friend = ok(&add(&ann, body).await);
    let since = friend["createdAt"].as_i64().expect("a time");
    let whole = json!({
        "friendId": "bob", "userId": "bob", "nickname": "", "avatar": "", "gender": 0, "signature": "",
        "remark": "小波", "groupName": "同事", "createdAt": since,
    });
    assert_eq!(friend, whole);
    assert_eq!(ok(&ann.http.get(PATH).await), json!([whole]));
    let theirs = ok(&bob.http.get(PATH).await);
    assert_eq!(
        (&theirs[0]["userId"], &theirs[0]["remark"]),
        (&json!("ann"), &json!(""))
    );
    assert_eq!(theirs[0]["groupName"], Value::Null);
    let by_query = ann
        .http
        .request("POST", &format!("{PATH}?friendId=eve&bothWay=false"));
    ok(&ann.http.fetch(by_query).await);
    assert!(friends(&eve).await.is_empty());
    assert_eq!(
        ok(&add(&ann, json!({ "friendIds": ["bob", "eve"] })).await)
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    assert_eq!(
        ok(&ann.http.get(PATH).await)[0]["remark"],
        "小波",
        "what is not said stays"
    );
    let page = ok(&ann.http.get(&format!("{PATH}?page=1&size=1")).await);
    assert_eq!(ids(&page["content"]), ["eve"]);
    assert_eq!(
        json!([page["total"], page["page"], page["size"]]),
        json!([2, 1, 1])
    );

    refused(&add(&ann, json!({ "friendId": "nobody" })).await, 404);
    for body in [
        json!({}),
        json!({ "friendId": "" }),
        json!({ "friendId": "ann" }),
        json!({ "friendId": "bob", "bothWay": "perhaps" }),
        json!({ "friendId": "bob", "groupName": "x".repeat(65) }),
        json!({ "friendId": "bob", "remark": "x".repeat(65) }),
        json!({ "friendId": {} }),
    ] {
        refused(&add(&ann, body).await, 400);
    }
    let other = house.tenant("ak_other", json!({})).await;
    house.person_of(&other, "foreign").await;
    refused(&add(&ann, json!({ "friendId": "foreign" })).await, 404);
    refused(&house.stranger().get(PATH).await, 401);
    refused(
        &house.stranger().post(PATH, json!({ "friendId": "bob" })).await,
        401,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn several_are_added_as_far_as_they_can_be() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    for uid in ["eve", "dan"] {
        house.person(uid).await;
    }
    ok(&bob
        .http
        .post("/api/im/blacklist", json!({ "targetId": "ann" }))
        .await);
    let path = format!("{PATH}/batch");
    let body = json!({ "friendIds": ["bob", "eve", "nobody", "dan"], "groupName": "all" });
    let added = ok(&ann.http.post(&path, body).await);
    assert_eq!(ids(&added), ["eve", "dan"]);
    assert_eq!(added[1]["groupName"], "all");
    refused(&ann.http.post(&path, json!({ "friendIds": "bob" })).await, 403);
    refused(
        &ann.http
            .post(&path, json!({ "friendIds": ["nobody", "bob"] }))
            .await,
        404,
    );
    refused(&ann.http.post(&path, json!({})).await, 400);
    refused(
        &ann.http.post(&path, json!({ "friendIds": vec!["x"; 101] })).await,
        400,
    );
    refused(
        &house
            .stranger()
            .post(&path, json!({ "friendIds": ["bob"] }))
            .await,
        401,
    );
    let admin = house.admin().await;
    ok(&bob
        .http
        .post("/api/im/blacklist", json!({ "targetId": "admin" }))
        .await);
    assert_eq!(
        ids(&ok(&admin
            .http
            .post(&path, json!({ "friendIds": ["bob"] }))
            .await)),
        ["bob"]
    );
    house.server.stop().await;
}

#[tokio::test]
async fn friends_are_removed_one_several_or_all() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    for uid in ["c", "d", "e", "f"] {
        house.person(uid).await;
    }
    let all = json!({ "friendIds": ["bob", "c", "d", "e", "f"] });
    ok(&ann.http.post(&format!("{PATH}/batch"), all).await);
    let one = format!("{PATH}/bob");
    assert_eq!(
        ok(&delete(&ann, &one, json!({ "deleteType": "SINGLE" })).await),
        1
    );
    assert_eq!(friends(&bob).await, ["ann"]);
    assert_eq!(
        ok(&delete(&ann, &format!("{one}?deleteType=BOTH"), json!({})).await),
        1
    );
    assert!(friends(&bob).await.is_empty());
    assert_eq!(ok(&delete(&ann, &one, json!({})).await), 0, "no friend any more");
    let batch = format!("{PATH}/batch/remove");
    assert_eq!(
        ok(&ann.http.post(&batch, json!({ "friendIds": ["bob", "c"] })).await),
        1
    );
    assert_eq!(
        ok(&delete(&ann, PATH, json!({ "friendIds": ["d"] })).await),
        1,
        "who is named, not everybody"
    );
    assert_eq!(friends(&ann).await, ["e", "f"]);
    assert_eq!(ok(&delete(&ann, PATH, json!({})).await), 2);
    assert!(friends(&ann).await.is_empty());

    refused(&delete(&ann, &format!("{PATH}/nobody"), json!({})).await, 404);
    refused(
        &ann.http
            .post(&batch, json!({ "friendIds": ["e", "nobody"] }))
            .await,
        404,
    );
    refused(&ann.http.post(&batch, json!({})).await, 400);
    refused(&delete(&ann, &one, json!({ "deleteType": "HALF" })).await, 400);
    refused(&delete(&ann, PATH, json!({ "deleteType": "HALF" })).await, 400);
    let stranger = house.stranger();
    for (method, path) in [("DELETE", PATH), ("DELETE", &one), ("POST", &batch)] {
        refused(&stranger.fetch(stranger.request(method, path)).await, 401);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn friends_are_kept_in_groups() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    for uid in ["bob", "eve", "dan"] {
        house.person(uid).await;
    }
    let body = json!({ "friendIds": ["bob", "eve"], "groupName": "work" });
    ok(&ann.http.post(&format!("{PATH}/batch"), body).await);
    ok(&add(&ann, json!({ "friendId": "dan" })).await);
    let groups = async || ok(&ann.http.get(&format!("{PATH}/groups")).await);
    assert_eq!(groups().await, json!([{ "groupName": "work", "count": 2 }]));
    let path = format!("{PATH}/dan/group");
    let moved = ok(&ann.http.put(&path, json!({ "groupName": "家 人" })).await);
    assert_eq!(
        (&moved["userId"], &moved["groupName"]),
        (&json!("dan"), &json!("家 人"))
    );
    let family = ok(&ann
        .http
        .get(&format!("{PATH}/groups/%E5%AE%B6%20%E4%BA%BA"))
        .await);
    assert_eq!(ids(&family), ["dan"]);
    let page = ok(&ann.http.get(&format!("{PATH}/groups/work?page=0&size=1")).await);
    assert_eq!((ids(&page["content"]), &page["total"]), (vec!["bob"], &json!(2)));
    assert_eq!(
        ok(&ann.http.get(&format!("{PATH}/groups/nothing")).await),
        json!([])
    );
    for cleared in [json!({ "groupName": null }), json!({ "groupName": "" })] {
        assert_eq!(ok(&ann.http.put(&path, cleared).await)["groupName"], Value::Null);
    }
    assert_eq!(groups().await, json!([{ "groupName": "work", "count": 2 }]));

    refused(&ann.http.put(&path, json!({})).await, 400);
    refused(
        &ann.http.put(&path, json!({ "groupName": "x".repeat(65) })).await,
        400,
    );
    refused(
        &ann.http
            .put(&format!("{PATH}/nobody/group"), json!({ "groupName": "x" }))
            .await,
        404,
    );
    refused(
        &ann.http
            .put(&format!("{PATH}/admin/group"), json!({ "groupName": "x" }))
            .await,
        404,
    );
    let stranger = house.stranger();
    refused(&stranger.get(&format!("{PATH}/groups")).await, 401);
    refused(&stranger.get(&format!("{PATH}/groups/work")).await, 401);
    refused(&stranger.put(&path, json!({ "groupName": "x" })).await, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn relations_are_told_each_way() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("ann").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    house.person("dan").await;
    ok(&add(&ann, json!({ "friendId": "dan" })).await);
    ok(&add(&ann, json!({ "friendId": "bob", "bothWay": false })).await);
    ok(&add(&eve, json!({ "friendId": "ann", "bothWay": false })).await);
    assert!(friends(&bob).await.is_empty());
    let path = format!("{PATH}/check");
    let check = async |kind: Option<&str>| {
        let body = json!({ "userIds": ["dan", "bob", "eve", "nobody"], "checkType": kind });
        let found = ok(&ann.http.post(&path, body).await);
        let found = found.as_array().expect("a list").clone();
        let relation = |row: &Value| row["relation"].as_str().expect("a word").to_owned();
        assert_eq!(ids(&Value::from(found.clone())), ["dan", "bob", "eve", "nobody"]);
        found.iter().map(relation).collect::<Vec<_>>()
    };
    let both = ["BothWay", "AWithB", "BWithA", "NoRelation"];
    assert_eq!(check(None).await, both);
    assert_eq!(check(Some("BOTH")).await, both);
    assert_eq!(
        check(Some("SINGLE")).await,
        ["AWithB", "AWithB", "NoRelation", "NoRelation"]
    );
    refused(&ann.http.post(&path, json!({})).await, 400);
    refused(
        &ann.http
            .post(&path, json!({ "userIds": ["bob"], "checkType": "X" }))
            .await,
        400,
    );
    refused(
        &ann.http.post(&path, json!({ "userIds": vec!["x"; 1_001] })).await,
        400,
    );
    refused(
        &house.stranger().post(&path, json!({ "userIds": ["bob"] })).await,
        401,
    );
    house.server.stop().await;
}
