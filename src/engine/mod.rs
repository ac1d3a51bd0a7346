//! The sync engine: one run of one connector, from reading both sides to the moved cursor.
//!
//! [`Engine`] is the handle of the front ends. The story of a run stands in `run.rs`; reconciling
//! is a pure function.

mod handle;
pub mod reconcile;

pub use handle::{Engine, SyncError, SyncMode, SyncRequest};
