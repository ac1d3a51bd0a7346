//! Writes that were announced before they were sent.

use super::shapes::ChangeV1;
use super::{RecordKey, drop_record, put_record};
use crate::model::{Change, ConnectorId, Intent, IntentKind, Module, Side, Stamp};
use crate::store::StoreResult;
use crate::store::codec::{Code, Row, pack, unpack};
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use redb::{ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};

/// Connector, module, target side, source id.
pub(in crate::store) type Key = RecordKey;

pub(in crate::store) const INTENTS: TableDefinition<'static, Key, &'static [u8]> =
    TableDefinition::new("intents");

#[derive(Serialize, Deserialize)]
struct IntentV1<'a> {
    target: u8,
    source_id: &'a str,
    kind: u8,
    target_id: &'a str,
    match_key: &'a str,
    print: u128,
    run: u64,
    sent: i64,
    tries: u32,
    name: &'a str,
    #[serde(borrow)]
    changes: Vec<ChangeV1<'a>>,
}

impl IntentV1<'_> {
    fn into_intent(self) -> StoreResult<Intent> {
        Ok(Intent {
            target: Side::read(self.target, Intent::TABLE)?,
            source_id: self.source_id.to_owned(),
            kind: IntentKind::read(self.kind, Intent::TABLE)?,
            target_id: self.target_id.to_owned(),
            match_key: self.match_key.to_owned(),
            print: self.print,
            run: self.run,
            sent: Stamp(self.sent),
            tries: self.tries,
            name: self.name.to_owned(),
            changes: self.changes.into_iter().map(Change::from).collect(),
        })
    }
}

impl Row for Intent {
    const TABLE: &'static str = "intents";

    fn encode(&self) -> StoreResult<Vec<u8>> {
        let v1 = IntentV1 {
            target: self.target.code(),
            source_id: &self.source_id,
            kind: self.kind.code(),
            target_id: &self.target_id,
            match_key: &self.match_key,
            print: self.print,
            run: self.run,
            sent: self.sent.0,
            tries: self.tries,
            name: &self.name,
            changes: self.changes.iter().map(ChangeV1::from).collect(),
        };
        pack(Self::TABLE, 1, &v1)
    }

    fn decode_version(version: u8, bytes: &[u8]) -> Option<StoreResult<Self>> {
        (version == 1)
            .then(|| unpack::<IntentV1<'_>>(Self::TABLE, bytes).and_then(IntentV1::into_intent))
    }
}

impl Writing<'_> {
    /// Announces a write.
    pub(in crate::store) fn put_intent(
        &mut self,
        c: ConnectorId,
        m: Module,
        intent: &Intent,
    ) -> StoreResult<()> {
        let key = (c, m, intent.target, intent.source_id.as_str());
        put_record(&mut self.intents, key, intent).map(drop)
    }

    /// Takes an announcement back.
    pub(in crate::store) fn drop_intent(
        &mut self,
        key: (ConnectorId, Module, Side, &str),
    ) -> StoreResult<()> {
        drop_record(&mut self.intents, key).map(drop)
    }
}

/// All announced writes of a connector.
fn all(
    table: &impl ReadableTable<Key, &'static [u8]>,
    c: ConnectorId,
) -> StoreResult<Vec<(Module, Intent)>> {
    table
        .range::<(u32, u8, u8, &str)>((c, 0, 0, "")..(c + 1, 0, 0, ""))?
        .map(|row| {
            let (key, value) = row?;
            let module = Module::read(key.value().1, Intent::TABLE)?;
            Ok((module, Intent::decode(value.value())?))
        })
        .collect()
}

impl Writing<'_> {
    /// All announced writes of a connector.
    pub(in crate::store) fn intents_of(
        &mut self,
        c: ConnectorId,
    ) -> StoreResult<Vec<(Module, Intent)>> {
        all(self.intents.open()?, c)
    }
}

impl Reader {
    /// All announced writes of a connector.
    pub fn intents(&self, c: ConnectorId) -> StoreResult<Vec<(Module, Intent)>> {
        all(self.intents.open(&self.txn)?, c)
    }
}
