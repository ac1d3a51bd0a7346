//! The one place every request passes on its way in and out: counting, waiting, and (when faults
//! are switched on) misbehaving.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::faults::{FaultKind, Faults};

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
    /// iRujul.
    Irujul,
    /// The plain REST service.
    Rest,
}

impl System {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Vtiger, Self::WooCommerce, Self::Magento, Self::Zoho, Self::Irujul, Self::Rest];

    /// The name it has in the credentials.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vtiger => "vtiger",
            Self::WooCommerce => "woocommerce",
            Self::Magento => "magento",
            Self::Zoho => "zoho",
            Self::Irujul => "irujul",
            Self::Rest => "rest",
        }
    }
}

/// How many write requests there were so far. The three numbers only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Writes {
    /// Came in.
    pub begun: u64,
    /// Were carried out, refused, or (by a fault) thrown away.
    pub applied: u64,
    /// Were answered, or had their connection cut.
    pub answered: u64,
}

impl Writes {
    /// Those under way.
    pub fn in_flight(self) -> u64 {
        self.begun - self.answered
    }
}

/// What a request did to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// Made it.
    Created,
    /// Changed it.
    Updated,
    /// Removed it.
    Deleted,
}

impl Deed {
    fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }
}

/// The gate.
#[derive(Debug)]
pub struct Gate {
    latency: Duration,
    /// What a write takes longer, in milliseconds.
    slow_ms: AtomicU64,
    counts: Mutex<BTreeMap<(System, String), u64>>,
    deeds: Mutex<BTreeMap<(System, String, Deed), u64>>,
    in_flight: AtomicU64,
    writes: watch::Sender<Writes>,
    /// What goes wrong.
    pub faults: Faults,
}

/// A request on its way; it counts as under way until this is dropped.
#[derive(Debug)]
pub struct Pass<'a> {
    gate: &'a Gate,
    write: bool,
    applied: bool,
}

/// What a system knows of the way a request came: what may go wrong with it, and where what it did
/// is counted. Requests from inside the process have none of it.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    way: Option<(&'a Gate, System)>,
}

impl<'a> Line<'a> {
    /// A request from inside the process.
    pub fn own() -> Self {
        Self { way: None }
    }

    /// Whether this fault happens now.
    pub fn strikes(&self, kind: FaultKind) -> bool {
        self.way.is_some_and(|(gate, system)| gate.faults.strikes(system, kind))
    }

    /// Whether any fault can happen.
    pub fn any(&self) -> bool {
        self.way.is_some_and(|(gate, _)| gate.faults.any())
    }

    /// A number below `limit`, for what a fault is to be like.
    pub fn below(&self, limit: u64) -> u64 {
        self.way.map_or(0, |(gate, _)| gate.faults.below(limit))
    }

    /// Counts what was done to a record of a kind.
    pub fn did(&self, what: &str, deed: Deed) {
        let Some((gate, system)) = self.way else { return };
        let mut deeds = gate.deeds.lock().unwrap_or_else(PoisonError::into_inner);
        *deeds.entry((system, what.to_owned(), deed)).or_default() += 1;
    }
}

impl Gate {
    /// A gate at which each request waits so long, half of it on the way out.
    pub fn new(latency: Duration, faults: Faults) -> Self {
        Self {
            latency,
            slow_ms: AtomicU64::new(0),
            counts: Mutex::default(),
            deeds: Mutex::default(),
            in_flight: AtomicU64::new(0),
            writes: watch::Sender::new(Writes::default()),
            faults,
        }
    }

    /// The way of a request to a system.
    pub fn line(&self, system: System) -> Line<'_> {
        Line { way: Some((self, system)) }
    }

    /// Lets a request in: it is counted and waits.
    pub async fn enter(&self, system: System, operation: String, write: bool) -> Pass<'_> {
        *self
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry((system, operation))
            .or_default() += 1;
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let pass = Pass { gate: self, write, applied: false };
        if write {
            self.writes.send_modify(|writes| writes.begun += 1);
        }
        pass.wait().await;
        pass
    }

    /// Makes every write take so much longer.
    pub fn slow_writes(&self, by: Duration) {
        self.slow_ms.store(u64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }

    /// The write requests, as they come and go.
    pub fn writes(&self) -> watch::Receiver<Writes> {
        self.writes.subscribe()
    }

    /// How often each operation was asked for, by `system operation`.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|((system, operation), n)| (format!("{} {operation}", system.name()), *n))
            .collect()
    }

    /// How many records requests created, changed and deleted, by `vtiger Contacts created`.
    pub fn deeds(&self) -> BTreeMap<String, u64> {
        let deeds = self.deeds.lock().unwrap_or_else(PoisonError::into_inner);
        let name = |(system, what, deed): &(System, String, Deed)| {
            format!("{} {what} {}", system.name(), deed.name())
        };
        deeds.iter().map(|(key, n)| (name(key), *n)).collect()
    }

    /// How many requests are under way.
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }
}

impl Pass<'_> {
    /// The system is through with the request; the reply waits on its way out.
    pub async fn leave(&mut self) {
        self.served();
        self.wait().await;
    }

    fn served(&mut self) {
        if self.write && !self.applied {
            self.gate.writes.send_modify(|writes| writes.applied += 1);
        }
        self.applied = true;
    }

    async fn wait(&self) {
        let slow = if self.write { self.gate.slow_ms.load(Ordering::Relaxed) } else { 0 };
        let half = (self.gate.latency + Duration::from_millis(slow)) / 2;
        if !half.is_zero() {
            sleep(half).await;
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.served();
        self.gate.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.write {
            self.gate.writes.send_modify(|writes| writes.answered += 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(latency: Duration) -> Gate {
        Gate::new(latency, Faults::new(1, &[]))
    }

    #[tokio::test(start_paused = true)]
    async fn requests_wait_side_by_side_and_are_counted() {
        let gate = gate(Duration::from_millis(500));
        let before = tokio::time::Instant::now();
        let both = || async {
            let mut pass = gate.enter(System::Vtiger, "query".into(), false).await;
            pass.leave().await;
            pass
        };
        let (first, _second) = tokio::join!(both(), both());
        assert_eq!(before.elapsed().as_millis(), 500);
        assert_eq!(gate.in_flight(), 2);
        drop(first);
        assert_eq!(gate.in_flight(), 1);
        assert_eq!(gate.counts()["vtiger query"], 2);
        assert_eq!(*gate.writes().borrow(), Writes::default());
    }

    #[tokio::test(start_paused = true)]
    async fn writes_are_told_step_by_step() {
        let gate = gate(Duration::ZERO);
        gate.slow_writes(Duration::from_millis(80));
        let before = tokio::time::Instant::now();
        let mut pass = gate.enter(System::Vtiger, "create".into(), true).await;
        assert_eq!(before.elapsed().as_millis(), 40);
        assert_eq!(*gate.writes().borrow(), Writes { begun: 1, applied: 0, answered: 0 });
        gate.line(System::Vtiger).did("Contacts", Deed::Created);
        pass.leave().await;
        assert_eq!(*gate.writes().borrow(), Writes { begun: 1, applied: 1, answered: 0 });
        assert_eq!(gate.writes().borrow().in_flight(), 1);
        drop(pass);
        assert_eq!(*gate.writes().borrow(), Writes { begun: 1, applied: 1, answered: 1 });
        assert_eq!(gate.deeds()["vtiger Contacts created"], 1);
        Line::own().did("Contacts", Deed::Created);
        assert_eq!(gate.deeds()["vtiger Contacts created"], 1);
    }
}
