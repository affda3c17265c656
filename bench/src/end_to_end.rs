//! Tests of whole loads against the fake server and the bare relay: the generator must pass a faithful server and
//! convict a faulty one.

use std::net::SocketAddr;

use crate::fake::{self, Fault};
use crate::fanout::{self, FanoutLoad};
use crate::fill::{self, FillLoad, Ground};
use crate::idle::{self, IdleLoad};
use crate::raw;
use crate::raw_relay;
use crate::reading::{self, ReadLoad, Reading};
use crate::send::{self, SendLoad};
use crate::target::Target;
use crate::text::RARE_WORD;
use crate::verify::Faults;

const MESSAGES: u64 = 40;

fn target(address: SocketAddr) -> Target {
    Target {
        address,
        pid: Some(std::process::id()),
        users_per_second: None,
    }
}

fn send_load() -> SendLoad {
    SendLoad {
        pairs: 2,
        window: 4,
        messages: Some(MESSAGES),
        seconds: 0.0,
        warmup_seconds: 0.0,
        drain_seconds: 0.3,
        bytes: 100,
        rate: None,
    }
}

fn fanout_load(burst: u64, senders: usize) -> FanoutLoad {
    FanoutLoad {
        members: 5,
        senders,
        messages: 20,
        burst,
        bytes: 100,
    }
}

/// The faults that `send` finds when the fake commits one fault in each of the two conversations.
async fn faults_under(fault: Fault) -> Faults {
    let target = target(fake::start(fault).await);
    let load = send_load();
    let pairs = send::make_pairs(&target, load.pairs).await.unwrap();
    send::run(&target, &pairs, &load).await.unwrap().faults
}

#[tokio::test]
async fn a_faithful_server_passes_send() {
    let target = target(fake::start(Fault::None).await);
    let load = send_load();
    let pairs = send::make_pairs(&target, load.pairs).await.unwrap();
    let report = send::run(&target, &pairs, &load).await.unwrap();
    assert!(report.faults.none(), "{:?}", report.faults);
    assert_eq!(report.messages, MESSAGES);
    assert_eq!((report.ack.count, report.delivery.count), (MESSAGES, MESSAGES));
}

#[tokio::test]
async fn a_paced_and_timed_run_ends_and_is_whole() {
    let target = target(fake::start(Fault::None).await);
    let load = SendLoad {
        messages: None,
        seconds: 0.2,
        warmup_seconds: 0.05,
        rate: Some(500.0),
        ..send_load()
    };
    let pairs = send::make_pairs(&target, load.pairs).await.unwrap();
    let report = send::run(&target, &pairs, &load).await.unwrap();
    assert!(report.faults.none(), "{:?}", report.faults);
    assert!(report.messages > 0);
}

#[tokio::test]
async fn doubled_and_reordered_messages_are_convicted() {
    let none = Faults::default();
    let doubled = faults_under(Fault::Double(7)).await;
    assert_eq!((doubled.doubled, doubled.lost), (2, 0), "{doubled:?}");
    let delayed = faults_under(Fault::Delay(7)).await;
    assert_eq!(
        delayed,
        Faults {
            reordered: 2,
            ids_not_rising: 2,
            ..none
        }
    );
}

#[tokio::test]
async fn refused_and_renamed_messages_are_convicted() {
    let none = Faults::default();
    assert_eq!(
        faults_under(Fault::Refuse(7)).await,
        Faults { refused: 2, ..none }
    );
    let renamed = faults_under(Fault::Rename(7)).await;
    assert_eq!(renamed.wrong, 2, "{renamed:?}");
}

#[tokio::test]
async fn a_lost_message_is_convicted_after_the_wait() {
    assert_eq!(
        faults_under(Fault::Lose(7)).await,
        Faults {
            lost: 2,
            ..Faults::default()
        }
    );
}

#[tokio::test]
async fn fanout_reaches_every_member_in_both_modes() {
    let target = target(fake::start(Fault::None).await);
    for (burst, senders, per_message) in [(1, 1, 5), (8, 2, 6)] {
        let load = fanout_load(burst, senders);
        let crowd = fanout::make_crowd(&target, &load).await.unwrap();
        let report = fanout::run(&target, &crowd, &load).await.unwrap();
        assert!(report.faults.none(), "burst {burst}: {:?}", report.faults);
        assert_eq!(report.deliveries, 20 * senders as u64 * per_message);
    }
}

#[tokio::test]
async fn a_refusal_ends_fanout_with_its_reason() {
    let target = target(fake::start(Fault::Refuse(3)).await);
    let load = fanout_load(1, 1);
    let crowd = fanout::make_crowd(&target, &load).await.unwrap();
    let error = fanout::run(&target, &crowd, &load).await.unwrap_err();
    assert!(error.to_string().contains("refused a message"), "{error}");
}

#[tokio::test]
async fn idle_sockets_are_opened_and_answer() {
    let target = target(fake::start(Fault::None).await);
    let load = IdleLoad {
        connections: 10,
        users: 3,
        settle_seconds: 0.0,
    };
    let report = idle::run(&target, None, &load).await.unwrap();
    assert_eq!((report.connections, report.handshake.count), (10, 10));
    assert!(report.rss_bytes_per_connection.is_some());
}

#[tokio::test]
async fn what_fill_stores_is_what_the_reads_find() {
    let target = target(fake::start(Fault::None).await);
    let load = FillLoad {
        messages: 4_000,
        conversations: 7,
        reader_conversations: 4,
    };
    let ground = Ground::prepare(&target, &load).await.unwrap();
    let filled = fill::run(&target, &ground, &load).await.unwrap();
    assert_eq!(filled.messages, 4_000);
    let rare = filled.reader_hits[RARE_WORD];
    assert!((1..=3).contains(&rare), "{rare}");

    let again = Ground::prepare(&target, &load).await.unwrap();
    assert_eq!(
        again.reader_conversations, ground.reader_conversations,
        "a later run finds the same ground"
    );
    let read = ReadLoad {
        clients: 2,
        requests: 100,
        catch_up_seconds_max: 1,
    };
    let history = Reading::history(&target, &again).await.unwrap();
    for reading in [
        Reading::List,
        history,
        Reading::Search {
            word: RARE_WORD.to_owned(),
            hits: Some(rare),
        },
    ] {
        let report = reading::run(&target, &again, reading, &read).await.unwrap();
        assert_eq!(
            (report.requests, report.latency.count),
            (100, 100),
            "{}",
            report.reading
        );
    }
    let wrong = Reading::Search {
        word: RARE_WORD.to_owned(),
        hits: Some(rare + 1),
    };
    assert!(reading::run(&target, &again, wrong, &read).await.is_err());
}

#[tokio::test]
async fn the_bare_relay_passes_the_same_loads() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = target(listener.local_addr().unwrap());
    tokio::spawn(raw_relay::accept(listener));
    let load = send_load();
    let relayed = send::run(&target, &raw::pairs(load.pairs), &load).await.unwrap();
    assert!(relayed.faults.none(), "{:?}", relayed.faults);
    for burst in [1, 8] {
        let load = fanout_load(burst, 2);
        let report = fanout::run(&target, &raw::crowd(&load), &load).await.unwrap();
        assert!(report.faults.none(), "burst {burst}: {:?}", report.faults);
    }
}
