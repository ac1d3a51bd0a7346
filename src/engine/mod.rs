//! The sync engine: one run of one connector, from reading both sides to the moved cursor.
//!
//! [`Engine`] is the handle of the front ends. The story of a run stands in `run.rs`; reconciling
//! is a pure function.

pub mod guard;
mod handle;
mod lease;
pub mod matching;
pub mod reconcile;

pub use handle::{Engine, SyncError, SyncMode, SyncRequest};
