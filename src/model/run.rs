//! Runs, what became of each record in them, and how far a running one is.

use super::{ConnectorId, Module, Reason, Side, Stamp, UserError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// A person.
    Manual,
    /// The background sync frequency.
    Schedule,
    /// A change that a probe saw.
    Immediate,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// It runs.
    Running,
    /// It went through.
    Completed,
    /// It only showed what a sync would do.
    Preview,
    /// A guard holds it; a person decides.
    Held,
    /// A person dropped it.
    Dropped,
    /// A person cancelled it.
    Cancelled,
    /// It stopped with an error.
    Failed,
    /// The process died; the next run settles what was left open.
    Interrupted,
}

impl RunStatus {
    /// The word used in JSON and shown to people.
    pub fn key(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Preview => "preview",
            Self::Held => "held",
            Self::Dropped => "dropped",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// The four numbers of the sync log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Records created.
    pub created: u64,
    /// Records updated.
    pub updated: u64,
    /// Records deleted.
    pub deleted: u64,
    /// Records skipped.
    pub skipped: u64,
}

impl Counts {
    /// The number that counts items of this status, if one does.
    pub fn of_mut(&mut self, status: ItemStatus) -> Option<&mut u64> {
        match status {
            ItemStatus::Created => Some(&mut self.created),
            ItemStatus::Updated => Some(&mut self.updated),
            ItemStatus::Deleted => Some(&mut self.deleted),
            ItemStatus::Skipped => Some(&mut self.skipped),
            ItemStatus::Conflict | ItemStatus::Linked | ItemStatus::Waiting => None,
        }
    }

    /// Created, updated and deleted together: what was written.
    pub fn written(&self) -> u64 {
        self.created + self.updated + self.deleted
    }
}

/// The numbers of one module in one run. All but `unchanged` and `standing_skips` are counts of
/// the run's items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleCounts {
    /// Whether both systems have the module.
    pub available: bool,
    /// If not, or if it was left out: why.
    pub why: Option<String>,
    /// What was written to Vtiger.
    pub vtiger: Counts,
    /// What was written to the service.
    pub service: Counts,
    /// Pairs of records found on both sides and linked.
    pub linked: u64,
    /// Records read that had not changed.
    pub unchanged: u64,
    /// Records that wait in the queue.
    pub waiting: u64,
    /// Conflict rows.
    pub conflicts: u64,
    /// Skips that stand from earlier runs.
    pub standing_skips: u64,
}

impl Default for ModuleCounts {
    fn default() -> Self {
        Self {
            available: true,
            why: None,
            vtiger: Counts::default(),
            service: Counts::default(),
            linked: 0,
            unchanged: 0,
            waiting: 0,
            conflicts: 0,
            standing_skips: 0,
        }
    }
}

impl ModuleCounts {
    /// The counts of one side.
    pub fn side(&self, side: Side) -> &Counts {
        match side {
            Side::Vtiger => &self.vtiger,
            Side::Service => &self.service,
        }
    }

    /// Counts one more item.
    pub fn count(&mut self, side: Side, status: ItemStatus) {
        let counts = match side {
            Side::Vtiger => &mut self.vtiger,
            Side::Service => &mut self.service,
        };
        match (counts.of_mut(status), status) {
            (Some(number), _) => *number += 1,
            (None, ItemStatus::Linked) => self.linked += 1,
            (None, ItemStatus::Waiting) => self.waiting += 1,
            (None, _) => self.conflicts += 1,
        }
    }
}

/// What a guard holds a run for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Which guard: `deletes`, `changes`, `creates`, `empty_side`.
    pub guard: String,
    /// What the run would do, for people and for the later comparison, by module key and side.
    pub counts: BTreeMap<String, u64>,
    /// The limit that was passed, in words.
    pub threshold: String,
}

/// One sync of one connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The number of the run, unique in the store, ascending.
    pub id: u64,
    /// The connector.
    pub connector: ConnectorId,
    /// Its name at that time.
    pub connector_name: String,
    /// What started it.
    pub trigger: Trigger,
    /// How it stands.
    pub status: RunStatus,
    /// When it began.
    pub started: Stamp,
    /// When it ended.
    pub ended: Option<Stamp>,
    /// What a guard holds it for.
    pub held: Option<Held>,
    /// The numbers of each module, in the order of the run.
    pub modules: BTreeMap<Module, ModuleCounts>,
    /// Why it failed.
    pub error: Option<UserError>,
    /// Requests sent.
    pub requests: u64,
    /// Requests sent again.
    pub retries: u64,
    /// How far it is, while it runs.
    pub progress: Option<Progress>,
}

/// How far a running sync is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// The module it works on.
    pub module: Option<Module>,
    /// What it does: `reading Vtiger`, `comparing`, `writing`.
    pub step: String,
    /// Done so far in this step.
    pub done: u64,
    /// Out of how many, if that is known.
    pub total: Option<u64>,
    /// Records a second, over the last seconds.
    pub rate: u64,
    /// It is stopping: what is in flight is being finished.
    pub cancelling: bool,
}

/// What became of a record in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum ItemStatus {
    /// Created on that side.
    Created = 1,
    /// Updated on that side.
    Updated = 2,
    /// Deleted on that side.
    Deleted = 3,
    /// Not carried over to that side.
    Skipped = 4,
    /// A value that lost on that side.
    Conflict = 5,
    /// Found on both sides and linked.
    Linked = 6,
    /// Waits to be taken again.
    Waiting = 7,
}

impl ItemStatus {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Updated,
        Self::Deleted,
        Self::Skipped,
        Self::Conflict,
        Self::Linked,
        Self::Waiting,
    ];

    /// The word used in JSON and on the command line.
    pub fn key(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Skipped => "skipped",
            Self::Conflict => "conflict",
            Self::Linked => "linked",
            Self::Waiting => "waiting",
        }
    }
}

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field of the side that was written.
    pub field: String,
    /// What it held.
    pub before: String,
    /// What it holds now (as the system answered, where it answered).
    pub after: String,
    /// The field of the other side that it came from.
    pub from: String,
}

/// A value that lost against the other side's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictRow {
    /// The Vtiger field.
    pub field: String,
    /// What both had agreed on; `None` if they never had, or it was too long to keep.
    pub base: Option<String>,
    /// Vtiger's value.
    pub vtiger: String,
    /// The service's value.
    pub service: String,
    /// The rule that decided: `last-updated`, `vtiger`, `service`, `tie`, `one-way`.
    pub rule: String,
    /// The side whose value stays.
    pub winner: Side,
}

/// What became of one record in one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The module it is counted under.
    pub module: Module,
    /// The side whose table counts it.
    pub side: Side,
    /// What became of it.
    pub status: ItemStatus,
    /// The module of the source, in the words of the side it came from (`customers`, `Contacts`).
    pub source_module: String,
    /// The record's name.
    pub name: String,
    /// Its id in Vtiger, empty if it has none (yet).
    pub vtiger_id: String,
    /// Its id in the service, empty if it has none (yet).
    pub service_id: String,
    /// Only planned, by a preview or a held run.
    pub planned: bool,
    /// Why, for skipped and waiting ones.
    pub reason: Option<Reason>,
    /// What changed field by field.
    pub changes: Vec<Change>,
    /// For conflict rows.
    pub conflict: Option<ConflictRow>,
    /// When.
    pub time: Stamp,
}
