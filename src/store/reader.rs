//! What can be read from the store, in one short transaction.

use super::StoreResult;
use crate::model::{
    Connector, ConnectorId, Crm, Cursor, Intent, Item, ItemStatus, Link, Module, Parked, Retention,
    Run, Side, Skip, Tomb,
};

/// A read transaction. It is dropped as soon as the closure ends.
pub struct Reader {
    _private: (),
}

impl Reader {
    /// The CRM, if one was set.
    pub fn crm(&self) -> StoreResult<Option<Crm>> {
        unimplemented!()
    }
    /// All connectors, by name.
    pub fn connectors(&self) -> StoreResult<Vec<Connector>> {
        unimplemented!()
    }
    /// A connector by number.
    pub fn connector(&self, _id: ConnectorId) -> StoreResult<Option<Connector>> {
        unimplemented!()
    }
    /// How long the past is kept.
    pub fn retention(&self) -> StoreResult<Retention> {
        unimplemented!()
    }
    /// A remembered fact.
    pub fn fact(&self, _name: &str) -> StoreResult<Option<String>> {
        unimplemented!()
    }
    /// The link of a Vtiger record.
    pub fn link_by_vtiger(
        &self,
        _c: ConnectorId,
        _m: Module,
        _id: &str,
    ) -> StoreResult<Option<Link>> {
        unimplemented!()
    }
    /// The link of a service record.
    pub fn link_by_service(
        &self,
        _c: ConnectorId,
        _m: Module,
        _id: &str,
    ) -> StoreResult<Option<Link>> {
        unimplemented!()
    }
    /// Links in the order of their Vtiger ids, after one, at most so many.
    pub fn links_after(
        &self,
        _c: ConnectorId,
        _m: Module,
        _after: Option<&str>,
        _limit: usize,
    ) -> StoreResult<Vec<Link>> {
        unimplemented!()
    }
    /// Service id and Vtiger id of links in the order of the service ids, after one.
    pub fn service_ids_after(
        &self,
        _c: ConnectorId,
        _m: Module,
        _after: Option<&str>,
        _limit: usize,
    ) -> StoreResult<Vec<(String, String)>> {
        unimplemented!()
    }
    /// How many links a module has. Does not scan.
    pub fn link_count(&self, _c: ConnectorId, _m: Module) -> StoreResult<u64> {
        unimplemented!()
    }
    /// All announced writes of a connector.
    pub fn intents(&self, _c: ConnectorId) -> StoreResult<Vec<(Module, Intent)>> {
        unimplemented!()
    }
    /// A queue entry.
    pub fn parked(
        &self,
        _c: ConnectorId,
        _m: Module,
        _side: Side,
        _id: &str,
    ) -> StoreResult<Option<Parked>> {
        unimplemented!()
    }
    /// Queue entries of a module by side and id, after one, at most so many.
    pub fn parked_after(
        &self,
        _c: ConnectorId,
        _m: Module,
        _after: Option<(Side, &str)>,
        _limit: usize,
    ) -> StoreResult<Vec<Parked>> {
        unimplemented!()
    }
    /// How many records wait in a connector's queue. Does not scan.
    pub fn parked_count(&self, _c: ConnectorId) -> StoreResult<u64> {
        unimplemented!()
    }
    /// A standing skip.
    pub fn skip(
        &self,
        _c: ConnectorId,
        _m: Module,
        _side: Side,
        _id: &str,
    ) -> StoreResult<Option<Skip>> {
        unimplemented!()
    }
    /// Standing skips of a module by side and id, after one, at most so many.
    pub fn skips_after(
        &self,
        _c: ConnectorId,
        _m: Module,
        _after: Option<(Side, &str)>,
        _limit: usize,
    ) -> StoreResult<Vec<Skip>> {
        unimplemented!()
    }
    /// How many skips of a module stand. Does not scan.
    pub fn skip_count(&self, _c: ConnectorId, _m: Module) -> StoreResult<u64> {
        unimplemented!()
    }
    /// A record that is known to be gone.
    pub fn tomb(
        &self,
        _c: ConnectorId,
        _m: Module,
        _side: Side,
        _id: &str,
    ) -> StoreResult<Option<Tomb>> {
        unimplemented!()
    }
    /// A cursor; the default one if it was never set.
    pub fn cursor(&self, _c: ConnectorId, _m: Module, _side: Side) -> StoreResult<Cursor> {
        unimplemented!()
    }
    /// A run.
    pub fn run(&self, _run: u64) -> StoreResult<Option<Run>> {
        unimplemented!()
    }
    /// Runs, newest first, of one connector or all, before a run number, at most so many.
    pub fn runs_before(
        &self,
        _c: Option<ConnectorId>,
        _before: Option<u64>,
        _limit: usize,
    ) -> StoreResult<Vec<Run>> {
        unimplemented!()
    }
    /// Items of one list of a run by position (dense from 0): one look-up for the first, then a walk.
    pub fn items(
        &self,
        _run: u64,
        _m: Module,
        _side: Side,
        _status: ItemStatus,
        _from: u64,
        _count: usize,
    ) -> StoreResult<Vec<Item>> {
        unimplemented!()
    }
}
