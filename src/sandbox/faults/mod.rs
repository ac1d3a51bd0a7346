//! What can be made to go wrong, how often, and how often it did.
//!
//! A fault is drawn for each request (or each record written), from a sequence that follows from
//! the seed: the same sandbox asked the same questions one after the other misbehaves alike. Faults
//! of the way (waits, resets, spoiled replies) are given by the server in front of all systems;
//! those that need to know what a system answers (pages, totals, ids, values) are given by the
//! systems themselves, which ask their [`Line`](super::gate::Line).

mod rule;
pub mod spoil;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

pub use self::rule::{BadFault, Fault};
use super::gate::System;
use super::seed::mix;

/// A way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// The reply comes late.
    Delay,
    /// 429 with `Retry-After` in seconds. Nothing is done.
    TooMany,
    /// 429 with `Retry-After` as a date.
    TooManyDate,
    /// 429 with a `Retry-After` of a year.
    TooManyAbsurd,
    /// 429 without `Retry-After`.
    TooManyBare,
    /// 500, done or not.
    Broken,
    /// 502 with a proxy's page, done or not.
    BadGateway,
    /// 200 with a page for people, done or not.
    Html,
    /// 200 with nothing, done or not.
    Empty,
    /// The reply ends in its middle, done or not.
    Truncated,
    /// A text of the reply holds bytes that are no UTF-8.
    BadUtf8,
    /// Texts of the reply hold control characters.
    ControlChars,
    /// A notice of PHP stands in front of the reply.
    PhpNotice,
    /// The reply does not end, done or not.
    Huge,
    /// The connection is reset before anything is done.
    ResetBefore,
    /// The connection is reset after everything was done.
    ResetAfter,
    /// The page before the one that was asked for is sent again.
    DuplicatePage,
    /// The first page is sent whatever page was asked for.
    IgnoredPage,
    /// A record slips from the page that is read to one that was read already.
    PageDrift,
    /// The number of records that goes with a page is not right.
    ChangingTotals,
    /// A record that is there is not found by its id.
    Ghost,
    /// The session has ended.
    ExpiredSession,
    /// What is to be created is said to exist, which it does not.
    Exists,
    /// Stamps are in local time: those of the shop that say UTC; Vtiger's database has another
    /// zone from the start of the sandbox to its end.
    LocalTime,
    /// A text that is written loses something.
    Lossy,
}

use FaultKind as K;

impl FaultKind {
    /// All of them, with the names they have on the command line.
    pub const ALL: [(Self, &'static str); 25] = [
        (K::Delay, "delay"),
        (K::TooMany, "429"),
        (K::TooManyDate, "429-date"),
        (K::TooManyAbsurd, "429-absurd"),
        (K::TooManyBare, "429-bare"),
        (K::Broken, "500"),
        (K::BadGateway, "502"),
        (K::Html, "html"),
        (K::Empty, "empty"),
        (K::Truncated, "truncated"),
        (K::BadUtf8, "bad-utf8"),
        (K::ControlChars, "control-chars"),
        (K::PhpNotice, "php-notice"),
        (K::Huge, "huge"),
        (K::ResetBefore, "reset-before"),
        (K::ResetAfter, "reset-after"),
        (K::DuplicatePage, "duplicate-page"),
        (K::IgnoredPage, "ignored-page"),
        (K::PageDrift, "page-drift"),
        (K::ChangingTotals, "changing-totals"),
        (K::Ghost, "ghost"),
        (K::ExpiredSession, "expired-session"),
        (K::Exists, "exists"),
        (K::LocalTime, "local-time"),
        (K::Lossy, "lossy"),
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// Whether a system can misbehave so at all.
    pub fn happens_in(self, system: System) -> bool {
        match self {
            // What a system has to do itself the younger ones do not do yet.
            _ if !matches!(system, System::Vtiger | System::WooCommerce) => self.of_the_way(),
            // Vtiger is listed by keyset and tells no totals.
            K::PageDrift | K::ChangingTotals => system != System::Vtiger,
            // The shop's keys have no sessions.
            K::ExpiredSession => system != System::WooCommerce,
            _ => true,
        }
    }

    /// Given on the way to a system and back, without knowing what it says.
    fn of_the_way(self) -> bool {
        self <= K::ResetAfter
    }

    /// The reply is lost with what it says, so a write may have been done or not.
    pub fn hides(self) -> bool {
        matches!(self, K::Broken | K::BadGateway | K::Html | K::Empty | K::Truncated | K::Huge)
    }
}

/// The faults of a sandbox.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    drawn: AtomicU64,
    any: AtomicBool,
    rates: RwLock<BTreeMap<(System, FaultKind), f64>>,
    given: Mutex<BTreeMap<(System, FaultKind), u64>>,
}

/// Keeps the draws of faults apart from those of the data.
const STREAM: u64 = 0x00fa_0175;

impl Faults {
    /// These faults, drawn from a seed.
    pub fn new(seed: u64, faults: &[Fault]) -> Self {
        let all = Self {
            seed,
            drawn: AtomicU64::new(0),
            any: AtomicBool::new(false),
            rates: RwLock::default(),
            given: Mutex::default(),
        };
        all.set(faults);
        all
    }

    /// From now on these and no others.
    pub fn set(&self, faults: &[Fault]) {
        let mut rates = BTreeMap::new();
        for fault in faults {
            let systems = System::ALL.into_iter().filter(|s| fault.system.is_none_or(|f| f == *s));
            for system in systems.filter(|s| fault.kind.happens_in(*s)) {
                rates.insert((system, fault.kind), fault.rate);
            }
        }
        rates.retain(|_, rate| *rate > 0.0);
        self.any.store(!rates.is_empty(), Ordering::Relaxed);
        *self.rates.write().unwrap_or_else(PoisonError::into_inner) = rates;
    }

    /// Whether any fault can happen.
    pub fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Whether this fault happens now; then it counts as given.
    pub fn strikes(&self, system: System, kind: FaultKind) -> bool {
        if !self.any() {
            return false;
        }
        let rates = self.rates.read().unwrap_or_else(PoisonError::into_inner);
        let Some(rate) = rates.get(&(system, kind)).copied() else { return false };
        drop(rates);
        let strikes = self.chance() < rate;
        if strikes {
            *self.given().entry((system, kind)).or_default() += 1;
        }
        strikes
    }

    /// The fault that a request meets on its way, if it meets one.
    pub fn on_the_way(&self, system: System) -> Option<FaultKind> {
        if !self.any() {
            return None;
        }
        let rates = self.rates.read().unwrap_or_else(PoisonError::into_inner);
        let kinds: Vec<FaultKind> = rates
            .keys()
            .filter(|(of, kind)| *of == system && kind.of_the_way())
            .map(|(_, kind)| *kind)
            .collect();
        drop(rates);
        kinds.into_iter().find(|kind| self.strikes(system, *kind))
    }

    /// A number below `limit`.
    pub fn below(&self, limit: u64) -> u64 {
        (self.draw() >> 16) % limit.max(1)
    }

    /// How often each fault was given, by `system:kind`.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let counts = self.given();
        counts.iter().map(|((s, k), n)| (format!("{}:{}", s.name(), k.name()), *n)).collect()
    }

    fn given(&self) -> MutexGuard<'_, BTreeMap<(System, FaultKind), u64>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self) -> u64 {
        mix(self.seed, STREAM, self.drawn.fetch_add(1, Ordering::Relaxed))
    }

    /// From 0 to 1.
    #[allow(clippy::cast_precision_loss)]
    fn chance(&self) -> f64 {
        (self.draw() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(list: &[&str]) -> Faults {
        let all: Vec<Fault> = list.iter().map(|f| f.parse().unwrap()).collect();
        Faults::new(7, &all)
    }

    #[test]
    fn a_rate_is_kept_and_counted() {
        let all = faults(&["500=10%", "woocommerce:ghost=1"]);
        let hits = (0..2_000).filter(|_| all.strikes(System::Vtiger, K::Broken)).count();
        assert!((150..250).contains(&hits), "{hits}");
        assert!(all.strikes(System::WooCommerce, K::Ghost));
        assert!(!all.strikes(System::Vtiger, K::Ghost));
        let counts = all.counts();
        assert_eq!(counts["vtiger:500"], hits as u64);
        assert_eq!(counts["woocommerce:ghost"], 1);
        all.set(&[]);
        assert!(!all.strikes(System::WooCommerce, K::Ghost) && !all.any());
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let sequence = || -> Vec<Option<FaultKind>> {
            let all = faults(&["500=20%", "reset-after=20%", "ghost=90%"]);
            (0..50).map(|_| all.on_the_way(System::Vtiger)).collect()
        };
        assert_eq!(sequence(), sequence());
        let kinds = sequence();
        assert!(kinds.contains(&Some(K::Broken)) && kinds.contains(&Some(K::ResetAfter)));
        assert!(!kinds.contains(&Some(K::Ghost)), "given by the system itself");
    }
}
