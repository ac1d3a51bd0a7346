//! How many requests at a time and how fast: a bound on those in flight, a rate, and both of them
//! reduced for a while when the other side asks to slow down (429, 503).

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

/// The first pause between two requests after the other side complained.
const FIRST_GAP: Duration = Duration::from_millis(200);
/// The longest pause between two requests.
const LONGEST_GAP: Duration = Duration::from_secs(10);
/// After so many good answers the pause is halved, and twice as many requests may be in flight.
const GOOD_RUN: u32 = 20;

/// The bounds of one connection.
pub(crate) struct Pace {
    permits: Semaphore,
    at_a_time: u32,
    rate: Option<DefaultDirectRateLimiter>,
    slow: Mutex<Slow>,
}

struct Slow {
    /// Pause between the starts of two requests; zero while nobody complains.
    gap: Duration,
    /// When the next request may start.
    next: Option<Instant>,
    good: u32,
    /// How many permits a request takes: 1 while nobody complains, all of them at the slowest.
    share: u32,
}

impl Pace {
    /// So many requests at a time, so many a second.
    pub(crate) fn new(at_a_time: usize, per_second: Option<u32>) -> Self {
        let at_a_time = u32::try_from(at_a_time).unwrap_or(1).max(1);
        Self {
            permits: Semaphore::new(at_a_time as usize),
            at_a_time,
            rate: per_second
                .and_then(NonZeroU32::new)
                .map(|n| RateLimiter::direct(Quota::per_second(n).allow_burst(NonZeroU32::MIN))),
            slow: Mutex::new(Slow { gap: Duration::ZERO, next: None, good: 0, share: 1 }),
        }
    }

    /// Waits until a request may start. It counts as in flight until the turn is dropped.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let share = self.slow().share;
        let permit = self.permits.acquire_many(share).await.ok();
        if let Some(rate) = &self.rate {
            rate.until_ready().await;
        }
        let start = {
            let mut slow = self.slow();
            let start = slow.next;
            if !slow.gap.is_zero() {
                let from = start.map_or_else(Instant::now, |at| at.max(Instant::now()));
                slow.next = Some(from + slow.gap);
            }
            start
        };
        if let Some(at) = start {
            sleep_until(at).await;
        }
        permit
    }

    /// The other side asked to slow down, and perhaps for how long. Complaints about requests that
    /// were on their way together count as one.
    pub(crate) fn complained(&self, wait: Option<Duration>) {
        let mut slow = self.slow();
        let known = slow.good == 0 && slow.next.is_some_and(|next| next > Instant::now());
        slow.good = 0;
        if !known {
            slow.gap = (slow.gap * 2).clamp(FIRST_GAP, LONGEST_GAP);
            slow.share = (slow.share * 2).min(self.at_a_time);
        }
        let until = Instant::now() + wait.unwrap_or(slow.gap);
        slow.next = Some(slow.next.map_or(until, |at| at.max(until)));
    }

    /// An answer was good; after some of them the pause shrinks.
    pub(crate) fn went_well(&self) {
        let mut slow = self.slow();
        if slow.gap.is_zero() {
            return;
        }
        slow.good += 1;
        if slow.good >= GOOD_RUN {
            slow.good = 0;
            slow.gap /= 2;
            slow.share = (slow.share / 2).max(1);
            if slow.gap < FIRST_GAP / 4 {
                slow.gap = Duration::ZERO;
                slow.next = None;
                slow.share = 1;
            }
        }
    }

    fn slow(&self) -> MutexGuard<'_, Slow> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_complaint_slows_everybody_and_good_answers_speed_up_again() {
        let pace = Pace::new(4, None);
        let start = Instant::now();
        drop(pace.turn().await);
        assert_eq!(start.elapsed(), Duration::ZERO);
        pace.complained(Some(Duration::from_secs(7)));
        drop(pace.turn().await);
        assert!(start.elapsed() >= Duration::from_secs(7));
        drop(pace.turn().await);
        assert!(start.elapsed() >= Duration::from_secs(7) + FIRST_GAP);
        for _ in 0..GOOD_RUN * 4 {
            pace.went_well();
        }
        let fast = Instant::now();
        drop(pace.turn().await);
        assert_eq!(fast.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn fewer_are_in_flight_after_a_complaint_until_it_goes_well_again() {
        let pace = Pace::new(4, None);
        let together = async || {
            let mut held = Vec::new();
            while let Ok(turn) = tokio::time::timeout(Duration::from_secs(3), pace.turn()).await {
                held.push(turn);
            }
            held.len()
        };
        assert_eq!(together().await, 4);
        pace.complained(None);
        pace.complained(None);
        assert_eq!(together().await, 2, "two at once are one complaint");
        pace.went_well();
        pace.complained(None);
        assert_eq!(together().await, 1);
        pace.went_well();
        pace.complained(None);
        assert_eq!(together().await, 1, "it never stops altogether");
        for _ in 0..GOOD_RUN {
            pace.went_well();
        }
        assert_eq!(together().await, 2);
        for _ in 0..GOOD_RUN * 6 {
            pace.went_well();
        }
        assert_eq!(together().await, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_is_kept() {
        // The limiter has a clock of its own, which cannot be paused: only its first answers are
        // looked at.
        let pace = Pace::new(4, Some(1));
        drop(pace.turn().await);
        let second = tokio::time::timeout(Duration::from_millis(10), pace.turn()).await;
        assert!(second.is_err(), "one a second");
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_allowed_are_in_flight() {
        let pace = Pace::new(1, None);
        let first = pace.turn().await;
        let waits = tokio::time::timeout(Duration::from_secs(1), pace.turn()).await;
        assert!(waits.is_err());
        drop(first);
        assert!(pace.turn().await.is_some());
    }
}
