//! `/notify`: which way of being notified a client wants.

use crate::refusal::Refusal;

/// Asks for a way of being notified.
pub(crate) async fn open() -> Refusal {
    Refusal::driver()
}
