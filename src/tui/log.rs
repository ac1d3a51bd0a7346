//! The sync log of one connector: its newest runs as the rows of two tables, and the cursor that
//! moves over their numbers.

use super::msg::{Part, Source};
use crate::model::{Connector, ConnectorId, ItemStatus, Module, Run, RunStatus, Side};

/// The four numbers of a row, in the order of the columns.
pub const COLUMNS: [ItemStatus; 4] =
    [ItemStatus::Created, ItemStatus::Updated, ItemStatus::Deleted, ItemStatus::Skipped];

/// How many runs are read at each end of the log, and to each side of the cursor elsewhere.
pub const RUNS: usize = 100;

/// So near to the end of what was read more is asked for, in rows.
const MARGIN: usize = 60;

/// Which runs are in memory. However many a connector has, it is never more than a few hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Window {
    /// The newest ones.
    #[default]
    Newest,
    /// Those around this one.
    Around(u64),
    /// The oldest ones.
    Oldest,
}

/// Where the cursor goes in a window that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// To its first row.
    Top,
    /// To its last row.
    Bottom,
}

/// A row of both tables: the numbers of a module in a run, or (without a module) a line that tells
/// how a run stands that did not simply complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRow {
    /// The run.
    pub run: u64,
    /// Where it stands in the runs.
    pub at: usize,
    /// The module.
    pub module: Option<Module>,
}

/// The state of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogView {
    /// Whose log it is.
    pub connector: ConnectorId,
    /// The runs in memory, newest first.
    pub runs: Vec<Run>,
    /// Whether there are newer ones.
    pub newer: bool,
    /// Whether there are older ones.
    pub more: bool,
    /// Which runs were asked for.
    pub window: Window,
    /// Others were asked for than are in memory, and where the cursor goes in them.
    pub asked: Option<Option<End>>,
    /// Which sides were written to, as far as is known.
    pub wrote: [bool; 2],
    /// Raised when another connector or window is chosen; answers to older ones are dropped.
    pub generation: u64,
    /// Whether anything was read yet.
    pub loaded: bool,
    /// The rows.
    pub rows: Vec<LogRow>,
    /// The table with the cursor.
    pub side: Option<Side>,
    /// The row with the cursor.
    pub row: usize,
    /// The number with the cursor.
    pub column: usize,
    /// A sync was just started here: the cursor goes to its numbers, until it is moved.
    pub newest: bool,
}

impl LogView {
    /// An empty log of a connector, to be read.
    pub fn of(connector: ConnectorId, generation: u64) -> Self {
        Self { connector, generation, ..Self::default() }
    }

    /// The table with the cursor.
    pub fn side(&self) -> Side {
        self.side.unwrap_or(Side::Vtiger)
    }

    /// Takes the newest runs in, and whether there are older ones; the cursor follows its run and
    /// module.
    pub fn accept(&mut self, runs: Vec<Run>, more: bool) -> bool {
        self.wrote = [false; 2];
        self.take(runs, false, more)
    }

    /// Takes runs in the midst or at the end of the log in: whether there are newer ones, and older
    /// ones.
    pub fn accept_window(&mut self, runs: Vec<Run>, newer: bool, more: bool) -> bool {
        self.take(runs, newer, more)
    }

    fn take(&mut self, runs: Vec<Run>, newer: bool, more: bool) -> bool {
        let asked = self.asked.take();
        for (wrote, side) in self.wrote.iter_mut().zip(Side::BOTH) {
            let counts = runs.iter().flat_map(|run| run.modules.values()).map(|m| m.side(side));
            *wrote |= counts.map(|c| c.written() + c.skipped).any(|count| count > 0);
        }
        let same = self.runs == runs && (self.newer, self.more) == (newer, more);
        if self.loaded && same && asked.is_none() {
            return false;
        }
        let key = self.current().map(|row| (row.run, row.module));
        self.rows = rows_of(&runs);
        self.runs = runs;
        (self.newer, self.more) = (newer, more);
        let found = |wanted| self.rows.iter().position(|row| (row.run, row.module) == wanted);
        let same_run =
            |run| self.rows.iter().position(|row| row.run == run && row.module.is_some());
        self.row = match (key, asked.flatten()) {
            (_, Some(End::Top)) => 0,
            (_, Some(End::Bottom)) => self.rows.len(),
            (Some(key), None) if !self.newest => {
                found(key).or_else(|| same_run(key.0)).unwrap_or(self.row)
            }
            // The first time, too: on the newest numbers.
            _ => self.rows.iter().position(|row| row.module.is_some()).unwrap_or(0),
        };
        self.row = self.row.min(self.rows.len().saturating_sub(1));
        self.loaded = true;
        true
    }

    /// Whether a side was written to, or would have been.
    pub fn wrote(&self, side: Side) -> bool {
        Side::BOTH.iter().zip(self.wrote).any(|(other, wrote)| *other == side && wrote)
    }

    /// The row with the cursor.
    pub fn current(&self) -> Option<LogRow> {
        self.rows.get(self.row).copied()
    }

    /// The run with the cursor.
    pub fn run(&self) -> Option<&Run> {
        self.current().and_then(|row| self.runs.get(row.at))
    }

    /// The number under the cursor: its list, and how long it is.
    pub fn number(&self) -> Option<(Source, u64)> {
        let row = self.current()?;
        let module = row.module?;
        let run = self.runs.get(row.at)?;
        let status = *COLUMNS.get(self.column)?;
        let part = Part { module, side: self.side(), status };
        Some((Source { run: run.id, parts: vec![part] }, number(run, part)))
    }

    /// The lists of one status of the module and run under the cursor, of both sides, and how many
    /// records they hold.
    pub fn both_sides(&self, status: ItemStatus) -> Option<(Source, u64)> {
        let run = self.run()?;
        let only = self.current()?.module;
        let modules = run.modules.iter().filter(|(module, _)| only.is_none_or(|m| m == **module));
        let count = modules.map(|(_, counts)| match status {
            ItemStatus::Linked => counts.linked,
            ItemStatus::Waiting => counts.waiting,
            ItemStatus::Conflict => counts.conflicts,
            ItemStatus::Created => counts.vtiger.created + counts.service.created,
            ItemStatus::Updated => counts.vtiger.updated + counts.service.updated,
            ItemStatus::Deleted => counts.vtiger.deleted + counts.service.deleted,
            ItemStatus::Skipped => counts.vtiger.skipped + counts.service.skipped,
        });
        Some((source(run, only, &[status]), count.sum()))
    }

    /// The runs that should be in memory for the cursor to go on, if others are.
    pub fn wanted(&self) -> Option<Window> {
        let near_start = self.newer && self.row < MARGIN;
        let near_end = self.more && self.row + MARGIN > self.rows.len();
        let run = self.run().filter(|_| near_start || near_end)?.id;
        (self.asked.is_none() && self.window != Window::Around(run)).then_some(Window::Around(run))
    }
}

/// The lists of some statuses of a run, of one module or all of them, and of both sides.
pub fn source(run: &Run, only: Option<Module>, statuses: &[ItemStatus]) -> Source {
    let mut parts = Vec::new();
    for module in run.modules.keys().filter(|module| only.is_none_or(|m| m == **module)) {
        for side in Side::BOTH {
            parts.extend(statuses.iter().map(|status| Part {
                module: *module,
                side,
                status: *status,
            }));
        }
    }
    Source { run: run.id, parts }
}

/// A number of the log.
pub fn number(run: &Run, part: Part) -> u64 {
    let Some(counts) = run.modules.get(&part.module).map(|m| m.side(part.side)) else {
        return 0;
    };
    match part.status {
        ItemStatus::Created => counts.created,
        ItemStatus::Updated => counts.updated,
        ItemStatus::Deleted => counts.deleted,
        ItemStatus::Skipped => counts.skipped,
        ItemStatus::Conflict | ItemStatus::Linked | ItemStatus::Waiting => 0,
    }
}

/// The side that a connector never writes, with the settings as they are now.
pub fn unwritten_side(connector: &Connector) -> Option<Side> {
    let mut enabled = connector.modules.values().filter(|m| m.enabled).peekable();
    enabled.peek()?;
    let directions: Vec<_> = enabled.map(|m| m.direction).collect();
    Side::BOTH.into_iter().find(|side| directions.iter().all(|d| !d.writes(*side)))
}

fn rows_of(runs: &[Run]) -> Vec<LogRow> {
    let mut rows = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        let plain = matches!(run.status, RunStatus::Completed | RunStatus::Running);
        if !plain || run.modules.is_empty() {
            rows.push(LogRow { run: run.id, at, module: None });
        }
        let modules = run.modules.keys().map(|m| LogRow { run: run.id, at, module: Some(*m) });
        rows.extend(modules);
    }
    rows
}

#[cfg(test)]
mod tests;
