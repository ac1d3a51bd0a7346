//! What became of each record in a run: lists by module, side and status. Places in a list are
//! dense from 0, so position *k* is one look-up.

use super::shapes::{ChangeV1, ReasonV1};
use crate::model::{Change, ConflictRow, Item, ItemStatus, Module, Side, Stamp};
use crate::store::StoreResult;
use crate::store::codec::{Code, PassedOver, Row, decode, pack, unpack};
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use redb::{ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};

/// Run, module, side, status, place in the list.
pub(in crate::store) type Key = (u64, u8, u8, u8, u64);

pub(in crate::store) const ITEMS: TableDefinition<'static, Key, &'static [u8]> =
    TableDefinition::new("run_items");

/// `C`: what changed, or that it is passed over.
#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "C: Deserialize<'de>"))]
struct ItemV1<'a, C = Vec<ChangeV1<'a>>> {
    module: u8,
    side: u8,
    status: u8,
    source_module: &'a str,
    name: &'a str,
    vtiger_id: &'a str,
    service_id: &'a str,
    planned: bool,
    #[serde(borrow)]
    reason: Option<ReasonV1<'a>>,
    changes: C,
    #[serde(borrow)]
    conflict: Option<ConflictV1<'a>>,
    time: i64,
}

#[derive(Serialize, Deserialize)]
struct ConflictV1<'a> {
    field: &'a str,
    base: Option<&'a str>,
    vtiger: &'a str,
    service: &'a str,
    rule: &'a str,
    winner: u8,
}

impl<'a> From<&'a ConflictRow> for ConflictV1<'a> {
    fn from(row: &'a ConflictRow) -> Self {
        Self {
            field: &row.field,
            base: row.base.as_deref(),
            vtiger: &row.vtiger,
            service: &row.service,
            rule: &row.rule,
            winner: row.winner.code(),
        }
    }
}

impl ConflictV1<'_> {
    fn into_row(self) -> StoreResult<ConflictRow> {
        Ok(ConflictRow {
            field: self.field.to_owned(),
            base: self.base.map(str::to_owned),
            vtiger: self.vtiger.to_owned(),
            service: self.service.to_owned(),
            rule: self.rule.to_owned(),
            winner: Side::read(self.winner, Item::TABLE)?,
        })
    }
}

impl<C> ItemV1<'_, C> {
    fn into_item(self, changes: impl FnOnce(C) -> Vec<Change>) -> StoreResult<Item> {
        let reason = self.reason.map(|reason| reason.into_reason(Item::TABLE));
        Ok(Item {
            module: Module::read(self.module, Item::TABLE)?,
            side: Side::read(self.side, Item::TABLE)?,
            status: ItemStatus::read(self.status, Item::TABLE)?,
            source_module: self.source_module.to_owned(),
            name: self.name.to_owned(),
            vtiger_id: self.vtiger_id.to_owned(),
            service_id: self.service_id.to_owned(),
            planned: self.planned,
            reason: reason.transpose()?,
            changes: changes(self.changes),
            conflict: self.conflict.map(ConflictV1::into_row).transpose()?,
            time: Stamp(self.time),
        })
    }
}

impl Row for Item {
    const TABLE: &'static str = "run_items";

    fn encode(&self) -> StoreResult<Vec<u8>> {
        let v1: ItemV1<'_> = ItemV1 {
            module: self.module.code(),
            side: self.side.code(),
            status: self.status.code(),
            source_module: &self.source_module,
            name: &self.name,
            vtiger_id: &self.vtiger_id,
            service_id: &self.service_id,
            planned: self.planned,
            reason: self.reason.as_ref().map(ReasonV1::from),
            changes: self.changes.iter().map(ChangeV1::from).collect(),
            conflict: self.conflict.as_ref().map(ConflictV1::from),
            time: self.time.0,
        };
        pack(Self::TABLE, 1, &v1)
    }

    fn decode_version(version: u8, bytes: &[u8]) -> Option<StoreResult<Self>> {
        let changes = |all: Vec<ChangeV1<'_>>| all.into_iter().map(Change::from).collect();
        (version == 1).then(|| unpack::<ItemV1<'_>>(Self::TABLE, bytes)?.into_item(changes))
    }
}

/// An item without what changed in it, which is most of its row.
fn head(row: &[u8]) -> StoreResult<Item> {
    type HeadV1<'a> = ItemV1<'a, PassedOver<ChangeV1<'a>>>;
    decode(Item::TABLE, row, |version, bytes| {
        (version == 1).then(|| unpack::<HeadV1<'_>>(Item::TABLE, bytes)?.into_item(|_| Vec::new()))
    })
}

impl Writing<'_> {
    /// Adds an item to a run's lists and counts it in the run's row.
    pub(in crate::store) fn add_item(&mut self, run: u64, item: &Item) -> StoreResult<()> {
        let n = self.count_item(run, item)?;
        let bytes = item.encode()?;
        let key = (run, item.module.code(), item.side.code(), item.status.code(), n);
        self.items.open()?.insert(key, bytes.as_slice())?;
        self.note_outcome(key, item)
    }

    /// Removes the planned items of a run and counts the others anew: what was settled before the
    /// run was held has happened.
    pub(in crate::store) fn clear_items(&mut self, run: u64) -> StoreResult<()> {
        let mut happened = Vec::new();
        for row in self.items.open()?.range((run, 0, 0, 0, 0)..(run + 1, 0, 0, 0, 0))? {
            let item = Item::decode(row?.1.value())?;
            if !item.planned {
                happened.push(item);
            }
        }
        self.zero_counts(run)?;
        self.drop_items(run)?;
        happened.iter().try_for_each(|item| self.add_item(run, item))
    }

    /// Removes all items of a run.
    pub(super) fn drop_items(&mut self, run: u64) -> StoreResult<()> {
        self.take_items(run, usize::MAX).map(drop)
    }

    /// Removes up to so many items of a run, and answers how many there were.
    pub(in crate::store) fn take_items(&mut self, run: u64, limit: usize) -> StoreResult<u64> {
        let all = (run, 0, 0, 0, 0)..(run + 1, 0, 0, 0, 0);
        let mut taken = Vec::new();
        let mut count = 0;
        for row in self.items.open()?.extract_from_if(all, |_, _| true)?.take(limit) {
            let row = row?;
            count += 1;
            // One that cannot be read has left no other trace that could be found.
            if let Ok(item) = Item::decode(row.1.value())
                && !item.planned
            {
                taken.push((row.0.value(), item));
            }
        }
        taken.iter().try_for_each(|(at, item)| self.forget_outcome(*at, item))?;
        Ok(count)
    }
}

/// A list of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemList {
    /// The run.
    pub run: u64,
    /// The module.
    pub module: Module,
    /// The side.
    pub side: Side,
    /// The status.
    pub status: ItemStatus,
}

impl Reader {
    /// Runs that are no more, but have left items.
    pub(in crate::store) fn orphaned_runs(&self) -> StoreResult<Vec<u64>> {
        let (items, runs) = (self.items.open(&self.txn)?, self.runs.open(&self.txn)?);
        let mut orphaned = Vec::new();
        let mut from = 0;
        while let Some(first) = items.range((from, 0, 0, 0, 0)..)?.next() {
            let run = first?.0.value().0;
            from = run + 1;
            if runs.get(run)?.is_none() {
                orphaned.push(run);
            }
        }
        Ok(orphaned)
    }

    /// Items of one list of a run by position (dense from 0): one look-up for the first, then a
    /// walk.
    pub fn items(
        &self,
        run: u64,
        m: Module,
        side: Side,
        status: ItemStatus,
        from: u64,
        count: usize,
    ) -> StoreResult<Vec<Item>> {
        let list = ItemList { run, module: m, side, status };
        let mut items = Vec::new();
        self.walk_items(list, from, count, Item::decode, |item| {
            items.push(item);
            Ok(())
        })?;
        Ok(items)
    }

    /// Shows items of a list without what changed in them, one after the other: for whoever looks
    /// through all of them. Answers how many there were.
    pub fn item_heads(
        &self,
        list: ItemList,
        from: u64,
        count: usize,
        take: impl FnMut(Item) -> StoreResult<()>,
    ) -> StoreResult<usize> {
        self.walk_items(list, from, count, head, take)
    }

    fn walk_items(
        &self,
        list: ItemList,
        from: u64,
        count: usize,
        read: impl Fn(&[u8]) -> StoreResult<Item>,
        mut take: impl FnMut(Item) -> StoreResult<()>,
    ) -> StoreResult<usize> {
        let ItemList { run, module, side, status } = list;
        let key = |n| (run, module.code(), side.code(), status.code(), n);
        let rows = self.items.open(&self.txn)?.range(key(from)..key(u64::MAX))?;
        let mut taken = 0;
        for row in rows.take(count) {
            take(read(row?.1.value())?)?;
            taken += 1;
        }
        #[cfg(test)]
        crate::store::counted::note(|read| read.items += taken);
        Ok(taken)
    }
}
