//! Numbers about the store itself: schema version, generation, next ids.

use crate::store::codec::damaged;
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use crate::store::{StoreResult, reader::get};
use redb::TableDefinition;

pub(in crate::store) const META: TableDefinition<'static, &'static str, u64> =
    TableDefinition::new("meta");

/// The version of the tables' layout.
pub(in crate::store) const SCHEMA: &str = "schema";
/// Grows with every commit that changes what a screen shows.
pub(in crate::store) const GENERATION: &str = "generation";
/// The last run's number.
pub(in crate::store) const LAST_RUN: &str = "last_run";
/// The last connector's number.
pub(in crate::store) const LAST_CONNECTOR: &str = "last_connector";

/// The schema that this program reads and writes.
pub(in crate::store) const OUR_SCHEMA: u64 = 3;

impl Writing<'_> {
    /// A number of the store; 0 if it was never set.
    pub(in crate::store) fn number(&mut self, name: &str) -> StoreResult<u64> {
        use redb::ReadableTable;
        Ok(self.meta.open()?.get(name)?.map_or(0, |n| n.value()))
    }

    /// Sets a number of the store.
    pub(in crate::store) fn set_number(&mut self, name: &str, to: u64) -> StoreResult<()> {
        self.meta.open()?.insert(name, to)?;
        Ok(())
    }

    /// Counts a number up and answers it.
    pub(in crate::store) fn next_number(&mut self, name: &str) -> StoreResult<u64> {
        let next = self.number(name)? + 1;
        self.set_number(name, next)?;
        Ok(next)
    }
}

impl Reader {
    /// The generation at the time of this read.
    pub fn generation(&self) -> StoreResult<u64> {
        Ok(get(self.meta.open(&self.txn)?, GENERATION)?.unwrap_or(0))
    }

    /// The generation of a store whose tables are all of our schema.
    pub(in crate::store) fn ready_generation(&self, ours: u64) -> StoreResult<u64> {
        match get(self.meta.open(&self.txn)?, SCHEMA)? {
            Some(schema) if schema == ours => self.generation(),
            _ => Err(damaged("meta")),
        }
    }
}
