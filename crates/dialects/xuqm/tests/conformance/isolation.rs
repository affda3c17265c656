//! Two tenants with the same ids in them: nothing crosses. The calls are made from the table of routes, so that a new
//! route is in the test from its first day.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::every_route::{Side, call, fill, routes};
use crate::house::House;

/// In everything that the first tenant writes, and in nothing that the other one sends.
const SECRET: &str = "aaa-kept-secret";

/// All that a tenant's own people read, by every route that reads.
async fn snapshot(side: &Side) -> BTreeMap<String, Value> {
    let mut shown = BTreeMap::new();
    for route in routes().iter().filter(|route| route.method == "GET") {
        for kind in ["SINGLE", "GROUP"] {
            let http = if route.guard == "admin" {
                &side.admin.http
            } else {
                &side.ann.http
            };
            let answer = call(http, "GET", &side.path(route), &side.fields(kind)).await;
            shown.insert(format!("{} {kind}", route.path), answer.body);
        }
    }
    shown
}

/// Calls every route as each of a tenant's people, with the ids of `named`.
async fn try_all(side: &Side, named: &Side) {
    for route in routes() {
        for caller in [&side.ann, &side.admin] {
            for kind in ["SINGLE", "GROUP"] {
                let answer = call(
                    &caller.http,
                    route.method,
                    &named.path(&route),
                    &named.fields(kind),
                )
                .await;
                let who = &caller.uid;
                assert!(answer.status < 500, "{route:?} by {who}: {}", answer.body);
                let text = answer.body.to_string();
                assert!(
                    !text.contains(SECRET),
                    "{route:?} by {who} shows what is not theirs: {text}"
                );
            }
        }
    }
}

#[tokio::test]
async fn nothing_crosses_between_tenants_that_have_the_same_ids() {
    let house = House::open().await;
    let (a, b) = (
        house.tenant("ak_a", json!({})).await,
        house.tenant("ak_b", json!({})).await,
    );
    let first = fill(&house, &a, SECRET, ["ann", "bob"], "team").await;
    let second = fill(&house, &b, "bbb", ["ann", "bob"], "team").await;
    let before = snapshot(&first).await;
    let seen = serde_json::to_string(&before).expect("JSON");
    assert!(
        seen.matches(SECRET).count() > 10,
        "the first tenant has something to show"
    );
    // The same ids mean the second tenant's own things.
    try_all(&second, &second).await;
    assert_eq!(snapshot(&first).await, before);
    house.server.stop().await;
}

#[tokio::test]
async fn what_only_another_tenant_has_is_not_there() {
    let house = House::open().await;
    let (a, b) = (
        house.tenant("ak_a", json!({})).await,
        house.tenant("ak_b", json!({})).await,
    );
    let first = fill(&house, &a, SECRET, ["ann", "bob"], "team").await;
    let second = fill(&house, &b, "bbb", ["cat", "dan"], "crew").await;
    let before = snapshot(&first).await;
    // Every id is one of the first tenant, the message's number and the request's too.
    try_all(&second, &first).await;
    assert_eq!(snapshot(&first).await, before);
    house.server.stop().await;
}
