//! Verification of what the server promised: every message once, in order, with ids that rise.
//! Pure bookkeeping: no sockets and no clocks.

use std::ops::AddAssign;

use serde::Serialize;

/// How many separate gaps one sequence remembers; gaps beyond that are counted as lost for good.
const GAPS_MAX: usize = 1_024;

/// What was found wrong; all zero is a pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Faults {
    /// Messages that were sent and acknowledged but never arrived.
    pub(crate) lost: u64,
    /// Messages that arrived more than once.
    pub(crate) doubled: u64,
    /// Messages that arrived after a later one.
    pub(crate) reordered: u64,
    /// Ids that were not above the id before them.
    pub(crate) ids_not_rising: u64,
    /// Frames that could not be understood, or ids that differ between acknowledgement and delivery.
    pub(crate) wrong: u64,
    /// Messages that the server refused.
    pub(crate) refused: u64,
}

impl Faults {
    /// Whether nothing at all was wrong.
    pub(crate) fn none(&self) -> bool {
        *self == Faults::default()
    }
}

impl AddAssign for Faults {
    fn add_assign(&mut self, other: Faults) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.reordered += other.reordered;
        self.ids_not_rising += other.ids_not_rising;
        self.wrong += other.wrong;
        self.refused += other.refused;
    }
}

/// One sender's messages as one receiver sees them: counters 0, 1, 2, … are expected.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    next: u64,
    /// Skipped counters as half-open ranges that do not overlap.
    gaps: Vec<(u64, u64)>,
    last_id: u64,
    id_sum: u64,
    faults: Faults,
}

impl Sequence {
    /// Takes note of one arrival; `false` when that message had arrived before.
    pub(crate) fn arrived(&mut self, counter: u64, id: u64) -> bool {
        if counter == self.next {
            self.next += 1;
        } else if counter > self.next {
            self.skip_to(counter);
            self.next = counter + 1;
        } else if self.fill_gap(counter) {
            self.faults.reordered += 1;
        } else {
            self.faults.doubled += 1;
            return false;
        }
        if id <= self.last_id {
            self.faults.ids_not_rising += 1;
        }
        self.last_id = id;
        self.id_sum = self.id_sum.wrapping_add(id);
        true
    }

    /// Takes note of a frame that should have been a message of this sequence but could not be read.
    pub(crate) fn unreadable(&mut self) {
        self.faults.wrong += 1;
    }

    /// Takes note of a refusal in place of an arrival.
    pub(crate) fn refused(&mut self) {
        self.faults.refused += 1;
    }

    /// The sum of all ids, wrapping: equal sums on two sides mean equal ids for all practical purposes.
    pub(crate) fn id_sum(&self) -> u64 {
        self.id_sum
    }

    /// The verdict when `sent` messages should have arrived.
    pub(crate) fn faults(&self, sent: u64) -> Faults {
        let in_gaps: u64 = self.gaps.iter().map(|(from, to)| to - from).sum();
        let mut faults = self.faults;
        faults.lost += in_gaps + sent.saturating_sub(self.next);
        // A counter nobody sent yet cannot have arrived honestly.
        faults.wrong += self.next.saturating_sub(sent);
        faults
    }

    fn skip_to(&mut self, counter: u64) {
        if self.gaps.len() < GAPS_MAX {
            self.gaps.push((self.next, counter));
        } else {
            self.faults.lost += counter - self.next;
        }
    }

    fn fill_gap(&mut self, counter: u64) -> bool {
        let Some(index) = self
            .gaps
            .iter()
            .position(|(from, to)| (*from..*to).contains(&counter))
        else {
            return false;
        };
        let (from, to) = self.gaps.swap_remove(index);
        for rest in [(from, counter), (counter + 1, to)] {
            if rest.0 < rest.1 {
                self.gaps.push(rest);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(arrivals: &[u64], sent: u64) -> Faults {
        let mut sequence = Sequence::default();
        for (index, counter) in arrivals.iter().enumerate() {
            sequence.arrived(*counter, 100 + index as u64);
        }
        sequence.faults(sent)
    }

    #[test]
    fn only_the_first_arrival_counts_as_one() {
        let mut sequence = Sequence::default();
        assert!(sequence.arrived(1, 10));
        assert!(sequence.arrived(0, 11));
        assert!(!sequence.arrived(1, 10));
    }

    #[test]
    fn a_faithful_server_passes() {
        assert!(faults_of(&[0, 1, 2, 3], 4).none());
        assert!(faults_of(&[], 0).none());
    }

    #[test]
    fn a_lost_message_is_found_in_the_middle_and_at_the_end() {
        assert_eq!(
            faults_of(&[0, 2, 3], 4),
            Faults {
                lost: 1,
                ..Faults::default()
            }
        );
        assert_eq!(
            faults_of(&[0, 1], 4),
            Faults {
                lost: 2,
                ..Faults::default()
            }
        );
        assert_eq!(
            faults_of(&[], 3),
            Faults {
                lost: 3,
                ..Faults::default()
            }
        );
    }

    #[test]
    fn a_doubled_message_is_found_at_once_and_later() {
        assert_eq!(
            faults_of(&[0, 0, 1], 2),
            Faults {
                doubled: 1,
                ..Faults::default()
            }
        );
        assert_eq!(
            faults_of(&[0, 1, 2, 0], 3),
            Faults {
                doubled: 1,
                ..Faults::default()
            }
        );
    }

    #[test]
    fn a_reordered_message_is_neither_lost_nor_doubled() {
        assert_eq!(
            faults_of(&[0, 2, 1, 3], 4),
            Faults {
                reordered: 1,
                ..Faults::default()
            }
        );
        assert_eq!(
            faults_of(&[3, 1, 0, 2], 4),
            Faults {
                reordered: 3,
                ..Faults::default()
            }
        );
        assert_eq!(
            faults_of(&[0, 2, 1, 1], 3),
            Faults {
                reordered: 1,
                doubled: 1,
                ..Faults::default()
            }
        );
    }

    #[test]
    fn a_message_that_nobody_sent_is_wrong() {
        assert_eq!(
            faults_of(&[0, 1, 2], 2),
            Faults {
                wrong: 1,
                ..Faults::default()
            }
        );
    }

    #[test]
    fn ids_must_rise() {
        let mut sequence = Sequence::default();
        for (counter, id) in [(0, 10), (1, 10), (2, 9), (3, 11)] {
            sequence.arrived(counter, id);
        }
        assert_eq!(
            sequence.faults(4),
            Faults {
                ids_not_rising: 2,
                ..Faults::default()
            }
        );
    }

    #[test]
    fn more_gaps_than_are_remembered_still_count_as_lost() {
        let every_second: Vec<u64> = (0..3_000).map(|index| index * 2).collect();
        assert_eq!(faults_of(&every_second, 5_999).lost, 2_999);
    }

    #[test]
    fn the_sum_of_ids_tells_other_ids_apart() {
        let (mut acked, mut delivered) = (Sequence::default(), Sequence::default());
        for counter in 0..3 {
            acked.arrived(counter, counter + 5);
            delivered.arrived(counter, counter + 6);
        }
        assert_ne!(acked.id_sum(), delivered.id_sum());
    }
}
