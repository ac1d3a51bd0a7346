//! Decided skips: looked at again only when the record, the mapping or the cause changes.

use super::counters::Counter;
use super::shapes::ReasonV1;
use super::{RecordKey, drop_record, get_record, put_record, records_after};
use crate::model::{ConnectorId, Module, Side, Skip};
use crate::store::StoreResult;
use crate::store::codec::{Code, Row, pack, unpack};
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

/// Connector, module, side, id.
pub(in crate::store) type Key = RecordKey;

pub(in crate::store) const SKIPS: TableDefinition<'static, Key, &'static [u8]> =
    TableDefinition::new("skips");

#[derive(Serialize, Deserialize)]
struct SkipV1<'a> {
    side: u8,
    id: &'a str,
    name: &'a str,
    #[serde(borrow)]
    reason: ReasonV1<'a>,
    print: u128,
    revision: u64,
    run: u64,
}

impl SkipV1<'_> {
    fn into_skip(self) -> StoreResult<Skip> {
        Ok(Skip {
            side: Side::read(self.side, Skip::TABLE)?,
            id: self.id.to_owned(),
            name: self.name.to_owned(),
            reason: self.reason.into_reason(Skip::TABLE)?,
            print: self.print,
            revision: self.revision,
            run: self.run,
        })
    }
}

impl Row for Skip {
    const TABLE: &'static str = "skips";

    fn encode(&self) -> StoreResult<Vec<u8>> {
        let v1 = SkipV1 {
            side: self.side.code(),
            id: &self.id,
            name: &self.name,
            reason: (&self.reason).into(),
            print: self.print,
            revision: self.revision,
            run: self.run,
        };
        pack(Self::TABLE, 1, &v1)
    }

    fn decode_version(version: u8, bytes: &[u8]) -> Option<StoreResult<Self>> {
        (version == 1).then(|| unpack::<SkipV1<'_>>(Self::TABLE, bytes).and_then(SkipV1::into_skip))
    }
}

impl Writing<'_> {
    /// Remembers a decided skip.
    pub(in crate::store) fn put_skip(
        &mut self,
        c: ConnectorId,
        m: Module,
        skip: &Skip,
    ) -> StoreResult<()> {
        if put_record(&mut self.skips, (c, m, skip.side, skip.id.as_str()), skip)? {
            self.count(Counter::Skips, c, m, 1);
        }
        Ok(())
    }

    /// Forgets a decided skip.
    pub(in crate::store) fn drop_skip(
        &mut self,
        key: (ConnectorId, Module, Side, &str),
    ) -> StoreResult<()> {
        if drop_record(&mut self.skips, key)? {
            self.count(Counter::Skips, key.0, key.1, -1);
        }
        Ok(())
    }
}

impl Reader {
    /// A standing skip.
    pub fn skip(
        &self,
        c: ConnectorId,
        m: Module,
        side: Side,
        id: &str,
    ) -> StoreResult<Option<Skip>> {
        get_record(self.skips.open(&self.txn)?, (c, m, side, id))
    }

    /// Standing skips of a module by side and id, after one, at most so many.
    pub fn skips_after(
        &self,
        c: ConnectorId,
        m: Module,
        after: Option<(Side, &str)>,
        limit: usize,
    ) -> StoreResult<Vec<Skip>> {
        records_after(self.skips.open(&self.txn)?, c, m, after, limit)
    }

    /// How many skips of a module stand. Does not scan.
    pub fn skip_count(&self, c: ConnectorId, m: Module) -> StoreResult<u64> {
        self.counter(Counter::Skips, c, m)
    }
}
