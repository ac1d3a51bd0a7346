//! One job of the schedule: a probe of a connector, and the sync that follows from it or from the
//! clock.

use super::past::{Past, probe_fact};
use super::plan::Step;
use super::timing::Timing;
use crate::catalog::Catalog;
use crate::engine::remotes::Connections;
use crate::engine::{Engine, SyncError, SyncMode, SyncRequest};
use crate::model::{
    Connector, ConnectorId, Crm, Mode, Module, Run, RunStatus, Side, Trigger, UserError,
};
use crate::remote::Probe;
use crate::store::{Batch, Change, Store};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// What the probes of a connector remembered, by module and side.
pub type Memories = BTreeMap<(Module, Side), String>;

/// Hears that a sync begins, why, and of which modules.
pub type OnBegin = Arc<dyn Fn(Trigger, &[Module]) + Send + Sync>;

/// How long all probes of a connector may take together.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a job works on.
pub struct Job {
    pub engine: Engine,
    pub store: Store,
    pub catalog: Arc<Catalog>,
    pub crm: Crm,
    pub connector: Connector,
    pub timing: Timing,
    pub step: Step,
    /// The newest run when the job was planned.
    pub newest: Option<(u64, RunStatus)>,
    pub memories: Memories,
    /// Made for an earlier job.
    pub connections: Option<Connections>,
    /// The scheduler is to end.
    pub stop: CancellationToken,
    /// Hears when the sync has really begun.
    pub begun: OnBegin,
}

/// What came of it.
pub struct Done {
    pub outcome: Outcome,
    pub memories: Memories,
    pub connections: Option<Connections>,
}

/// What came of a job.
pub enum Outcome {
    /// Nothing had changed, or another process looked.
    Quiet,
    /// Another process syncs the connector.
    Busy,
    /// Another process was faster, or the settings changed.
    NotDue,
    /// It was looked, and could not be seen.
    Blind(UserError),
    /// The sync could not start.
    Refused(UserError),
    /// A sync ended.
    Ran(Box<Run>, Vec<Module>),
}

/// The modules that probes look at, with what each side calls them, and the sides worth a look:
/// those that the module's direction reads from.
fn watched(job: &Job) -> Vec<(Module, Side, String)> {
    let service = job.catalog.service(&job.connector.service);
    let mut all = Vec::new();
    for (module, timed) in &job.timing.modules {
        let entities = [
            job.catalog.vtiger_module(*module).map(|crm| crm.entity.clone()),
            service.and_then(|s| s.modules.get(module)).map(|spec| spec.entity.clone()),
        ];
        let direction = job.connector.modules.get(module).map(|settings| settings.direction);
        for (side, entity) in Side::BOTH.into_iter().zip(entities) {
            let read = direction.is_some_and(|direction| direction.writes(side.other()));
            if timed.mode == Mode::Immediately && read {
                all.extend(entity.map(|entity| (*module, side, entity)));
            }
        }
    }
    all
}

impl Job {
    /// Does it.
    pub async fn run(mut self) -> Done {
        let outcome = self.outcome().await;
        Done { outcome, memories: self.memories, connections: self.connections }
    }

    async fn outcome(&mut self) -> Outcome {
        let mut modules = match &self.step {
            Step::Sync(modules) => modules.clone(),
            Step::Probe | Step::Wait(_) => Vec::new(),
        };
        let by_clock = !modules.is_empty();
        let watched = watched(self);
        if !by_clock && !claim(self.store.folder(), self.connector.id, self.timing.probe) {
            return Outcome::Quiet;
        }
        let mut seen = BTreeMap::new();
        if !watched.is_empty() {
            // What is remembered must be older than the run that it stands for.
            match self.probe(&watched).await {
                Ok(probes) => seen = probes,
                // The run itself will tell better what is wrong.
                Err(_) if by_clock => {}
                Err(error) => return Outcome::Blind(error),
            }
        }
        for ((module, _), probe) in &seen {
            if probe.changed && !modules.contains(module) {
                modules.push(*module);
            }
        }
        for (place, probe) in seen.iter().filter(|(_, probe)| !probe.changed) {
            self.memories.insert(*place, probe.memory.clone());
        }
        if modules.is_empty() || self.stop.is_cancelled() {
            return Outcome::Quiet;
        }
        modules.sort_unstable();
        let trigger = if by_clock { Trigger::Schedule } else { Trigger::Immediate };
        match self.sync(trigger, &modules).await {
            Ok(None) => Outcome::NotDue,
            Ok(Some(run)) => {
                if run.status == RunStatus::Completed {
                    self.remember(seen, &modules).await;
                }
                Outcome::Ran(Box::new(run), modules)
            }
            Err(SyncError::Busy(_)) => Outcome::Busy,
            Err(SyncError::Failed(error)) => Outcome::Refused(error),
        }
    }

    async fn probe(
        &mut self,
        watched: &[(Module, Side, String)],
    ) -> Result<BTreeMap<(Module, Side), Probe>, UserError> {
        let connections = match &self.connections {
            Some(connections) => connections.clone(),
            None => self.engine.connections(&self.crm, &self.connector)?,
        };
        self.connections = Some(connections.clone());
        let looks = async {
            let mut seen = BTreeMap::new();
            for (module, side, entity) in watched {
                let remote = &connections.remotes[usize::from(*side == Side::Service)];
                let known = self.memories.get(&(*module, *side));
                let probe = remote.probe(entity, known.map(String::as_str)).await;
                seen.insert((*module, *side), probe.map_err(|error| error.error)?);
            }
            Ok(seen)
        };
        tokio::select! {
            seen = tokio::time::timeout(PATIENCE, looks) => match seen {
                Ok(seen) => seen,
                Err(_) => Err(UserError::new(
                    "SyncDeck could not look for changes.",
                    format!("There was no answer within {} seconds.", PATIENCE.as_secs()),
                    "It looks again later.",
                )),
            },
            () = self.stop.cancelled() => Ok(BTreeMap::new()),
        }
    }

    async fn sync(&self, trigger: Trigger, modules: &[Module]) -> Result<Option<Run>, SyncError> {
        let request = SyncRequest { trigger, modules: modules.to_vec(), mode: SyncMode::Sync };
        let still_due = async {
            let due = !self.stop.is_cancelled() && self.is_still_due().await;
            if due {
                (self.begun)(trigger, modules);
            }
            due
        };
        self.engine.sync_if(self.connector.id, request, still_due).await
    }

    /// Whether nothing happened since the job was planned: nobody else ran it, nobody changed the
    /// settings. Asked when the lease is taken.
    async fn is_still_due(&self) -> bool {
        let id = self.connector.id;
        let timing = self.timing.clone();
        let read = self.store.read(move |r| {
            // Only its newest run is of interest.
            let past = super::past::read(r, id, &timing, Some(&Past::default()))?;
            Ok((r.connector(id)?, past.newest.map(|run| (run.id, run.status))))
        });
        let Ok((connector, newest)) = read.await else { return false };
        connector.as_ref() == Some(&self.connector) && newest == self.newest
    }

    /// Keeps what the probes saw before a run that went through, also for other processes.
    async fn remember(&mut self, seen: BTreeMap<(Module, Side), Probe>, modules: &[Module]) {
        let mut batch = Batch::new();
        for ((module, side), probe) in seen {
            if !modules.contains(&module) {
                continue;
            }
            let fact = probe_fact(self.connector.id, module, side);
            batch.push(Change::PutFact(fact, Some(probe.memory.clone())));
            self.memories.insert((module, side), probe.memory);
        }
        if !batch.is_empty() {
            // Kept in memory at least; after a restart there is one sync more.
            self.store.commit(batch).await.ok();
        }
    }
}

/// Claims the next probe of a connector, so that several processes on one store together do not
/// probe more often than one. A claim that is lost costs one probe, so nothing is locked.
fn claim(folder: &Path, connector: ConnectorId, interval: Duration) -> bool {
    let path = folder.join("locks").join(format!("{connector}.probe"));
    let claimed = || {
        std::fs::create_dir_all(folder.join("locks"))?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let fresh = std::fs::metadata(&path)
            .and_then(|meta| meta.modified())
            // A stamp in the future is one of a clock that was set back.
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age < interval * 4 / 5));
        if fresh {
            return Ok(false);
        }
        options.open(&path)?.set_modified(SystemTime::now())?;
        Ok::<_, std::io::Error>(true)
    };
    // Where the file cannot be made, each process probes for itself.
    claimed().unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_claimed_once_an_interval() {
        let folder = tempfile::tempdir().unwrap();
        let interval = Duration::from_secs(30);
        assert!(claim(folder.path(), 1, interval));
        assert!(!claim(folder.path(), 1, interval));
        assert!(claim(folder.path(), 2, interval));
        let file =
            OpenOptions::new().write(true).open(folder.path().join("locks/1.probe")).unwrap();
        for at in [SystemTime::now() - interval, SystemTime::now() + interval] {
            file.set_modified(at).unwrap();
            assert!(claim(folder.path(), 1, interval));
        }
    }
}
