//! Deletes runs that are too old to be kept.

use super::tables::runs::StoredRun;
use super::{Reader, Store, StoreResult};
use crate::model::{ConnectorId, RunStatus, Stamp};
use redb::ReadableTable;

/// Run rows deleted in one transaction.
const ROWS: usize = 200;
/// Items deleted in one transaction.
const ITEMS: usize = 10_000;

/// Deletes old runs: first their rows, then the items that belong to no run any more. Killed in
/// between, the next call goes on.
pub(super) fn prune(store: &Store, now: Stamp) -> StoreResult<u64> {
    super::tables::debug_log::prune(store, now)?;
    let old = store.read_blocking(|reader| {
        let keep = reader.retention()?.runs;
        reader.runs_begun_before(now.minus(keep.0))
    })?;
    for chunk in old.chunks(ROWS) {
        let chunk = chunk.to_vec();
        store.write_blocking(Box::new(move |writing| {
            for (c, run) in chunk {
                writing.drop_run_row(c, run)?;
            }
            writing.visible = true;
            Ok(0)
        }))?;
    }
    // Most runs leave nothing to be dropped, and then nothing is committed.
    for run in store.read_blocking(Reader::orphaned_runs)? {
        let some = move || store.write_blocking(Box::new(move |w| w.take_items(run, ITEMS)));
        while some()? == ITEMS as u64 {}
    }
    Ok(old.len() as u64)
}

impl Reader {
    /// Finished runs that began before an instant, without the newest of each connector.
    fn runs_begun_before(&self, before: Stamp) -> StoreResult<Vec<(ConnectorId, u64)>> {
        use super::codec::Row;
        let mut old = Vec::new();
        for row in self.runs.open(&self.txn)?.iter()? {
            let run = StoredRun::decode(row?.1.value())?.run;
            // Numbers ascend in time; the first young one ends the walk.
            if run.started >= before {
                break;
            }
            let newest = self.runs_before(Some(run.connector), None, 1)?;
            let is_newest = newest.first().is_some_and(|newest| newest.id == run.id);
            if run.status != RunStatus::Running && !is_newest {
                old.push((run.connector, run.id));
            }
        }
        Ok(old)
    }
}
