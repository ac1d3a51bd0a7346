//! Everything the screens show, in one place. Only `update` changes it; `draw` only reads it.

mod dialogs;
mod lists;
mod place;

pub use dialogs::{Ask, Choice, CsvDialog, CsvState, Dialog, HelpView, Named, Question};
pub use lists::{DetailView, ListView, Making};

use super::commands::{Id, Place};
use super::consent::ConsentView;
use super::debug::{DebugView, ExchangeView};
use super::form::Form;
use super::history::HistoryView;
use super::keymap::Keymap;
use super::keys::Key;
use super::log::LogView;
use super::mapping::MappingView;
use super::mapping::form::PairForm;
use super::msg::{Column, ConnectorRow, Overview};
use super::next::words;
use super::queue::QueueView;
use super::theme::Theme;
use crate::catalog::{Catalog, Service};
use crate::engine::Outlooks;
use crate::model::{
    ConnectorId, Held, ItemStatus, Module, Progress, Remedy, RunStatus, Side, Stamp, UserError,
};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The smallest terminal that everything can be used on.
pub const SMALLEST: (u16, u16) = (60, 15);

/// How long a toast is shown.
pub const TOAST: Duration = Duration::from_secs(4);

/// A line of the connectors pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A connector.
    Connector(ConnectorId),
    /// *Add connector*.
    Add,
    /// The CRM.
    Crm,
}

/// The two panes of the main screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// The connectors.
    Connectors,
    /// What the tab shows.
    Body,
}

/// The tabs of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as on the screen")]
pub enum Tab {
    Log,
    Settings,
    Mapping,
    Queue,
    Debug,
}

impl Tab {
    /// All tabs, in order.
    pub const ALL: [Self; 5] = [Self::Log, Self::Settings, Self::Mapping, Self::Queue, Self::Debug];

    /// The name in the breadcrumbs and on wide screens.
    pub fn label(self) -> &'static str {
        match self {
            Self::Log => "Sync Log",
            Self::Settings => "Settings",
            Self::Mapping => "Field Mapping",
            Self::Queue => "Queue",
            Self::Debug => "Debug Log",
        }
    }
}

/// A screen above the tabs.
#[derive(Debug, Clone)]
pub enum Screen {
    /// A record list.
    List(Box<ListView>),
    /// A record.
    Detail(Box<DetailView>),
    /// A record's outcomes over all runs.
    History(Box<HistoryView>),
    /// A request and its answer.
    Exchange(Box<ExchangeView>),
    /// A connection form.
    Form(Box<Form>),
    /// A service's consent.
    Consent(Box<ConsentView>),
    /// The form of a mapping line.
    Pair(Box<PairForm>),
}

/// What a toast says about its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something went well, or is just told.
    Good,
    /// Something could not be done now.
    Warn,
}

/// A line that goes away by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// What it says.
    pub text: String,
    /// How.
    pub tone: Tone,
    /// When it goes.
    pub until: Stamp,
}

/// All that is shown.
#[derive(Debug, Clone)]
pub struct Model {
    /// The terminal's size.
    pub size: (u16, u16),
    /// How it is drawn on.
    pub theme: Theme,
    /// Which key means what.
    pub keys: Arc<Keymap>,
    /// The time zone of dates and times.
    pub zone: TimeZone,
    /// The present instant, set before each message.
    pub now: Stamp,
    /// Something changed since the last draw.
    pub dirty: bool,
    /// Changes are refused (`--read-only`).
    pub read_only: bool,
    /// The mouse is used.
    pub mouse: bool,
    /// What this instance is called (`demo`).
    pub title: Option<String>,
    /// Where files are written that are named without a folder.
    pub folder: PathBuf,
    /// The services there are.
    pub catalog: Arc<Catalog>,
    /// The CRM and the connectors.
    pub overview: Overview,
    /// Whether the overview was read.
    pub loaded: bool,
    /// What was typed before that: it is meant for what is seen then.
    pub typed_ahead: Vec<Key>,
    /// How far the syncs of this process are.
    pub progress: BTreeMap<ConnectorId, Progress>,
    /// When each connector is synced by itself next.
    pub schedule: Outlooks,
    /// That, in the words that are shown.
    pub next_words: BTreeMap<ConnectorId, String>,
    /// When a sync of another process is looked after: it may have died without a word.
    pub look_at: Stamp,
    /// Syncs that were started here and have not ended.
    pub started: BTreeSet<ConnectorId>,
    /// Syncs that were asked to stop.
    pub cancelling: BTreeSet<ConnectorId>,
    /// The line of the connectors pane.
    pub entry: Entry,
    /// The pane with the keyboard.
    pub pane: Pane,
    /// The tab.
    pub tab: Tab,
    /// The sync log.
    pub log: LogView,
    /// First visible row of both log tables.
    pub log_top: usize,
    /// First visible line of the other tabs.
    pub scroll: usize,
    /// The mapping editor.
    pub mapping: MappingView,
    /// The queue of the chosen connector.
    pub queue: QueueView,
    /// The debug log of the chosen connector.
    pub debug: DebugView,
    /// The screens above the tabs.
    pub screens: Vec<Screen>,
    /// The dialogs above all.
    pub dialogs: Vec<Dialog>,
    /// The toast.
    pub toast: Option<Toast>,
    /// The program is leaving; syncs finish what is in flight.
    pub leaving: bool,
    /// A connector that was added and is to be chosen when it appears.
    pub expected: Option<String>,
    /// How lists of each kind were sorted last, by the statuses that they hold.
    pub sorts: BTreeMap<Vec<ItemStatus>, (Column, bool)>,
    /// The last number given to a form, a log or a question for links.
    pub serial: u64,
    /// The question for links whose answer is to be copied, and which side.
    pub copying: Option<(u64, Side)>,
    /// Whether an overview is being read, and whether another one must follow.
    pub reading: (bool, bool),
}

impl Model {
    /// The model at the start, before anything was read.
    pub fn new(catalog: Arc<Catalog>, theme: Theme, zone: TimeZone, size: (u16, u16)) -> Self {
        Self {
            size,
            theme,
            keys: Arc::default(),
            zone,
            now: Stamp(0),
            dirty: true,
            read_only: false,
            mouse: false,
            title: None,
            folder: PathBuf::from("."),
            catalog,
            overview: Overview::default(),
            typed_ahead: Vec::new(),
            loaded: false,
            progress: BTreeMap::new(),
            schedule: Outlooks::new(),
            next_words: BTreeMap::new(),
            look_at: Stamp(0),
            started: BTreeSet::new(),
            cancelling: BTreeSet::new(),
            entry: Entry::Add,
            pane: Pane::Connectors,
            tab: Tab::Log,
            log: LogView::default(),
            log_top: 0,
            scroll: 0,
            mapping: MappingView::default(),
            queue: QueueView::default(),
            debug: DebugView::default(),
            screens: Vec::new(),
            dialogs: Vec::new(),
            toast: None,
            leaving: false,
            expected: None,
            sorts: BTreeMap::new(),
            serial: 0,
            copying: None,
            reading: (false, false),
        }
    }

    /// The key of a command at a place, for a sentence.
    pub fn key(&self, id: Id, place: Place) -> String {
        self.keys.told(id, place, "")
    }

    /// The same, where a sentence would rather name this one of its keys.
    pub fn key_like(&self, id: Id, place: Place, usual: &str) -> String {
        self.keys.told(id, place, usual)
    }

    /// The key that takes a filter away here.
    pub fn key_to_clear(&self) -> String {
        match self.place() {
            Place::Filter => self.key_like(Id::InputCancel, Place::Filter, "esc"),
            place => self.key_like(Id::Back, place, "esc"),
        }
    }

    /// A number that was not given before.
    pub fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Whether the terminal is too small for anything.
    pub fn too_small(&self) -> bool {
        self.size.0 < SMALLEST.0 || self.size.1 < SMALLEST.1
    }

    /// The lines of the connectors pane.
    pub fn entries(&self) -> Vec<Entry> {
        let connectors = self.overview.connectors.iter().map(|c| Entry::Connector(c.connector.id));
        connectors.chain([Entry::Add, Entry::Crm]).collect()
    }

    /// A connector by number.
    pub fn row(&self, id: ConnectorId) -> Option<&ConnectorRow> {
        self.overview.connectors.iter().find(|row| row.connector.id == id)
    }

    /// The chosen connector.
    pub fn chosen(&self) -> Option<&ConnectorRow> {
        match self.entry {
            Entry::Connector(id) => self.row(id),
            Entry::Add | Entry::Crm => None,
        }
    }

    /// The service of a connector.
    pub fn service(&self, id: ConnectorId) -> Option<&Service> {
        self.row(id).and_then(|row| self.catalog.service(&row.connector.service))
    }

    /// What a side is called.
    pub fn side_label(&self, id: ConnectorId, side: Side) -> &str {
        match side {
            Side::Vtiger => "Vtiger",
            Side::Service => self.service(id).map_or("the service", |s| s.label.as_str()),
        }
    }

    /// How far a connector's sync is, if one runs: here, or in another process.
    pub fn running(&self, id: ConnectorId) -> Option<Progress> {
        if let Some(progress) = self.progress.get(&id) {
            return Some(progress.clone());
        }
        let row = self.row(id);
        let last = row.and_then(|row| row.last.as_ref());
        let held = row.is_some_and(|row| row.holder.is_some());
        match last {
            Some(run) if run.status == RunStatus::Running && held => {
                Some(run.progress.clone().unwrap_or_default())
            }
            _ if self.started.contains(&id) => {
                Some(Progress { step: "starting".into(), ..Progress::default() })
            }
            _ => None,
        }
    }

    /// Why nothing can be changed, if that is so.
    pub fn locked(&self) -> Option<&'static str> {
        if self.read_only { Some("SyncDeck was started with --read-only.") } else { None }
    }

    /// Why settings cannot be changed, if that is so.
    pub fn settings_locked(&self) -> Option<&'static str> {
        match (self.locked(), self.overview.admin) {
            (Some(why), _) => Some(why),
            (None, Some(false)) => Some(
                "The CRM's user is no administrator: only the CRM's connection can be changed.",
            ),
            _ => None,
        }
    }

    /// Why this cannot be done with the CRM's user, or at all, if that is so.
    pub fn settings_locked_to(&self, doing: &str) -> Option<String> {
        match (self.locked(), self.overview.admin) {
            (Some(why), _) => Some(why.to_owned()),
            (None, Some(false)) => {
                Some(format!("The CRM's user is no administrator, and only one may {doing}."))
            }
            _ => None,
        }
    }

    /// The enabled modules of the chosen connector, in the order of a run.
    pub fn modules(&self) -> Vec<Module> {
        let row = self.chosen();
        row.map(|r| {
            r.connector.modules.iter().filter(|(_, m)| m.enabled).map(|(m, _)| *m).collect()
        })
        .unwrap_or_default()
    }

    /// Says something for four seconds.
    pub fn say(&mut self, tone: Tone, text: impl Into<String>) {
        let until = self.now.plus(TOAST);
        self.toast = Some(Toast { text: text.into(), tone, until });
        self.dirty = true;
    }

    /// Shows an error until it is closed. One that is on the screen already is not shown twice.
    pub fn show_error(&mut self, title: &str, error: UserError) {
        let shown =
            |dialog: &Dialog| matches!(dialog, Dialog::Error { error: e, .. } if *e == error);
        if self.dialogs.iter().any(shown) {
            return;
        }
        let title = title.to_owned();
        self.dialogs.push(Dialog::Error { title, error, about: None, scroll: 0 });
        self.dirty = true;
    }

    /// Shows an error of a connector: one that a log in mends leads there.
    pub fn show_error_of(&mut self, connector: ConnectorId, title: &str, error: UserError) {
        let login = error.remedy == Some(Remedy::LogIn)
            && self.service(connector).is_some_and(|service| !service.consent.is_empty());
        self.show_error(title, error);
        if let Some(Dialog::Error { about, .. }) = self.dialogs.last_mut() {
            *about = login.then_some(connector);
        }
    }

    /// Whether a sync runs that this process did not start.
    pub fn foreign_runs(&self) -> bool {
        let mut rows = self.overview.connectors.iter();
        rows.any(|row| row.holder.is_some() && !self.progress.contains_key(&row.connector.id))
    }

    /// The syncs of this process, whoever started them.
    pub fn ours(&self) -> BTreeSet<ConnectorId> {
        self.started.iter().chain(self.progress.keys()).copied().collect()
    }

    /// Whether visible rows are just being read.
    pub fn awaits_rows(&self) -> bool {
        match self.screens.last() {
            Some(Screen::List(view)) => view.list.awaits_rows(super::layout::list_height(self)),
            _ => false,
        }
    }

    /// Whether the first overview is still being read.
    pub fn awaits_overview(&self) -> bool {
        !self.loaded && self.reading.0
    }

    /// How long until something must be done without any message: a toast ends, other words tell
    /// when the next sync is, a sync of another process is looked after.
    pub fn next_tick(&self) -> Option<Duration> {
        let toast = self.toast.as_ref().map(|toast| toast.until.since(self.now));
        let words = self.schedule.values().filter_map(|outlook| words(outlook, self.now)?.1);
        let look = self.foreign_runs().then(|| self.look_at.since(self.now));
        let countdown = match self.screens.last() {
            Some(Screen::Consent(view)) => view.next_tick(self.now),
            _ => None,
        };
        let again = match self.screens.last() {
            Some(Screen::List(view)) => view.again.map(|at| at.since(self.now)),
            _ => None,
        };
        toast.into_iter().chain(words).chain(look).chain(countdown).chain(again).min()
    }
}

/// The word and what is said when a guard holds a run.
pub fn held_text(held: &Held) -> String {
    let what = match held.guard.as_str() {
        "deletes" => "It would delete many records at once",
        "changes" => "Very many linked records changed at once",
        "creates" => "The first sync would create very many records",
        "empty_side" => "One side has suddenly no records any more",
        "confirmed" => "More is planned now than was confirmed",
        other => return format!("{other}: {}", held.threshold),
    };
    if held.threshold.is_empty() {
        format!("{what}.")
    } else {
        format!("{what}: {}.", held.threshold)
    }
}
