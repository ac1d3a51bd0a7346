//! The sync log of one connector: its newest runs as the rows of two tables, and the cursor that
//! moves over their numbers.

use super::msg::{Part, Source};
use crate::model::{Connector, ConnectorId, ItemStatus, Module, Run, RunStatus, Side};

/// The four numbers of a row, in the order of the columns.
pub const COLUMNS: [ItemStatus; 4] =
    [ItemStatus::Created, ItemStatus::Updated, ItemStatus::Deleted, ItemStatus::Skipped];

/// How many runs are read at first, and how many more when the cursor nears the end.
pub const RUNS: usize = 100;

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
    /// The runs read so far, newest first.
    pub runs: Vec<Run>,
    /// Whether there are older ones.
    pub more: bool,
    /// How many were asked for.
    pub limit: usize,
    /// Raised when another connector is chosen; answers to older ones are dropped.
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
        Self { connector, generation, limit: RUNS, ..Self::default() }
    }

    /// The table with the cursor.
    pub fn side(&self) -> Side {
        self.side.unwrap_or(Side::Vtiger)
    }

    /// Takes newly read runs in; the cursor follows its run and module.
    pub fn accept(&mut self, runs: Vec<Run>, more: bool) -> bool {
        if self.loaded && self.runs == runs && self.more == more {
            return false;
        }
        let key = self.current().map(|row| (row.run, row.module));
        self.rows = rows_of(&runs);
        self.runs = runs;
        self.more = more;
        let found = |wanted| self.rows.iter().position(|row| (row.run, row.module) == wanted);
        let same_run =
            |run| self.rows.iter().position(|row| row.run == run && row.module.is_some());
        self.row = match key {
            Some(key) if !self.newest => found(key).or_else(|| same_run(key.0)).unwrap_or(self.row),
            // The first time, too: on the newest numbers.
            _ => self.rows.iter().position(|row| row.module.is_some()).unwrap_or(0),
        };
        self.row = self.row.min(self.rows.len().saturating_sub(1));
        self.loaded = true;
        true
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

    /// Whether more runs should be read for the cursor to go on.
    pub fn wants_more(&self) -> bool {
        self.more && self.row + 30 > self.rows.len()
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
