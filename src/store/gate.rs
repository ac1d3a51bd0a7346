//! Suspending the store, so that the process can be stopped (Ctrl-Z): one that is stopped inside a
//! transaction would block all other processes, for as long as it pleases.
//!
//! Two doors are closed one after the other. First that of *sections*, stretches of work that
//! should not be torn apart (a batch that is announced, sent and remembered); those under way may
//! end. Then that of transactions, which take milliseconds.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Both doors of an open store.
#[derive(Debug)]
pub(super) struct Gate {
    doors: Mutex<Doors>,
    moved: Condvar,
    /// For async waiters: whether sections may begin.
    open: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Doors {
    sections_shut: bool,
    transactions_shut: bool,
    sections: usize,
    transactions: usize,
}

impl Default for Gate {
    fn default() -> Self {
        Self { doors: Mutex::default(), moved: Condvar::new(), open: watch::Sender::new(true) }
    }
}

/// A transaction may be open as long as this lives.
#[derive(Debug)]
pub(super) struct Pass(Arc<Gate>);

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.change(|doors| doors.transactions -= 1);
    }
}

/// Work that is not torn apart by a suspension, unless it takes too long; see
/// [`super::Store::section`].
#[derive(Debug)]
pub struct Section(Arc<Gate>);

impl Drop for Section {
    fn drop(&mut self) {
        self.0.change(|doors| doors.sections -= 1);
    }
}

impl Gate {
    fn doors(&self) -> MutexGuard<'_, Doors> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Doors)) {
        change(&mut self.doors());
        self.moved.notify_all();
    }

    /// Waits until transactions may be opened. Answers whether it had to wait, too.
    pub(super) fn enter(self: &Arc<Self>) -> (Pass, bool) {
        let mut doors = self.doors();
        let waited = doors.transactions_shut;
        while doors.transactions_shut {
            doors = self.moved.wait(doors).unwrap_or_else(PoisonError::into_inner);
        }
        doors.transactions += 1;
        (Pass(self.clone()), waited)
    }

    /// Waits until sections may begin, and begins one.
    pub(super) async fn section(self: &Arc<Self>) -> Section {
        let mut open = self.open.subscribe();
        loop {
            {
                let mut doors = self.doors();
                if !doors.sections_shut {
                    doors.sections += 1;
                    return Section(self.clone());
                }
            }
            // The sender lives as long as the gate.
            let _ = open.wait_for(|open| *open).await;
        }
    }

    /// Closes both doors. Sections under way get so long to end; what they do after that waits at
    /// the second door. Answers whether all of them ended.
    pub(super) fn shut(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut doors = self.doors();
        doors.sections_shut = true;
        self.open.send_replace(false);
        while doors.sections > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            doors = self.moved.wait_timeout(doors, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let whole = doors.sections == 0;
        doors.transactions_shut = true;
        while doors.transactions > 0 {
            doors = self.moved.wait(doors).unwrap_or_else(PoisonError::into_inner);
        }
        whole
    }

    /// Opens both.
    pub(super) fn open(&self) {
        self.change(|doors| {
            doors.sections_shut = false;
            doors.transactions_shut = false;
        });
        self.open.send_replace(true);
    }
}
