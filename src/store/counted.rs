//! Counts what a thread reads, so that tests can tell a look-up from a scan without a clock.

use std::cell::Cell;

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Read {
    /// Transactions begun.
    pub transactions: usize,
    /// Rows of runs.
    pub runs: usize,
    /// Rows of outcomes.
    pub items: usize,
}

thread_local! {
    static READ: Cell<Read> = const { Cell::new(Read { transactions: 0, runs: 0, items: 0 }) };
}

/// Notes that something was read.
pub fn note(change: impl FnOnce(&mut Read)) {
    let mut read = READ.get();
    change(&mut read);
    READ.set(read);
}

/// What this thread has read since it was asked last.
pub fn read() -> Read {
    READ.take()
}
