//! Making remotes from settings: secrets are opened here, and go nowhere else.

use super::debug_log::DebugLog;
use super::tokens::StoredTokens;
use crate::catalog::{Catalog, Service};
use crate::model::{Connector, Crm, SecretText, UserError};
use crate::remote::{ConnectOptions, Consent, Remote, Tap, rest};
use crate::secrets::Vault;
use crate::store::Store;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Makes remotes. The engine's tests put their own in its place.
pub trait Remotes: Send + Sync {
    /// The CRM.
    ///
    /// # Errors
    /// A setting is missing, a secret cannot be opened, or the address is no address.
    fn vtiger(&self, crm: &Crm, tap: Option<Tap>) -> Result<Arc<dyn Remote>, UserError>;

    /// A connector's service.
    ///
    /// # Errors
    /// As for the CRM.
    fn service(
        &self,
        connector: &Connector,
        tap: Option<Tap>,
    ) -> Result<Arc<dyn Remote>, UserError>;

    /// Begins to ask a person for consent; `None`: the service needs none.
    ///
    /// # Errors
    /// As for the service.
    fn consent(&self, _connector: &Connector) -> Result<Option<Consent>, UserError> {
        Ok(None)
    }
}

/// The real ones, over HTTP.
pub struct HttpRemotes {
    vault: Vault,
    store: Store,
    catalog: Arc<Catalog>,
}

impl HttpRemotes {
    /// Remotes whose secrets this vault opens, and whose tokens this store keeps; the catalog has
    /// the manifests.
    pub fn new(vault: Vault, store: Store, catalog: Arc<Catalog>) -> Self {
        Self { vault, store, catalog }
    }

    fn options(
        &self,
        connector: &Connector,
        tap: Option<Tap>,
    ) -> Result<ConnectOptions, UserError> {
        let advanced = &connector.advanced;
        let tokens = StoredTokens::new(self.store.clone(), self.vault.clone(), connector.id);
        Ok(ConnectOptions {
            concurrency: advanced.concurrency.and_then(|n| usize::try_from(n).ok()),
            requests_per_second: advanced.requests_per_second,
            allow_http: advanced.allow_http,
            ca_pem: read_ca(advanced.ca_file.as_ref())?,
            tap,
            tokens: Some(Arc::new(tokens)),
        })
    }

    fn opened<'c>(
        &self,
        connector: &'c Connector,
    ) -> Result<BTreeMap<&'c str, SecretString>, UserError> {
        let mut opened = BTreeMap::new();
        for (name, kept) in &connector.credentials {
            opened.insert(name.as_str(), self.reveal(name, Some(kept))?);
        }
        Ok(opened)
    }

    fn reveal(&self, what: &str, kept: Option<&SecretText>) -> Result<SecretString, UserError> {
        let missing = || {
            UserError::new(
                format!("{what} is not set."),
                "The connection needs it.",
                "Enter it in the connection's settings.",
            )
        };
        self.vault.reveal(kept.ok_or_else(missing)?)
    }
}

fn read_ca(file: Option<&String>) -> Result<Option<Vec<u8>>, UserError> {
    let Some(file) = file else { return Ok(None) };
    std::fs::read(file).map(Some).map_err(|error| {
        UserError::new(
            "The file with the certificate authority cannot be read.",
            format!("{file}: {error}."),
            "Correct ca_file, or remove it.",
        )
    })
}

impl Remotes for HttpRemotes {
    fn vtiger(&self, crm: &Crm, tap: Option<Tap>) -> Result<Arc<dyn Remote>, UserError> {
        let options = ConnectOptions {
            allow_http: crm.allow_http,
            ca_pem: read_ca(crm.ca_file.as_ref())?,
            tap,
            ..ConnectOptions::default()
        };
        let key = self.reveal("The access key", Some(&crm.access_key))?;
        crate::remote::vtiger::connect(&crm.url, &crm.username, &key, &options)
    }

    fn service(
        &self,
        connector: &Connector,
        tap: Option<Tap>,
    ) -> Result<Arc<dyn Remote>, UserError> {
        let options = self.options(connector, tap)?;
        let opened = self.opened(connector)?;
        match self.catalog.service(&connector.service).and_then(Service::manifest) {
            Some(manifest) => {
                let opened = opened.into_iter().map(|(name, value)| (name.to_owned(), value));
                rest::connect(manifest, opened.collect(), &options)
            }
            None => crate::remote::connect_service(&connector.service, &opened, &options),
        }
    }

    fn consent(&self, connector: &Connector) -> Result<Option<Consent>, UserError> {
        let options = self.options(connector, None)?;
        crate::remote::begin_consent(&connector.service, &self.opened(connector)?, &options)
    }
}

/// Connections to both sides for looks between the runs.
#[derive(Clone)]
pub struct Connections {
    /// Vtiger and the service.
    pub remotes: [Arc<dyn Remote>; 2],
    /// Is written as long as they are there.
    pub _debug: Arc<DebugLog>,
}
