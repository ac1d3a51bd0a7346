//! What can be changed in the store: the closed list of writes.

use crate::model::{
    Connector, ConnectorId, Crm, Cursor, DebugEntry, Held, Intent, Item, Link, Module, Parked,
    Progress, Retention, RunStatus, Side, Skip, Stamp, Tomb, UserError, Verdict,
};

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are named by their types")]
pub enum Change {
    /// Sets the CRM.
    PutCrm(Crm),
    /// Sets a connector by its number (0: the next free number is given).
    PutConnector(Box<Connector>),
    /// Removes a connector with its links, cursors, queue, runs and debug log.
    RemoveConnector(ConnectorId),
    /// Sets how long the past is kept.
    PutRetention(Retention),
    /// Remembers a small fact under a name (`vtiger.offset`, `shop.auth`); `None` forgets it.
    PutFact(String, Option<String>),
    /// Adds or replaces a link. Both ids must be free or belong to this very link.
    PutLink(ConnectorId, Module, Link),
    /// Removes a link by its Vtiger id.
    DropLink(ConnectorId, Module, String),
    /// Announces a write.
    PutIntent(ConnectorId, Module, Intent),
    /// Takes an announcement back: target side and source id.
    DropIntent(ConnectorId, Module, Side, String),
    /// Puts a record into the queue.
    PutParked(ConnectorId, Module, Parked),
    /// Takes it out.
    DropParked(ConnectorId, Module, Side, String),
    /// Remembers a decided skip. What a person decided of the record meanwhile stands.
    PutSkip(ConnectorId, Module, Skip),
    /// Forgets it, unless a person left the record out.
    DropSkip(ConnectorId, Module, Side, String),
    /// Notes of a create that a person decided on that it was sent, was not sent after all, or was
    /// refused; nothing without such a decision.
    NoteCreate(ConnectorId, Module, Side, String, Option<Verdict>),
    /// Remembers at which stamp a linked record was compared, by the Vtiger id of its link; nothing if
    /// that is gone.
    SettleLink(ConnectorId, Module, Side, String, Stamp),
    /// Remembers at which stamp the record of a standing skip was compared; nothing if that is gone.
    SettleSkip(ConnectorId, Module, Side, String, Stamp),
    /// All records of a module were taken again, as asked for at this time.
    EndAll(ConnectorId, Module, Stamp),
    /// Remembers a record that is gone.
    PutTomb(ConnectorId, Module, Tomb),
    /// Moves a cursor.
    PutCursor(ConnectorId, Module, Side, Cursor),
    /// Adds requests and answers to a connector's debug log. Their numbers are given.
    AddDebug(ConnectorId, Vec<DebugEntry>),
    /// Adds an item to a run's lists and counts it in the run's row.
    AddItem(u64, Box<Item>),
    /// Removes the planned items of a run and takes them out of its counts (a held run that is
    /// planned anew).
    ClearItems(u64),
    /// Shows how far a run is: requests and retries so far too.
    Progress { run: u64, progress: Option<Progress>, requests: u64, retries: u64 },
    /// Adds to a module's row of a run: records that had not changed, and skips that stand.
    AddUnchanged { run: u64, module: Module, unchanged: u64, standing_skips: u64 },
    /// Says whether a module took part in a run; makes its row.
    ModuleRow { run: u64, module: Module, available: bool, why: Option<String> },
    /// Ends a run, or changes its status.
    EndRun {
        run: u64,
        status: RunStatus,
        ended: Option<Stamp>,
        held: Option<Held>,
        error: Option<UserError>,
    },
}

/// Writes that are committed together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// In the order in which they are applied.
    pub changes: Vec<Change>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a write.
    pub fn push(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl From<Change> for Batch {
    fn from(change: Change) -> Self {
        Self { changes: vec![change] }
    }
}
