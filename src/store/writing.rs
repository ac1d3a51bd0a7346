//! A write transaction at work: tables are opened when first needed, rows that many changes of a
//! batch touch (runs, counters) are loaded once and written once at the end.

use super::StoreResult;
use super::tables::counters::Counters;
use super::tables::runs::RunCache;
use super::tables::{
    BytesTable, TextTable, connectors, counters, cursors, debug_log, facts, history, intents,
    items, links, meta, parked, runs, settings, skips, tombs,
};
use redb::{Key, Table, TableDefinition, Value, WriteTransaction};

/// A table of a write transaction, opened when first needed.
pub(super) struct Slot<'t, K: Key + 'static, V: Value + 'static> {
    txn: &'t WriteTransaction,
    definition: TableDefinition<'static, K, V>,
    table: Option<Table<'t, K, V>>,
}

impl<'t, K: Key + 'static, V: Value + 'static> Slot<'t, K, V> {
    fn new(txn: &'t WriteTransaction, definition: TableDefinition<'static, K, V>) -> Self {
        Self { txn, definition, table: None }
    }

    /// The table.
    pub(super) fn open(&mut self) -> StoreResult<&mut Table<'t, K, V>> {
        match &mut self.table {
            Some(table) => Ok(table),
            slot @ None => Ok(slot.insert(self.txn.open_table(self.definition)?)),
        }
    }
}

/// A write transaction with its tables.
pub(super) struct Writing<'t> {
    /// Something that a screen shows has changed.
    pub(super) visible: bool,
    pub(super) meta: Slot<'t, &'static str, u64>,
    pub(super) settings: TextTable<'t, &'static str>,
    pub(super) connectors: TextTable<'t, u32>,
    pub(super) facts: TextTable<'t, &'static str>,
    pub(super) links: BytesTable<'t, links::Key>,
    pub(super) links_by_sid: Slot<'t, links::Key, links::BySidValue>,
    pub(super) cursors: BytesTable<'t, cursors::Key>,
    pub(super) intents: BytesTable<'t, intents::Key>,
    pub(super) parked: BytesTable<'t, parked::Key>,
    pub(super) skips: BytesTable<'t, skips::Key>,
    pub(super) tombs: BytesTable<'t, tombs::Key>,
    pub(super) runs: BytesTable<'t, u64>,
    pub(super) runs_by_connector: Slot<'t, (u32, u64), ()>,
    pub(super) items: BytesTable<'t, items::Key>,
    pub(super) history: Slot<'t, history::Key, ()>,
    pub(super) counters: Slot<'t, counters::Key, u64>,
    pub(super) debug_log: BytesTable<'t, debug_log::Key>,
    pub(super) debug_sizes: Slot<'t, u32, debug_log::Size>,
    pub(super) run_cache: RunCache,
    pub(super) counts: Counters,
}

impl<'t> Writing<'t> {
    /// Begins to work in a transaction.
    pub(super) fn new(txn: &'t WriteTransaction) -> Self {
        Self {
            visible: false,
            meta: Slot::new(txn, meta::META),
            settings: Slot::new(txn, settings::SETTINGS),
            connectors: Slot::new(txn, connectors::CONNECTORS),
            facts: Slot::new(txn, facts::FACTS),
            links: Slot::new(txn, links::LINKS),
            links_by_sid: Slot::new(txn, links::LINKS_BY_SID),
            cursors: Slot::new(txn, cursors::CURSORS),
            intents: Slot::new(txn, intents::INTENTS),
            parked: Slot::new(txn, parked::PARKED),
            skips: Slot::new(txn, skips::SKIPS),
            tombs: Slot::new(txn, tombs::TOMBS),
            runs: Slot::new(txn, runs::RUNS),
            runs_by_connector: Slot::new(txn, runs::RUNS_BY_CONNECTOR),
            items: Slot::new(txn, items::ITEMS),
            history: Slot::new(txn, history::HISTORY),
            counters: Slot::new(txn, counters::COUNTERS),
            debug_log: Slot::new(txn, debug_log::DEBUG_LOG),
            debug_sizes: Slot::new(txn, debug_log::DEBUG_SIZES),
            run_cache: RunCache::default(),
            counts: Counters::default(),
        }
    }

    /// Opens every table once, which makes those that are not there.
    pub(super) fn open_all(&mut self) -> StoreResult<()> {
        self.meta.open()?;
        self.settings.open()?;
        self.connectors.open()?;
        self.facts.open()?;
        self.links.open()?;
        self.links_by_sid.open()?;
        self.cursors.open()?;
        self.intents.open()?;
        self.parked.open()?;
        self.skips.open()?;
        self.tombs.open()?;
        self.runs.open()?;
        self.runs_by_connector.open()?;
        self.items.open()?;
        self.history.open()?;
        self.counters.open()?;
        self.debug_log.open()?;
        self.debug_sizes.open()?;
        Ok(())
    }

    /// Writes what was collected, and answers the new generation if a screen has to hear of it.
    pub(super) fn finish(mut self) -> StoreResult<Option<u64>> {
        self.flush_runs()?;
        self.flush_counts()?;
        if self.visible { self.next_number(meta::GENERATION).map(Some) } else { Ok(None) }
    }
}
