//! The words of the program as types: sides, modules, records, links, runs, settings. No I/O here,
//! and nothing here knows the other folders.

mod debug;
pub mod document;
mod error;
mod link;
pub mod manifest;
mod mapping;
mod module;
mod queue;
mod reason;
mod record;
mod report;
mod run;
mod settings;
mod stamp;

pub use debug::{DebugEntry, readable};
pub use error::{Remedy, UserError};
pub use link::{
    Base, COMPANIONS, Link, LinkHead, LinkOrigin, PairState, fingerprint, is_companion_id,
};
pub use mapping::{EmptyRule, Pair, PairKind, Part, Transform, UNLINKED};
pub use module::{Direction, Module, Side};
pub use queue::{Cursor, Decided, Intent, IntentKind, Parked, Skip, Tomb, Verdict};
pub use reason::{Candidate, Reason, ReasonCode};
pub use record::{Record, id_key};
pub use report::{CheckReport, ModuleCheck};
pub use run::{
    Change, ConflictRow, Counts, Held, Item, ItemStatus, ModuleCounts, Progress, Run, RunStatus,
    Trigger,
};
pub use settings::{
    Advanced, ConflictRule, Connector, ConnectorId, Crm, Deletes, Frequency, Mode, ModuleSettings,
    Period, Ratio, Retention, SecretText, SyncFrom, parse_size,
};
pub use stamp::Stamp;
#[cfg(test)]
pub(crate) use stamp::clock;
pub use syncdeck_records::{Fields, Value};
