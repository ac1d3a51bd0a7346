//! Vtiger's time stamps: `YYYY-MM-DD HH:MM:SS` in the zone of the server's database, which the API
//! does not tell.
//!
//! Listings continue from a stamp in the server's own notation, so they need no zone. For stamps as
//! instants the offset is learned from the answer to a write (its `modifiedtime` against the
//! server's clock); until then UTC is assumed, which is Vtiger's default. A learned offset travels
//! in the marks ([`Mark`]), so that the next process knows it from the start.

use crate::model::Stamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, ToSpan};
use std::fmt;
use std::sync::atomic::{AtomicI32, Ordering};

/// No offset is known.
const UNKNOWN: i32 = i32::MIN;
/// A write shows only after its transaction; so much is read again.
const OVERLAP_S: i64 = 60;
/// So much may lie between a question and the clock in its answer, or between the clocks of the
/// server's machines.
const SLACK_S: i64 = 240;
/// In a zone with summer time the clock stands still for an hour once a year, as it were.
const SUMMER_S: i64 = 3_600;

/// What is known about the server's zone.
pub(crate) struct Zone(AtomicI32);

impl Zone {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self(AtomicI32::new(UNKNOWN))
    }

    /// Seconds east of UTC, if known.
    pub(crate) fn known(&self) -> Option<i32> {
        Some(self.0.load(Ordering::Relaxed)).filter(|s| *s != UNKNOWN)
    }

    /// Takes over what a mark tells, unless something is known already.
    pub(crate) fn hint(&self, offset: Option<i32>) {
        if let Some(offset) = offset {
            let _ = self.0.compare_exchange(UNKNOWN, offset, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Learns from a record that was written just now.
    pub(crate) fn learn(&self, modified: &str, server_now: Stamp) {
        let Some(local) = utc(modified) else { return };
        let quarters = (local.0 - server_now.0 + 450_000).div_euclid(900_000);
        let seconds = quarters * 900;
        if (-50_400..=50_400).contains(&seconds) {
            self.0.store(i32::try_from(seconds).unwrap_or(0), Ordering::Relaxed);
        }
    }

    /// The instant of a stamp.
    pub(crate) fn instant(&self, text: &str) -> Option<Stamp> {
        let offset = i64::from(self.known().unwrap_or(0));
        utc(text).map(|at| Stamp(at.0 - offset * 1000))
    }

    /// An instant that surely is not later than a stamp.
    pub(crate) fn surely_before(&self, text: &str) -> Option<Stamp> {
        let ahead = if self.known().is_some() { 0 } else { 14 * 3_600_000 };
        self.instant(text).map(|at| Stamp(at.0 - ahead))
    }

    /// A stamp, in the server's notation, that surely is not later than the instant.
    pub(crate) fn not_after(&self, at: Stamp) -> String {
        let shift = match self.known() {
            Some(offset) => i64::from(offset) - SUMMER_S,
            None => -14 * 3_600,
        };
        let local = Offset::UTC.to_datetime(at.timestamp()).saturating_add(shift.seconds());
        written(local)
    }

    /// The stamp of the server's clock, as far back as is needed to be sure that whatever is changed
    /// from now on gets a later one. `None`: the zone is not known.
    pub(crate) fn surely_past(&self, server_now: Stamp) -> Option<String> {
        let offset = i64::from(self.known()?);
        // An offset of zero may become one of an hour, but not less than zero.
        let back = if offset == 0 { SLACK_S } else { SLACK_S + SUMMER_S };
        let local = Offset::UTC.to_datetime(server_now.timestamp());
        Some(written(local.saturating_add((offset - back).seconds())))
    }

    /// Where a listing of changes starts that continues from a stamp.
    pub(crate) fn before(&self, text: &str) -> Option<String> {
        let back = match self.known() {
            Some(0) => OVERLAP_S,
            _ => OVERLAP_S + SUMMER_S,
        };
        let local: DateTime = text.parse().ok()?;
        Some(written(local.saturating_sub(SignedDuration::from_secs(back))))
    }
}

/// The stamp as if it were UTC. Unset ones (`""`, `0000-00-00 00:00:00`) are none.
fn utc(text: &str) -> Option<Stamp> {
    let local: DateTime = text.trim().parse().ok()?;
    let at = Offset::UTC.to_timestamp(local).ok()?;
    Some(Stamp(at.as_millisecond()))
}

fn written(at: DateTime) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Where the next listing of changes starts: a stamp in the server's notation, and the zone's
/// offset if it is known (`2026-11-21 19:24:00`, `2026-11-21 19:24:00@3600`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The stamp.
    pub(crate) stamp: String,
    /// Seconds east of UTC.
    pub(crate) offset: Option<i32>,
}

impl Mark {
    /// Reads a mark.
    pub(crate) fn read(text: &str) -> Self {
        match text.split_once('@') {
            Some((stamp, offset)) => Self { stamp: stamp.to_owned(), offset: offset.parse().ok() },
            None => Self { stamp: text.to_owned(), offset: None },
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            Some(offset) => write!(f, "{}@{offset}", self.stamp),
            None => f.write_str(&self.stamp),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Stamp {
        Stamp::parse(text).unwrap()
    }

    #[test]
    fn the_offset_is_learned_from_a_write() {
        for (modified, want) in [
            ("2026-11-21 19:24:00", Some(0)),
            ("2026-11-21 19:23:58", Some(0)),
            ("2026-11-21 14:24:01", Some(-18_000)),
            ("2026-11-22 00:54:00", Some(19_800)),
            ("2026-11-20 19:24:00", None),
            ("", None),
        ] {
            let zone = Zone::new();
            zone.learn(modified, at("2026-11-21T19:24:02Z"));
            assert_eq!(zone.known(), want, "{modified}");
        }
    }

    #[test]
    fn stamps_are_instants_once_the_offset_is_known() {
        let zone = Zone::new();
        assert_eq!(zone.instant("2026-11-21 19:24:00"), Some(at("2026-11-21T19:24:00Z")));
        zone.hint(Some(3600));
        zone.hint(Some(7200));
        assert_eq!(zone.instant("2026-11-21 19:24:00"), Some(at("2026-11-21T18:24:00Z")));
        for unset in ["", "0000-00-00 00:00:00", "soon"] {
            assert_eq!(zone.instant(unset), None);
        }
    }

    #[test]
    fn listings_start_early_enough() {
        let zone = Zone::new();
        assert_eq!(zone.not_after(at("2026-01-01T00:00:00Z")), "2025-12-31 10:00:00");
        assert_eq!(zone.before("2026-01-01 00:00:30").as_deref(), Some("2025-12-31 22:59:30"));
        zone.hint(Some(0));
        assert_eq!(zone.before("2026-01-01 00:00:30").as_deref(), Some("2025-12-31 23:59:30"));
        assert_eq!(zone.not_after(at("2026-01-01T00:00:00Z")), "2025-12-31 23:00:00");
        assert_eq!(zone.before("never"), None);
    }

    #[test]
    fn the_clock_tells_what_is_past_where_the_zone_is_known() {
        let now = at("2026-11-22T12:00:00Z");
        let zone = Zone::new();
        assert_eq!(zone.surely_past(now), None);
        for (offset, past) in [(0, "2026-11-22 11:56:00"), (7_200, "2026-11-22 12:56:00")] {
            let zone = Zone::new();
            zone.hint(Some(offset));
            assert_eq!(zone.surely_past(now).as_deref(), Some(past));
        }
    }

    #[test]
    fn marks_are_read_as_written() {
        for text in
            ["2026-11-21 19:24:00", "2026-11-21 19:24:00@3600", "2026-11-21 19:24:00@-18000"]
        {
            assert_eq!(Mark::read(text).to_string(), text);
        }
    }
}
