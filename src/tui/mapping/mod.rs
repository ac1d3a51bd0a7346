//! The field mapping editor: what it shows, and what was changed but is not saved. Everything in
//! this folder is plain data and plain functions; `update::mapping` and `draw::mapping` use them.

pub mod diff;
pub mod editor;
pub mod form;
pub mod picker;
pub mod steps;
pub mod tryout;
pub mod words;

use super::commands::Place;
use super::model::{Model, Screen, Tab};
use crate::catalog::ServiceModule;
use crate::engine::{LiveFields, TryRecord};
use crate::model::{ConnectorId, Direction, Module, ModuleSettings, Pair, Side, UserError};
use diff::DiffView;
use editor::{Row, Told};
use form::PairForm;
use picker::Picker;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tryout::TryView;
use tui_input::Input;

/// A module of a connector.
pub type Key = (ConnectorId, Module);

/// What is known of the live fields of a module.
#[derive(Debug, Clone)]
pub enum Live {
    /// They are being read.
    Loading,
    /// They could not be read.
    Failed(UserError),
    /// They were read.
    Ready(Arc<LiveFields>),
}

/// Lines that were changed and are not saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The lines that were stored when the first change was made.
    pub known: Vec<Pair>,
    /// The lines as they are to be.
    pub lines: Vec<Pair>,
    /// The lines before each change.
    pub undo: Vec<Vec<Pair>>,
}

impl Draft {
    /// Whether there is something to save.
    pub fn changed(&self) -> bool {
        self.known != self.lines
    }
}

/// The editor.
#[derive(Debug, Clone, Default)]
pub struct MappingView {
    /// The module that is shown; `None`: the first one.
    pub module: Option<Module>,
    /// The chosen one of the lines that are shown.
    pub cursor: usize,
    /// The first visible one.
    pub top: usize,
    /// Only lines with this text are shown.
    pub filter: String,
    /// The filter while it is being typed.
    pub typing: Option<Input>,
    /// What is not saved.
    pub drafts: BTreeMap<Key, Draft>,
    /// What is known of the fields.
    pub live: BTreeMap<Key, Live>,
    /// What is being saved.
    pub saving: Option<Key>,
    /// Where Esc goes back to: who jumped here from a record comes back to it.
    pub back: Option<(Tab, Vec<Screen>)>,
}

impl MappingView {
    /// Goes to another connector; what is not saved is kept.
    pub fn leave(&mut self) {
        self.module = None;
        self.cursor = 0;
        self.top = 0;
        self.filter.clear();
        self.typing = None;
        self.live.clear();
        self.back = None;
    }

    /// What is not saved, by connector and module.
    pub fn unsaved(&self) -> impl Iterator<Item = Key> + '_ {
        self.drafts.iter().filter(|(_, draft)| draft.changed()).map(|(key, _)| *key)
    }
}

/// A dialog of the editor.
#[derive(Debug, Clone)]
pub enum MapDialog {
    /// A field is chosen.
    Pick(Picker),
    /// A line is tried on a record.
    Try(Box<TryView>),
    /// What would be saved.
    Diff(DiffView),
    /// The name of a file to write or to read.
    File(FileDialog),
}

impl MapDialog {
    /// What has the keyboard.
    pub fn place(&self) -> Place {
        match self {
            Self::Pick(_) => Place::FieldPick,
            Self::Try(_) => Place::TryOut,
            Self::Diff(_) => Place::Diff,
            Self::File(_) => Place::MapFile,
        }
    }
}

/// The dialog that asks for a mapping's file.
#[derive(Debug, Clone)]
pub struct FileDialog {
    /// It is read, not written.
    pub import: bool,
    /// The file name.
    pub input: Input,
    /// What is wrong with it.
    pub error: Option<String>,
    /// It is being written or read.
    pub busy: bool,
}

/// A question of the editor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MapQuestion {
    /// Leave the form of a line without taking it over.
    LeaveLine,
    /// Take an own line away, or give a default line back, by number.
    Remove(Key, usize),
    /// Restore the default lines of a module.
    Restore(Key),
    /// Replace a file that is there.
    ReplaceFile,
    /// Leave the program though something is not saved.
    Quit,
}

/// What the editor asks of the world.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are named by their types")]
pub enum MapAsk {
    /// Read the live fields of a module.
    Fields(Key),
    /// Read records to try a line on.
    Try { serial: u64, key: Key, lines: Vec<Pair>, pair: Box<Pair> },
    /// Count the links of a module.
    Count(Key),
    /// Save the lines of a module, unless they are not what they were.
    Save { key: Key, known: Vec<Pair>, lines: Vec<Pair> },
    /// Write lines into a file.
    Export { key: Key, lines: Vec<Pair>, path: PathBuf, replace: bool },
    /// Read lines from a file.
    Import { key: Key, path: PathBuf },
}

/// What comes back.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the fields are named by their types")]
pub enum MapNews {
    /// The live fields of a module.
    Fields(Key, Result<Arc<LiveFields>, UserError>),
    /// Records to try a line on.
    Tried { serial: u64, result: Result<Vec<TryRecord>, UserError> },
    /// How many links a module has.
    Counted(Key, u64),
    /// The lines were saved, or not.
    Saved(Key, Result<(), UserError>),
    /// The file was written; `None`: it is there already.
    Exported(Option<PathBuf>),
    /// The file was read.
    Imported(Key, Vec<Pair>),
    /// A file was not written or read.
    FileFailed(UserError),
}

/// The mapping on the screen: where it comes from, and its lines.
pub struct Shown<'m> {
    /// Connector and module.
    pub key: Key,
    /// The module's asset.
    pub spec: &'m ServiceModule,
    /// The module's settings.
    pub settings: &'m ModuleSettings,
    /// The administrator's lines, saved or not.
    pub lines: &'m [Pair],
    /// The live fields, if they were read.
    pub live: Option<&'m LiveFields>,
    /// What the service is called.
    pub label: &'m str,
}

impl Shown<'_> {
    /// All lines, the defaults among them.
    pub fn rows(&self) -> Vec<Row> {
        editor::rows(self.spec, self.lines)
    }

    /// What is wrong with the lines.
    pub fn told(&self, rows: &[Row]) -> Vec<Told> {
        let labels = ["Vtiger", self.label];
        editor::told(self.spec, self.settings.direction, self.lines, rows, self.live, labels)
    }

    /// The label of a field, if it is known and says more than the name.
    pub fn field_label(&self, side: Side, path: &str) -> Option<&str> {
        let info = &self.live?.infos[usize::from(side == Side::Service)];
        let label = info.field(path)?.label.as_str();
        // Some services describe their fields in sentences: the name says more then.
        let sentence = label.ends_with(['.', '?', ':']) || label.chars().count() > 30;
        (!label.is_empty() && label != path && !sentence).then_some(label)
    }

    /// Both labels or names of a line.
    pub fn names(&self, pair: &Pair) -> [String; 2] {
        let vtiger = self.field_label(Side::Vtiger, &pair.vtiger).unwrap_or(&pair.vtiger);
        let service = match pair.service.as_slice() {
            [one] => self.field_label(Side::Service, one).unwrap_or(one).to_owned(),
            _ => pair.service_label(),
        };
        [vtiger.to_owned(), service]
    }

    /// The module's direction.
    pub fn direction(&self) -> Direction {
        self.settings.direction
    }
}

/// The modules that the editor has a tab for.
pub fn modules(model: &Model) -> Vec<Module> {
    let Some(row) = model.chosen() else { return Vec::new() };
    let Some(service) = model.catalog.service(&row.connector.service) else { return Vec::new() };
    let modules = row.connector.modules.keys();
    modules.filter(|module| service.modules.contains_key(module)).copied().collect()
}

/// The mapping that is on the screen.
pub fn shown(model: &Model) -> Option<Shown<'_>> {
    let all = modules(model);
    let chosen = model.mapping.module.filter(|module| all.contains(module));
    let enabled = model.modules().into_iter().find(|module| all.contains(module));
    let module = chosen.or(enabled).or_else(|| all.first().copied())?;
    let row = model.chosen()?;
    of(model, (row.connector.id, module))
}

/// The mapping of any module.
pub fn of(model: &Model, key: Key) -> Option<Shown<'_>> {
    let (id, module) = key;
    let row = model.row(id)?;
    let service = model.catalog.service(&row.connector.service)?;
    let spec = service.modules.get(&module)?;
    let settings = row.connector.modules.get(&module)?;
    let lines = model.mapping.drafts.get(&key).map_or(&settings.mapping, |draft| &draft.lines);
    let live = match model.mapping.live.get(&key) {
        Some(Live::Ready(live)) => Some(live.as_ref()),
        _ => None,
    };
    Some(Shown { key, spec, settings, lines, live, label: &service.label })
}

/// The lines that the filter lets through, by number among all.
pub fn visible(view: &MappingView, shown: &Shown<'_>, rows: &[Row]) -> Vec<usize> {
    let text = view.filter.trim().to_lowercase();
    let (text, wanted) = match text.strip_prefix('!') {
        Some(rest) => (rest.to_owned(), false),
        None => (text, true),
    };
    let holds = |row: &Row| {
        let [vtiger, service] = shown.names(&row.pair);
        let parts = [
            vtiger.as_str(),
            &service,
            &row.pair.vtiger,
            &row.pair.service_label(),
            &row.pair.description,
            row.state(),
            words::kind(row.pair.kind),
        ]
        .map(str::to_lowercase);
        parts.iter().any(|part| part.contains(&text))
    };
    let all = rows.iter().enumerate();
    all.filter(|(_, row)| text.is_empty() || holds(row) == wanted).map(|(at, _)| at).collect()
}

/// The line under the cursor, with its number among all.
pub fn current(model: &Model) -> Option<(usize, Row)> {
    let shown = shown(model)?;
    let rows = shown.rows();
    let at = *visible(&model.mapping, &shown, &rows).get(model.mapping.cursor)?;
    rows.into_iter().nth(at).map(|row| (at, row))
}

/// The form of a line that is on the screen.
pub fn form(model: &Model) -> Option<&PairForm> {
    match model.screens.last() {
        Some(Screen::Pair(form)) => Some(form),
        _ => None,
    }
}
