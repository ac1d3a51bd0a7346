//! Where the outcomes of a record stand: by its ids, in all runs. What was only planned has no
//! place here.

use super::items::{self, ITEMS};
use crate::model::{ConnectorId, Item, Module, Side, id_key};
use crate::store::StoreResult;
use crate::store::codec::{Code, Row};
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use compact_str::CompactString;
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use std::collections::BTreeSet;

/// Module, side of the id, id; run, and there side, status, place in the list.
pub(in crate::store) type Key = (u8, u8, &'static str, u64, u8, u8, u64);

pub(in crate::store) const HISTORY: TableDefinition<'static, Key, ()> =
    TableDefinition::new("history");

/// The ids by which an item is found; a plan is not looked for.
fn ids(item: &Item) -> impl Iterator<Item = (Side, CompactString)> {
    let ids = [(Side::Vtiger, &item.vtiger_id), (Side::Service, &item.service_id)];
    let ids = ids.map(|(side, id)| (!item.planned && !id.is_empty()).then(|| (side, id_key(id))));
    ids.into_iter().flatten()
}

impl Writing<'_> {
    /// Notes where an item stands.
    pub(super) fn note_outcome(&mut self, at: items::Key, item: &Item) -> StoreResult<()> {
        let (run, module, of, status, n) = at;
        for (side, id) in ids(item) {
            let key = (module, side.code(), id.as_str(), run, of, status, n);
            self.history.open()?.insert(key, ())?;
        }
        Ok(())
    }

    /// Forgets where an item stood.
    pub(super) fn forget_outcome(&mut self, at: items::Key, item: &Item) -> StoreResult<()> {
        let (run, module, of, status, n) = at;
        for (side, id) in ids(item) {
            let key = (module, side.code(), id.as_str(), run, of, status, n);
            self.history.open()?.remove(key)?;
        }
        Ok(())
    }
}

/// Notes where all items stand: what a store needs that was made without this table.
pub(in crate::store) fn note_all(txn: &WriteTransaction) -> StoreResult<()> {
    let mut writing = Writing::new(txn);
    let items = txn.open_table(ITEMS)?;
    for row in items.iter()? {
        let row = row?;
        // A row that cannot be read is told by the inspection, not here.
        if let Ok(item) = Item::decode(row.1.value()) {
            writing.note_outcome(row.0.value(), &item)?;
        }
    }
    Ok(())
}

impl Reader {
    /// What became of a record in the runs of a connector, newest first, at most so much: found by
    /// both its ids. One that was never given (empty) finds nothing.
    pub fn outcomes(
        &self,
        c: ConnectorId,
        m: Module,
        [vtiger_id, service_id]: [&str; 2],
        limit: usize,
    ) -> StoreResult<Vec<(u64, Item)>> {
        let mut places = BTreeSet::new();
        let table = self.history.open(&self.txn)?;
        for (side, id) in [(Side::Vtiger, vtiger_id), (Side::Service, service_id)] {
            if id.is_empty() {
                continue;
            }
            let (id, side) = (id_key(id), side.code());
            let first = (m.code(), side, id.as_str(), 0, 0, 0, 0);
            let last = (m.code(), side, id.as_str(), u64::MAX, u8::MAX, u8::MAX, u64::MAX);
            let mut taken = 0;
            // Ids of two connectors may be the same.
            let mut run_of = (0, false);
            for row in table.range(first..=last)?.rev() {
                let (_, _, _, run, of, status, n) = row?.0.value();
                if run_of.0 != run {
                    run_of = (run, self.run(run)?.is_some_and(|run| run.connector == c));
                }
                if run_of.1 && taken < limit {
                    places.insert((run, m.code(), of, status, n));
                    taken += 1;
                } else if taken >= limit {
                    break;
                }
            }
        }
        let items = self.items.open(&self.txn)?;
        let mut found = Vec::new();
        for place in places.into_iter().rev().take(limit) {
            if let Some(row) = items.get(place)? {
                found.push((place.0, Item::decode(row.value())?));
            }
        }
        // Within a run by time; a stable order keeps what happened at the same moment together.
        found.sort_by_key(|(run, item)| std::cmp::Reverse((*run, item.time)));
        Ok(found)
    }

    /// Whether an item is found by its ids.
    pub(in crate::store) fn is_noted(&self, at: items::Key, item: &Item) -> StoreResult<bool> {
        let (run, module, of, status, n) = at;
        let table = self.history.open(&self.txn)?;
        for (side, id) in ids(item) {
            let key = (module, side.code(), id.as_str(), run, of, status, n);
            if table.get(key)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
