//! The CRM and the retention, as JSON.

use crate::model::{Crm, Retention};
use crate::store::codec::damaged;
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use crate::store::{StoreError, StoreResult};
use redb::TableDefinition;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(in crate::store) const SETTINGS: TableDefinition<'static, &'static str, &'static str> =
    TableDefinition::new("settings");

/// Reads a setting from its JSON.
pub(super) fn from_json<T: DeserializeOwned>(table: &str, json: &str) -> StoreResult<T> {
    serde_json::from_str(json).map_err(|error| {
        let StoreError::User(mut user) = damaged(table) else {
            return damaged(table);
        };
        user.why = format!("{} ({error})", user.why);
        StoreError::User(user)
    })
}

/// A setting as JSON.
pub(super) fn to_json<T: Serialize>(table: &str, value: &T) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|_| damaged(table))
}

impl Writing<'_> {
    /// Sets the CRM.
    pub(in crate::store) fn put_crm(&mut self, crm: &Crm) -> StoreResult<()> {
        let json = to_json("settings", crm)?;
        self.settings.open()?.insert("crm", json.as_str())?;
        Ok(())
    }

    /// Sets how long the past is kept.
    pub(in crate::store) fn put_retention(&mut self, retention: &Retention) -> StoreResult<()> {
        let json = to_json("settings", retention)?;
        self.settings.open()?.insert("retention", json.as_str())?;
        Ok(())
    }
}

impl Writing<'_> {
    /// How long the past is kept.
    pub(super) fn kept(&mut self) -> StoreResult<Retention> {
        use redb::ReadableTable;
        let json = self.settings.open()?.get("retention")?;
        let kept = json.map(|json| from_json("settings", json.value())).transpose()?;
        Ok(kept.unwrap_or_default())
    }
}

impl Reader {
    fn setting<T: DeserializeOwned>(&self, name: &str) -> StoreResult<Option<T>> {
        self.settings
            .open(&self.txn)?
            .get(name)?
            .map(|json| from_json("settings", json.value()))
            .transpose()
    }

    /// The CRM, if one was set.
    pub fn crm(&self) -> StoreResult<Option<Crm>> {
        self.setting("crm")
    }

    /// How long the past is kept.
    pub fn retention(&self) -> StoreResult<Retention> {
        Ok(self.setting("retention")?.unwrap_or_default())
    }
}
