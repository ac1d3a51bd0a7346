//! The one place every request passes on its way in and out: counting, waiting, and (when faults
//! are switched on) misbehaving.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// An imitated system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// Vtiger.
    Vtiger,
    /// WooCommerce.
    WooCommerce,
    /// Magento.
    Magento,
    /// Zoho.
    Zoho,
}

impl System {
    /// The name it has in the credentials.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vtiger => "vtiger",
            Self::WooCommerce => "woocommerce",
            Self::Magento => "magento",
            Self::Zoho => "zoho",
        }
    }
}

/// The gate.
#[derive(Debug, Default)]
pub struct Gate {
    latency: Duration,
    counts: Mutex<BTreeMap<(System, String), u64>>,
    in_flight: AtomicU64,
}

/// A request on its way; it counts as under way until this is dropped.
#[derive(Debug)]
pub struct Pass<'a> {
    gate: &'a Gate,
}

impl Gate {
    /// A gate at which each request waits so long.
    pub fn new(latency: Duration) -> Self {
        Self { latency, ..Self::default() }
    }

    /// Lets a request in: it is counted and waits. Faults that keep a request from being served
    /// belong here; those that spoil its reply belong where the [`Pass`] is dropped.
    pub async fn enter(&self, system: System, operation: String) -> Pass<'_> {
        *self
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry((system, operation))
            .or_default() += 1;
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let pass = Pass { gate: self };
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        pass
    }

    /// How often each operation was asked for, by `system operation`.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|((system, operation), n)| (format!("{} {operation}", system.name()), *n))
            .collect()
    }

    /// How many requests are under way.
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_wait_side_by_side_and_are_counted() {
        let gate = Gate::new(Duration::from_millis(500));
        let before = tokio::time::Instant::now();
        let both = || async { gate.enter(System::Vtiger, "query".into()).await };
        let (first, _second) = tokio::join!(both(), both());
        assert_eq!(before.elapsed().as_millis(), 500);
        assert_eq!(gate.in_flight(), 2);
        drop(first);
        assert_eq!(gate.in_flight(), 1);
        assert_eq!(gate.counts()["vtiger query"], 2);
    }
}
