//! What the store knows of a connector's last runs.

use super::timing::Timing;
use crate::model::{ConnectorId, Mode, Module, Run, RunStatus, Side, Stamp};
use crate::store::{Reader, StoreResult};
use std::collections::BTreeMap;

/// Runs looked at each time; what is older is remembered.
const LATELY: usize = 30;
/// Runs looked at the first time, at most: a day of a connector that changes every half minute.
const FAR_BACK: usize = 3_000;
/// Queue entries looked at for the next try.
const QUEUE: usize = 500;

/// The last runs of a connector, as far as its schedule depends on them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// The number and the beginning of the newest completed run of each module.
    pub completed: BTreeMap<Module, (u64, Stamp)>,
    /// The newest run that was no preview.
    pub newest: Option<Newest>,
    /// How many of the newest runs came to no end.
    pub unlucky: u32,
    /// The newest run was cancelled only because the program that ran it was ended.
    pub resume: bool,
    /// When the first record that waits in the queue is to be tried again, for modules that are
    /// synced at once.
    pub waiting: BTreeMap<Module, Stamp>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest {
    /// Its number.
    pub id: u64,
    /// How it stands.
    pub status: RunStatus,
    /// When it began.
    pub started: Stamp,
    /// When it ended.
    pub ended: Option<Stamp>,
}

/// The fact that tells which run is to be taken up again.
pub fn resume_fact(connector: ConnectorId) -> String {
    format!("connector.{connector}.resume")
}

/// The fact that keeps what the last probe before a completed run remembered.
pub fn probe_fact(connector: ConnectorId, module: Module, side: Side) -> String {
    format!("connector.{connector}.probe.{}.{}", module.key(), side.key())
}

/// Reads what is new since `before` was read; `None`: everything.
pub fn read(
    reader: &Reader,
    connector: ConnectorId,
    timing: &Timing,
    before: Option<&Past>,
) -> StoreResult<Past> {
    let mut past = Past::default();
    let mut lucky = false;
    let mut looked = 0;
    let mut next = None;
    loop {
        let runs = reader.runs_before(Some(connector), next, LATELY)?;
        for run in runs.iter().filter(|run| run.status != RunStatus::Preview) {
            lucky |= !is_unlucky(run.status);
            past.unlucky += u32::from(!lucky);
            past.take(run);
        }
        looked += runs.len();
        next = runs.last().map(|run| run.id);
        let found = timing.modules.keys().all(|module| past.completed.contains_key(module));
        let enough = found || before.is_some() || looked >= FAR_BACK;
        if enough || runs.len() < LATELY {
            break;
        }
    }
    for (module, older) in before.iter().flat_map(|past| &past.completed) {
        let newest = past.completed.entry(*module).or_insert(*older);
        *newest = if older.0 > newest.0 { *older } else { *newest };
    }
    if let Some(newest) = &past.newest {
        let fact = reader.fact(&resume_fact(connector))?;
        past.resume = fact.is_some_and(|fact| fact == newest.id.to_string());
    }
    for (module, timed) in &timing.modules {
        if timed.mode == Mode::Immediately
            && reader.parked_count_of(connector, *module)? > 0
            && let Some(first) = first_try(reader, connector, *module)?
        {
            past.waiting.insert(*module, first);
        }
    }
    Ok(past)
}

fn first_try(reader: &Reader, c: ConnectorId, module: Module) -> StoreResult<Option<Stamp>> {
    let parked = reader.parked_after(c, module, None, QUEUE)?;
    Ok(parked.iter().map(|parked| parked.next_try).min())
}

fn is_unlucky(status: RunStatus) -> bool {
    !matches!(status, RunStatus::Completed | RunStatus::Held | RunStatus::Preview)
}

impl Past {
    /// Takes a run in; newer ones first.
    fn take(&mut self, run: &Run) {
        if self.newest.is_none() {
            self.newest = Some(Newest {
                id: run.id,
                status: run.status,
                started: run.started,
                ended: run.ended,
            });
        }
        if run.status == RunStatus::Completed {
            for module in run.modules.keys() {
                self.completed.entry(*module).or_insert((run.id, run.started));
            }
        }
    }
}
