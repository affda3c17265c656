//! Who polls now: of each session and platform one client at a time, and it is given the next message only when it is
//! known what became of the last one. Which message that is, is not decided here.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use parlance_core::types::UserId;
use tokio::sync::{OwnedMutexGuard, watch};

/// A session and a platform.
type Key = (UserId, u8);

/// The places of those who poll. There are no more of them than connections.
#[derive(Default)]
pub(crate) struct Polls(Mutex<HashMap<Key, Arc<Place>>>);

#[derive(Default)]
struct Place {
    /// How many polls have come. Only the last one counts.
    arrivals: watch::Sender<u64>,
    /// Held from the question for a message until it is known whether the answer was written.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// One poll. Its place is kept for as long as it, or a turn of it, is there.
pub(crate) struct Arrival {
    polls: Arc<Polls>,
    key: Key,
    place: Arc<Place>,
    number: u64,
}

/// The right to give this client a message.
pub(crate) struct Turn {
    _guard: OwnedMutexGuard<()>,
    _arrival: Arc<Arrival>,
}

impl Polls {
    /// Takes a client's place. Whoever has it already is replaced.
    pub(crate) fn arrive(self: &Arc<Self>, user_id: UserId, platform: u8) -> Arc<Arrival> {
        let key = (user_id, platform);
        let place = Arc::clone(self.0.lock().entry(key).or_default());
        let mut number = 0;
        place.arrivals.send_modify(|arrivals| {
            *arrivals += 1;
            number = *arrivals;
        });
        Arc::new(Arrival {
            polls: Arc::clone(self),
            key,
            place,
            number,
        })
    }
}

impl Arrival {
    /// Ends when a newer poll of the same client has come.
    pub(crate) async fn replaced(&self) {
        let mut arrivals = self.place.arrivals.subscribe();
        // The sender lives as long as the place.
        let _ = arrivals.wait_for(|newest| *newest != self.number).await;
    }

    /// Waits until nobody of this client is being given a message.
    pub(crate) async fn turn(self: &Arc<Self>) -> Turn {
        Turn {
            _guard: Arc::clone(&self.place.turn).lock_owned().await,
            _arrival: Arc::clone(self),
        }
    }
}

impl Drop for Arrival {
    /// The last one to leave a place takes it away: the map holds it, and this.
    fn drop(&mut self) {
        let mut places = self.polls.0.lock();
        if Arc::strong_count(&self.place) == 2 {
            places.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn is_ready(future: impl Future) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        pin!(future).poll(&mut cx).is_ready()
    }

    #[test]
    fn a_newer_poll_replaces_the_older_of_the_same_client_only() {
        let polls = Arc::new(Polls::default());
        let (first, other) = (polls.arrive(1, 1), polls.arrive(1, 2));
        assert!(!is_ready(first.replaced()));
        let second = polls.arrive(1, 1);
        assert!(is_ready(first.replaced()));
        assert!(!is_ready(second.replaced()) && !is_ready(other.replaced()));
    }

    #[tokio::test]
    async fn a_turn_ends_when_its_answer_is_known_and_its_place_is_kept_until_then() {
        let polls = Arc::new(Polls::default());
        let first = polls.arrive(1, 1);
        let turn = first.turn().await;
        drop(first);
        let second = polls.arrive(1, 1);
        assert!(!is_ready(second.turn()));
        drop(turn);
        assert!(is_ready(second.turn()));
        drop(second);
        assert!(polls.0.lock().is_empty(), "nobody is left");
    }
}
