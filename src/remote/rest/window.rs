//! Where a listing stands: in which partition, window and page, and which records it had already.

use crate::model::{Record, Stamp};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64;

const DAY: u64 = 86_400;

/// Where a listing stands. It travels as a token of JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct At {
    /// The partition.
    pub(crate) part: usize,
    /// The beginning of the window, in milliseconds; absent: there are no windows.
    pub(crate) from: Option<i64>,
    /// Where the first window began; each partition begins there.
    pub(crate) start: i64,
    /// The end of the whole listing.
    pub(crate) until: i64,
    /// How many days the window has; 0: up to the end.
    pub(crate) step: u32,
    /// Pages read in this window.
    pub(crate) pages: u64,
    /// Records read in this window.
    pub(crate) taken: u64,
    /// Records read in all.
    pub(crate) records: u64,
    /// The token or address of the next page.
    pub(crate) token: Option<String>,
    /// A fingerprint of the last page's ids.
    pub(crate) last: u64,
    /// The fingerprint of an earlier page: of the first, second, fourth, eighth and so on. A service
    /// that goes round in circles meets one of them, however large the circle is.
    pub(crate) earlier: u64,
    /// Fingerprints of the ids of this window, and of the one before: what lies on the border comes
    /// in both.
    pub(crate) here: Vec<u64>,
    pub(crate) before: Vec<u64>,
}

impl At {
    /// Whether this page was read before in this window.
    pub(crate) fn has_seen(&self, print: u64) -> bool {
        self.pages > 0 && (print == self.last || print == self.earlier)
    }

    /// Takes note of a page.
    pub(crate) fn note(&mut self, print: u64, count: u64) {
        self.pages += 1;
        self.taken += count;
        self.records += count;
        self.last = print;
        if self.pages.is_power_of_two() {
            self.earlier = print;
        }
    }

    /// The records that the window before did not have.
    pub(crate) fn without_known(&mut self, records: Vec<Record>) -> Vec<Record> {
        if self.step == 0 {
            return records;
        }
        let before: HashSet<u64> = self.before.iter().copied().collect();
        let mut fresh = Vec::with_capacity(records.len());
        for record in records {
            let print = xxh3_64(record.id.as_bytes());
            self.here.push(print);
            if !before.contains(&print) {
                fresh.push(record);
            }
        }
        fresh
    }

    /// Goes on to the next window; `false`: there is none.
    pub(crate) fn next_window(&mut self) -> bool {
        let end = window_end(self);
        if self.from.is_none() || end.0 >= self.until {
            return false;
        }
        self.from = Some(end.0);
        let here = std::mem::take(&mut self.here);
        self.turn_over();
        self.before = here;
        true
    }

    /// Goes on to the next partition, from its beginning.
    pub(crate) fn next_part(&mut self) {
        self.part += 1;
        self.from = self.from.map(|_| self.start);
        self.turn_over();
    }

    fn turn_over(&mut self) {
        (self.pages, self.taken, self.token) = (0, 0, None);
        (self.last, self.earlier) = (0, 0);
        (self.here, self.before) = (Vec::new(), Vec::new());
    }

    /// The token.
    pub(crate) fn token_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The end of the window that begins where the listing stands.
pub(crate) fn window_end(at: &At) -> Stamp {
    let until = Stamp(at.until);
    match (at.step, at.from) {
        (0, _) | (_, None) => until,
        (days, Some(from)) => {
            Stamp(from).plus(Duration::from_secs(u64::from(days) * DAY)).min(until)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str) -> Record {
        Record { id: id.to_owned(), ..Record::default() }
    }

    #[test]
    fn windows_follow_each_other_up_to_the_end() {
        let day = 86_400_000;
        let mut at = At { from: Some(0), until: 25 * day, step: 10, ..At::default() };
        at.note(1, 3);
        assert!(at.next_window());
        assert_eq!((at.from, at.pages, at.records), (Some(10 * day), 0, 3));
        assert!(at.next_window());
        assert_eq!((at.from, window_end(&at)), (Some(20 * day), Stamp(25 * day)));
        assert!(!at.next_window());
        at.next_part();
        assert_eq!((at.part, at.from), (1, Some(0)));
    }

    #[test]
    fn what_lies_on_a_border_comes_once() {
        let mut at = At { from: Some(0), until: i64::MAX, step: 1, ..At::default() };
        at.note(1, 2);
        let first = at.without_known(vec![record("1"), record("2")]);
        assert_eq!(first.len(), 2);
        assert!(at.next_window());
        at.note(2, 2);
        assert_eq!(at.without_known(vec![record("2"), record("3")]), [record("3")]);
        assert!(at.next_window());
        let again: At = serde_json::from_str(&at.token_text()).unwrap();
        assert_eq!(again, at);
        assert_eq!(at.without_known(vec![record("3")]), []);
    }

    #[test]
    fn a_circle_is_found_whatever_its_size() {
        for size in [1, 2, 3, 7, 100] {
            let mut at = At::default();
            let met = (0..).position(|page| {
                let print = 10 + page % size;
                let seen = at.has_seen(print);
                at.note(print, 1);
                seen
            });
            assert!(met.unwrap() as u64 <= 4 * size, "{size}: {met:?}");
        }
        let mut fine = At::default();
        assert!((0..1000).all(|page| {
            let seen = fine.has_seen(page + 5);
            fine.note(page + 5, 1);
            !seen
        }));
    }
}
