//! Asking to come into a group, and answering.

use parlance_core::Limits;
use parlance_dialect_xuqm::Options;
use serde_json::{Value, json};

use crate::group_house::{GROUPS, column, people};
use crate::house::{House, Person, ok, refused};
use crate::stomp::Stomp;

const ASK: &str = "POST /join-requests";

async fn asks(who: &Person, group_id: &str) -> i64 {
    let request = ok(&who.calls(group_id, ASK, json!({ "remark": "let me in" })).await);
    request["id"].as_i64().expect("an id")
}

#[tokio::test]
async fn the_type_of_a_group_says_what_asking_does() {
    let house = House::open().await;
    let [ann, bob] = people(&house, ["ann", "bob"]).await;
    for (kind, option, outcome) in [
        ("WORK", "", Err(403)),
        ("WORK", "FREE", Err(403)),
        ("PUBLIC", "", Ok("PENDING")),
        ("PUBLIC", "FREE", Ok("ACCEPTED")),
        ("PUBLIC", "DISABLED", Err(403)),
        ("MEETING", "", Ok("ACCEPTED")),
        ("MEETING", "APPROVAL", Ok("PENDING")),
    ] {
        let id = ann
            .makes(json!({ "name": "x", "groupType": kind, "joinOption": option }))
            .await;
        ann.says(&house, &id, "before").await.expect("sent");
        let asked = bob.calls(&id, ASK, json!({ "remark": "hi" })).await;
        match outcome {
            Err(status) => refused(&asked, status),
            Ok(status) => {
                let mut request = ok(&asked);
                let at = [request["createdAt"].take(), request["handledAt"].take()];
                assert_eq!(at.map(|at| at.is_i64()), [true, status == "ACCEPTED"]);
                assert!(request["id"].take().is_i64());
                let expected = json!({
                    "id": null, "groupId": id, "userId": "bob", "remark": "hi", "status": status,
                    "handledBy": null, "createdAt": null, "handledAt": null,
                });
                assert_eq!(request, expected, "{kind} {option}");
                let entered = bob.calls(&id, "GET /members", json!({})).await.status == 200;
                assert_eq!(entered, status == "ACCEPTED");
            }
        }
    }
    let open = ann.makes(json!({ "name": "x", "groupType": "PUBLIC" })).await;
    assert_eq!(
        asks(&bob, &open).await,
        asks(&bob, &open).await,
        "the one that waits"
    );
    refused(&ann.calls(&open, ASK, json!({})).await, 400);
    refused(
        &bob.calls(&open, ASK, json!({ "remark": "x".repeat(201) })).await,
        400,
    );
    refused(&bob.calls("nothing", ASK, json!({})).await, 404);
    refused(
        &house
            .stranger()
            .post(&format!("{GROUPS}/{open}/join-requests"), json!({}))
            .await,
        401,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn requests_are_listed_by_status() {
    let house = House::open().await;
    let [ann, bob, cid, dan] = people(&house, ["ann", "bob", "cid", "dan"]).await;
    let id = ann.makes(json!({ "name": "x", "groupType": "PUBLIC" })).await;
    let (first, second) = (asks(&bob, &id).await, asks(&cid, &id).await);
    asks(&dan, &id).await;
    ok(&ann.calls(&id, &format!("{ASK}/{first}/accept"), json!({})).await);
    ok(&ann.calls(&id, &format!("{ASK}/{second}/reject"), json!({})).await);
    let list = async |query: &str| {
        let call = format!("GET /join-requests{query}");
        ok(&ann.calls(&id, &call, json!({})).await)
    };
    assert_eq!(column(&list("").await, "userId"), ["dan", "cid", "bob"]);
    for (word, expected) in [("pending", "dan"), ("ACCEPTED", "bob"), ("REJECTED", "cid")] {
        let some = list(&format!("?status={word}")).await;
        assert_eq!(column(&some, "userId"), [expected]);
    }
    assert_eq!(list("?status=ACCEPTED").await[0]["handledBy"], "ann");
    let page = list("?page=1&size=2").await;
    assert_eq!(
        (column(&page["content"], "userId"), &page["total"]),
        (vec!["bob"], &json!(3))
    );
    refused(
        &ann.calls(&id, "GET /join-requests?status=LOST", json!({})).await,
        400,
    );
    refused(&bob.calls(&id, "GET /join-requests", json!({})).await, 403);
    refused(&dan.calls(&id, "GET /join-requests", json!({})).await, 403);
    refused(&ann.calls("nothing", "GET /join-requests", json!({})).await, 404);
    refused(
        &house
            .stranger()
            .get(&format!("{GROUPS}/{id}/join-requests"))
            .await,
        401,
    );
    house.server.stop().await;
}

#[tokio::test]
async fn an_answer_stands_and_can_be_repeated() {
    let house = House::open().await;
    let [ann, bob, cid, eve] = people(&house, ["ann", "bob", "cid", "eve"]).await;
    let id = ann.makes(json!({ "name": "x", "groupType": "PUBLIC" })).await;
    let other = ann.makes(json!({ "name": "y", "groupType": "PUBLIC" })).await;
    let (first, second) = (asks(&bob, &id).await, asks(&cid, &id).await);
    let answer = async |who: &Person, group: &str, request: &str, answer: &str| {
        who.calls(group, &format!("{ASK}/{request}/{answer}"), json!({}))
            .await
    };
    let (first, second) = (first.to_string(), second.to_string());
    for who in [&eve, &bob] {
        refused(&answer(who, &id, &first, "accept").await, 403);
        refused(&answer(who, &id, &first, "reject").await, 403);
    }
    // Two answers at once: one lets the person in, and both tell so.
    let (one, two) = tokio::join!(
        answer(&ann, &id, &first, "accept"),
        answer(&ann, &id, &first, "accept")
    );
    for accepted in [ok(&one), ok(&two)] {
        assert_eq!([&accepted["status"], &accepted["handledBy"]], ["ACCEPTED", "ann"]);
    }
    assert_eq!(ok(&bob.calls(&id, "GET ", json!({})).await)["memberCount"], 2);
    refused(&answer(&ann, &id, &first, "reject").await, 400);
    assert_eq!(
        ok(&answer(&ann, &id, &second, "reject").await)["status"],
        "REJECTED"
    );
    assert_eq!(
        ok(&answer(&ann, &id, &second, "reject").await)["status"],
        "REJECTED"
    );
    refused(&answer(&ann, &id, &second, "accept").await, 400);
    for (group, request) in [
        (&other, first.as_str()),
        (&id, "0"),
        (&id, "x"),
        (&id, "9999999999999999999"),
    ] {
        for word in ["accept", "reject"] {
            refused(&answer(&ann, group, request, word).await, 404);
        }
    }
    refused(&answer(&ann, "nothing", &first, "accept").await, 404);
    let path = format!("{GROUPS}/{id}/join-requests/{first}/accept");
    refused(&house.stranger().post(&path, json!({})).await, 401);
    house.server.stop().await;
}

#[tokio::test]
async fn those_who_manage_the_group_hear_of_a_request_and_the_asker_of_the_answer() {
    let house = House::open().await;
    let [ann, bob, cid] = people(&house, ["ann", "bob", "cid"]).await;
    let id = ann.makes(json!({ "name": "x", "groupType": "PUBLIC" })).await;
    let mut at_ann = Stomp::listen(&house, &ann).await;
    let (mut at_bob, mut at_cid) = (
        Stomp::listen(&house, &bob).await,
        Stomp::listen(&house, &cid).await,
    );
    for (who, at_who, answer, change) in [
        (&bob, &mut at_bob, "reject", "JOIN_REJECTED"),
        (&cid, &mut at_cid, "accept", "JOIN_ACCEPTED"),
    ] {
        let request = asks(who, &id).await;
        let told = at_ann.event("GROUP").await;
        let expected = json!({
            "event": "GROUP", "change": "JOIN_REQUESTED", "groupId": id, "operatorId": who.uid, "requestId": request,
        });
        assert_eq!(told, expected);
        ok(&ann
            .calls(&id, &format!("{ASK}/{request}/{answer}"), json!({}))
            .await);
        if answer == "accept" {
            assert_eq!(at_who.event("CONVERSATION").await["targetId"], id);
        }
        let told = at_who.event("GROUP").await;
        assert_eq!([&told["change"], &told["operatorId"]], [change, "ann"]);
        assert_eq!(told["requestId"], request);
    }
    house.server.stop().await;
}

#[tokio::test]
async fn several_are_answered_each_for_itself() {
    let limits = Limits {
        group_members_max: 2,
        ..Limits::default()
    };
    let house = House::with(limits, Options::default()).await;
    let [ann, bob, cid, eve] = people(&house, ["ann", "bob", "cid", "eve"]).await;
    let id = ann.makes(json!({ "name": "x", "groupType": "PUBLIC" })).await;
    let (first, second) = (asks(&bob, &id).await, asks(&cid, &id).await);
    let batch = json!({ "requestIds": [first, second, 777] });
    let accept = &format!("{ASK}/batch/accept");
    let reject = &format!("{ASK}/batch/reject");
    refused(&eve.calls(&id, accept, batch.clone()).await, 403);
    let answered = ok(&ann.calls(&id, accept, batch).await);
    assert_eq!(column(&answered["success"], "userId"), ["bob"]);
    assert_eq!(answered["success"][0]["status"], "ACCEPTED");
    let full = json!({ "requestId": second, "reason": "the group is full" });
    let missing = json!({ "requestId": 777, "reason": "no such request" });
    assert_eq!(answered["failed"], json!([full, missing]));
    let one = format!("{ASK}/{second}/accept");
    refused(&ann.calls(&id, &one, json!({})).await, 400);
    let by_query = format!("{reject}?requestIds={second},{first}");
    let rejected = ok(&ann.calls(&id, &by_query, json!({})).await);
    assert_eq!(column(&rejected["success"], "userId"), ["cid"]);
    assert_eq!(rejected["failed"].as_array().map(Vec::len), Some(1));
    for call in [accept, reject] {
        for wrong in [
            json!({}),
            json!({ "requestIds": [] }),
            json!({ "requestIds": ["x"] }),
            json!({ "requestIds": vec![Value::from(1); 101] }),
        ] {
            refused(&ann.calls(&id, call, wrong).await, 400);
        }
        refused(
            &ann.calls("nothing", call, json!({ "requestIds": [1] })).await,
            404,
        );
    }
    house.server.stop().await;
}
