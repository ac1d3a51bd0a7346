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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::schedule::timing::Timed;
    use crate::model::{ModuleCounts, Parked, Trigger};
    use crate::store::{Change, Store};
    use std::time::Duration;

    const SHOP: ConnectorId = 1;

    struct World {
        store: Store,
        _folder: tempfile::TempDir,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(&folder.path().join("syncdeck.redb")).unwrap();
            Self { store, _folder: folder }
        }

        async fn run(&self, status: RunStatus, started: i64, modules: &[Module]) -> u64 {
            let counts = modules.iter().map(|module| (*module, ModuleCounts::default()));
            let run = Run {
                id: 0,
                connector: SHOP,
                connector_name: "shop".into(),
                trigger: Trigger::Schedule,
                status,
                started: Stamp::from_secs(started),
                ended: None,
                held: None,
                modules: counts.collect(),
                error: None,
                requests: 0,
                retries: 0,
                progress: None,
            };
            self.store.start_run(run).await.unwrap()
        }

        fn past(&self, before: Option<&Past>) -> Past {
            self.store.read_blocking(|r| read(r, SHOP, &timing(), before)).unwrap()
        }
    }

    fn timing() -> Timing {
        let timed = |mode| Timed { mode, every: Duration::from_secs(900) };
        let modules =
            [(Module::Contacts, timed(Mode::Immediately)), (Module::Products, timed(Mode::Cron))];
        Timing { modules: modules.into(), probe: Duration::from_secs(30) }
    }

    #[tokio::test]
    async fn the_newest_completed_run_of_each_module_counts() {
        let world = World::new();
        assert_eq!(world.past(None), Past::default());
        let old = world.run(RunStatus::Completed, 100, &[Module::Contacts, Module::Products]).await;
        for n in 0..50 {
            world.run(RunStatus::Completed, 200 + n, &[Module::Contacts]).await;
        }
        // The clock was set back; the newest run is the one with the highest number.
        let newest = world.run(RunStatus::Completed, 50, &[Module::Contacts]).await;
        let past = world.past(None);
        assert_eq!(past.completed[&Module::Contacts], (newest, Stamp::from_secs(50)));
        assert_eq!(past.completed[&Module::Products], (old, Stamp::from_secs(100)));
        // What lies far back is not looked for again, but not forgotten either.
        assert_eq!(world.past(Some(&past)), past);
        assert!(!world.past(Some(&Past::default())).completed.contains_key(&Module::Products));
    }

    #[tokio::test]
    async fn bad_ends_are_counted_and_previews_are_nothing() {
        let world = World::new();
        let all = [Module::Contacts];
        world.run(RunStatus::Failed, 1, &all).await;
        world.run(RunStatus::Completed, 2, &all).await;
        for (n, status) in (3..).zip([
            RunStatus::Failed,
            RunStatus::Preview,
            RunStatus::Interrupted,
            RunStatus::Cancelled,
        ]) {
            world.run(status, n, &all).await;
        }
        let cancelled = world.past(None).newest.unwrap().id;
        world.run(RunStatus::Preview, 9, &all).await;
        let past = world.past(None);
        assert_eq!((past.unlucky, past.resume), (3, false));
        assert_eq!(past.newest.as_ref().unwrap().id, cancelled);
        let fact = |id: u64| Change::PutFact(resume_fact(SHOP), Some(id.to_string()));
        world.store.commit(fact(cancelled - 1).into()).await.unwrap();
        assert!(!world.past(None).resume, "another run's");
        world.store.commit(fact(cancelled).into()).await.unwrap();
        assert!(world.past(None).resume);
        world.run(RunStatus::Held, 10, &all).await;
        let past = world.past(None);
        assert_eq!((past.unlucky, past.newest.unwrap().status), (0, RunStatus::Held));
    }

    #[tokio::test]
    async fn the_queue_of_an_immediate_module_tells_its_next_try() {
        let world = World::new();
        for (n, module, next_try) in
            [(1, Module::Contacts, 70), (2, Module::Contacts, 60), (3, Module::Products, 50)]
        {
            let parked = Parked {
                side: Side::Vtiger,
                id: format!("12x{n}"),
                name: String::new(),
                reason: None,
                since: Stamp(0),
                tries: 1,
                next_try: Stamp::from_secs(next_try),
                print: None,
                revision: 0,
                gone: false,
            };
            world.store.commit(Change::PutParked(SHOP, module, parked).into()).await.unwrap();
        }
        let waiting = world.past(None).waiting;
        assert_eq!(waiting, BTreeMap::from([(Module::Contacts, Stamp::from_secs(60))]));
    }
}
