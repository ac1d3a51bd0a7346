//! What can be read from the store, in one short transaction. The questions themselves stand with
//! their tables.

use super::StoreResult;
use super::tables::{
    connectors, counters, cursors, debug_log, facts, history, intents, items, links, meta, parked,
    runs, settings, skips, tombs,
};
use redb::{
    Key, ReadOnlyTable, ReadTransaction, ReadableTable, TableDefinition, TableError, Value,
};
use std::borrow::Borrow;
use std::cell::OnceCell;

/// A table of a read transaction, opened when first needed.
pub(super) struct ReadSlot<K: Key + 'static, V: Value + 'static> {
    definition: TableDefinition<'static, K, V>,
    table: OnceCell<ReadOnlyTable<K, V>>,
}

impl<K: Key + 'static, V: Value + 'static> ReadSlot<K, V> {
    fn new(definition: TableDefinition<'static, K, V>) -> Self {
        Self { definition, table: OnceCell::new() }
    }

    /// The table.
    pub(super) fn open(&self, txn: &ReadTransaction) -> StoreResult<&ReadOnlyTable<K, V>> {
        if let Some(table) = self.table.get() {
            return Ok(table);
        }
        let table = txn.open_table(self.definition)?;
        Ok(self.table.get_or_init(|| table))
    }

    /// A table that stores of older programs do not have: it is made when first written.
    pub(super) fn open_if_made(
        &self,
        txn: &ReadTransaction,
    ) -> StoreResult<Option<&ReadOnlyTable<K, V>>> {
        if let Some(table) = self.table.get() {
            return Ok(Some(table));
        }
        match txn.open_table(self.definition) {
            Ok(table) => Ok(Some(self.table.get_or_init(|| table))),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The number at a key.
pub(super) fn get<'k, K: Key + 'static>(
    table: &impl ReadableTable<K, u64>,
    key: impl Borrow<K::SelfType<'k>>,
) -> StoreResult<Option<u64>> {
    Ok(table.get(key)?.map(|number| number.value()))
}

/// A read transaction. It is dropped as soon as the closure ends.
pub struct Reader {
    pub(super) txn: ReadTransaction,
    pub(super) meta: ReadSlot<&'static str, u64>,
    pub(super) settings: ReadSlot<&'static str, &'static str>,
    pub(super) connectors: ReadSlot<u32, &'static str>,
    pub(super) facts: ReadSlot<&'static str, &'static str>,
    pub(super) links: ReadSlot<links::Key, &'static [u8]>,
    pub(super) links_by_sid: ReadSlot<links::Key, links::BySidValue>,
    pub(super) cursors: ReadSlot<cursors::Key, &'static [u8]>,
    pub(super) intents: ReadSlot<intents::Key, &'static [u8]>,
    pub(super) parked: ReadSlot<parked::Key, &'static [u8]>,
    pub(super) skips: ReadSlot<skips::Key, &'static [u8]>,
    pub(super) tombs: ReadSlot<tombs::Key, &'static [u8]>,
    pub(super) runs: ReadSlot<u64, &'static [u8]>,
    pub(super) runs_by_connector: ReadSlot<(u32, u64), ()>,
    pub(super) items: ReadSlot<items::Key, &'static [u8]>,
    pub(super) history: ReadSlot<history::Key, ()>,
    pub(super) counters: ReadSlot<counters::Key, u64>,
    pub(super) debug_log: ReadSlot<debug_log::Key, &'static [u8]>,
    pub(super) debug_sizes: ReadSlot<u32, debug_log::Size>,
}

impl Reader {
    /// A reader of this transaction.
    pub(super) fn new(txn: ReadTransaction) -> Self {
        Self {
            txn,
            meta: ReadSlot::new(meta::META),
            settings: ReadSlot::new(settings::SETTINGS),
            connectors: ReadSlot::new(connectors::CONNECTORS),
            facts: ReadSlot::new(facts::FACTS),
            links: ReadSlot::new(links::LINKS),
            links_by_sid: ReadSlot::new(links::LINKS_BY_SID),
            cursors: ReadSlot::new(cursors::CURSORS),
            intents: ReadSlot::new(intents::INTENTS),
            parked: ReadSlot::new(parked::PARKED),
            skips: ReadSlot::new(skips::SKIPS),
            tombs: ReadSlot::new(tombs::TOMBS),
            runs: ReadSlot::new(runs::RUNS),
            runs_by_connector: ReadSlot::new(runs::RUNS_BY_CONNECTOR),
            items: ReadSlot::new(items::ITEMS),
            history: ReadSlot::new(history::HISTORY),
            counters: ReadSlot::new(counters::COUNTERS),
            debug_log: ReadSlot::new(debug_log::DEBUG_LOG),
            debug_sizes: ReadSlot::new(debug_log::DEBUG_SIZES),
        }
    }
}
