//! Small facts about the connected systems, remembered under a name.

use crate::model::ConnectorId;
use crate::store::StoreResult;
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use redb::{ReadableTable, TableDefinition};

pub(in crate::store) const FACTS: TableDefinition<'static, &'static str, &'static str> =
    TableDefinition::new("facts");

impl Writing<'_> {
    /// Remembers or forgets a fact.
    pub(in crate::store) fn put_fact(&mut self, name: &str, fact: Option<&str>) -> StoreResult<()> {
        match fact {
            Some(text) => self.facts.open()?.insert(name, text)?,
            None => self.facts.open()?.remove(name)?,
        };
        Ok(())
    }
}

/// The beginning of the names of the facts that go with a connector.
pub(in crate::store) fn of_connector(c: ConnectorId) -> String {
    format!("connector.{c}.")
}

impl Writing<'_> {
    /// Forgets the facts of a connector.
    pub(super) fn clear_facts(&mut self, c: ConnectorId) -> StoreResult<()> {
        let first = of_connector(c);
        let facts = self.facts.open()?;
        let mut gone = Vec::new();
        for row in facts.range(first.as_str()..)? {
            let name = row?.0.value().to_owned();
            if !name.starts_with(&first) {
                break;
            }
            gone.push(name);
        }
        for name in gone {
            facts.remove(name.as_str())?;
        }
        Ok(())
    }
}

impl Reader {
    /// A remembered fact.
    pub fn fact(&self, name: &str) -> StoreResult<Option<String>> {
        let fact = self.facts.open(&self.txn)?.get(name)?;
        Ok(fact.map(|text| text.value().to_owned()))
    }
}
