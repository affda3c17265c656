//! Times as local text, the form that the clients parse.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// `2026-01-09 10:00:00` in `zone`.
pub(crate) fn local(micros: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
    let local = zone.to_datetime(at);
    let mut text = *b"0000-00-00 00:00:00";
    let mut put = |end: usize, digits: usize, value: i32| {
        let mut rest = value.unsigned_abs();
        for place in (end - digits..end).rev() {
            text[place] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
    };
    put(4, 4, local.year().into());
    put(7, 2, local.month().into());
    put(10, 2, local.day().into());
    put(13, 2, local.hour().into());
    put(16, 2, local.minute().into());
    put(19, 2, local.second().into());
    text.iter().map(|byte| char::from(*byte)).collect()
}

/// The same for a time that may be missing.
pub(crate) fn local_opt(micros: Option<i64>, zone: &TimeZone) -> Option<String> {
    micros.map(|micros| local(micros, zone))
}

/// Microseconds of a local date-time or plain date. A plain date as the end of a range includes that whole day.
pub(crate) fn parse(text: &str, zone: &TimeZone, end_of_range: bool) -> Option<i64> {
    let text = text.trim();
    let at = match text.parse::<Date>() {
        Ok(date) if text.len() <= 10 => {
            let day = if end_of_range { date.tomorrow().ok()? } else { date };
            let start = day.to_datetime(jiff::civil::Time::midnight());
            let micros = zone.to_timestamp(start).ok()?.as_microsecond();
            return Some(if end_of_range { micros - 1 } else { micros });
        }
        _ => text.replace(' ', "T").parse::<DateTime>().ok()?,
    };
    zone.to_timestamp(at).ok().map(Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").unwrap()
    }

    #[test]
    fn writes_local_text() {
        assert_eq!(local(1_767_924_000_000_000, &shanghai()), "2026-01-09 10:00:00");
    }

    #[test]
    fn reads_dates_and_date_times() {
        let zone = shanghai();
        assert_eq!(
            parse("2026-01-09 10:00:00", &zone, false),
            Some(1_767_924_000_000_000)
        );
        assert_eq!(
            parse("2026-01-09T10:00:00", &zone, true),
            Some(1_767_924_000_000_000)
        );
        assert_eq!(
            parse("2026-01-09", &zone, false)
                .map(|at| local(at, &zone))
                .unwrap(),
            "2026-01-09 00:00:00"
        );
        assert_eq!(
            parse("2026-01-09", &zone, true)
                .map(|at| local(at, &zone))
                .unwrap(),
            "2026-01-09 23:59:59"
        );
        assert_eq!(parse("yesterday", &zone, false), None);
        assert_eq!(parse("", &zone, false), None);
    }
}
