//! The ends of links that were dropped because a record is gone: what refers to it can still be
//! told.

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

#[derive(Serialize, Deserialize)]
struct TombV2<'a> {
    #[serde(borrow)]
    v1: TombV1<'a>,
    other: &'a str,
    stays: bool,
}

impl TombV2<'_> {
    fn into_tomb(self) -> StoreResult<Tomb> {
        Ok(Tomb { other: self.other.to_owned(), stays: self.stays, ..self.v1.into_tomb()? })
    }
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
            other: String::new(),
            stays: false,
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
        pack(Self::TABLE, 2, &TombV2 { v1, other: &self.other, stays: self.stays })
    }

    fn decode_version(version: u8, bytes: &[u8]) -> Option<StoreResult<Self>> {
        match version {
            1 => Some(unpack(Self::TABLE, bytes).and_then(TombV1::into_tomb)),
            2 => Some(unpack(Self::TABLE, bytes).and_then(TombV2::into_tomb)),
            _ => None,
        }
    }
}

impl Writing<'_> {
    /// Remembers an end of a dropped link.
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
    /// What is known of a record that was linked until it or its counterpart was gone.
    pub fn tomb(
        &self,
        c: ConnectorId,
        m: Module,
        side: Side,
        id: &str,
    ) -> StoreResult<Option<Tomb>> {
        get_record(self.tombs.open(&self.txn)?, (c, m, side, id))
    }

    /// The ends of dropped links of a module, by side and id, after one, at most so many.
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
