//! The queue: records that are taken again though nothing shows that they changed.

use super::counters::Counter;
use super::shapes::ReasonV1;
use super::{RecordKey, drop_record, get_record, put_record, records_after, records_of};
use crate::model::{ConnectorId, Module, Parked, Side, Stamp};
use crate::store::StoreResult;
use crate::store::codec::{Code, Row, pack, unpack};
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

/// Connector, module, side, id.
pub(in crate::store) type Key = RecordKey;

pub(in crate::store) const PARKED: TableDefinition<'static, Key, &'static [u8]> =
    TableDefinition::new("parked");

#[derive(Serialize, Deserialize)]
struct ParkedV1<'a> {
    side: u8,
    id: &'a str,
    name: &'a str,
    #[serde(borrow)]
    reason: Option<ReasonV1<'a>>,
    since: i64,
    tries: u32,
    next_try: i64,
}

#[derive(Serialize, Deserialize)]
struct ParkedV2<'a> {
    #[serde(borrow)]
    v1: ParkedV1<'a>,
    print: Option<u128>,
    revision: u64,
}

#[derive(Serialize, Deserialize)]
struct ParkedV3<'a> {
    #[serde(borrow)]
    v2: ParkedV2<'a>,
    gone: bool,
}

impl ParkedV3<'_> {
    fn into_parked(self) -> StoreResult<Parked> {
        Ok(Parked { gone: self.gone, ..self.v2.into_parked()? })
    }
}

impl ParkedV2<'_> {
    fn into_parked(self) -> StoreResult<Parked> {
        Ok(Parked { print: self.print, revision: self.revision, ..self.v1.into_parked()? })
    }
}

impl ParkedV1<'_> {
    fn into_parked(self) -> StoreResult<Parked> {
        Ok(Parked {
            side: Side::read(self.side, Parked::TABLE)?,
            id: self.id.to_owned(),
            name: self.name.to_owned(),
            reason: self.reason.map(|reason| reason.into_reason(Parked::TABLE)).transpose()?,
            since: Stamp(self.since),
            tries: self.tries,
            next_try: Stamp(self.next_try),
            print: None,
            revision: 0,
            gone: false,
        })
    }
}

impl Row for Parked {
    const TABLE: &'static str = "parked";

    fn encode(&self) -> StoreResult<Vec<u8>> {
        let v1 = ParkedV1 {
            side: self.side.code(),
            id: &self.id,
            name: &self.name,
            reason: self.reason.as_ref().map(ReasonV1::from),
            since: self.since.0,
            tries: self.tries,
            next_try: self.next_try.0,
        };
        let v2 = ParkedV2 { v1, print: self.print, revision: self.revision };
        pack(Self::TABLE, 3, &ParkedV3 { v2, gone: self.gone })
    }

    fn decode_version(version: u8, bytes: &[u8]) -> Option<StoreResult<Self>> {
        match version {
            1 => Some(unpack(Self::TABLE, bytes).and_then(ParkedV1::into_parked)),
            2 => Some(unpack(Self::TABLE, bytes).and_then(ParkedV2::into_parked)),
            3 => Some(unpack(Self::TABLE, bytes).and_then(ParkedV3::into_parked)),
            _ => None,
        }
    }
}

impl Writing<'_> {
    /// Puts a record into the queue.
    pub(in crate::store) fn put_parked(
        &mut self,
        c: ConnectorId,
        m: Module,
        parked: &Parked,
    ) -> StoreResult<()> {
        if put_record(&mut self.parked, (c, m, parked.side, parked.id.as_str()), parked)? {
            self.count(Counter::Parked, c, m, 1);
        }
        Ok(())
    }

    /// A queue entry.
    pub(in crate::store) fn parked_at(
        &mut self,
        key: (ConnectorId, Module, Side, &str),
    ) -> StoreResult<Option<Parked>> {
        get_record(self.parked.open()?, key)
    }

    /// Takes the entry that stands for all records of a module out of the queue, unless it was put
    /// there again since.
    pub(in crate::store) fn end_all(
        &mut self,
        c: ConnectorId,
        m: Module,
        since: Stamp,
    ) -> StoreResult<()> {
        let key = (c, m, Side::Vtiger, Parked::ALL);
        let same = self.parked_at(key)?.is_some_and(|all| all.since == since);
        if same { self.drop_parked(key) } else { Ok(()) }
    }

    /// Takes a record out of the queue.
    pub(in crate::store) fn drop_parked(
        &mut self,
        key: (ConnectorId, Module, Side, &str),
    ) -> StoreResult<()> {
        if drop_record(&mut self.parked, key)? {
            self.count(Counter::Parked, key.0, key.1, -1);
        }
        Ok(())
    }
}

impl Reader {
    /// A queue entry.
    pub fn parked(
        &self,
        c: ConnectorId,
        m: Module,
        side: Side,
        id: &str,
    ) -> StoreResult<Option<Parked>> {
        get_record(self.parked.open(&self.txn)?, (c, m, side, id))
    }

    /// Queue entries of a module by side and id, after one, at most so many.
    pub fn parked_after(
        &self,
        c: ConnectorId,
        m: Module,
        after: Option<(Side, &str)>,
        limit: usize,
    ) -> StoreResult<Vec<Parked>> {
        records_after(self.parked.open(&self.txn)?, c, m, after, limit)
    }

    /// Queue entries of a module's records of one side by id, after an id.
    pub fn parked_of(
        &self,
        c: ConnectorId,
        m: Module,
        side: Side,
        after: &str,
    ) -> StoreResult<impl Iterator<Item = StoreResult<Parked>>> {
        records_of(self.parked.open(&self.txn)?, (c, m, side, after))
    }

    /// How many records wait in a connector's queue. Does not scan.
    pub fn parked_count(&self, c: ConnectorId) -> StoreResult<u64> {
        let counts = Module::ALL.map(|m| self.counter(Counter::Parked, c, m));
        counts.into_iter().sum()
    }

    /// How many records of a module wait in the queue. Does not scan.
    pub fn parked_count_of(&self, c: ConnectorId, m: Module) -> StoreResult<u64> {
        self.counter(Counter::Parked, c, m)
    }
}
