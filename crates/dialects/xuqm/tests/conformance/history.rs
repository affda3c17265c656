//! Reading on in conversations, and finding messages.

use serde_json::{Value, json};

use crate::house::{House, Person, ok, refused};
use crate::message::{group, say};

fn contents(messages: &Value) -> Vec<&str> {
    let messages = messages.as_array().expect("a list");
    let content = |message: &'_ Value| message["content"].as_str().map(str::len).unwrap_or_default();
    assert!(messages.iter().all(|message| content(message) > 0));
    messages
        .iter()
        .filter_map(|message| message["content"].as_str())
        .collect()
}

async fn history(who: &Person, query: &str) -> Value {
    ok(&who.http.get(&format!("/api/im/messages/history/{query}")).await)
}

#[tokio::test]
async fn a_conversation_is_read_in_parts() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    assert_eq!(history(&ann, "bob").await, json!([]));
    let mut sent = Vec::new();
    for text in ["1", "2", "3", "4", "5"] {
        sent.push(say(&ann, "bob", "SINGLE", text).await);
    }
    let all = history(&bob, "ann").await;
    assert_eq!(contents(&all), ["5", "4", "3", "2", "1"]);
    assert_eq!(
        (&all[0]["fromId"], &all[0]["toId"]),
        (&json!("ann"), &json!("bob"))
    );
    let page = history(&ann, "bob?page=1&size=2").await;
    assert_eq!(contents(&page["content"]), ["3", "2"]);
    assert_eq!(
        (&page["total"], &page["page"], &page["size"]),
        (&json!(5), &json!(1), &json!(2))
    );
    let before = sent[2]["id"].as_str().expect("a text");
    assert_eq!(
        contents(&history(&ann, &format!("bob?beforeId={before}&limit=1")).await),
        ["2"]
    );
    let time = |message: &Value| message["createdAt"].as_i64().expect("a time");
    let whole = format!("bob?startTime={}&endTime={}", time(&sent[0]), time(&sent[4]));
    assert_eq!(
        history(&ann, &whole).await.as_array().map(Vec::len),
        Some(5),
        "both ends count"
    );
    let after = format!("bob?startTime={}&page=0", time(&sent[4]) + 1);
    assert_eq!(history(&ann, &after).await["total"], 0);
    let ever = format!("bob?startTime=0&endTime={}&beforeId={}", i64::MAX, i64::MAX);
    assert_eq!(history(&ann, &ever).await.as_array().map(Vec::len), Some(5));
    let early = format!("bob?endTime={}", time(&sent[0]) - 1);
    assert_eq!(history(&ann, &early).await, json!([]));
    for (query, status) in [
        ("nobody", 404),
        ("bob?beforeId=x", 400),
        ("bob?limit=0", 400),
        ("bob?page=-1", 400),
        ("bob?page=1000000&size=1000", 400),
        ("bob?startTime=-1", 400),
        ("bob?endTime=soon", 400),
        ("bob?appKey=ak_other", 401),
    ] {
        let path = format!("/api/im/messages/history/{query}");
        refused(&ann.http.get(&path).await, status);
        refused(&house.stranger().get(&path).await, 401);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn a_group_is_read_by_its_members() {
    let house = House::open().await;
    let (admin, ann, bob, eve) = (
        house.admin().await,
        house.person("ann").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    group(&house, &ann, "team", &[&bob]).await;
    say(&ann, "team", "GROUP", "one").await;
    say(&bob, "team", "GROUP", "two").await;
    let path = "/api/im/messages/group-history/team";
    for member in [&ann, &bob, &admin] {
        assert_eq!(contents(&ok(&member.http.get(path).await)), ["two", "one"]);
    }
    refused(&eve.http.get(path).await, 403);
    refused(&house.stranger().get(path).await, 401);
    refused(&ann.http.get("/api/im/messages/group-history/none").await, 404);
    let other = house.tenant("ak_other", json!({})).await;
    let far = house.person_of(&other, "admin").await;
    refused(&far.http.get(path).await, 404);
    house.server.stop().await;
}

#[tokio::test]
async fn messages_are_found_by_keyword() {
    let house = House::open().await;
    let (ann, bob, eve) = (
        house.person("ann").await,
        house.person("bob").await,
        house.person("eve").await,
    );
    group(&house, &ann, "team", &[&eve]).await;
    say(&ann, "bob", "SINGLE", "a Word for bob").await;
    say(&eve, "team", "GROUP", "a word for all").await;
    say(&ann, "bob", "SINGLE", "nothing").await;
    let search = async |who: &Person, query: &str| {
        let path = format!("/api/im/messages/search?keyword=word{query}");
        ok(&who.http.get(&path).await)
    };
    assert_eq!(
        contents(&search(&ann, "").await),
        ["a word for all", "a Word for bob"]
    );
    assert_eq!(
        contents(&search(&ann, "&chatType=SINGLE").await),
        ["a Word for bob"]
    );
    assert_eq!(
        contents(&search(&ann, "&chatType=GROUP&targetId=team").await),
        ["a word for all"]
    );
    assert_eq!(
        contents(&search(&ann, "&targetId=bob&msgType=TEXT").await),
        ["a Word for bob"]
    );
    assert_eq!(search(&ann, "&targetId=eve").await, json!([]));
    assert_eq!(search(&ann, "&msgType=IMAGE").await, json!([]));
    assert_eq!(search(&ann, "&endTime=1").await, json!([]));
    assert_eq!(
        search(&ann, "&startTime=1").await.as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(search(&eve, "&chatType=SINGLE").await, json!([]));
    let page = search(&ann, "&page=1&size=1").await;
    assert_eq!(
        (contents(&page["content"]), &page["total"]),
        (vec!["a Word for bob"], &json!(2))
    );
    for (query, status) in [
        ("", 400),
        ("?keyword=", 400),
        ("?keyword=%20", 400),
        ("?keyword=x&chatType=ROOM", 400),
        ("?keyword=x&targetId=nobody", 404),
        ("?keyword=x&targetId=none&chatType=GROUP", 404),
        ("?keyword=x&startTime=x", 400),
    ] {
        refused(
            &ann.http.get(&format!("/api/im/messages/search{query}")).await,
            status,
        );
    }
    let foreign = "/api/im/messages/search?keyword=x&targetId=team&chatType=GROUP";
    refused(&bob.http.get(foreign).await, 403);
    refused(&house.stranger().get(foreign).await, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn a_sender_sees_what_became_of_a_message() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    say(&ann, "bob", "SINGLE", "one").await;
    let status = async || history(&ann, "bob").await[0]["status"].clone();
    assert_eq!(status().await, "SENT");
    ok(&bob.http.post("/api/im/messages/offline", json!({})).await);
    assert_eq!(status().await, "DELIVERED");
    let bob = crate::stomp::actor(&house, &bob).await;
    let with = parlance_core::query::Counterpart::Person("ann".into());
    let query = parlance_core::query::FindConversation { with };
    let found = house.server.core.query(&bob, query).await;
    let read = parlance_core::command::MarkRead {
        conversation_id: found.expect("an answer").expect("a conversation"),
        up_to: parlance_core::command::ReadUpTo::Newest,
    };
    house.server.core.execute(&bob, read).await.expect("read");
    assert_eq!(status().await, "READ");
    house.server.stop().await;
}
