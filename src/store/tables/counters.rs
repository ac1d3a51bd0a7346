//! How many links, skips and queue entries a module has, kept in the same transaction as those,
//! so that nothing is scanned to count them.

use crate::model::{ConnectorId, Module};
use crate::store::StoreResult;
use crate::store::codec::Code;
use crate::store::reader::{Reader, get};
use crate::store::writing::Writing;
use redb::{ReadableTable, TableDefinition};
use std::collections::BTreeMap;

/// Connector, module, [`Counter`].
pub(in crate::store) type Key = (u32, u8, u8);

pub(in crate::store) const COUNTERS: TableDefinition<'static, Key, u64> =
    TableDefinition::new("counters");

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::store) enum Counter {
    Links = 1,
    Skips = 2,
    Parked = 3,
    /// Skips that wait for a decision.
    Undecided = 4,
}

/// What a batch adds to the counters.
pub(in crate::store) type Counters = BTreeMap<Key, i64>;

impl Writing<'_> {
    /// Counts one more, or one less.
    pub(super) fn count(&mut self, counter: Counter, c: ConnectorId, m: Module, by: i64) {
        *self.counts.entry((c, m.code(), counter as u8)).or_default() += by;
    }

    /// Writes what the batch added.
    pub(in crate::store) fn flush_counts(&mut self) -> StoreResult<()> {
        for (key, by) in std::mem::take(&mut self.counts) {
            if by == 0 {
                continue;
            }
            let table = self.counters.open()?;
            let now = table.get(key)?.map_or(0, |n| n.value());
            table.insert(key, now.saturating_add_signed(by))?;
        }
        Ok(())
    }

    /// Forgets the counters of a connector.
    pub(super) fn clear_counts(&mut self, c: ConnectorId) -> StoreResult<()> {
        self.counts.retain(|key, _| key.0 != c);
        self.counters.open()?.retain_in((c, 0, 0)..(c + 1, 0, 0), |_, _| false)?;
        Ok(())
    }
}

impl Reader {
    pub(super) fn counter(&self, of: Counter, c: ConnectorId, m: Module) -> StoreResult<u64> {
        let table = self.counters.open(&self.txn)?;
        Ok(get(table, (c, m.code(), of as u8))?.unwrap_or(0))
    }
}
