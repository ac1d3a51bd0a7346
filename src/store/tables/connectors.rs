//! The connectors with their settings and mappings, as JSON.

use super::clear_records;
use super::meta::LAST_CONNECTOR;
use super::settings::{from_json, to_json};
use crate::model::{Connector, ConnectorId, UserError};
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use crate::store::{StoreError, StoreResult};
use redb::{ReadableTable, TableDefinition};

pub(in crate::store) const CONNECTORS: TableDefinition<'static, u32, &'static str> =
    TableDefinition::new("connectors");
const TABLE: &str = "connectors";

fn all(table: &impl ReadableTable<u32, &'static str>) -> StoreResult<Vec<Connector>> {
    table.iter()?.map(|row| from_json(TABLE, row?.1.value())).collect()
}

fn refused(why: String, next: &str) -> StoreError {
    StoreError::User(UserError::new("The connector was not saved.", why, next))
}

impl Writing<'_> {
    /// Sets a connector by its number, or gives it the next one.
    pub(in crate::store) fn put_connector(&mut self, connector: &Connector) -> StoreResult<()> {
        let mut connector = connector.clone();
        let twin = all(self.connectors.open()?)?.into_iter().find(|other| {
            other.id != connector.id && other.name.eq_ignore_ascii_case(&connector.name)
        });
        if let Some(twin) = twin {
            return Err(refused(
                format!("There is a connector named \"{}\" already.", twin.name),
                "Choose another name.",
            ));
        }
        if connector.id == 0 {
            let next = self.next_number(LAST_CONNECTOR)?;
            connector.id = ConnectorId::try_from(next)
                .ok()
                .filter(|id| *id < ConnectorId::MAX)
                .ok_or_else(|| refused("There are no numbers left.".into(), ""))?;
        } else if u64::from(connector.id) > self.number(LAST_CONNECTOR)? {
            self.set_number(LAST_CONNECTOR, connector.id.into())?;
        }
        let json = to_json(TABLE, &connector)?;
        self.connectors.open()?.insert(connector.id, json.as_str())?;
        Ok(())
    }

    /// Removes a connector and all that belongs to it.
    pub(in crate::store) fn remove_connector(&mut self, c: ConnectorId) -> StoreResult<()> {
        self.connectors.open()?.remove(c)?;
        self.clear_links(c)?;
        self.clear_cursors(c)?;
        clear_records(&mut self.intents, c)?;
        clear_records(&mut self.parked, c)?;
        clear_records(&mut self.skips, c)?;
        clear_records(&mut self.tombs, c)?;
        self.clear_counts(c)?;
        self.clear_facts(c)?;
        self.clear_debug(c)?;
        self.clear_runs(c)
    }
}

impl Reader {
    /// All connectors, by name.
    pub fn connectors(&self) -> StoreResult<Vec<Connector>> {
        let mut connectors = all(self.connectors.open(&self.txn)?)?;
        connectors.sort_by_cached_key(|c| (c.name.to_lowercase(), c.id));
        Ok(connectors)
    }

    /// A connector by number.
    pub fn connector(&self, id: ConnectorId) -> StoreResult<Option<Connector>> {
        self.connectors
            .open(&self.txn)?
            .get(id)?
            .map(|json| from_json(TABLE, json.value()))
            .transpose()
    }

    /// A connector by its name, in any case.
    pub fn connector_named(&self, name: &str) -> StoreResult<Option<Connector>> {
        let connectors = all(self.connectors.open(&self.txn)?)?;
        Ok(connectors.into_iter().find(|c| c.name.eq_ignore_ascii_case(name)))
    }
}
