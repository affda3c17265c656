//! Heart-beats of one socket (STOMP 1.1 and later): what the two sides have agreed on, and what is due. A socket that
//! agreed on none costs nothing.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two heart-beats that the server agrees to, in milliseconds.
const BEAT_MS_MIN: u64 = 1_000;
/// The longest, beyond which a client wants none.
const BEAT_MS_MAX: u64 = 24 * 3_600 * 1_000;
/// How many times the agreed time a client may be silent.
const PATIENCE: u32 = 2;

/// What a client said of heart-beats: how often it can send them, and how often it wants them, in milliseconds; 0 for
/// not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    can: u64,
    wants: u64,
}

impl Wish {
    /// From the header of a CONNECT frame; what cannot be read is no wish.
    pub(crate) fn of(header: Option<&str>) -> Self {
        let read = |text: &str| text.trim().parse::<u64>().ok().filter(|ms| *ms <= BEAT_MS_MAX);
        let pair = header.and_then(|header| header.split_once(','));
        let pair = pair.and_then(|(can, wants)| Some((read(can)?, read(wants)?)));
        pair.map_or_else(Self::default, |(can, wants)| Self { can, wants })
    }

    /// The server's own header: it can, and wants, as often as the client does not mind.
    pub(crate) fn answer(self) -> String {
        let offer = |ms: u64| if ms == 0 { 0 } else { BEAT_MS_MIN };
        format!("{},{}", offer(self.wants), offer(self.can))
    }
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing.
    Nothing,
    /// A heart-beat of ours.
    Send,
    /// The client was silent for longer than it said it would be.
    Silent,
}

/// One direction: how often, and since when.
#[derive(Clone, Copy, Debug)]
struct Pace {
    every: Duration,
    last: Instant,
}

impl Pace {
    fn of(ms: u64, now: Instant) -> Option<Self> {
        let every = Duration::from_millis(ms.max(BEAT_MS_MIN));
        (ms > 0).then_some(Self { every, last: now })
    }

    fn due(self, times: u32) -> Instant {
        self.last + self.every * times
    }
}

/// The heart-beats of a socket.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Beat {
    ours: Option<Pace>,
    theirs: Option<Pace>,
}

impl Beat {
    /// What follows from a client's wish, from now on.
    pub(crate) fn agreed(wish: Wish, now: Instant) -> Self {
        Self {
            ours: Pace::of(wish.wants, now),
            theirs: Pace::of(wish.can, now),
        }
    }

    /// Something came from the client.
    pub(crate) fn heard(&mut self) {
        if let Some(theirs) = &mut self.theirs {
            theirs.last = Instant::now();
        }
    }

    /// When to look at it again.
    pub(crate) fn next(&self) -> Option<Instant> {
        let ours = self.ours.map(|pace| pace.due(1));
        let theirs = self.theirs.map(|pace| pace.due(PATIENCE));
        match (ours, theirs) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        }
    }

    /// What is due now. A heart-beat of ours counts as sent.
    pub(crate) fn due(&mut self, now: Instant) -> Due {
        if self.theirs.is_some_and(|pace| pace.due(PATIENCE) <= now) {
            return Due::Silent;
        }
        match &mut self.ours {
            Some(ours) if ours.due(1) <= now => {
                ours.last = now;
                Due::Send
            }
            _ => Due::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_two_numbers() {
        let wish = |can, wants| Wish { can, wants };
        assert_eq!(Wish::of(Some("10000,20000")), wish(10_000, 20_000));
        assert_eq!(Wish::of(Some(" 0 , 5 ")), wish(0, 5));
        for none in ["", "1", "a,b", "-1,5", "1,99999999999999999999", "1,2,3"] {
            assert_eq!(Wish::of(Some(none)), Wish::default(), "{none}");
        }
        assert_eq!(Wish::of(None), Wish::default());
    }

    #[test]
    fn each_side_beats_only_if_the_other_wants_it() {
        let now = Instant::now();
        assert_eq!(Wish::default().answer(), "0,0");
        assert_eq!(Beat::agreed(Wish::default(), now).next(), None);
        assert_eq!(Wish::of(Some("0,5000")).answer(), "1000,0");
        let sends = Beat::agreed(Wish::of(Some("0,5000")), now);
        assert_eq!(sends.next(), Some(now + Duration::from_secs(5)));
        assert_eq!(Wish::of(Some("5000,0")).answer(), "0,1000");
        let hears = Beat::agreed(Wish::of(Some("5000,0")), now);
        assert_eq!(hears.next(), Some(now + Duration::from_secs(10)));
    }

    #[test]
    fn what_is_due_is_due_once() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut beat = Beat::agreed(Wish::of(Some("4000,1")), start);
        assert_eq!(beat.due(after(999)), Due::Nothing);
        assert_eq!(beat.due(after(1_000)), Due::Send);
        assert_eq!(beat.due(after(1_001)), Due::Nothing);
        assert_eq!(beat.due(after(2_000)), Due::Send);
        assert_eq!(beat.due(after(7_999)), Due::Send);
        assert_eq!(beat.due(after(8_000)), Due::Silent);
    }
}
