//! Vtiger's time stamps: `YYYY-MM-DD HH:MM:SS` in the zone of the server's database, which the API
//! does not tell.
//!
//! Listings continue from a stamp in the server's own notation, so they need no zone. For stamps as
//! instants the offset is learned from the answer to a write (its `modifiedtime` against the
//! server's clock); until then UTC is assumed, which is Vtiger's default. A learned offset travels
//! in the marks ([`Mark`]), so that the next process knows it from the start. It may be out of date,
//! where summer has ended and nothing was written since: [`Mark::start`] allows for that.

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
/// So much may lie between a change and the clock in the answer that first shows it, or between
/// the clocks of the server's machines.
const SLACK_S: i64 = 240;
/// Stamps have whole seconds.
const TICK_S: i64 = 1;
/// In a zone with summer time the clock goes back by so much once a year.
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
        let ahead = if self.known().is_some() { SUMMER_S } else { 14 * 3_600 };
        self.instant(text).map(|at| Stamp(at.0 - ahead * 1_000))
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

/// How far the listings of changes have come: the latest stamp, in the server's notation, with what
/// is needed to tell where the next one starts. In those of deletions, a stamp is in Unix seconds.
///
/// As text `2026-11-21 19:24:00@3600~1763749440-1763753040`, without the parts that are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The stamp.
    pub(crate) stamp: String,
    /// Seconds east of UTC.
    pub(crate) offset: Option<i32>,
    /// Since when nothing later was shown.
    pub(crate) quiet: Option<Quiet>,
}

/// When the server showed a stamp as its latest, by its own clock in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quiet {
    /// For the first time.
    first: i64,
    /// For the last time.
    last: i64,
}

impl Quiet {
    fn at(server_time: Stamp) -> Self {
        let seconds = server_time.0.div_euclid(1000);
        Self { first: seconds, last: seconds }
    }

    fn seconds(self) -> i64 {
        self.last - self.first
    }
}

impl Mark {
    /// A stamp that the server showed as its latest at a time of its clock.
    pub(crate) fn new(stamp: &str, offset: Option<i32>, server_time: Option<Stamp>) -> Self {
        Self { stamp: stamp.to_owned(), offset, quiet: server_time.map(Quiet::at) }
    }

    /// Reads a mark.
    pub(crate) fn read(text: &str) -> Self {
        let (text, quiet) = match text.split_once('~') {
            Some((text, quiet)) => (text, read_quiet(quiet)),
            None => (text, None),
        };
        match text.split_once('@') {
            Some((stamp, offset)) => {
                Self { stamp: stamp.to_owned(), offset: offset.parse().ok(), quiet }
            }
            None => Self { stamp: text.to_owned(), offset: None, quiet },
        }
    }

    /// A listing that continues from this mark has begun at a time of the server's clock: whatever
    /// was changed before is shown by it.
    pub(crate) fn asked_again(&mut self, server_time: Stamp) {
        let now = Quiet::at(server_time);
        self.quiet = Some(self.quiet.map_or(now, |quiet| Quiet { last: now.last, ..quiet }));
    }

    /// Where the next listing of changes starts: not after the stamp of anything that the last one
    /// did not show, whatever the server's zone and the season.
    ///
    /// That is an hour before the mark where summer may have ended since, else a minute; and later
    /// the longer nothing happened: what is changed after two hours of rest gets a stamp two hours
    /// later, or one where summer has ended. After a long rest it is the next second, and what was
    /// last changed together (an import, a first sync) is not read again; it never is later, in case
    /// the server's clock or zone was changed.
    /// `None`: the mark is none of Vtiger's.
    pub(crate) fn start(&self) -> Option<String> {
        let stamp: DateTime = self.stamp.parse().ok()?;
        Some(written(stamp.saturating_sub(SignedDuration::from_secs(self.back(stamp)))))
    }

    /// The stamp in Unix seconds. `None`: it is in the server's notation.
    pub(crate) fn second(&self) -> Option<i64> {
        self.stamp.parse().ok()
    }

    /// [`Self::start`] of a mark in Unix seconds. The server turns them into its own notation, so
    /// they go back with its clock.
    pub(crate) fn start_second(&self) -> Option<i64> {
        let second = self.second()?;
        let at = Stamp(second.checked_mul(1_000)?);
        Some(second - self.back(Offset::UTC.to_datetime(at.timestamp())))
    }

    /// So many seconds before the stamp does the next listing start.
    fn back(&self, stamp: DateTime) -> i64 {
        let rest = self.quiet.map_or(0, |quiet| quiet.seconds() - SLACK_S);
        // Most servers keep UTC. Of the zones that have its offset for some time of the year (it may
        // be long ago that it was learned), those with summer time go back in October.
        let summer = match self.offset {
            Some(0) if stamp.month() != 10 => 0,
            _ => SUMMER_S,
        };
        (OVERLAP_S + summer - rest.max(0)).max(-TICK_S)
    }
}

fn read_quiet(text: &str) -> Option<Quiet> {
    let (first, last) = text.split_once('-')?;
    Some(Quiet { first: first.parse().ok()?, last: last.parse().ok()? })
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stamp)?;
        if let Some(offset) = self.offset {
            write!(f, "@{offset}")?;
        }
        match self.quiet {
            Some(Quiet { first, last }) => write!(f, "~{first}-{last}"),
            None => Ok(()),
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
    fn instants_are_told_early_enough() {
        let zone = Zone::new();
        assert_eq!(zone.not_after(at("2026-01-01T00:00:00Z")), "2025-12-31 10:00:00");
        zone.hint(Some(0));
        assert_eq!(zone.not_after(at("2026-01-01T00:00:00Z")), "2025-12-31 23:00:00");
        let early = zone.surely_before("2026-07-01 12:00:00");
        assert_eq!(early, Some(at("2026-07-01T11:00:00Z")), "it may be summer time by now");
    }

    #[test]
    fn listings_start_early_enough_and_later_after_a_rest() {
        let mark = |quiet| Mark { stamp: "2026-01-01 12:00:00".into(), offset: Some(3_600), quiet };
        for (rest, start) in [
            (None, "2026-01-01 10:59:00"),
            (Some(0), "2026-01-01 10:59:00"),
            (Some(-50), "2026-01-01 10:59:00"),
            (Some(240), "2026-01-01 10:59:00"),
            (Some(1_000), "2026-01-01 11:11:40"),
            (Some(3_900), "2026-01-01 12:00:00"),
            (Some(3_901), "2026-01-01 12:00:01"),
            (Some(1_000_000), "2026-01-01 12:00:01"),
        ] {
            let quiet = rest.map(|rest| Quiet { first: 5_000, last: 5_000 + rest });
            assert_eq!(mark(quiet).start().as_deref(), Some(start), "{rest:?}");
        }
        for (mark, start) in [
            ("2026-01-01 12:00:00@0", Some("2026-01-01 11:59:00")),
            ("2026-10-01 12:00:00@0", Some("2026-10-01 10:59:00")),
            ("2026-01-01 12:00:00", Some("2026-01-01 10:59:00")),
            ("never", None),
        ] {
            assert_eq!(Mark::read(mark).start().as_deref(), start);
        }
    }

    #[test]
    fn listings_of_deletions_start_in_the_servers_own_seconds() {
        for (mark, start) in [
            ("1767268800", Some(1_767_265_140)),
            ("1767268800@3600", Some(1_767_265_140)),
            ("1767268800@0", Some(1_767_268_740)),
            // In October.
            ("1760000000@0", Some(1_759_996_340)),
            ("1767268800@3600~5000-6240", Some(1_767_266_140)),
            ("1767268800@3600~5000-90000", Some(1_767_268_801)),
            ("2026-01-01 12:00:00", None),
            ("99999999999999999", None),
        ] {
            assert_eq!(Mark::read(mark).start_second(), start, "{mark}");
        }
    }

    #[test]
    fn a_change_after_the_end_of_summer_is_not_passed_over() {
        // Changed and shown at 02:50 summer time, asked again until 03:30, which is 02:30 now.
        let mut mark =
            Mark::new("2026-10-25 02:50:00", Some(7_200), Some(at("2026-10-25T00:50:20Z")));
        let mut asked = at("2026-10-25T00:50:20Z");
        while asked < at("2026-10-25T06:00:00Z") {
            mark.asked_again(asked);
            // Who changes something in the same second gives it this stamp, an hour behind.
            let offset = if asked < at("2026-10-25T01:00:00Z") { 7_200 } else { 3_600 };
            let local = Offset::UTC.to_datetime(asked.timestamp()) + i64::from(offset).seconds();
            assert!(mark.start().unwrap() <= written(local), "{mark} at {asked:?}");
            asked = Stamp(asked.0 + 60_000);
        }
        assert_eq!(mark.start().as_deref(), Some("2026-10-25 02:50:01"));
    }

    #[test]
    fn marks_are_read_as_written() {
        for text in [
            "2026-11-21 19:24:00",
            "2026-11-21 19:24:00@3600",
            "2026-11-21 19:24:00@-18000",
            "2026-11-21 19:24:00~1763749440-1763753040",
            "2026-11-21 19:24:00@-18000~1763749440-1763753040",
        ] {
            assert_eq!(Mark::read(text).to_string(), text);
        }
        let damaged = Mark::read("2026-11-21 19:24:00@0~soon");
        assert_eq!(damaged.to_string(), "2026-11-21 19:24:00@0");
    }
}
