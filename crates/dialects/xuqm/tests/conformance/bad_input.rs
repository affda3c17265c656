//! Every route with odd ids and odd fields: an answer in the envelope, never a fault.

use parlance_dialect_xuqm::ledger;
use parlance_testkit::{Answer, odd_texts, odd_values};
use parlance_transport::http::route_table::LedgerRow;
use serde_json::{Value, json};

use crate::every_route::{Side, call, fill, routes};
use crate::house::{House, refused};

/// An answer of the dialect, and no fault.
#[track_caller]
fn check(route: &LedgerRow, answer: &Answer, sent: &str) {
    let sent: String = sent.chars().take(200).collect();
    assert!(answer.status < 500, "{route:?} {sent}: {}", answer.body);
    let (code, status) = (answer.body["code"].as_u64(), answer.body["status"].as_str());
    let well = answer.status == 200 && status == Some("0") || answer.status != 200 && status == Some("1");
    let envelope = code == Some(u64::from(answer.status)) && well;
    assert!(envelope, "{route:?} {sent}: {} {}", answer.status, answer.body);
}

async fn house_with_side() -> (House, Side) {
    let house = House::open().await;
    let side = fill(&house, &house.signer(), "something", ["ann", "bob"], "team").await;
    (house, side)
}

#[tokio::test]
async fn odd_ids_in_paths_are_no_fault() {
    let (house, side) = house_with_side().await;
    for route in ledger().iter().filter(|route| route.path.contains('{')) {
        for text in odd_texts() {
            let part = |part: &str| {
                if part.starts_with('{') {
                    text.clone()
                } else {
                    part.to_owned()
                }
            };
            let path = route.path.split('/').map(part).collect::<Vec<_>>().join("/");
            let http = if route.guard == "user" {
                &side.ann.http
            } else {
                &side.admin.http
            };
            let answer = http
                .fetch(http.request(route.method, &path).json(&json!({})))
                .await;
            // What is no path at all never reaches the dialect.
            if answer.body.is_object() {
                check(route, &answer, &text);
            } else {
                assert!(answer.status < 500, "{route:?} {text}: {}", answer.status);
            }
        }
    }
    house.server.stop().await;
}

#[tokio::test]
async fn odd_fields_are_no_fault() {
    let (house, side) = house_with_side().await;
    let good = side.fields("SINGLE");
    let mut names: Vec<String> = good.as_object().expect("fields").keys().cloned().collect();
    names.extend(
        [
            "page",
            "size",
            "fromId",
            "startTime",
            "endTime",
            "mentionedUserIds",
            "token",
        ]
        .map(str::to_owned),
    );
    let inner = ledger().into_iter().filter(|route| route.guard == "inner");
    for route in inner.chain(routes()) {
        let http = if route.guard == "admin" {
            &side.admin.http
        } else {
            &side.ann.http
        };
        let path = side.path(&route);
        for value in odd_values() {
            let all: Value = names.iter().map(|name| (name.clone(), value.clone())).collect();
            let answer = call(http, route.method, &path, &all).await;
            check(&route, &answer, &value.to_string());
        }
        for name in &names {
            for value in [
                json!({ "a": [] }),
                json!(i64::MIN),
                json!(i64::MAX),
                json!("x\0y"),
            ] {
                let mut fields = good.clone();
                fields[name] = value.clone();
                let answer = call(http, route.method, &path, &fields).await;
                check(&route, &answer, &format!("{name} {value}"));
            }
        }
    }
    house.server.stop().await;
}

#[tokio::test]
async fn a_body_that_is_no_object_of_json_is_no_fault() {
    let (house, side) = house_with_side().await;
    for route in routes() {
        let http = if route.guard == "admin" {
            &side.admin.http
        } else {
            &side.ann.http
        };
        for body in [
            "{",
            "nul",
            "[]",
            "1",
            "{\"a\":1}}",
            "\u{feff}{}",
            "[[[[",
            "a=%zz&=&&",
        ] {
            let request = http.request(route.method, &side.path(&route)).body(body);
            check(&route, &http.fetch(request).await, body);
        }
    }
    house.server.stop().await;
}

#[tokio::test]
async fn every_route_asks_who_calls() {
    let house = House::open().await;
    let stranger = house.stranger();
    let signer = house.signer();
    let side = fill(&house, &signer, "something", ["ann", "bob"], "team").await;
    for route in ledger()
        .into_iter()
        .filter(|route| route.path.starts_with("/api/"))
    {
        let (path, fields) = (side.path(&route), side.fields("SINGLE"));
        let refusal = match route.guard {
            "user" | "admin" | "operator" => 401,
            _ => continue,
        };
        refused(&call(&stranger, route.method, &path, &fields).await, refusal);
        refused(
            &call(&stranger.with_token("x"), route.method, &path, &fields).await,
            refusal,
        );
        if route.guard != "user" {
            refused(&call(&side.ann.http, route.method, &path, &fields).await, 403);
        }
    }
    house.server.stop().await;
}
