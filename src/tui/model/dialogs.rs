//! What lies over the screens: questions, lists to choose from, messages, the help and the palette.

use crate::model::{Candidate, ConnectorId, Run, UserError};
use crate::tui::commands::Place;
use crate::tui::mapping::{MapDialog, MapQuestion};
use crate::tui::msg::{ExportWhat, QueueDeed};
use crate::tui::update::Pointed;
use tui_input::Input;

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Leave a form with unsaved changes.
    LeaveForm,
    /// Leave the program while syncs run.
    QuitWhileSyncing,
    /// Do what a guard holds.
    ConfirmHeld(ConnectorId, u64),
    /// Drop a held run.
    DropHeld(u64),
    /// Remove a connector.
    Remove(ConnectorId),
    /// Replace a file that is there.
    ReplaceFile,
    /// Do something with a connector's queue.
    Queue(ConnectorId, QueueDeed),
    /// Something in the mapping editor.
    Mapping(MapQuestion),
}

/// What a person can decide of an ambiguous record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// It is this one.
    Link(Candidate),
    /// It is none of them: create it.
    New,
    /// Leave it out.
    Never,
}

/// The keys of a place.
#[derive(Debug, Clone)]
pub struct HelpView {
    /// Whose keys.
    pub place: Place,
    /// Only commands with this text are shown.
    pub filter: Input,
    /// The filter is being typed.
    pub typing: bool,
    /// The chosen command.
    pub cursor: usize,
}

/// A name that has to be entered before something is done that cannot be taken back.
#[derive(Debug, Clone)]
pub struct Named {
    /// The name.
    pub wanted: String,
    /// What is entered.
    pub input: Input,
}

impl Named {
    /// One that has to be entered.
    pub fn new(wanted: impl Into<String>) -> Self {
        Self { wanted: wanted.into(), input: Input::default() }
    }

    /// Whether it is entered.
    pub fn is_entered(&self) -> bool {
        self.input.value().trim() == self.wanted
    }
}

/// A question.
#[derive(Debug, Clone)]
pub struct Question {
    /// What it is about.
    pub ask: Ask,
    /// Its heading.
    pub title: String,
    /// What would happen.
    pub text: String,
    /// What `y` does, in two words.
    pub yes: &'static str,
    /// What has to be entered instead of pressing a key, where much would be lost for good.
    pub name: Option<Named>,
}

/// How far the writing of a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CsvState {
    /// The name is being entered.
    Naming,
    /// It is written: rows so far.
    Writing(u64),
}

/// The dialog that asks for a file name.
#[derive(Debug, Clone)]
pub struct CsvDialog {
    /// What is written.
    pub what: ExportWhat,
    /// How many rows, if that is known.
    pub rows: Option<u64>,
    /// The file name.
    pub input: Input,
    /// What is wrong with it.
    pub error: Option<String>,
    /// How far it is.
    pub state: CsvState,
}

/// What lies over the screens.
#[derive(Debug, Clone)]
pub enum Dialog {
    /// The list of services to add a connector from.
    Services {
        /// The chosen one.
        cursor: usize,
    },
    /// The modules, to add all records of one to the queue.
    AddAll {
        /// The chosen one.
        cursor: usize,
    },
    /// With what an ambiguous record belongs together.
    Decide {
        /// The record.
        record: Box<Pointed>,
        /// What can be decided.
        choices: Vec<Choice>,
        /// The chosen line.
        cursor: usize,
    },
    /// What waits for a decision.
    Decisions {
        /// The chosen line.
        cursor: usize,
    },
    /// The places that mend what became of a record.
    Jump {
        /// The chosen line.
        cursor: usize,
    },
    /// A file name.
    Csv(Box<CsvDialog>),
    /// A dialog of the mapping editor.
    Mapping(Box<MapDialog>),
    /// A question.
    Confirm(Question),
    /// A held run waits for a decision.
    Held(Box<Run>),
    /// Something went wrong, or is to be read in peace.
    Error {
        /// The heading.
        title: String,
        /// What happened.
        error: UserError,
        /// The connector whose service asks for a log in again.
        about: Option<ConnectorId>,
        /// First visible line.
        scroll: usize,
    },
    /// The keys of a place.
    Help(HelpView),
    /// Commands by name.
    Palette {
        /// Where it was opened.
        place: Place,
        /// What is typed.
        input: Input,
        /// The chosen line.
        cursor: usize,
    },
}
