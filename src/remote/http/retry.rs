//! When and how often a request is repeated.

use crate::model::Stamp;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::time::Duration;

/// The longest that a `Retry-After` is obeyed; a server that asks for more is asked again then.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How patient a request is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// It changes something: its outcome is unknown if the answer is lost, and it is repeated only
    /// when it certainly was not applied.
    pub(crate) write: bool,
    /// How often it is sent at most.
    pub(crate) tries: u32,
    /// How long all tries and pauses may take.
    pub(crate) total: Duration,
    /// How long the first byte of the answer may take.
    pub(crate) answer: Duration,
}

impl Plan {
    /// A read in the course of a sync.
    pub(crate) const READ: Self = Self {
        write: false,
        tries: 6,
        total: Duration::from_secs(420),
        answer: Duration::from_secs(60),
    };
    /// The first requests of a sync: whether the system is there at all is told within seconds.
    pub(crate) const FIRST: Self = Self {
        write: false,
        tries: 3,
        total: Duration::from_secs(120),
        answer: Duration::from_secs(30),
    };
    /// A read while a person waits.
    pub(crate) const BRIEF: Self = Self {
        write: false,
        tries: 2,
        total: Duration::from_secs(20),
        answer: Duration::from_secs(15),
    };
    /// A write of one record.
    pub(crate) const WRITE: Self = Self {
        write: true,
        tries: 4,
        total: Duration::from_secs(420),
        answer: Duration::from_secs(60),
    };
    /// A write of many records, which the server works off one by one before it answers.
    pub(crate) const BATCH: Self = Self {
        write: true,
        tries: 4,
        total: Duration::from_secs(420),
        answer: Duration::from_secs(150),
    };

    /// The pauses between the tries.
    pub(crate) fn pauses(&self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_jitter()
            .with_factor(2.0)
            .with_min_delay(Duration::from_millis(300))
            .with_max_delay(Duration::from_secs(20))
            .with_max_times(self.tries.saturating_sub(1) as usize)
            .build()
    }
}

/// Reads `Retry-After`: seconds, or an HTTP date. What is absurd is capped.
pub(crate) fn retry_after(text: &str, now: Stamp) -> Option<Duration> {
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        http_date(text)?.since(now)
    };
    Some(wait.min(LONGEST_WAIT))
}

/// Reads the date of an HTTP header (`Sat, 21 Nov 2026 19:58:59 GMT`).
pub(crate) fn http_date(text: &str) -> Option<Stamp> {
    let at = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(Stamp(at.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_all_its_forms() {
        let now = http_date("Sat, 21 Nov 2026 19:58:59 GMT").unwrap();
        assert_eq!(now, Stamp::parse("2026-11-21T19:58:59Z").unwrap());
        let secs = |text| retry_after(text, now).map(|d| d.as_secs());
        assert_eq!(secs("12"), Some(12));
        assert_eq!(secs(" 0 "), Some(0));
        assert_eq!(secs("Sat, 21 Nov 2026 20:00:00 GMT"), Some(61));
        assert_eq!(secs("Sat, 21 Nov 2026 19:00:00 GMT"), Some(0));
        assert_eq!(secs("86400"), Some(300));
        assert_eq!(secs("99999999999999999999999"), Some(300));
        assert_eq!(secs("Fri, 01 Jan 9999 00:00:00 GMT"), Some(300));
        for bad in ["", "-5", "soon", "1.5", "Sat, 41 Nov 2026 20:00:00 GMT"] {
            assert_eq!(secs(bad), None, "{bad}");
        }
    }

    #[test]
    fn tries_are_bounded_and_pauses_grow() {
        let pauses: Vec<_> = Plan::READ.pauses().collect();
        assert_eq!(pauses.len(), 5);
        assert!(pauses.iter().sum::<Duration>() < Plan::READ.total);
        assert!(pauses[4] > pauses[0]);
    }
}
