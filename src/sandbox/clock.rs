//! What time it is in the sandbox, and how its systems write it down.
//!
//! The clock follows the machine's, in whole seconds; a test can move it forward instead of
//! sleeping. Calendar arithmetic is done here on plain seconds because a list of a hundred records
//! writes some four hundred stamps.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400;

/// The sandbox's clock.
#[derive(Debug, Default)]
pub struct Clock {
    ahead: AtomicI64,
}

impl Clock {
    /// Seconds since 1970.
    pub fn now(&self) -> i64 {
        let real = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(0));
        real + self.ahead.load(Ordering::Relaxed)
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let secs = i64::try_from(by.as_secs()).unwrap_or(0);
        self.ahead.fetch_add(secs, Ordering::Relaxed);
    }
}

/// Appends `YYYY-MM-DD`, the separator and `HH:MM:SS`.
pub fn push_stamp(out: &mut String, secs: i64, separator: char) {
    let (year, month, day) = civil(secs.div_euclid(DAY));
    let rest = secs.rem_euclid(DAY);
    let mut text = *b"0000-00-00T00:00:00";
    put(&mut text[0..4], year);
    put(&mut text[5..7], month);
    put(&mut text[8..10], day);
    text[10] = u8::try_from(separator).unwrap_or(b'T');
    put(&mut text[11..13], rest / 3600);
    put(&mut text[14..16], rest / 60 % 60);
    put(&mut text[17..19], rest % 60);
    out.push_str(std::str::from_utf8(&text).unwrap_or_default());
}

/// The stamp as a text of its own.
pub fn stamp(secs: i64, separator: char) -> String {
    let mut out = String::with_capacity(19);
    push_stamp(&mut out, secs, separator);
    out
}

/// Reads `YYYY-MM-DD HH:MM:SS` (or with a `T`), as UTC.
pub fn parse_stamp(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 19 || !matches!(bytes[10], b' ' | b'T' | b't') {
        return None;
    }
    let days = parse_date(text.get(..10)?)?;
    let number = |from: usize| text.get(from..from + 2)?.parse::<i64>().ok();
    if bytes[13] != b':' || bytes[16] != b':' {
        return None;
    }
    let (hour, minute, second) = (number(11)?, number(14)?, number(17)?);
    (hour < 24 && minute < 60 && second < 61).then_some(days + hour * 3600 + minute * 60 + second)
}

/// Reads `YYYY-MM-DD` as the first second of that day, UTC.
pub fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-');
    let year: i64 = parts.next()?.parse().ok()?;
    let month: i64 = parts.next()?.parse().ok()?;
    let day: i64 = parts.next()?.parse().ok()?;
    let real = (1..=12).contains(&month) && (1..=month_length(year, month)).contains(&day);
    real.then(|| days_from_civil(year, month, day) * DAY)
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Writes a number, filled up with zeros.
fn put(digits: &mut [u8], number: i64) {
    let mut rest = number.unsigned_abs();
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
}

/// Year, month and day of a day counted from 1970 (the proleptic Gregorian calendar).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let turned = (5 * of_year + 2) / 153;
    let day = of_year - (153 * turned + 2) / 5 + 1;
    let month = if turned < 10 { turned + 3 } else { turned - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_written_and_read_back() {
        for (secs, text) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_399, "2000-02-28 23:59:59"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_795_289_065, "2026-11-21 19:24:25"),
            (4_102_444_799, "2099-12-31 23:59:59"),
        ] {
            assert_eq!(stamp(secs, ' '), text);
            assert_eq!(parse_stamp(text), Some(secs));
        }
        assert_eq!(parse_stamp("2026-02-30 00:00:00"), None);
        assert_eq!(parse_date("2026-13-01"), None);
    }

    #[test]
    fn the_clock_can_be_moved() {
        let clock = Clock::default();
        let before = clock.now();
        clock.advance(Duration::from_secs(3600));
        assert!(clock.now() >= before + 3600);
    }
}
