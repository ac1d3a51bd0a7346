//! Small facts about the connected systems, remembered under a name.

use crate::store::StoreResult;
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use redb::TableDefinition;

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

impl Reader {
    /// A remembered fact.
    pub fn fact(&self, name: &str) -> StoreResult<Option<String>> {
        let fact = self.facts.open(&self.txn)?.get(name)?;
        Ok(fact.map(|text| text.value().to_owned()))
    }
}
