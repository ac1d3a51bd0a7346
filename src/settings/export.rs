//! Writes the settings file from the store, without secrets: a stored one stands as `keep:`.

use super::apply::known;
use super::fields::KEEP;
use crate::catalog::Catalog;
use crate::model::{
    Advanced, Connector, Crm, Module, ModuleSettings, Pair, Retention, SecretText, UserError,
};
use crate::store::{Store, StoreError, StoreResult};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct SettingsOut<'a> {
    crm: Option<CrmOut<'a>>,
    connector: Vec<ConnectorOut<'a>>,
    retention: &'a Retention,
}

#[derive(Serialize)]
struct CrmOut<'a> {
    url: &'a str,
    username: &'a str,
    access_key: &'a str,
    allow_http: bool,
    ca_file: Option<&'a str>,
}

#[derive(Serialize)]
struct ConnectorOut<'a> {
    name: &'a str,
    service: &'a str,
    enabled: bool,
    sync_from: &'a str,
    frequency: String,
    conflict: &'static str,
    debug: bool,
    credentials: BTreeMap<&'a str, &'a str>,
    modules: BTreeMap<&'static str, ModuleOut<'a>>,
    advanced: AdvancedOut<'a>,
}

#[derive(Serialize)]
struct ModuleOut<'a> {
    enabled: bool,
    direction: &'static str,
    mode: Option<crate::model::Mode>,
    period: Option<String>,
    deletes: crate::model::Deletes,
    mapping: &'a [Pair],
}

#[derive(Serialize)]
struct AdvancedOut<'a> {
    concurrency: Option<u32>,
    requests_per_second: Option<u32>,
    probe_interval: String,
    full_scan: String,
    settle_wait: String,
    guard_deletes: String,
    guard_changes: String,
    guard_creates: i64,
    allow_http: bool,
    ca_file: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    external_id_fields: BTreeMap<&'static str, &'a str>,
}

/// The settings file that describes what the store has. Applying it changes nothing. Blocks.
///
/// # Errors
/// The store cannot be read.
pub fn export(store: &Store, catalog: &Catalog) -> StoreResult<String> {
    let known = store.read_blocking(known)?;
    let out = SettingsOut {
        crm: known.crm.as_ref().map(CrmOut::from),
        connector: known.connectors.iter().map(|c| connector_out(c, catalog)).collect(),
        retention: &known.retention,
    };
    let toml = toml::to_string(&out).map_err(|error| {
        StoreError::User(UserError::new(
            "The settings could not be written as TOML.",
            format!("{error}."),
            "This is a fault of SyncDeck; please report it.",
        ))
    })?;
    Ok(format!("# Settings of SyncDeck; keep: stands for a secret in the store.\n\n{toml}"))
}

fn shown(kept: &SecretText) -> &str {
    match kept {
        SecretText::Plain(text) | SecretText::Reference(text) => text,
        SecretText::Sealed(_) => KEEP,
    }
}

impl<'a> From<&'a Crm> for CrmOut<'a> {
    fn from(crm: &'a Crm) -> Self {
        Self {
            url: &crm.url,
            username: &crm.username,
            access_key: shown(&crm.access_key),
            allow_http: crm.allow_http,
            ca_file: crm.ca_file.as_deref(),
        }
    }
}

fn connector_out<'a>(connector: &'a Connector, catalog: &Catalog) -> ConnectorOut<'a> {
    // What the service no longer has cannot be applied again.
    let service = catalog.service(&connector.service);
    let has = |module: &Module| service.is_none_or(|s| s.modules.contains_key(module));
    let modules = connector.modules.iter().filter(|(module, _)| has(module));
    ConnectorOut {
        name: &connector.name,
        service: &connector.service,
        enabled: connector.enabled,
        sync_from: &connector.sync_from.asked,
        frequency: connector.frequency.to_string(),
        conflict: connector.conflict.key(),
        debug: connector.debug,
        credentials: connector.credentials.iter().map(|(k, v)| (k.as_str(), shown(v))).collect(),
        modules: modules.map(|(module, settings)| (module.key(), settings.into())).collect(),
        advanced: (&connector.advanced).into(),
    }
}

impl<'a> From<&'a ModuleSettings> for ModuleOut<'a> {
    fn from(settings: &'a ModuleSettings) -> Self {
        Self {
            enabled: settings.enabled,
            direction: settings.direction.key(),
            mode: settings.mode,
            period: settings.period.map(|period| period.to_string()),
            deletes: settings.deletes,
            mapping: &settings.mapping,
        }
    }
}

impl<'a> From<&'a Advanced> for AdvancedOut<'a> {
    fn from(advanced: &'a Advanced) -> Self {
        let fields = advanced.external_id_fields.iter();
        Self {
            concurrency: advanced.concurrency,
            requests_per_second: advanced.requests_per_second,
            probe_interval: advanced.probe_interval.to_string(),
            full_scan: advanced.full_scan.to_string(),
            settle_wait: advanced.settle_wait.to_string(),
            guard_deletes: advanced.guard_deletes.to_string(),
            guard_changes: advanced.guard_changes.to_string(),
            guard_creates: i64::try_from(advanced.guard_creates).unwrap_or(i64::MAX),
            allow_http: advanced.allow_http,
            ca_file: advanced.ca_file.as_deref(),
            external_id_fields: fields.map(|(module, f)| (module.key(), f.as_str())).collect(),
        }
    }
}
