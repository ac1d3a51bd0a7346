//! What reaches the screens (messages) and what they ask of the world (effects). Both are data, so
//! that everything between them can be tested without a terminal, a store or an engine.

mod export;

pub use export::{ExportRequest, ExportWhat, Exported};

use super::consent::{ConsentAsk, ConsentNews};
use super::debug::{DebugAsk, DebugNews};
use super::keys::Key;
use super::log::Window;
use super::mapping::{MapAsk, MapNews};
use super::order::Order;
use super::sift::Sift;
use crate::engine::queue::{Act, Entry, Select};
use crate::engine::{Holder, Outlooks, SyncMode};
use crate::model::{
    CheckReport, Connector, ConnectorId, Crm, Item, ItemStatus, Module, Progress, Run, Side,
    UserError,
};
use crate::store::Belongings;
use std::collections::BTreeMap;
use std::fmt;

/// One of the dense lists that the store keeps of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The module.
    pub module: Module,
    /// The side whose table counts it.
    pub side: Side,
    /// What became of the records.
    pub status: ItemStatus,
}

/// What a record list shows: one or more lists of a run, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The run.
    pub run: u64,
    /// Its lists.
    pub parts: Vec<Part>,
}

/// Which row of a [`Source`]: the part, and the position in it. It stays the same while lists grow,
/// so the cursor follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey(u64);

impl RowKey {
    const POSITION_BITS: u32 = 48;

    /// The row at a position of a part.
    pub fn new(part: usize, position: u64) -> Self {
        let part = u64::try_from(part).unwrap_or(0);
        Self((part << Self::POSITION_BITS) | position)
    }

    /// The part.
    pub fn part(self) -> usize {
        usize::try_from(self.0 >> Self::POSITION_BITS).unwrap_or(0)
    }

    /// The position in it.
    pub fn position(self) -> u64 {
        self.0 & ((1 << Self::POSITION_BITS) - 1)
    }

    /// The key as a number; they are in the order of the rows in the store.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The key of a number.
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }
}

/// A row of a record list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub key: RowKey,
    /// The record.
    pub item: Item,
}

/// A column of a record list that it can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The module of the source.
    SourceModule,
    /// The record's name.
    Name,
    /// What became of it (in lists of several statuses).
    Status,
    /// Its id in Vtiger.
    VtigerId,
    /// Its id in the service.
    ServiceId,
    /// When.
    Time,
    /// Why (for skipped and waiting ones).
    Reason,
}

/// An order and a filter for a record list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Arrangement {
    /// The filter as it was typed.
    pub filter: String,
    /// What it means.
    pub sift: Sift,
    /// Sorted by this column, and whether downwards.
    pub sort: Option<(Column, bool)>,
}

impl Arrangement {
    /// Whether the list is shown as the store has it.
    pub fn is_natural(&self) -> bool {
        self.sift.takes_all() && self.sort.is_none()
    }

    /// Whether both show the same rows in the same order.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        (&self.sift, self.sort) == (&other.sift, other.sort)
    }
}

/// Asks for rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Of which list.
    pub source: Source,
    /// In which order; `None`: the store's.
    pub order: Option<Order>,
    /// Which view of the list is shown; answers for older ones are dropped.
    pub view: u64,
    /// The index of the first row.
    pub from: u64,
    /// How many rows.
    pub count: usize,
    /// Rather the rows around this one, if it is in the order.
    pub around: Option<RowKey>,
}

/// The rows asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The request's.
    pub view: u64,
    /// How long each part was when the page was read.
    pub lengths: Vec<u64>,
    /// The index of the first row.
    pub from: u64,
    /// The rows.
    pub rows: Vec<Row>,
    /// Where the row is that was looked for, and whether it is there.
    pub around: Option<(RowKey, Option<u64>)>,
}

/// How far the making of an arrangement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    /// Rows looked at, or put in order.
    pub done: u64,
    /// Of so many.
    pub total: u64,
    /// They are being put in order; else they are looked through.
    pub sorting: bool,
}

/// An arrangement that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arranged {
    /// How long each part was then.
    pub lengths: Vec<u64>,
    /// The rows.
    pub order: Order,
}

/// A connector with what the overview tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorRow {
    /// Its settings.
    pub connector: Connector,
    /// Its newest run.
    pub last: Option<Run>,
    /// How many records wait in its queue.
    pub waiting: u64,
    /// How many skips stand, by module.
    pub skips: BTreeMap<Module, u64>,
    /// How many records wait for a decision.
    pub undecided: u64,
    /// Who syncs it, if its newest run has not ended.
    pub holder: Option<Holder>,
    /// The run that a guard holds, unless a later one went through.
    pub held: Option<Run>,
}

/// What the frame and the connectors pane show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overview {
    /// The CRM, if one is set up.
    pub crm: Option<Crm>,
    /// Whether its user is an administrator, as far as a check found out.
    pub admin: Option<bool>,
    /// The connectors, by name.
    pub connectors: Vec<ConnectorRow>,
}

/// What waits, and what is skipped until something changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueRows {
    /// The first entries that the filter takes.
    pub entries: Vec<Entry>,
    /// How many entries there are without a filter.
    pub total: u64,
    /// Whether there are more entries.
    pub more: bool,
}

/// What is done with the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are named by their types")]
pub enum QueueDeed {
    /// Retry or drop entries.
    Change(Select, Act),
    /// Take every record of a module again.
    All(Module),
    /// Link two records.
    Link { module: Module, vtiger_id: String, service_id: String },
    /// Create a record though others look like it.
    New { module: Module, side: Side, id: String },
    /// Never sync a record.
    Never { module: Module, side: Side, id: String },
}

/// What is done with a connector as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectorDeed {
    /// Count what belongs to it, to ask whether it is to be removed.
    Count,
    /// Switch it on or off.
    Enable(bool),
    /// Remove it.
    Remove,
}

/// Which settings a form edits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The CRM's connection.
    Crm,
    /// A connector's connection.
    Connector(ConnectorId),
    /// A connector that is being added.
    New,
}

/// What stands in a field of a form.
#[derive(Clone, PartialEq, Eq)]
pub enum Entered {
    /// What is stored stays.
    Keep,
    /// This, and whether the field is a secret one.
    Text(String, bool),
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("Keep"),
            Self::Text(text, false) => write!(f, "{text:?}"),
            Self::Text(_, true) => f.write_str("(secret)"),
        }
    }
}

/// A filled form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What it edits.
    pub target: Target,
    /// The service, for connectors.
    pub service: String,
    /// The connector's name, for connectors.
    pub name: String,
    /// The fields by name.
    pub values: BTreeMap<String, Entered>,
    /// The settings that were changed: path and value, as in the settings file.
    pub settings: Vec<(String, String)>,
    /// What the last check of exactly these values found out about the user, for the CRM.
    pub admin: Option<bool>,
}

/// The web pages of a record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Links {
    /// In Vtiger.
    pub vtiger: Option<String>,
    /// In the service.
    pub service: Option<String>,
}

impl Links {
    /// The page on one side.
    pub fn side(&self, side: Side) -> Option<&str> {
        match side {
            Side::Vtiger => self.vtiger.as_deref(),
            Side::Service => self.service.as_deref(),
        }
    }
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mouse {
    /// The wheel went up.
    Up,
    /// The wheel went down.
    Down,
    /// A click into this column and line.
    Click(u16, u16),
}

/// What happened.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the fields are named by their types")]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// The mouse was used.
    Mouse(Mouse),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size.
    Resize(u16, u16),
    /// A timer that the model asked for ran out.
    Tick,
    /// The process is asked to stop (SIGTSTP).
    Stop,
    /// The terminal is ours again after a stop.
    Resumed,
    /// The program is asked to end (SIGTERM, SIGHUP, the terminal went away).
    Terminate,
    /// Something that a screen may show was committed.
    StoreChanged,
    /// How far the syncs of this process are.
    Progress(BTreeMap<ConnectorId, Progress>),
    /// When each connector is synced by itself next.
    Schedule(Outlooks),
    /// The overview was read, or could not be.
    Overview(Option<Box<Overview>>),
    /// The newest runs of a connector were read; whether there are more.
    Runs { connector: ConnectorId, generation: u64, runs: Vec<Run>, more: bool },
    /// Older ones were read; whether there are newer ones, and more.
    OlderRuns { connector: ConnectorId, generation: u64, runs: Vec<Run>, newer: bool, more: bool },
    /// A page of a record list was read.
    Page(Page),
    /// An arrangement is being made.
    Arranging { generation: u64, busy: Busy },
    /// An arrangement was made, or could not be.
    Arranged { generation: u64, made: Result<Arranged, UserError> },
    /// A queue was read.
    Queue { connector: ConnectorId, filter: String, rows: QueueRows },
    /// What was asked of the queue was done: what to say.
    QueueDone(Result<String, UserError>),
    /// What the queue knows of a record.
    Standing { generation: u64, entries: Vec<Entry> },
    /// What became of a record was read.
    History { id: u64, rows: Vec<(u64, Item)> },
    /// Something about the debug log.
    Debug(DebugNews),
    /// Something about the field mapping.
    Mapping(MapNews),
    /// The web pages of a record are known.
    Links { generation: u64, links: Links },
    /// A sync or preview that was started here ended.
    SyncEnded { connector: ConnectorId, mode: SyncMode, result: Result<Box<Run>, UserError> },
    /// What belongs to a connector that is to be removed.
    Belongings { connector: ConnectorId, belongings: Belongings },
    /// What was asked of a connector was done: what to say.
    ConnectorDone(Result<String, UserError>),
    /// A held run was dropped.
    HeldDropped(Result<Box<Run>, UserError>),
    /// The ends of the stored secrets, by field.
    Tails { form: u64, tails: BTreeMap<String, String> },
    /// A connection was checked.
    Checked { form: u64, report: Result<Box<CheckReport>, UserError> },
    /// A form was saved.
    Saved { form: u64, result: Result<(), UserError> },
    /// Something about a consent.
    Consent { id: u64, news: ConsentNews },
    /// An export goes on: rows written.
    Exporting(u64),
    /// An export ended.
    Exported(Exported),
    /// Something asked for did not work.
    Failed(UserError),
}

/// What the screens ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are named by their types")]
pub enum Effect {
    /// Read the overview.
    Overview,
    /// Read some runs of a connector.
    Runs { connector: ConnectorId, generation: u64, window: Window },
    /// Read rows.
    Page(PageRequest),
    /// Filter and sort a list; a newer one takes its place.
    Arrange { source: Source, generation: u64, arrangement: Arrangement },
    /// Give up filtering and sorting.
    StopArranging,
    /// Read a connector's queue: the first entries with this text.
    Queue { connector: ConnectorId, filter: String, limit: usize },
    /// Do something with it.
    QueueDo { connector: ConnectorId, deed: QueueDeed },
    /// Ask what the queue knows of a record.
    Standing { generation: u64, connector: ConnectorId, select: Select },
    /// Read what became of a record in all runs.
    History { id: u64, connector: ConnectorId, module: Module, ids: [String; 2] },
    /// Something about the debug log.
    Debug(DebugAsk),
    /// Something about the field mapping.
    Mapping(MapAsk),
    /// Find the web pages of a record.
    Links { generation: u64, connector: ConnectorId, item: Box<Item> },
    /// Start a sync or preview.
    Sync { connector: ConnectorId, mode: SyncMode },
    /// Cancel one.
    CancelSync(ConnectorId),
    /// Start nothing by itself any more, and let what was started so finish what is in flight.
    StopSchedule,
    /// Do something with a connector.
    Connector { connector: ConnectorId, deed: ConnectorDeed },
    /// Drop a held run.
    DropHeld(u64),
    /// Find how the stored secrets of a form end.
    Tails { form: u64, target: Target },
    /// Check a connection with the values of a form.
    Check { form: u64, draft: Draft },
    /// Save a form.
    Save { form: u64, draft: Draft },
    /// Something about a consent.
    Consent { id: u64, ask: ConsentAsk },
    /// Write a CSV file.
    Export(ExportRequest),
    /// Give up writing it.
    StopExport,
    /// Put text into the terminal's clipboard.
    Copy(String),
    /// Use the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Draw everything anew.
    Redraw,
    /// Take the terminal again after a stop.
    Retake,
    /// Stop, and give the terminal back until the shell continues us.
    Suspend,
    /// Leave.
    Quit,
}
