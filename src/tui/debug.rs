//! The debug pane of one connector: requests and answers, newest first, of which only those around
//! the cursor are in memory. It follows what is written until the cursor is moved down.
//!
//! Entries have dense numbers in the store, so without a search the row at an index is a
//! subtraction. A search makes a list of numbers, which grows while it goes on.

use crate::model::{ConnectorId, DebugEntry, Stamp, UserError};
use crate::store::DebugExtent;
use tui_input::Input;

/// A row of the pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebugRow {
    /// Its number in the log.
    pub number: u64,
    /// When it was sent.
    pub time: Stamp,
    /// The system.
    pub system: String,
    /// The request in a few words.
    pub brief: String,
    /// The HTTP status; 0: no answer.
    pub status: u16,
    /// The length of the answer, in bytes.
    pub received: u64,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// It is a remark of the log about itself.
    pub remark: bool,
}

impl From<DebugEntry> for DebugRow {
    fn from(entry: DebugEntry) -> Self {
        Self {
            number: entry.number,
            time: entry.time,
            brief: entry.brief(),
            remark: entry.is_remark(),
            system: entry.system,
            status: entry.status,
            received: entry.received,
            millis: entry.millis,
        }
    }
}

/// Which rows are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DebugWanted {
    /// So many from a number downwards.
    From(u64, usize),
    /// These.
    These(Vec<u64>),
}

/// What the pane asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are named by their types")]
pub enum DebugAsk {
    /// Read rows, and how long the log is.
    Page { connector: ConnectorId, generation: u64, wanted: DebugWanted },
    /// Find the entries above a number that have a text; a newer search takes its place.
    Search { connector: ConnectorId, generation: u64, text: String, above: u64 },
    /// Give up searching.
    StopSearch,
    /// Read an entry in full.
    Open { connector: ConnectorId, number: u64 },
    /// Switch Debug Mode on or off.
    Switch { connector: ConnectorId, on: bool },
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are named by their types")]
pub enum DebugNews {
    /// Rows were read.
    Page { generation: u64, extent: DebugExtent, rows: Vec<DebugRow> },
    /// A search goes on: what it found since it told last, and how far it is.
    Found { generation: u64, numbers: Vec<u64>, search: Search },
    /// An entry was read; `None`: it is not kept any more.
    Opened { connector: ConnectorId, number: u64, entry: Option<Box<DebugEntry>> },
    /// Debug Mode was switched.
    Switched { name: String, on: bool, result: Result<(), UserError> },
}

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Search {
    /// Entries looked at.
    pub looked: u64,
    /// Of so many.
    pub total: u64,
    /// The newest number it looks at; what is written meanwhile is looked at afterwards.
    pub newest: u64,
    /// It is over.
    pub done: bool,
}

/// The state of the pane.
#[derive(Debug, Clone, Default)]
pub struct DebugView {
    /// Whose log it is.
    pub connector: ConnectorId,
    /// Raised by another connector or search; answers to older ones are dropped.
    pub generation: u64,
    /// How long the log is, once it was read.
    pub extent: Option<DebugExtent>,
    /// The text that is searched for.
    pub filter: String,
    /// The text while it is being typed.
    pub typing: Option<Input>,
    /// A search goes on: entries looked at, of so many.
    pub busy: Option<(u64, u64)>,
    rows: Vec<DebugRow>,
    found: Option<Vec<u64>>,
    searching: bool,
    searched: u64,
    cursor: u64,
    key: Option<u64>,
    top: u64,
    asked: Option<DebugWanted>,
}

impl DebugView {
    /// The pane of a connector, to be read.
    pub fn of(connector: ConnectorId, generation: u64) -> Self {
        Self { connector, generation, ..Self::default() }
    }

    /// How many rows are shown.
    pub fn shown(&self) -> u64 {
        match &self.found {
            Some(found) => found.len() as u64,
            None => self.total(),
        }
    }

    /// How many entries there are.
    pub fn total(&self) -> u64 {
        self.extent.map_or(0, |extent| extent.count())
    }

    /// The index of the row under the cursor.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// The index of the first visible row.
    pub fn top(&self) -> u64 {
        self.top
    }

    /// The numbers that a search found, newest first.
    pub fn found(&self) -> Option<&Vec<u64>> {
        self.found.as_ref()
    }

    /// The row at an index, if it is in memory.
    pub fn row(&self, index: u64) -> Option<&DebugRow> {
        let number = self.number_at(index)?;
        let at = self.rows.binary_search_by(|row| number.cmp(&row.number)).ok()?;
        self.rows.get(at)
    }

    /// The number of the row under the cursor.
    pub fn chosen(&self) -> Option<u64> {
        self.number_at(self.cursor)
    }

    fn number_at(&self, index: u64) -> Option<u64> {
        match &self.found {
            Some(found) => found.get(usize::try_from(index).ok()?).copied(),
            None if index < self.total() => Some(self.extent?.last - index),
            None => None,
        }
    }

    fn index_of(&self, number: u64) -> Option<u64> {
        match &self.found {
            Some(found) => {
                found.binary_search_by(|other| number.cmp(other)).ok().map(|at| at as u64)
            }
            None => {
                let extent = self.extent?;
                (extent.first..=extent.last).contains(&number).then(|| extent.last - number)
            }
        }
    }

    /// Moves the cursor to an index, in a window of this height. At the top it follows the newest.
    pub fn go(&mut self, index: u64, height: u64) {
        self.cursor = index.min(self.shown().saturating_sub(1));
        self.key = if self.cursor == 0 { None } else { self.number_at(self.cursor) };
        self.scroll(height);
    }

    fn scroll(&mut self, height: u64) {
        let height = height.max(1);
        let lowest = self.cursor.saturating_sub(height - 1);
        let last_top = self.shown().saturating_sub(height);
        self.top = self.top.clamp(lowest, self.cursor).min(last_top);
    }

    /// What to ask for so that the visible rows are in memory; `None` if they are, or if just that
    /// was asked for last: a row that cannot be had is not asked for again and again.
    pub fn want(&mut self, height: u64) -> Option<DebugWanted> {
        self.scroll(height);
        let visible = self.top..(self.top + height).min(self.shown());
        if visible.clone().all(|index| self.row(index).is_some()) {
            return None;
        }
        let wanted = self.window(height);
        if self.asked.as_ref() == Some(&wanted) {
            return None;
        }
        self.asked = Some(wanted.clone());
        Some(wanted)
    }

    /// The rows around the visible ones, to be read again because the store changed.
    pub fn window(&self, height: u64) -> DebugWanted {
        let from = self.top.saturating_sub(height);
        let count = usize::try_from(height.saturating_mul(3)).unwrap_or(usize::MAX);
        match &self.found {
            Some(found) => {
                let start = usize::try_from(from).unwrap_or(usize::MAX).min(found.len());
                let end = start.saturating_add(count).min(found.len());
                DebugWanted::These(found[start..end].to_vec())
            }
            None if from == 0 => DebugWanted::From(u64::MAX, count),
            None => DebugWanted::From(self.number_at(from).unwrap_or(u64::MAX), count),
        }
    }

    /// Takes rows in. Answers whether anything changed.
    pub fn accept(&mut self, extent: DebugExtent, rows: Vec<DebugRow>, height: u64) -> bool {
        if self.extent == Some(extent) && self.rows == rows {
            return false;
        }
        self.extent = Some(extent);
        self.rows = rows;
        if let Some(found) = &mut self.found {
            found.retain(|number| *number >= extent.first);
        }
        self.follow(height);
        true
    }

    /// Another text is searched for; an empty one shows all. Answers whether a search is needed.
    pub fn search(&mut self, text: &str, generation: u64, height: u64) -> bool {
        self.generation = generation;
        self.filter = text.to_owned();
        self.asked = None;
        self.searching = !text.is_empty();
        self.busy = self.searching.then(|| (0, self.total()));
        self.found = self.searching.then(Vec::new);
        self.searched = 0;
        self.follow(height);
        self.searching
    }

    /// The number above which is still to be searched, if a search is due.
    pub fn search_due(&mut self) -> Option<u64> {
        let due = self.found.is_some()
            && !self.searching
            && self.extent.is_some_and(|extent| extent.last > self.searched);
        self.searching |= due;
        due.then_some(self.searched)
    }

    /// Takes in what a search found.
    pub fn take_found(&mut self, numbers: Vec<u64>, search: Search, height: u64) {
        if let Some(found) = &mut self.found {
            found.extend(numbers);
            found.sort_unstable_by(|a, b| b.cmp(a));
            found.dedup();
        }
        // What is only looked at because it was just written is not worth a word.
        self.busy = (!search.done && self.searched == 0).then_some((search.looked, search.total));
        if search.done {
            self.searching = false;
            self.searched = search.newest;
        }
        self.follow(height);
    }

    /// Puts the cursor where its row is now.
    fn follow(&mut self, height: u64) {
        let offset = self.cursor.saturating_sub(self.top);
        let key = self.key;
        let index = match key {
            None => 0,
            Some(number) => self.index_of(number).unwrap_or(self.cursor),
        };
        self.top = index.saturating_sub(offset);
        self.cursor = index.min(self.shown().saturating_sub(1));
        self.scroll(height);
        // A row that a search has not come to yet is gone back to when it has.
        self.key = key;
    }
}

/// An entry in full.
#[derive(Debug, Clone)]
pub struct ExchangeView {
    /// Whose log it is in.
    pub connector: ConnectorId,
    /// Its number.
    pub number: u64,
    /// The entry, once it was read.
    pub entry: Option<Box<DebugEntry>>,
    /// It is not kept any more.
    pub gone: bool,
    /// First visible line.
    pub scroll: usize,
}

#[cfg(test)]
mod tests;
