//! The sync engine: one run of one connector, from reading both sides to the moved cursor.
//!
//! [`Engine`] is the handle of the front ends. The story of a run stands in `run.rs`; matching,
//! reconciling, planning and the guard are pure functions.

mod apply;
mod companions;
mod context;
mod debug_log;
mod decisions;
mod deletes;
mod echo;
pub mod external_ids;
mod fields;
mod fresh;
mod guard;
mod handle;
mod lease;
mod links;
mod lookup;
pub mod matching;
mod module;
mod outcome;
mod plan;
mod planned;
#[cfg(test)]
mod proof;
mod pull;
pub mod queue;
mod recheck;
pub mod reconcile;
mod references;
mod remember;
mod remotes;
mod run;
mod safeguards;
mod schedule;
mod send;
mod sent;
mod settle;
mod staged;
mod tokens;
mod units;
mod urls;
mod verify;

pub use fields::{LiveFields, TryRecord};
pub use handle::{Engine, SyncError, SyncMode, SyncRequest};
pub use lease::{Holder, Lease, LeaseError};
pub use remotes::{HttpRemotes, Remotes};
pub use schedule::{Due, Notice, Outlook, Outlooks, Scheduler, effective_mode};
pub use urls::RecordUrls;
pub use verify::{Differs, LinkFinding, Problem, VerifiedModule};
