//! Accounts, friends, the blacklist and conversations with what no client should send, and across tenants.

use parlance_dialect_xuqm::ledger;
use parlance_testkit::Http;
use serde_json::{Value, json};

use crate::house::{House, ok, refused};

/// Method and path of every route of these areas.
fn routes() -> Vec<(&'static str, &'static str)> {
    let areas = [
        "accounts",
        "friends",
        "blacklist",
        "conversations",
        "conversation-groups",
    ];
    let mut rows = ledger();
    rows.retain(|row| {
        let rest = row.path.strip_prefix("/api/im/").unwrap_or_default();
        rest.split('/').next().is_some_and(|area| areas.contains(&area))
    });
    rows.into_iter().map(|row| (row.method, row.path)).collect()
}

/// A path with this text in place of what it leaves open.
fn filled(path: &str, with: &str) -> String {
    let part = |part: &str| match part.starts_with('{') {
        true => with.to_owned(),
        false => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn bodies() -> Vec<Value> {
    let names = [
        "userId",
        "userIds",
        "friendId",
        "friendIds",
        "targetId",
        "targetIds",
        "accounts",
        "nickname",
        "avatar",
        "gender",
        "extra",
        "admin",
        "keyword",
        "remark",
        "groupName",
        "bothWay",
        "deleteType",
        "checkType",
        "chatType",
        "pinned",
        "muted",
        "hidden",
        "draft",
        "messageId",
        "page",
        "size",
    ];
    let mut bodies = vec![json!([]), json!("x"), json!(null)];
    for value in [
        json!(null),
        json!(""),
        json!(-1),
        json!(1e300),
        json!([[], {}]),
        json!({ "a": [] }),
        json!("\u{0}"),
        json!("👩".repeat(3_000)),
        json!(["\u{202e}", "..", "x".repeat(10_000)]),
    ] {
        bodies.extend(names.iter().map(|name| json!({ *name: value })));
        bodies.push(
            names
                .iter()
                .map(|name| ((*name).to_owned(), value.clone()))
                .collect(),
        );
    }
    bodies
}

async fn calls(http: &Http, method: &str, path: &str, body: &Value) -> parlance_testkit::Answer {
    http.fetch(http.request(method, path).json(body)).await
}

#[tokio::test]
async fn no_odd_request_is_a_fault() {
    let house = House::open().await;
    let (admin, bodies) = (house.admin().await, bodies());
    house.person("bob").await;
    let odd = [
        "1",
        "-9223372036854775809",
        "%00",
        "%F0%9F%91%A9",
        "..%2F",
        "%FF",
        &"x".repeat(3_000),
    ];
    assert!(routes().len() > 25);
    for (method, path) in routes() {
        for odd in odd {
            let got = calls(&admin.http, method, &filled(path, odd), &json!({})).await;
            assert!(got.status < 500, "{method} {path} {odd}: {}", got.body);
        }
        if (method, path) == ("DELETE", "/api/im/accounts/{userId}") {
            continue;
        }
        for body in &bodies {
            let got = calls(&admin.http, method, &filled(path, "bob"), body).await;
            assert!(got.status < 500, "{method} {path} {body}: {}", got.body);
        }
    }
    house.server.stop().await;
}

#[tokio::test]
async fn people_of_another_tenant_do_not_exist() {
    let house = House::open().await;
    let other = house.tenant("ak_other", json!({})).await;
    let foreign = house.person_of(&other, "admin").await;
    let bob = house.person("bob").await;
    for (method, path) in routes().into_iter().filter(|(_, path)| path.contains("Id}")) {
        if path.ends_with("/exists") {
            continue;
        }
        let whole = json!({
            "pinned": true, "muted": true, "hidden": true, "draft": "x", "groupName": "x", "nickname": "x",
        });
        let got = calls(&foreign.http, method, &filled(path, "bob"), &whole).await;
        refused(&got, 404);
    }
    let exists = ok(&foreign.http.get("/api/im/accounts/bob/exists").await);
    assert_eq!(exists, false);
    for (path, body) in [
        ("/api/im/friends", json!({ "friendId": "bob" })),
        ("/api/im/friends/batch/remove", json!({ "friendIds": ["bob"] })),
        ("/api/im/blacklist", json!({ "targetId": "bob" })),
    ] {
        refused(&foreign.http.post(path, body).await, 404);
    }
    assert_eq!(ok(&bob.http.get("/api/im/accounts/bob").await)["nickname"], "");
    assert_eq!(ok(&bob.http.get("/api/im/friends").await), json!([]));
    house.server.stop().await;
}
