//! Records that are gone, so that they are not brought back.

use super::{RecordKey, get_record, put_record, records_after};
use crate::model::{ConnectorId, Module, Side, Tomb};
use crate::store::StoreResult;
use crate::store::codec::{Code, Row, pack, unpack};
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

/// Connector, module, side, id.
pub(in crate::store) type Key = RecordKey;

pub(in crate::store) const TOMBS: TableDefinition<'static, Key, &'static [u8]> =
    TableDefinition::new("tombs");

#[derive(Serialize, Deserialize)]
struct TombV1<'a> {
    side: u8,
    id: &'a str,
    print: u128,
    run: u64,
    #[serde(borrow)]
    values: Vec<(&'a str, &'a str)>,
}

impl TombV1<'_> {
    fn into_tomb(self) -> StoreResult<Tomb> {
        Ok(Tomb {
            side: Side::read(self.side, Tomb::TABLE)?,
            id: self.id.to_owned(),
            print: self.print,
            run: self.run,
            values: self
                .values
                .into_iter()
                .map(|(field, value)| (field.to_owned(), value.to_owned()))
                .collect(),
        })
    }
}

impl Row for Tomb {
    const TABLE: &'static str = "tombs";

    fn encode(&self) -> StoreResult<Vec<u8>> {
        let v1 = TombV1 {
            side: self.side.code(),
            id: &self.id,
            print: self.print,
            run: self.run,
            values: self
                .values
                .iter()
                .map(|(field, value)| (field.as_str(), value.as_str()))
                .collect(),
        };
        pack(Self::TABLE, 1, &v1)
    }

    fn decode_version(version: u8, bytes: &[u8]) -> Option<StoreResult<Self>> {
        (version == 1).then(|| unpack::<TombV1<'_>>(Self::TABLE, bytes).and_then(TombV1::into_tomb))
    }
}

impl Writing<'_> {
    /// Remembers a record that is gone.
    pub(in crate::store) fn put_tomb(
        &mut self,
        c: ConnectorId,
        m: Module,
        tomb: &Tomb,
    ) -> StoreResult<()> {
        let key = (c, m, tomb.side, tomb.id.as_str());
        put_record(&mut self.tombs, key, tomb).map(drop)
    }
}

impl Reader {
    /// A record that is known to be gone.
    pub fn tomb(
        &self,
        c: ConnectorId,
        m: Module,
        side: Side,
        id: &str,
    ) -> StoreResult<Option<Tomb>> {
        get_record(self.tombs.open(&self.txn)?, (c, m, side, id))
    }

    /// Records of a module that are known to be gone, by side and id, after one, at most so many.
    pub fn tombs_after(
        &self,
        c: ConnectorId,
        m: Module,
        after: Option<(Side, &str)>,
        limit: usize,
    ) -> StoreResult<Vec<Tomb>> {
        records_after(self.tombs.open(&self.txn)?, c, m, after, limit)
    }
}
