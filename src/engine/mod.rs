//! The sync engine: one run of one connector, from reading both sides to the moved cursor.
//!
//! [`Engine`] is the handle of the front ends. The story of a run stands in `run.rs`; matching,
//! reconciling, planning and the guard are pure functions.

mod apply;
mod companions;
mod context;
pub mod guard;
mod handle;
mod lease;
mod links;
mod lookup;
pub mod matching;
mod module;
mod plan;
mod pull;
pub mod reconcile;
mod remotes;
mod run;
mod send;
mod settle;
mod units;
mod urls;

pub use handle::{Engine, SyncError, SyncMode, SyncRequest};
pub use remotes::{HttpRemotes, Remotes};
pub use urls::RecordUrls;
