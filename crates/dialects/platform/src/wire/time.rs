//! Times as local text without a zone, as Python writes them: `2026-03-18T10:02:00`, with six digits of a second
//! after a point when there are any.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use parlance_core::types;

/// A time in `zone`.
pub(crate) fn local(micros: types::Timestamp, zone: &TimeZone) -> String {
    let at = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
    let form = if at.subsec_microsecond() == 0 {
        "%Y-%m-%dT%H:%M:%S"
    } else {
        "%Y-%m-%dT%H:%M:%S.%6f"
    };
    at.to_zoned(zone.clone()).strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_local_text_with_the_fraction_that_there_is() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        assert_eq!(local(1_767_924_000_000_000, &zone), "2026-01-09T10:00:00");
        assert_eq!(local(1_767_924_000_000_120, &zone), "2026-01-09T10:00:00.000120");
        assert_eq!(local(i64::MAX, &TimeZone::UTC), "1970-01-01T00:00:00");
    }
}
