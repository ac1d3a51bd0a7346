//! Runs: one row each, with the counts of every module and the length of every list of items.
//!
//! A batch that adds hundreds of items loads the row of its run once and writes it once.

mod row;

pub(in crate::store) use row::StoredRun;

use super::meta::LAST_RUN;
use crate::model::{
    ConnectorId, Counts, Held, Item, ItemStatus, Module, ModuleCounts, Progress, Run, RunStatus,
    Side, Stamp, UserError,
};
use crate::store::codec::Row;
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use crate::store::{StoreError, StoreResult};
use redb::{ReadableTable, TableDefinition};
use std::collections::BTreeMap;

pub(in crate::store) const RUNS: TableDefinition<'static, u64, &'static [u8]> =
    TableDefinition::new("runs");
pub(in crate::store) const RUNS_BY_CONNECTOR: TableDefinition<'static, (u32, u64), ()> =
    TableDefinition::new("runs_by_connector");

/// The runs that a batch has touched, and whether they have to be written.
pub(in crate::store) type RunCache = BTreeMap<u64, (StoredRun, bool)>;

fn no_such_run(run: u64) -> StoreError {
    StoreError::User(UserError::new(
        format!("Run {run} is not in the store."),
        "Its connector was removed, or the run was too old to be kept.",
        "Start a new sync.",
    ))
}

impl Writing<'_> {
    /// The row of a run, to be changed.
    pub(super) fn run_mut(&mut self, run: u64) -> StoreResult<&mut StoredRun> {
        use std::collections::btree_map::Entry;
        let slot = match self.run_cache.entry(run) {
            Entry::Occupied(slot) => slot.into_mut(),
            Entry::Vacant(slot) => {
                let row = self.runs.open()?.get(run)?;
                let row = row.ok_or_else(|| no_such_run(run))?;
                slot.insert((StoredRun::decode(row.value())?, true))
            }
        };
        slot.1 = true;
        Ok(&mut slot.0)
    }

    /// Stores a new run under the next number.
    pub(in crate::store) fn start_run(&mut self, mut run: Run) -> StoreResult<u64> {
        run.id = self.next_number(LAST_RUN)?;
        self.runs_by_connector.open()?.insert((run.connector, run.id), ())?;
        let id = run.id;
        self.run_cache.insert(id, (StoredRun::new(run), true));
        self.visible = true;
        Ok(id)
    }

    /// Counts an item and answers its place in its list.
    pub(super) fn count_item(&mut self, run: u64, item: &Item) -> StoreResult<u64> {
        let stored = self.run_mut(run)?;
        stored.run.modules.entry(item.module).or_default().count(item.side, item.status);
        let length = stored.length_mut(item.module, item.side, item.status);
        *length += 1;
        Ok(*length - 1)
    }

    /// Zeroes the counts of a run that is planned anew.
    pub(super) fn zero_counts(&mut self, run: u64) -> StoreResult<()> {
        let stored = self.run_mut(run)?;
        stored.lengths.clear();
        for counts in stored.run.modules.values_mut() {
            *counts = ModuleCounts {
                available: counts.available,
                why: counts.why.take(),
                ..ModuleCounts::default()
            };
        }
        Ok(())
    }

    /// Shows how far a run is.
    pub(in crate::store) fn set_progress(
        &mut self,
        run: u64,
        progress: Option<Progress>,
        requests: u64,
        retries: u64,
    ) -> StoreResult<()> {
        let stored = self.run_mut(run)?;
        stored.run.progress = progress;
        stored.run.requests = requests;
        stored.run.retries = retries;
        Ok(())
    }

    /// Adds to a module's row: records that had not changed, and skips that stand.
    pub(in crate::store) fn add_unchanged(
        &mut self,
        run: u64,
        module: Module,
        unchanged: u64,
        standing_skips: u64,
    ) -> StoreResult<()> {
        let counts = self.run_mut(run)?.run.modules.entry(module).or_default();
        counts.unchanged += unchanged;
        counts.standing_skips += standing_skips;
        Ok(())
    }

    /// Says whether a module took part.
    pub(in crate::store) fn module_row(
        &mut self,
        run: u64,
        module: Module,
        available: bool,
        why: Option<String>,
    ) -> StoreResult<()> {
        let counts = self.run_mut(run)?.run.modules.entry(module).or_default();
        counts.available = available;
        counts.why = why;
        Ok(())
    }

    /// Ends a run, or changes its status.
    pub(in crate::store) fn end_run(
        &mut self,
        run: u64,
        status: RunStatus,
        ended: Option<Stamp>,
        held: Option<Held>,
        error: Option<UserError>,
    ) -> StoreResult<()> {
        let run = &mut self.run_mut(run)?.run;
        run.status = status;
        run.ended = ended;
        run.held = held;
        run.error = error;
        if status != RunStatus::Running {
            run.progress = None;
        }
        Ok(())
    }

    /// Writes the rows of the runs that the batch has touched.
    pub(in crate::store) fn flush_runs(&mut self) -> StoreResult<()> {
        for (id, (stored, dirty)) in std::mem::take(&mut self.run_cache) {
            if dirty {
                let bytes = stored.encode()?;
                self.runs.open()?.insert(id, bytes.as_slice())?;
            }
        }
        Ok(())
    }

    /// Removes a run's row and its place in the index; its items stay.
    pub(in crate::store) fn drop_run_row(&mut self, c: ConnectorId, run: u64) -> StoreResult<()> {
        self.run_cache.remove(&run);
        self.runs.open()?.remove(run)?;
        self.runs_by_connector.open()?.remove((c, run))?;
        Ok(())
    }

    /// Removes the runs of a connector with their items.
    pub(super) fn clear_runs(&mut self, c: ConnectorId) -> StoreResult<()> {
        let runs = self
            .runs_by_connector
            .open()?
            .range((c, 0)..(c + 1, 0))?
            .map(|row| Ok(row?.0.value().1))
            .collect::<StoreResult<Vec<u64>>>()?;
        for run in runs {
            self.drop_run_row(c, run)?;
            self.drop_items(run)?;
        }
        Ok(())
    }
}

impl Reader {
    fn stored_run(&self, run: u64) -> StoreResult<Option<StoredRun>> {
        #[cfg(test)]
        crate::store::counted::note(|read| read.runs += 1);
        self.runs.open(&self.txn)?.get(run)?.map(|row| StoredRun::decode(row.value())).transpose()
    }

    /// A run.
    pub fn run(&self, run: u64) -> StoreResult<Option<Run>> {
        Ok(self.stored_run(run)?.map(|stored| stored.run))
    }

    /// How many items one list of a run has. Does not scan.
    pub fn item_count(
        &self,
        run: u64,
        m: Module,
        side: Side,
        status: ItemStatus,
    ) -> StoreResult<u64> {
        Ok(self.stored_run(run)?.map_or(0, |stored| stored.length(m, side, status)))
    }

    /// How many items each of these lists of a run has. Does not scan.
    pub fn item_counts(
        &self,
        run: u64,
        lists: &[(Module, Side, ItemStatus)],
    ) -> StoreResult<Vec<u64>> {
        let stored = self.stored_run(run)?;
        let length = |(m, side, status)| stored.as_ref().map_or(0, |s| s.length(m, side, status));
        Ok(lists.iter().copied().map(length).collect())
    }

    /// Runs of a connector, oldest first, after a run number, at most so many.
    pub fn runs_after(&self, c: ConnectorId, after: u64, limit: usize) -> StoreResult<Vec<Run>> {
        let index = self.runs_by_connector.open(&self.txn)?;
        let mut runs = Vec::new();
        for row in index.range((c, after.saturating_add(1))..(c + 1, 0))?.take(limit) {
            let id = row?.0.value().1;
            runs.extend(self.run(id)?);
        }
        Ok(runs)
    }

    /// Runs, newest first, of one connector or all, before a run number, at most so many.
    pub fn runs_before(
        &self,
        c: Option<ConnectorId>,
        before: Option<u64>,
        limit: usize,
    ) -> StoreResult<Vec<Run>> {
        let end = before.unwrap_or(u64::MAX);
        let Some(c) = c else {
            return self
                .runs
                .open(&self.txn)?
                .range(..end)?
                .rev()
                .take(limit)
                .map(|row| Ok(StoredRun::decode(row?.1.value())?.run))
                .collect();
        };
        let index = self.runs_by_connector.open(&self.txn)?;
        let mut runs = Vec::new();
        for row in index.range((c, 0)..(c, end))?.rev().take(limit) {
            let id = row?.0.value().1;
            runs.extend(self.run(id)?);
        }
        Ok(runs)
    }
}

/// The four counts as stored.
fn counts_to_v1(counts: Counts) -> [u64; 4] {
    [counts.created, counts.updated, counts.deleted, counts.skipped]
}

/// The four counts as in the model.
fn counts_from_v1([created, updated, deleted, skipped]: [u64; 4]) -> Counts {
    Counts { created, updated, deleted, skipped }
}
