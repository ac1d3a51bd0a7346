//! What front ends ask of the systems without a sync: checks, a person's consent, the links, the pages
//! of records.

use super::{Engine, SyncError, failed};
use crate::engine::context::{Context, OnProgress, Stop};
use crate::engine::debug_log::DebugLog;
use crate::engine::external_ids;
use crate::engine::urls::RecordUrls;
use crate::engine::verify::{VerifiedModule, verify};
use crate::model::{CheckReport, Connector, ConnectorId, Crm, Module, Side, UserError};
use crate::remote::{Consent, Remote};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

impl Engine {
    /// Checks the CRM with these settings, stored or just entered.
    pub async fn check_crm(&self, crm: &Crm) -> CheckReport {
        match self.inner.remotes.vtiger(crm, None) {
            Ok(remote) => remote.check("vtiger").await,
            Err(error) => unusable("vtiger", error),
        }
    }

    /// Checks a connector's service with these settings, stored or just entered.
    pub async fn check_connector(&self, connector: &Connector) -> CheckReport {
        let debug = DebugLog::open(&self.inner.store, connector, None);
        match self.inner.remotes.service(connector, debug.tap()) {
            Ok(remote) => {
                let mut report = remote.check(&connector.name).await;
                // What a module needs depends on its direction, which only the connector knows.
                report.ok &= report.modules.iter().filter(|m| m.available).all(|m| {
                    let settings = connector.modules.get(&m.module).filter(|s| s.enabled);
                    settings
                        .is_none_or(|s| m.read && (m.write || !s.direction.writes(Side::Service)))
                });
                self.look_at_external_ids(connector, remote.as_ref(), &debug, &mut report).await;
                debug.close().await;
                report
            }
            Err(error) => unusable(&connector.name, error),
        }
    }

    /// What the fields of both systems have to say to these settings.
    async fn look_at_external_ids(
        &self,
        connector: &Connector,
        service: &dyn Remote,
        debug: &DebugLog,
        report: &mut CheckReport,
    ) {
        let crm = self.inner.store.read(|r| r.crm()).await.ok().flatten();
        let Some(Ok(vtiger)) = crm.map(|crm| self.inner.remotes.vtiger(&crm, debug.tap())) else {
            return;
        };
        let remotes = [vtiger.as_ref(), service];
        let found = external_ids::look(&self.inner.catalog, connector, remotes).await;
        report.ok &= found.wrong.is_empty();
        report.problems.extend(found.wrong);
        if report.ok {
            // Who has a connection to mend is not to read what else could be done.
            report.problems.extend(found.offers);
        }
    }

    /// Begins to ask a person for the consent that a connector's service wants; `None`: it wants
    /// none.
    ///
    /// # Errors
    /// The connector's settings are not right.
    pub fn consent(&self, connector: &Connector) -> Result<Option<Consent>, UserError> {
        self.inner.remotes.consent(connector)
    }

    /// Checks every link of these modules (none: all that are switched on) against both sides.
    /// Changes nothing; how far it is shows in [`Self::progress`].
    ///
    /// # Errors
    /// A system cannot be asked, the store cannot be read, or it was cancelled.
    pub async fn verify_links(
        &self,
        connector: ConnectorId,
        modules: &[Module],
        cancel: CancellationToken,
    ) -> Result<Vec<VerifiedModule>, SyncError> {
        let inner = &self.inner;
        let (crm, connector) = self.settings(connector).await?;
        let (id, remotes) = (connector.id, &inner.remotes);
        let remotes = remotes
            .vtiger(&crm, None)
            .and_then(|vtiger| Ok([vtiger, remotes.service(&connector, None)?]))
            .map_err(SyncError::Failed)?;
        let weak = Arc::downgrade(inner);
        let on_progress: OnProgress = Arc::new(move |progress| {
            let Some(inner) = weak.upgrade() else { return };
            inner.progress.send_modify(|all| drop(all.insert(id, progress)));
        });
        let (store, catalog) = (inner.store.clone(), inner.catalog.clone());
        let context = Context::new(store, connector, catalog, remotes, cancel, on_progress);
        let verified = verify(&context, modules).await;
        inner.progress.send_modify(|all| drop(all.remove(&id)));
        verified.map_err(|stop| match stop {
            Stop::Failed(error) => SyncError::Failed(error),
            Stop::Cancelled => failed("The check of the links was stopped.", "", ""),
        })
    }

    /// The pages of many records of a connector: the connections are made ready once.
    pub fn record_urls(&self, crm: Option<&Crm>, connector: Option<&Connector>) -> RecordUrls {
        let remotes = &self.inner.remotes;
        let vtiger = crm.and_then(|crm| remotes.vtiger(crm, None).ok());
        let service = connector.and_then(|connector| remotes.service(connector, None).ok());
        let name = connector.map(|connector| connector.service.clone());
        RecordUrls::new(self.inner.catalog.clone(), name, [vtiger, service])
    }

    /// The page of a record in the web interface of Vtiger or the service; `None` without an id. No
    /// request is made.
    pub fn record_url(
        &self,
        crm: &Crm,
        connector: &Connector,
        module: Module,
        side: Side,
        id: &str,
    ) -> Option<String> {
        if id.is_empty() {
            return None;
        }
        match side {
            Side::Vtiger => {
                let entity = &self.inner.catalog.vtiger_module(module)?.entity;
                self.inner.remotes.vtiger(crm, None).ok()?.record_url(entity, id)
            }
            Side::Service => {
                let service = self.inner.catalog.service(&connector.service)?;
                let entity = &service.modules.get(&module)?.entity;
                self.inner.remotes.service(connector, None).ok()?.record_url(entity, id)
            }
        }
    }
}

fn unusable(target: &str, error: UserError) -> CheckReport {
    CheckReport { problems: vec![error], ..CheckReport::of(target) }
}
