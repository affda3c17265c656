//! Conversations as their members see them.

use parlance_core::command::{CreateGroup, SendMessage, Target};
use parlance_core::types::ConversationId;
use serde_json::{Value, json};

use crate::house::{House, Person, ok, refused};
use crate::stomp::actor;

const PATH: &str = "/api/im/conversations";
const GROUPS: &str = "/api/im/conversation-groups";

/// Says something to somebody directly.
async fn say(house: &House, from: &Person, to: &Person, text: &str) -> ConversationId {
    let target = Target::User(actor(house, to).await.user_id);
    let from = actor(house, from).await;
    let sent = house
        .server
        .core
        .execute(&from, SendMessage::text(target, text))
        .await;
    sent.expect("a message").view.message.conversation_id
}

/// A group of these people that is known by a text id.
async fn group(house: &House, key: &str, owner: &Person, other: &Person) -> ConversationId {
    let member_ids = vec![actor(house, other).await.user_id];
    let create = CreateGroup {
        group_key: Some(key.to_owned()),
        ..CreateGroup::named("Team", member_ids)
    };
    let owner = actor(house, owner).await;
    let made = house.server.core.execute(&owner, create).await;
    made.expect("a group").conversation_id
}

async fn list(who: &Person) -> Vec<Value> {
    ok(&who.http.get(PATH).await).as_array().expect("a list").clone()
}

fn targets(list: &[Value]) -> Vec<&str> {
    list.iter()
        .map(|row| row["targetId"].as_str().expect("an id"))
        .collect()
}

#[tokio::test]
async fn conversations_are_listed() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("ann").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    group(&house, "g1", &ann, &bob).await;
    say(&house, &ann, &eve, "one").await;
    say(&house, &bob, &ann, "two").await;
    say(&house, &bob, &ann, "three").await;
    let shown = list(&ann).await;
    assert_eq!(targets(&shown), ["bob", "eve", "g1"]);
    let at = shown[0]["lastMsgTime"].as_i64().expect("a time");
    assert!(at > 1_700_000_000_000, "milliseconds");
    let whole = json!({
        "targetId": "bob", "chatType": "SINGLE", "name": "bob", "avatar": "", "unreadCount": 2,
        "lastMsgId": shown[0]["lastMsgId"], "lastMsgContent": "three", "lastMsgType": "TEXT", "lastMsgTime": at,
        "pinned": false, "muted": false, "draft": "", "groupName": null, "hidden": false,
    });
    assert_eq!(shown[0], whole);
    assert!(shown[0]["lastMsgId"].is_string());
    let bare = json!({
        "targetId": "g1", "chatType": "GROUP", "name": "Team", "avatar": "", "unreadCount": 0,
        "lastMsgId": null, "lastMsgContent": null, "lastMsgType": null, "lastMsgTime": null,
        "pinned": false, "muted": false, "draft": "", "groupName": null, "hidden": false,
    });
    assert_eq!(shown[2], bare);
    ok(&ann
        .http
        .put(
            &format!("{PATH}/g1/pinned"),
            json!({ "chatType": "GROUP", "pinned": true }),
        )
        .await);
    assert_eq!(
        targets(&list(&ann).await),
        ["g1", "bob", "eve"],
        "pinned ones first"
    );
    let page = ok(&ann.http.get(&format!("{PATH}?page=1&size=2")).await);
    assert_eq!(targets(page["content"].as_array().expect("a list")), ["eve"]);
    assert_eq!(
        json!([page["total"], page["page"], page["size"]]),
        json!([3, 1, 2])
    );
    let settings = json!({ "conversationPullLimit": 2 });
    let admin = house.admin().await;
    let patch = admin
        .http
        .request("PATCH", "/api/im/admin/tenants/ak_default")
        .json(&settings);
    ok(&admin.http.fetch(patch).await);
    assert_eq!(targets(&list(&ann).await), ["g1", "bob"]);
    assert_eq!(ok(&ann.http.get(&format!("{PATH}?page=0")).await)["total"], 2);
    refused(&ann.http.get(&format!("{PATH}?size=0")).await, 400);
    refused(&house.stranger().get(PATH).await, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn a_view_is_changed() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("ann").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    group(&house, "g1", &ann, &bob).await;
    say(&house, &ann, &bob, "hello").await;
    for flag in ["pinned", "muted"] {
        let path = |target: &str| format!("{PATH}/{target}/{flag}");
        let set = async |who: &Person, target: &str, body: Value| who.http.put(&path(target), body).await;
        assert_eq!(ok(&set(&ann, "bob", json!({ flag: true })).await)[flag], true);
        let both = json!({ "chatType": "GROUP", flag: "true" });
        let changed = ok(&set(&ann, "g1", both).await);
        assert_eq!(
            (&changed[flag], &changed["chatType"]),
            (&json!(true), &json!("GROUP"))
        );
        let by_query = ann
            .http
            .request("PUT", &format!("{}?{flag}=false&chatType=SINGLE", path("bob")));
        assert_eq!(ok(&ann.http.fetch(by_query).await)[flag], false);
        assert_eq!(
            ok(&set(&ann, "eve", json!({ flag: true })).await)["targetId"],
            "eve"
        );
        assert!(list(&eve).await.is_empty(), "nothing was said to her");
        assert_eq!(list(&bob).await[0][flag], false, "a view is one's own");

        refused(&set(&ann, "bob", json!({})).await, 400);
        refused(&set(&ann, "bob", json!({ flag: "perhaps" })).await, 400);
        refused(
            &set(&ann, "bob", json!({ flag: true, "chatType": "ROOM" })).await,
            400,
        );
        refused(&set(&ann, "ann", json!({ flag: true })).await, 400);
        refused(&set(&ann, "nobody", json!({ flag: true })).await, 404);
        refused(
            &set(&ann, "bob", json!({ flag: true, "chatType": "GROUP" })).await,
            404,
        );
        refused(
            &set(&eve, "g1", json!({ flag: true, "chatType": "GROUP" })).await,
            403,
        );
        refused(
            &house.stranger().put(&path("bob"), json!({ flag: true })).await,
            401,
        );
    }
    house.server.stop().await;
}

#[tokio::test]
async fn a_hidden_conversation_is_off_the_list() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    say(&house, &bob, &ann, "one").await;
    let path = format!("{PATH}/bob/hidden");
    let hidden = ok(&ann.http.put(&path, json!({ "hidden": true })).await);
    assert_eq!(
        (&hidden["hidden"], &hidden["unreadCount"]),
        (&json!(true), &json!(1))
    );
    assert!(list(&ann).await.is_empty());
    assert_eq!(
        ok(&ann.http.put(&path, json!({ "hidden": false })).await)["hidden"],
        false
    );
    assert_eq!(list(&ann).await.len(), 1);
    ok(&ann.http.put(&path, json!({ "hidden": true })).await);
    say(&house, &bob, &ann, "two").await;
    let back = list(&ann).await;
    assert_eq!(
        (&back[0]["hidden"], &back[0]["unreadCount"]),
        (&json!(false), &json!(2))
    );
    refused(&ann.http.put(&path, json!({})).await, 400);
    refused(
        &ann.http
            .put(&format!("{PATH}/nobody/hidden"), json!({ "hidden": true }))
            .await,
        404,
    );
    refused(&house.stranger().put(&path, json!({ "hidden": true })).await, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn reading_moves_the_cursor_and_tells_the_peer() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("ann").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    group(&house, "g1", &ann, &bob).await;
    say(&house, &bob, &ann, "one").await;
    let first = list(&ann).await[0]["lastMsgId"].clone();
    say(&house, &bob, &ann, "two").await;
    let peer = house.server.core.attach(&actor(&house, &bob).await);
    let path = format!("{PATH}/bob/read");
    let read = ok(&ann.http.put(&path, json!({ "messageId": first })).await);
    assert_eq!(read, json!({ "targetId": "bob", "unreadCount": 1 }));
    loop {
        let heard = peer.next().await.expect("an event");
        if let parlance_core::Event::MessagesRead(read) = &heard.event {
            assert_eq!(read.read_seq, 1);
            break;
        }
    }
    assert_eq!(ok(&ann.http.put(&path, json!({})).await)["unreadCount"], 0);
    assert_eq!(list(&ann).await[0]["unreadCount"], 0);
    let never = ok(&ann.http.put(&format!("{PATH}/eve/read"), json!({})).await);
    assert_eq!(never["unreadCount"], 0);
    let team = format!("{PATH}/g1/read");
    assert_eq!(
        ok(&ann.http.put(&team, json!({ "chatType": "GROUP" })).await)["unreadCount"],
        0
    );
    refused(&eve.http.put(&team, json!({ "chatType": "GROUP" })).await, 403);
    refused(&ann.http.put(&path, json!({ "messageId": "nothing" })).await, 404);
    refused(
        &ann.http.put(&format!("{PATH}/nobody/read"), json!({})).await,
        404,
    );
    refused(&ann.http.put(&path, json!({ "chatType": "GROUP" })).await, 404);
    refused(&house.stranger().put(&path, json!({})).await, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn drafts_and_groups_have_bounds() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    say(&house, &ann, &bob, "hello").await;
    let draft = format!("{PATH}/bob/draft");
    let long = "稿".repeat(1_000);
    assert_eq!(
        ok(&ann.http.put(&draft, json!({ "draft": long })).await)["draft"],
        json!(long)
    );
    for cleared in [json!({ "draft": null }), json!({ "draft": "" })] {
        assert_eq!(ok(&ann.http.put(&draft, cleared).await)["draft"], "");
    }
    refused(
        &ann.http.put(&draft, json!({ "draft": "稿".repeat(1_001) })).await,
        400,
    );
    refused(&ann.http.put(&draft, json!({})).await, 400);
    refused(&ann.http.put(&draft, json!({ "draft": [] })).await, 400);
    refused(
        &ann.http
            .put(&format!("{PATH}/nobody/draft"), json!({ "draft": "x" }))
            .await,
        404,
    );
    refused(&house.stranger().put(&draft, json!({ "draft": "x" })).await, 401);

    let path = format!("{PATH}/bob/group");
    let name = "组".repeat(64);
    assert_eq!(
        ok(&ann.http.put(&path, json!({ "groupName": name })).await)["groupName"],
        json!(name)
    );
    ok(&ann.http.put(&path, json!({ "groupName": "work" })).await);
    let groups = ok(&ann.http.get(GROUPS).await);
    assert_eq!(groups, json!([{ "groupName": "work", "count": 1 }]));
    let inside = ok(&ann.http.get(&format!("{GROUPS}/work")).await);
    assert_eq!(
        (&inside[0]["targetId"], &inside[0]["groupName"]),
        (&json!("bob"), &json!("work"))
    );
    assert_eq!(
        ok(&ann.http.get(&format!("{GROUPS}/work?page=0")).await)["total"],
        1
    );
    assert_eq!(ok(&ann.http.get(&format!("{GROUPS}/nothing")).await), json!([]));
    assert_eq!(ok(&bob.http.get(GROUPS).await), json!([]));
    assert_eq!(
        ok(&ann.http.put(&path, json!({ "groupName": null })).await)["groupName"],
        Value::Null
    );
    assert_eq!(ok(&ann.http.get(GROUPS).await), json!([]));
    refused(
        &ann.http.put(&path, json!({ "groupName": "组".repeat(65) })).await,
        400,
    );
    refused(&ann.http.put(&path, json!({})).await, 400);
    refused(
        &ann.http
            .put(&format!("{PATH}/nobody/group"), json!({ "groupName": "x" }))
            .await,
        404,
    );
    let stranger = house.stranger();
    refused(&stranger.put(&path, json!({ "groupName": "x" })).await, 401);
    refused(&stranger.get(GROUPS).await, 401);
    refused(&stranger.get(&format!("{GROUPS}/work")).await, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn a_deleted_conversation_comes_back_as_new() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("ann").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    group(&house, "g1", &ann, &bob).await;
    say(&house, &bob, &ann, "old").await;
    let path = format!("{PATH}/bob");
    ok(&ann
        .http
        .put(&format!("{path}/draft"), json!({ "draft": "d" }))
        .await);
    ok(&ann
        .http
        .put(&format!("{path}/pinned"), json!({ "pinned": true }))
        .await);
    let delete = async |who: &Person, path: &str| who.http.fetch(who.http.request("DELETE", path)).await;
    assert_eq!(ok(&delete(&ann, &path).await), Value::Null);
    assert_eq!(targets(&list(&ann).await), ["g1"]);
    assert_eq!(list(&bob).await.len(), 2, "only the own list");
    say(&house, &bob, &ann, "new").await;
    let back = list(&ann).await;
    let fresh = json!([back[0]["unreadCount"], back[0]["draft"], back[0]["pinned"]]);
    assert_eq!(fresh, json!([1, "", false]));
    ok(&delete(&ann, &format!("{PATH}/g1?chatType=GROUP")).await);
    assert_eq!(targets(&list(&ann).await), ["bob"]);
    assert_eq!(
        ok(&delete(&ann, &format!("{PATH}/eve")).await),
        Value::Null,
        "nothing to delete"
    );
    refused(&delete(&ann, &format!("{PATH}/nobody")).await, 404);
    refused(&delete(&ann, &format!("{PATH}/g2?chatType=GROUP")).await, 404);
    refused(&delete(&eve, &format!("{PATH}/g1?chatType=GROUP")).await, 403);
    refused(
        &house
            .stranger()
            .fetch(house.stranger().request("DELETE", &path))
            .await,
        401,
    );
    house.server.stop().await;
}
