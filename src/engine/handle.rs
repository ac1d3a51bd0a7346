//! The handle by which front ends start, follow and cancel syncs and check connections.

use crate::catalog::Catalog;
use crate::model::{
    CheckReport, Connector, ConnectorId, Crm, Module, Progress, Run, Side, Trigger, UserError,
};
use crate::secrets::Vault;
use crate::store::Store;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// The handle of the sync engine. Cloning it is cheap. Its async calls need a tokio runtime.
#[derive(Clone)]
pub struct Engine {
    _inner: Arc<Inner>,
}

struct Inner {}

/// How a sync is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncMode {
    /// A sync; a guard may hold it.
    Sync,
    /// A sync with the guards accepted in advance.
    Accept,
    /// The sync that a guard holds as this run: planned anew, and done if it stays within what was
    /// shown.
    Confirm(u64),
    /// Shows what a sync would do, and writes nothing.
    Preview,
}

/// What to sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRequest {
    /// What started it.
    pub trigger: Trigger,
    /// These modules only; empty: all that are enabled.
    pub modules: Vec<Module>,
    /// How.
    pub mode: SyncMode,
}

/// Why a sync did not even start, or could not be recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    /// Another process, or another run of this one, holds the connector.
    #[error("{0}")]
    Busy(UserError),
    /// Anything else.
    #[error("{0}")]
    Failed(UserError),
}

impl Engine {
    /// An engine over a store.
    pub fn new(_store: Store, _vault: Vault, _catalog: Arc<Catalog>) -> Self {
        unimplemented!()
    }

    /// Syncs (or previews) one connector and answers its run when it has ended. A run that failed
    /// half-way is an `Ok` with status `failed` and its error.
    ///
    /// # Errors
    /// The run could not start or could not be recorded.
    pub async fn sync(
        &self,
        _connector: ConnectorId,
        _request: SyncRequest,
    ) -> Result<Run, SyncError> {
        unimplemented!()
    }

    /// Asks a running sync of this process to stop: what is in flight is finished and recorded.
    /// Answers whether there was one.
    pub fn cancel(&self, _connector: ConnectorId) -> bool {
        unimplemented!()
    }

    /// How far the syncs of this process are, by connector; several times a second.
    pub fn progress(&self) -> watch::Receiver<BTreeMap<ConnectorId, Progress>> {
        unimplemented!()
    }

    /// Drops a held run: it stays in the log as dropped, and nothing is written.
    ///
    /// # Errors
    /// The run does not exist or is not held.
    pub async fn drop_held(&self, _run: u64) -> Result<Run, UserError> {
        unimplemented!()
    }

    /// Checks the CRM with these settings, stored or just entered.
    pub async fn check_crm(&self, _crm: &Crm) -> CheckReport {
        unimplemented!()
    }

    /// Checks a connector's service with these settings, stored or just entered.
    pub async fn check_connector(&self, _connector: &Connector) -> CheckReport {
        unimplemented!()
    }

    /// The page of a record in the web interface of Vtiger or the service; `None` without an id. No
    /// request is made.
    pub fn record_url(
        &self,
        _crm: &Crm,
        _connector: &Connector,
        _module: Module,
        _side: Side,
        _id: &str,
    ) -> Option<String> {
        unimplemented!()
    }
}
