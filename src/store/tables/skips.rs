//! Decided skips: looked at again only when the record, the mapping or the cause changes.

use super::counters::Counter;
use super::shapes::ReasonV1;
use super::{RecordKey, drop_record, get_record, put_record, records_after, records_of};
use crate::model::{Candidate, ConnectorId, Decided, Module, Side, Skip, Stamp, Verdict};
use crate::store::StoreResult;
use crate::store::codec::{Code, Row, pack, unpack};
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use redb::{ReadableTable, TableDefinition, WriteTransaction};
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

#[derive(Serialize, Deserialize)]
struct SkipV2<'a> {
    #[serde(borrow)]
    v1: SkipV1<'a>,
    candidates: Vec<(&'a str, &'a str)>,
    decided: Option<(u8, i64)>,
}

#[derive(Serialize, Deserialize)]
struct SkipV3<'a> {
    #[serde(borrow)]
    v2: SkipV2<'a>,
    stamp: Option<i64>,
}

impl SkipV3<'_> {
    fn into_skip(self) -> StoreResult<Skip> {
        Ok(Skip { stamp: self.stamp.map(Stamp), ..self.v2.into_skip()? })
    }
}

impl SkipV2<'_> {
    fn into_skip(self) -> StoreResult<Skip> {
        let mut skip = self.v1.into_skip()?;
        let candidate =
            |(id, name): (&str, &str)| Candidate { id: id.to_owned(), name: name.to_owned() };
        skip.reason.candidates = self.candidates.into_iter().map(candidate).collect();
        if let Some((code, at)) = self.decided {
            skip.decided =
                Some(Decided { verdict: Verdict::read(code, Skip::TABLE)?, at: Stamp(at) });
        }
        Ok(skip)
    }
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
            decided: None,
            stamp: None,
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
        let candidates = self.reason.candidates.iter();
        let v2 = SkipV2 {
            v1,
            candidates: candidates.map(|c| (c.id.as_str(), c.name.as_str())).collect(),
            decided: self.decided.map(|decided| (decided.verdict.code(), decided.at.0)),
        };
        pack(Self::TABLE, 3, &SkipV3 { v2, stamp: self.stamp.map(|at| at.0) })
    }

    fn decode_version(version: u8, bytes: &[u8]) -> Option<StoreResult<Self>> {
        match version {
            1 => Some(unpack(Self::TABLE, bytes).and_then(SkipV1::into_skip)),
            2 => Some(unpack(Self::TABLE, bytes).and_then(SkipV2::into_skip)),
            3 => Some(unpack(Self::TABLE, bytes).and_then(SkipV3::into_skip)),
            _ => None,
        }
    }
}

impl Writing<'_> {
    /// Remembers a skip that a run decided. What a person decided meanwhile stands: a record that
    /// is left out stays so, and one to be created new is not forgotten, nor that a create was sent.
    pub(in crate::store) fn decide_skip(
        &mut self,
        c: ConnectorId,
        m: Module,
        skip: Skip,
    ) -> StoreResult<()> {
        let before = self.skip_at((c, m, skip.side, &skip.id))?.and_then(|skip| skip.decided);
        match before {
            Some(Decided { verdict: Verdict::Never, .. }) => Ok(()),
            Some(decided @ Decided { verdict: Verdict::CreateNew | Verdict::Lost, .. }) => {
                self.put_skip(c, m, &Skip { decided: Some(decided), ..skip })
            }
            _ => self.put_skip(c, m, &skip),
        }
    }

    /// Forgets a skip whose record travels now or is gone, unless a person left the record out.
    pub(in crate::store) fn end_skip(
        &mut self,
        key: (ConnectorId, Module, Side, &str),
    ) -> StoreResult<()> {
        let never = |skip: Skip| skip.verdict() == Some(Verdict::Never);
        if self.skip_at(key)?.is_some_and(never) { Ok(()) } else { self.drop_skip(key) }
    }

    /// Notes what became of a create that a person decided on: sent, not sent after all, or
    /// refused. Without such a decision nothing happens.
    pub(in crate::store) fn note_create(
        &mut self,
        key: (ConnectorId, Module, Side, &str),
        verdict: Option<Verdict>,
    ) -> StoreResult<()> {
        let Some(mut skip) = self.skip_at(key)? else { return Ok(()) };
        let Some(decided) = skip.decided else { return Ok(()) };
        if matches!(decided.verdict, Verdict::CreateNew | Verdict::CreateSent) {
            skip.decided = verdict.map(|verdict| Decided { verdict, ..decided });
            self.put_skip(key.0, key.1, &skip)?;
        }
        Ok(())
    }

    /// Remembers at which stamp the record of a standing skip was compared.
    pub(in crate::store) fn settle_skip(
        &mut self,
        key: (ConnectorId, Module, Side, &str),
        stamp: Stamp,
    ) -> StoreResult<()> {
        if let Some(skip) = self.skip_at(key)? {
            put_record(&mut self.skips, key, &Skip { stamp: Some(stamp), ..skip })?;
        }
        Ok(())
    }

    /// A standing skip.
    pub(in crate::store) fn skip_at(
        &mut self,
        key: (ConnectorId, Module, Side, &str),
    ) -> StoreResult<Option<Skip>> {
        get_record(self.skips.open()?, key)
    }

    /// Puts a skip in the place of another one.
    pub(in crate::store) fn put_skip(
        &mut self,
        c: ConnectorId,
        m: Module,
        skip: &Skip,
    ) -> StoreResult<()> {
        let key = (c, m, skip.side, skip.id.as_str());
        let before = self.skip_at(key)?;
        put_record(&mut self.skips, key, skip)?;
        self.count(Counter::Skips, c, m, i64::from(before.is_none()));
        let waited = before.is_some_and(|before| before.waits_for_decision());
        let by = i64::from(skip.waits_for_decision()) - i64::from(waited);
        self.count(Counter::Undecided, c, m, by);
        Ok(())
    }

    /// Forgets a decided skip.
    pub(in crate::store) fn drop_skip(
        &mut self,
        key: (ConnectorId, Module, Side, &str),
    ) -> StoreResult<()> {
        let Some(before) = self.skip_at(key)? else { return Ok(()) };
        drop_record(&mut self.skips, key)?;
        self.count(Counter::Skips, key.0, key.1, -1);
        self.count(Counter::Undecided, key.0, key.1, -i64::from(before.waits_for_decision()));
        Ok(())
    }
}

/// Counts the skips that wait for a decision: what a store needs that was made without this count.
pub(in crate::store) fn count_undecided(txn: &WriteTransaction) -> StoreResult<()> {
    let mut writing = Writing::new(txn);
    let skips = txn.open_table(SKIPS)?;
    for row in skips.iter()? {
        let row = row?;
        let (c, module, _, _) = row.0.value();
        // A row that cannot be read is told by the inspection, not here.
        let Ok(skip) = Skip::decode(row.1.value()) else { continue };
        let module = Module::read(module, Skip::TABLE)?;
        writing.count(Counter::Undecided, c, module, i64::from(skip.waits_for_decision()));
    }
    writing.flush_counts()
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

    /// Standing skips of a module's records of one side by id, after an id.
    pub fn skips_of(
        &self,
        c: ConnectorId,
        m: Module,
        side: Side,
        after: &str,
    ) -> StoreResult<impl Iterator<Item = StoreResult<Skip>>> {
        records_of(self.skips.open(&self.txn)?, (c, m, side, after))
    }

    /// How many skips of a module stand. Does not scan.
    pub fn skip_count(&self, c: ConnectorId, m: Module) -> StoreResult<u64> {
        self.counter(Counter::Skips, c, m)
    }

    /// How many records of a connector wait for a person to decide. Does not scan.
    pub fn undecided_count(&self, c: ConnectorId) -> StoreResult<u64> {
        let counts = Module::ALL.map(|m| self.counter(Counter::Undecided, c, m));
        counts.into_iter().sum()
    }
}
