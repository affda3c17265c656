//! Many senders at once: one order for everybody, nothing lost, nothing twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use parlance_testkit::Socket;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::group::group;
use crate::people::{House, Person, ok};

const SENDERS: usize = 8;
const SILENT: usize = 2;
/// Rounds keep the sockets of slow test machines within what the server holds for them.
const ROUNDS: usize = 10;
/// Messages of one sender in one round.
const EACH: usize = 125;
const TOTAL: usize = SENDERS * ROUNDS * EACH;
/// Messages that a sender has on the way.
const WINDOW: usize = 16;

fn text(conversation: i64, content: &str, client_id: &str) -> Value {
    json!({ "conversationId": conversation, "messageType": "TEXT", "content": content, "clientMsgId": client_id })
}

/// Sends what is its part in every round, and gives the acknowledged ids.
async fn sender(mut socket: Socket, conversation: i64, name: usize, rounds: Arc<Barrier>) -> Vec<i64> {
    let mut acknowledged = Vec::new();
    for round in 1..=ROUNDS {
        let (mut sent, mut others) = ((round - 1) * EACH, 0);
        while acknowledged.len() < round * EACH || others < (SENDERS - 1) * EACH {
            while sent < round * EACH && sent - acknowledged.len() < WINDOW {
                let body = text(conversation, &format!("{name}:{sent}"), &format!("{name}-{sent}"));
                socket.send(json!({ "type": "message", "payload": body })).await;
                sent += 1;
            }
            let frame = socket.next().await;
            match frame["type"].as_str() {
                Some("message_ack") => acknowledged.push(frame["messageId"].as_i64().expect("an id")),
                Some("new_message") => others += 1,
                Some("message_error") => panic!("{frame}"),
                _ => {}
            }
        }
        rounds.wait().await;
    }
    acknowledged
}

/// Reads every message as it is pushed: its id and text.
async fn listener(mut socket: Socket, rounds: Arc<Barrier>) -> Vec<(i64, String)> {
    let mut seen = Vec::new();
    for round in 1..=ROUNDS {
        while seen.len() < round * SENDERS * EACH {
            let frame = socket.expect("new_message").await;
            let payload = &frame["payload"];
            let content = payload["content"].as_str().expect("a text").to_owned();
            seen.push((payload["id"].as_i64().expect("an id"), content));
        }
        rounds.wait().await;
    }
    seen
}

/// The conversation as its list has it, oldest first: id, text and seq.
async fn listed(person: &Person, conversation: i64) -> Vec<(i64, String, i64)> {
    let mut all = Vec::new();
    let mut last = String::new();
    loop {
        let path = format!("/api/im/message/list/{conversation}?limit=100{last}");
        let page = ok(person.http.get(&path).await);
        let page = page.as_array().expect("an array");
        let Some(oldest) = page.last() else { break };
        last = format!("&lastId={}", oldest["id"]);
        all.extend(page.iter().map(|message| {
            let content = message["content"].as_str().expect("a text").to_owned();
            let number = |name: &str| message[name].as_i64().expect(name);
            (number("id"), content, number("seq"))
        }));
    }
    all.reverse();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_sees_one_order() {
    let house = House::open().await;
    let mut people = Vec::new();
    for number in 0..SENDERS + SILENT {
        people.push(house.person(&format!("user{number}")).await);
    }
    let others: Vec<&Person> = people[1..].iter().collect();
    let team = group(&people[0], "team", &others).await;
    let conversations = ok(people[0].http.get("/api/im/conversation/list").await);
    assert_eq!(conversations[0]["targetId"], team);
    let conversation = conversations[0]["id"].as_i64().expect("an id");

    let rounds = Arc::new(Barrier::new(SENDERS + SENDERS + SILENT));
    // Every socket is open before the first message is sent.
    let (mut ears, mut mouths) = (Vec::new(), Vec::new());
    for (number, person) in people.iter().enumerate() {
        ears.push(house.socket(person).await);
        if number < SENDERS {
            mouths.push(house.socket(person).await);
        }
    }
    let (mut listening, mut sending) = (JoinSet::new(), JoinSet::new());
    for socket in ears {
        listening.spawn(listener(socket, Arc::clone(&rounds)));
    }
    for (name, socket) in mouths.into_iter().enumerate() {
        sending.spawn(sender(socket, conversation, name, Arc::clone(&rounds)));
    }
    let seen = listening.join_all().await;
    let acknowledged: BTreeSet<i64> = sending.join_all().await.into_iter().flatten().collect();

    let order = &seen[0];
    assert_eq!(order.len(), TOTAL);
    assert!(order.is_sorted_by(|a, b| a.0 < b.0), "ids grow");
    assert!(
        seen.iter().all(|other| other == order),
        "everybody has the same order"
    );
    assert_eq!(
        order.iter().map(|(id, _)| *id).collect::<BTreeSet<_>>(),
        acknowledged
    );
    for name in 0..SENDERS {
        let own = order
            .iter()
            .filter_map(|(_, text)| text.strip_prefix(&format!("{name}:")));
        let own: Vec<usize> = own.map(|number| number.parse().expect("a number")).collect();
        assert!(
            own.into_iter().eq(0..ROUNDS * EACH),
            "the order of sender {name} is kept"
        );
    }

    let list = listed(&people[SENDERS], conversation).await;
    let first = list.len() - TOTAL;
    let tail = list[first..].iter().map(|(id, text, _)| (*id, text.clone()));
    assert!(tail.eq(order.iter().cloned()), "the list has that order too");
    assert!(
        list.windows(2).all(|pair| pair[0].2 + 1 == pair[1].2),
        "seq has no gap"
    );
    let unread = format!("/api/im/message/unread/count/{conversation}");
    assert_eq!(ok(people[SENDERS].http.get(&unread).await), TOTAL);
    assert_eq!(ok(people[0].http.get(&unread).await), TOTAL - ROUNDS * EACH);
    house.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_retries_are_one_message() {
    const CALLERS: usize = 10;
    const RETRIES: usize = 50;
    let house = House::open().await;
    let (a, b) = (house.person("alice").await, house.person("bob").await);
    let conversation = house.direct(&a, &b).await;
    let mut at_b = house.socket(&b).await;
    let body = text(conversation, "only once", "the-one");
    let mut tries = JoinSet::new();
    for _ in 0..CALLERS {
        let (person, by_rest) = (a.clone(), body.clone());
        tries.spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..RETRIES {
                let sent = ok(person.http.post("/api/im/message/send", by_rest.clone()).await);
                ids.push(sent.as_i64().expect("an id"));
            }
            ids
        });
        let (mut socket, frame) = (
            house.socket(&a).await,
            json!({ "type": "message", "payload": body }),
        );
        tries.spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..RETRIES {
                socket.send(frame.clone()).await;
            }
            while ids.len() < RETRIES {
                let ack = socket.expect("message_ack").await;
                ids.push(ack["messageId"].as_i64().expect("an id"));
            }
            ids
        });
    }
    let ids = tries.join_all().await.concat();
    assert_eq!(ids.len(), 2 * CALLERS * RETRIES);
    assert!(ids.iter().all(|id| *id == ids[0]), "one id");
    let list = listed(&b, conversation).await;
    assert_eq!(list.len(), 1);
    let marker = a.say(conversation, "marker").await;
    assert_eq!(at_b.expect("new_message").await["payload"]["id"], ids[0]);
    assert_eq!(
        at_b.expect("new_message").await["payload"]["id"],
        marker,
        "pushed once"
    );
    house.server.stop().await;
}
