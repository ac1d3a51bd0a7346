//! Syncs that nobody starts by hand: at the Background Sync Frequency, at a module's own period, and
//! *Immediately*, when a probe sees a change.
//!
//! `timing` says what the settings ask for, `past` what the store knows of the last runs, `plan`
//! (pure) what is due now and when to look again. `task` is the loop that does it: one job at a
//! time, so that two connectors with the same customer never create it at the same moment. Several
//! processes may run it on one store: whoever gets the lease of a connector looks again whether the
//! run is still due, and the others find it done.

mod job;
mod past;
mod plan;
mod task;
mod timing;

pub use plan::{Due, Outlook};
pub use task::{Notice, Outlooks, Scheduler};
pub use timing::effective_mode;
