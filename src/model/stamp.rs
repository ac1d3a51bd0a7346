//! An instant, in milliseconds since 1970 UTC.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::time::Duration;

/// An instant in milliseconds since 1970-01-01T00:00:00Z.
///
/// Written as RFC 3339 in JSON and TOML, as a number in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stamp(pub i64);

impl Stamp {
    /// The current instant of this machine's clock.
    pub fn now() -> Self {
        #[cfg(test)]
        if let Some(at) = clock::now() {
            return at;
        }
        Self(Timestamp::now().as_millisecond())
    }

    /// The instant of whole seconds since 1970 UTC.
    pub fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Reads RFC 3339 (`2026-11-21T12:41:00Z`).
    pub fn parse(text: &str) -> Option<Self> {
        let at: Timestamp = text.parse().ok()?;
        Some(Self(at.as_millisecond()))
    }

    /// The instant as jiff's type; out of range values are clamped.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }

    /// This instant plus a duration.
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This instant minus a duration.
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time from `earlier` to this instant; zero if it lies in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            Self::parse(&text).ok_or_else(|| {
                serde::de::Error::custom(format!(
                    "\"{text}\" is not a time such as 2026-11-21T12:41:00Z"
                ))
            })
        } else {
            Ok(Self(i64::deserialize(deserializer)?))
        }
    }
}

/// A clock that tests set, for each thread its own.
#[cfg(test)]
pub(crate) mod clock {
    use super::Stamp;
    use std::cell::Cell;

    thread_local! {
        static NOW: Cell<Option<Stamp>> = const { Cell::new(None) };
    }

    pub(crate) fn now() -> Option<Stamp> {
        NOW.get()
    }

    /// Somebody would wait for an instant: where this thread's clock is set, it is put forward.
    pub(crate) fn skip_to(instant: Stamp) -> bool {
        let set = NOW.get();
        NOW.set(set.map(|now| now.max(instant)));
        set.is_some()
    }

    /// Sets this thread's clock; `None`: it goes by itself again.
    pub(crate) fn set(now: Option<Stamp>) {
        NOW.set(now);
    }
}
