//! What the assets say about Vtiger and the services: settings forms, modules, directions, match
//! keys and default mappings. Data, not code.

use crate::model::manifest::{Api, Manifest, Stream};
use crate::model::{Direction, Mode, Module, Pair};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// The services' assets: the list that a new service is added to.
const SERVICES: &[(&str, &str)] = &[
    ("irujul.toml", include_str!("../assets/services/irujul.toml")),
    ("magento.toml", include_str!("../assets/services/magento.toml")),
    ("woocommerce.toml", include_str!("../assets/services/woocommerce.toml")),
    ("zoho.toml", include_str!("../assets/services/zoho.toml")),
];

/// All services that a connector can be made of, and the CRM.
#[derive(Clone)]
pub struct Catalog {
    /// The CRM.
    pub vtiger: VtigerAsset,
    services: BTreeMap<String, Service>,
}

/// What kind of text a form field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// Any text.
    #[default]
    Text,
    /// A web address; the scheme may be left out.
    Url,
}

/// A field of a connection form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormField {
    /// The name in files.
    pub name: String,
    /// The label in the form.
    pub label: String,
    /// What it takes.
    #[serde(default)]
    pub kind: FieldKind,
    /// Where to find what is asked for.
    #[serde(default)]
    pub help: String,
    /// It is masked, and sealed in the store.
    #[serde(default)]
    pub secret: bool,
    /// It must not be empty.
    #[serde(default)]
    pub required: bool,
    /// What it is when nothing is entered.
    #[serde(default)]
    pub default: String,
}

/// Fields that the default mapping leaves out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unmapped {
    /// Their paths.
    pub fields: Vec<String>,
    /// Why.
    pub reason: String,
}

/// The CRM's asset.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VtigerAsset {
    /// Its label.
    pub label: String,
    /// The connection form.
    pub form: Vec<FormField>,
    /// References that are written by the name of the record they point to.
    pub companions: Vec<Companion>,
    /// Its modules.
    pub modules: BTreeMap<Module, VtigerModule>,
}

/// A referenced record without a module of its own in the service (a customer's company).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Companion {
    /// The mapped path (`account_id.accountname`).
    pub path: String,
    /// The field that holds the id (`account_id`).
    pub reference: String,
    /// The field of the referenced record that holds the name.
    pub field: String,
    /// The module of the referenced record.
    pub module: Module,
    /// The first part of the link's key on the service's side (`company`); one of
    /// [`crate::model::COMPANIONS`].
    pub key: String,
    /// The fields that make its name for people; empty: its key field.
    #[serde(default)]
    pub names: Vec<String>,
    /// Another reference of the same record whose record brings this one along (the organization of
    /// a known contact).
    #[serde(default)]
    pub through: Option<String>,
    /// References of the same record that a new companion gets, too.
    #[serde(default)]
    pub shares: Vec<String>,
}

impl Companion {
    /// What links call the companion with this folded name on the service's side.
    pub fn service_id(&self, folded: &str) -> String {
        format!("{}:{folded}", self.key)
    }
}

impl VtigerAsset {
    /// The companion that a link's or intent's id on the service's side means.
    pub fn companion_of(&self, service_id: &str) -> Option<&Companion> {
        let (key, _) = service_id.split_once(':')?;
        self.companions.iter().find(|c| c.key == key)
    }
}

/// A module of the CRM.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VtigerModule {
    /// Its name in the API.
    pub entity: String,
    /// The fields that make a record's name.
    pub name: Vec<String>,
    /// Fields no service's default mapping uses.
    #[serde(default)]
    pub unmapped: Vec<Unmapped>,
}

/// A kind of outside system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The name in files (`woocommerce`).
    pub name: String,
    /// The label (`WooCommerce`).
    pub label: String,
    /// A sentence for the list of available connectors.
    pub description: String,
    /// The connection form.
    pub form: Vec<FormField>,
    /// It works only with a person's consent: the fields of the form in which one can stand. With
    /// none of them filled a person is asked.
    #[serde(default)]
    pub consent: Vec<String>,
    /// How its modules are synced where nothing else is set.
    #[serde(default)]
    pub mode: Mode,
    /// How its API is reached, if it is connected by a manifest and not by code of its own.
    #[serde(default)]
    pub api: Option<Api>,
    /// Its modules.
    pub modules: BTreeMap<Module, ServiceModule>,
}

impl Service {
    /// What a connection by manifest needs to know; `None`: the service has code of its own.
    pub fn manifest(&self) -> Option<Manifest> {
        let api = self.api.clone()?;
        let streams = self.modules.values().filter_map(|module| {
            module.api.as_ref().map(|stream| (module.entity.clone(), stream.clone()))
        });
        let secrets = self.form.iter().filter(|field| field.secret);
        Some(Manifest {
            label: self.label.clone(),
            api,
            streams: streams.collect(),
            modules: self.modules.iter().map(|(m, spec)| (*m, spec.entity.clone())).collect(),
            secrets: secrets.map(|field| field.name.clone()).collect(),
        })
    }
}

/// Another module whose records these are made of in the service (one customer is a contact, a lead
/// and an organization). A record that SyncDeck itself has made there from a record of the CRM does
/// not come back as another one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComesFrom {
    /// The other module.
    pub module: Module,
    /// The path that holds the id of the record there; absent: it is the record's own.
    #[serde(default)]
    pub id: Option<String>,
}

/// A module of a service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceModule {
    /// What the service's API calls it (`customers`).
    pub entity: String,
    /// What people of that service call it (`Customers`).
    pub source_module: String,
    /// The fields that make a record's name.
    pub name: Vec<String>,
    /// The directions that can be chosen; the first one is the default. A service that is connected
    /// by a manifest is only read.
    #[serde(default = "to_vtiger")]
    pub directions: Vec<Direction>,
    /// The Vtiger fields of the pairs that together recognise a record.
    pub match_on: Vec<String>,
    /// A text field of the service can carry Vtiger's id, and records are found by it.
    #[serde(default)]
    pub id_field: bool,
    /// Its records are another look at those of another module: see [`ComesFrom`].
    #[serde(default)]
    pub comes_from: Option<ComesFrom>,
    /// How its records are read, if the service is connected by a manifest.
    #[serde(default)]
    pub api: Option<Stream>,
    /// The default mapping.
    pub mapping: Vec<Pair>,
    /// Service fields that the default mapping leaves out.
    #[serde(default)]
    pub unmapped: Vec<Unmapped>,
}

fn to_vtiger() -> Vec<Direction> {
    vec![Direction::ToVtiger]
}

impl ServiceModule {
    /// The default mapping with an administrator's lines: a line with `replaces` takes the place of
    /// the default lines with the same Vtiger or service field, any other line is added.
    pub fn effective_mapping(&self, custom: &[Pair]) -> Vec<Pair> {
        let replaced = |pair: &Pair| {
            custom.iter().filter(|c| c.replaces).any(|c| {
                c.vtiger == pair.vtiger || c.service.iter().any(|s| pair.service.contains(s))
            })
        };
        let defaults = self.mapping.iter().filter(|p| !replaced(p)).cloned();
        let added = custom.iter().map(|c| Pair { custom: true, ..c.clone() });
        defaults.chain(added).collect()
    }
}

impl fmt::Debug for Catalog {
    /// The names are enough to tell one from another; all of it would fill pages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.services.keys()).finish()
    }
}

impl Catalog {
    /// The built-in catalog.
    ///
    /// # Errors
    /// An asset does not parse: a fault of the build, which a test rules out.
    pub fn built_in() -> Result<Self, String> {
        let vtiger = toml::from_str(include_str!("../assets/vtiger.toml"))
            .map_err(|e| format!("assets/vtiger.toml: {e}"))?;
        let mut services = BTreeMap::new();
        for (file, text) in SERVICES {
            let service: Service =
                toml::from_str(text).map_err(|e| format!("assets/services/{file}: {e}"))?;
            services.insert(service.name.clone(), service);
        }
        Ok(Self { vtiger, services })
    }

    /// A service by name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.get(name)
    }

    /// All services, by name.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values()
    }

    /// Adds a service that an administrator described, or takes the place of one.
    pub fn add(&mut self, service: Service) {
        self.services.insert(service.name.clone(), service);
    }

    /// Takes a service out.
    #[cfg(test)]
    pub(crate) fn remove(&mut self, name: &str) {
        self.services.remove(name);
    }

    /// A module of the CRM.
    pub fn vtiger_module(&self, module: Module) -> Option<&VtigerModule> {
        self.vtiger.modules.get(&module)
    }
}

#[cfg(test)]
mod tests;
