//! The handle by which front ends start, follow and cancel syncs and check connections.

mod outside;

use super::context::{Context, OnProgress, Stop};
use super::debug_log::DebugLog;
use super::lease::{Holder, Lease, LeaseError, holder};
use super::remotes::{Connections, HttpRemotes, Remotes};
use super::run::{End, run};
use crate::catalog::Catalog;
use crate::model::{
    Connector, ConnectorId, Crm, Module, Progress, Run, RunStatus, Stamp, Trigger, UserError,
};
use crate::remote::Remote;
use crate::secrets::Vault;
use crate::store::{Batch, Change, Store, StoreError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often the row of a running sync is brought up to date in the store.
const ROW_EVERY: Duration = Duration::from_secs(1);

/// The handle of the sync engine. Cloning it is cheap. Its async calls need a tokio runtime.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    catalog: Arc<Catalog>,
    remotes: Box<dyn Remotes>,
    running: Mutex<BTreeMap<ConnectorId, CancellationToken>>,
    progress: watch::Sender<BTreeMap<ConnectorId, Progress>>,
}

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

impl From<StoreError> for SyncError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.user())
    }
}

impl From<LeaseError> for SyncError {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::Busy(error) => Self::Busy(error),
            LeaseError::Broken(error) => Self::Failed(error),
        }
    }
}

fn failed(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> SyncError {
    SyncError::Failed(UserError::new(what, why, next))
}

impl Engine {
    /// An engine over a store.
    pub fn new(store: Store, vault: Vault, catalog: Arc<Catalog>) -> Self {
        let remotes = HttpRemotes::new(vault, store.clone(), catalog.clone());
        Self::with_remotes(store, catalog, Box::new(remotes))
    }

    /// An engine whose remotes are made by somebody else.
    pub fn with_remotes(store: Store, catalog: Arc<Catalog>, remotes: Box<dyn Remotes>) -> Self {
        let (progress, _) = watch::channel(BTreeMap::new());
        let running = Mutex::new(BTreeMap::new());
        Self { inner: Arc::new(Inner { store, catalog, remotes, running, progress }) }
    }

    /// Syncs (or previews) one connector and answers its run when it has ended. A run that failed
    /// half-way is an `Ok` with status `failed` and its error.
    ///
    /// # Errors
    /// The run could not start or could not be recorded.
    pub async fn sync(
        &self,
        connector: ConnectorId,
        request: SyncRequest,
    ) -> Result<Run, SyncError> {
        let run = self.sync_if(connector, request, async { true }).await?;
        run.ok_or_else(|| failed("The sync was not started.", "It is not due any more.", ""))
    }

    /// [`Self::sync`], if it is `still_due` once nobody else can sync the connector any more.
    ///
    /// # Errors
    /// As [`Self::sync`].
    pub async fn sync_if(
        &self,
        connector: ConnectorId,
        request: SyncRequest,
        still_due: impl Future<Output = bool> + Send,
    ) -> Result<Option<Run>, SyncError> {
        let (_, named) = self.settings(connector).await?;
        let _lease = Lease::take(self.inner.store.folder(), named.id, &named.name)?;
        // Read once more: until the lease was taken, others could change or remove the connector.
        let (crm, connector) = self.settings(connector).await?;
        if !still_due.await {
            return Ok(None);
        }
        let cancel = CancellationToken::new();
        if let Ok(mut running) = self.inner.running.lock() {
            running.insert(connector.id, cancel.clone());
        }
        let id = connector.id;
        let result = self.sync_held(crm, connector, request, cancel).await;
        if let Ok(mut running) = self.inner.running.lock() {
            running.remove(&id);
        }
        self.inner.progress.send_modify(|all| {
            all.remove(&id);
        });
        result.map(Some)
    }

    /// Connections to both sides for looks between the runs.
    pub(super) fn connections(
        &self,
        crm: &Crm,
        connector: &Connector,
    ) -> Result<Connections, UserError> {
        let debug = DebugLog::open(&self.inner.store, connector, None);
        let remotes = &self.inner.remotes;
        let vtiger = remotes.vtiger(crm, debug.tap())?;
        let service = remotes.service(connector, debug.tap())?;
        Ok(Connections { remotes: [vtiger, service], _debug: Arc::new(debug) })
    }

    /// The sync of a connector whose lease is held.
    async fn sync_held(
        &self,
        crm: Crm,
        connector: Connector,
        request: SyncRequest,
        cancel: CancellationToken,
    ) -> Result<Run, SyncError> {
        let store = &self.inner.store;
        crate::store::scratch::clean(&store.folder().join("scratch"));
        self.mark_interrupted(connector.id).await?;
        let (run_id, confirmed) = self.run_row(&connector, &request).await?;
        let debug = DebugLog::open(store, &connector, Some(run_id));
        let remotes =
            self.inner.remotes.vtiger(&crm, debug.tap()).and_then(|vtiger| {
                Ok([vtiger, self.inner.remotes.service(&connector, debug.tap())?])
            });
        let remotes = match remotes {
            Ok(remotes) => remotes,
            Err(error) => {
                return self.end(run_id, RunStatus::Failed, None, Some(error), None).await;
            }
        };
        let on_progress = self.on_progress(run_id, connector.id, remotes.clone());
        let mut context = Context::new(
            store.clone(),
            connector,
            self.inner.catalog.clone(),
            remotes,
            cancel,
            on_progress,
        );
        context.run = run_id;
        context.manual = request.trigger == Trigger::Manual;
        let ended = run(&mut context, request.mode, &request.modules, confirmed.as_ref()).await;
        let requests = Some(context.requests());
        debug.close().await;
        match ended {
            Ok(End { status, held }) => self.end(run_id, status, held, None, requests).await,
            Err(Stop::Cancelled) => {
                self.end(run_id, RunStatus::Cancelled, None, None, requests).await
            }
            Err(Stop::Failed(error)) => {
                self.end(run_id, RunStatus::Failed, None, Some(error), requests).await
            }
        }
    }

    /// The store.
    pub(super) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The assets.
    pub(super) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.inner.catalog)
    }

    /// The surroundings for a look at single records outside of a run. Nothing is written.
    pub(super) async fn outside(&self, id: ConnectorId) -> Result<Context, SyncError> {
        let (crm, connector) = self.settings(id).await?;
        let remotes = [
            self.inner.remotes.vtiger(&crm, None).map_err(SyncError::Failed)?,
            self.inner.remotes.service(&connector, None).map_err(SyncError::Failed)?,
        ];
        let (store, catalog) = (self.inner.store.clone(), self.inner.catalog.clone());
        let nobody: OnProgress = Arc::new(|_| {});
        let mut context =
            Context::new(store, connector, catalog, remotes, CancellationToken::new(), nobody);
        context.dry = true;
        Ok(context)
    }

    async fn settings(&self, id: ConnectorId) -> Result<(Crm, Connector), SyncError> {
        let (crm, connector) =
            self.inner.store.read(move |r| Ok((r.crm()?, r.connector(id)?))).await?;
        let connector = connector.ok_or_else(|| {
            failed("There is no such connector.", "It was removed.", "Choose another one.")
        })?;
        if !connector.enabled {
            return Err(failed(
                format!("Connector \"{}\" is disabled.", connector.name),
                "A disabled connector is not synced.",
                "Enable it first.",
            ));
        }
        let crm = crm.ok_or_else(|| {
            failed(
                "No CRM is connected.",
                "Every sync has Vtiger on one side.",
                "Enter the CRM's address, user and access key first.",
            )
        })?;
        Ok((crm, connector))
    }

    /// Runs of a process that died: the lease is ours, so nobody runs them any more.
    async fn mark_interrupted(&self, connector: ConnectorId) -> Result<(), SyncError> {
        let runs = self.inner.store.read(move |r| r.runs_before(Some(connector), None, 50)).await?;
        let mut batch = Batch::new();
        for run in runs.into_iter().filter(|run| run.status == RunStatus::Running) {
            let (ended, held, error) = (Some(Stamp::now()), None, None);
            batch.push(Change::EndRun {
                run: run.id,
                status: RunStatus::Interrupted,
                ended,
                held,
                error,
            });
        }
        if !batch.is_empty() {
            self.inner.store.commit(batch).await?;
        }
        Ok(())
    }

    /// The row of a new run, or of the held one that is confirmed, with what was confirmed.
    async fn run_row(
        &self,
        connector: &Connector,
        request: &SyncRequest,
    ) -> Result<(u64, Option<BTreeMap<String, u64>>), SyncError> {
        let store = &self.inner.store;
        if let SyncMode::Confirm(id) = request.mode {
            let run = self.held_run(id).await.map_err(SyncError::Failed)?;
            if run.connector != connector.id {
                return Err(failed(
                    format!("Run {id} cannot be confirmed here."),
                    format!("It is a run of connector \"{}\".", run.connector_name),
                    "Name that connector.",
                ));
            }
            let mut batch = Batch::new();
            batch.push(Change::ClearItems(id));
            let (status, held, error) = (RunStatus::Running, None, None);
            batch.push(Change::EndRun { run: id, status, ended: None, held, error });
            store.commit(batch).await?;
            return Ok((id, run.held.map(|held| held.counts)));
        }
        let run = Run {
            id: 0,
            connector: connector.id,
            connector_name: connector.name.clone(),
            trigger: request.trigger,
            status: RunStatus::Running,
            started: Stamp::now(),
            ended: None,
            held: None,
            modules: BTreeMap::new(),
            error: None,
            requests: 0,
            retries: 0,
            progress: Some(Progress::default()),
        };
        Ok((store.start_run(run).await?, None))
    }

    async fn held_run(&self, id: u64) -> Result<Run, UserError> {
        let run = self.inner.store.read(move |r| r.run(id)).await.map_err(|e| e.user())?;
        match run {
            Some(run) if run.status == RunStatus::Held => Ok(run),
            Some(run) => Err(UserError::new(
                format!("Run {id} is not held."),
                format!("Its status is {}.", run.status.key()),
                "Only a run that a guard holds can be confirmed or dropped.",
            )),
            None => Err(UserError::new(
                format!("There is no run {id}."),
                "It may be older than what is kept.",
                "Look at the runs with: syncdeck log",
            )),
        }
    }

    /// Passes progress on to the screens of this process, and now and then to the run's row for
    /// those of others.
    fn on_progress(
        &self,
        run: u64,
        connector: ConnectorId,
        remotes: [Arc<dyn Remote>; 2],
    ) -> OnProgress {
        let inner = Arc::downgrade(&self.inner);
        let last = Mutex::new(Instant::now());
        Arc::new(move |progress: Progress| {
            let Some(inner) = inner.upgrade() else { return };
            inner.progress.send_modify(|all| {
                all.insert(connector, progress.clone());
            });
            let due = last.lock().is_ok_and(|mut last| {
                let due = last.elapsed() >= ROW_EVERY;
                if due {
                    *last = Instant::now();
                }
                due
            });
            if due {
                let [a, b] = [remotes[0].requests(), remotes[1].requests()];
                let change = Change::Progress {
                    run,
                    progress: Some(progress),
                    requests: a.0 + b.0,
                    retries: a.1 + b.1,
                };
                let store = inner.store.clone();
                // A row that is late by a second is no harm; the run does not wait for it.
                tokio::spawn(async move { store.commit(change.into()).await.ok() });
            }
        })
    }

    async fn end(
        &self,
        run: u64,
        status: RunStatus,
        held: Option<crate::model::Held>,
        error: Option<UserError>,
        requests: Option<(u64, u64)>,
    ) -> Result<Run, SyncError> {
        let mut batch = Batch::new();
        if let Some((requests, retries)) = requests {
            batch.push(Change::Progress { run, progress: None, requests, retries });
        }
        batch.push(Change::EndRun { run, status, ended: Some(Stamp::now()), held, error });
        self.inner.store.commit(batch).await?;
        let row = self.inner.store.read(move |r| r.run(run)).await?;
        self.prune().await;
        row.ok_or_else(|| failed("The run is not in the store.", "It was removed meanwhile.", ""))
    }

    /// Forgets runs that are older than what is kept. It is tried again after the next run.
    async fn prune(&self) {
        let store = self.inner.store.clone();
        let now = Stamp::now();
        tokio::task::spawn_blocking(move || store.prune(now).ok()).await.ok();
    }

    /// Asks a running sync of this process to stop: what is in flight is finished and recorded.
    /// Answers whether there was one.
    pub fn cancel(&self, connector: ConnectorId) -> bool {
        let running = self.inner.running.lock();
        let token = running.ok().and_then(|running| running.get(&connector).cloned());
        if let Some(token) = &token {
            token.cancel();
            self.inner.progress.send_modify(|all| {
                if let Some(progress) = all.get_mut(&connector) {
                    progress.cancelling = true;
                }
            });
        }
        token.is_some()
    }

    /// Who syncs a connector now, this process or another one. Takes a moment of file access.
    pub fn holder(&self, connector: ConnectorId) -> Option<Holder> {
        holder(self.inner.store.folder(), connector)
    }

    /// How far the syncs of this process are, by connector; several times a second.
    pub fn progress(&self) -> watch::Receiver<BTreeMap<ConnectorId, Progress>> {
        self.inner.progress.subscribe()
    }

    /// Drops a held run: it stays in the log as dropped, and nothing is written.
    ///
    /// # Errors
    /// The run does not exist or is not held, or its connector is being synced.
    pub async fn drop_held(&self, run: u64) -> Result<Run, UserError> {
        let told = |error| match error {
            SyncError::Busy(error) | SyncError::Failed(error) => error,
        };
        let of = self.held_run(run).await?;
        // Somebody else may be about to confirm it: whoever has the lease decides.
        let lease = Lease::take(self.inner.store.folder(), of.connector, &of.connector_name);
        let _lease = lease.map_err(|error| told(error.into()))?;
        let held = self.held_run(run).await?.held;
        self.end(run, RunStatus::Dropped, held, None, None).await.map_err(told)
    }

    /// Removes a connector with everything known of it. Nothing in either system is touched.
    ///
    /// # Errors
    /// It is being synced, or the store cannot be written.
    pub async fn remove(&self, connector: &Connector) -> Result<(), SyncError> {
        let _lease = Lease::take(self.inner.store.folder(), connector.id, &connector.name)?;
        let mut batch = Batch::new();
        batch.push(Change::RemoveConnector(connector.id));
        super::tokens::forget(connector.id, &mut batch);
        Ok(self.inner.store.commit(batch).await?)
    }
}
