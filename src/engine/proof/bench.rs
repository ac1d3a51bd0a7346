//! A world, a store and an engine: runs, crashes, confirmations, and settling down.

use super::check;
use super::remote::MemoryRemote;
use super::setup::Setup;
use super::world::{Effects, Faults, World};
use crate::catalog::Catalog;
use crate::engine::safeguards;
use crate::engine::{Engine, Remotes, SyncMode, SyncRequest};
use crate::model::{Connector, Crm, Module, Run, RunStatus, SecretText, Side, Trigger, UserError};
use crate::remote::{Remote, Tap};
use crate::store::{Change, Store};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

struct MemoryRemotes(Arc<Mutex<World>>);

impl MemoryRemotes {
    fn side(&self, side: Side) -> Arc<dyn Remote> {
        Arc::new(MemoryRemote { world: self.0.clone(), side })
    }
}

impl Remotes for MemoryRemotes {
    fn vtiger(&self, _: &Crm, _: Option<Tap>) -> Result<Arc<dyn Remote>, UserError> {
        Ok(self.side(Side::Vtiger))
    }
    fn service(&self, _: &Connector, _: Option<Tap>) -> Result<Arc<dyn Remote>, UserError> {
        Ok(self.side(Side::Service))
    }
}

/// What all stories of a thread share.
struct Place {
    runtime: Runtime,
    folder: tempfile::TempDir,
}

fn place() -> &'static Place {
    thread_local! {
        static PLACE: &'static Place = Box::leak(Box::new(Place {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            folder: {
                let shm = std::path::Path::new("/dev/shm");
                if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.unwrap()
            },
        }));
    }
    PLACE.with(|place| *place)
}

fn catalog() -> Arc<Catalog> {
    static CATALOG: OnceLock<Arc<Catalog>> = OnceLock::new();
    CATALOG.get_or_init(|| Arc::new(Catalog::built_in().unwrap())).clone()
}

/// A world, a store and an engine.
pub struct Bench {
    world: Arc<Mutex<World>>,
    pub store: Store,
    pub setup: Setup,
    /// Writes whose outcome nobody can tell for certain, because a user changed the record before
    /// the next run could look it up.
    pub uncertain: u64,
    runs: BTreeSet<u64>,
}

impl Bench {
    pub fn new(seed: u64, setup: Setup) -> Self {
        let world = Arc::new(Mutex::new(World::new(seed, setup)));
        let on_commit = {
            let world = Arc::downgrade(&world);
            Arc::new(move |moment| {
                world.upgrade().is_none_or(|world| world.lock().unwrap().commits(moment))
            })
        };
        let store = Store::in_memory(place().folder.path(), on_commit);
        let crm = Crm {
            url: String::new(),
            username: String::new(),
            access_key: SecretText::Plain(String::new()),
            allow_http: false,
            ca_file: None,
        };
        store.commit_blocking(Change::PutCrm(crm).into()).unwrap();
        world.lock().unwrap().store = Some(store.clone());
        safeguards::set_eagerly(setup.eagerly);
        safeguards::set_sizes(setup.batch, if setup.rare_scans { 0 } else { 2_000 });
        let bench = Self { world, store, setup, uncertain: 0, runs: BTreeSet::new() };
        bench.map_phone(true);
        bench
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Changes the settings: whether the telephone number is mapped.
    pub fn map_phone(&self, phone: bool) {
        self.world().phone = phone;
        self.world().note(|| format!("the telephone number is mapped: {phone}"));
        let connector = Box::new(self.setup.connector(phone));
        self.store.commit_blocking(Change::PutConnector(connector).into()).unwrap();
    }

    /// A sync; `None`: the process died in it.
    pub fn run(&mut self, mode: SyncMode, trigger: Trigger) -> Option<Run> {
        let open = check::open(&self.store);
        if open.is_empty() {
            // What was edited before a write was announced leaves no doubt about it.
            self.world().touched.clear();
        }
        let before = self.effects();
        let engine = Engine::with_remotes(
            self.store.clone(),
            catalog(),
            Box::new(MemoryRemotes(self.world.clone())),
        );
        let crash = {
            let mut world = self.world();
            let canceller = engine.clone();
            world.cancel = Some(Box::new(move || {
                canceller.cancel(1);
            }));
            world.crash = CancellationToken::new();
            world.steps = 0;
            world.note(|| format!("--- run {mode:?} {trigger:?}"));
            world.crash.clone()
        };
        let request = SyncRequest { trigger, modules: Vec::new(), mode };
        let ended = place().runtime.block_on(async {
            tokio::select! {
                biased;
                run = engine.sync(1, request) => Some(run.unwrap()),
                () = crash.cancelled() => None,
            }
        });
        let mut world = self.world();
        world.cancel = None;
        let dead = world.crash.is_cancelled();
        (world.crash_at, world.cancel_at, world.crash) = (None, None, CancellationToken::new());
        let status = ended.as_ref().map(|r| (r.status, r.error.clone()));
        world.note(|| format!("--- {status:?}"));
        drop(world);
        // A crash at the very last step is a crash too, though the run looks ended.
        let ended = ended.filter(|_| !dead);
        // Users may have touched what was left open before the run, or in it, before it was settled.
        self.uncertain += check::uncertain(self, &open);
        if check::open(&self.store).is_empty() {
            self.world().touched.clear();
        }
        check::after_run(self, ended.as_ref(), &before);
        self.runs.extend(ended.as_ref().map(|run| run.id));
        ended
    }

    /// A sync by hand with the guards accepted, which nothing disturbs.
    pub fn accept(&mut self) -> Run {
        let run = self.run(SyncMode::Accept, Trigger::Manual).expect("nothing disturbs it");
        if run.status != RunStatus::Completed {
            self.world().bad(format!("a quiet run ended {:?}: {:?}", run.status, run.error));
        }
        run
    }

    /// What a preview plans, written down line by line.
    pub fn preview(&mut self) -> Vec<String> {
        let run = self.run(SyncMode::Preview, Trigger::Manual).expect("nothing disturbs it");
        check::plan_of(&self.store, &run)
    }

    /// Nobody acts, nothing fails.
    pub fn quiet(&self) {
        let mut world = self.world();
        (world.busy, world.faults) = (false, Faults::NONE);
        (world.crash_at, world.cancel_at) = (None, None);
    }

    pub fn effects(&self) -> Effects {
        self.world().effects.clone()
    }

    pub fn written(&self) -> u64 {
        self.world().written()
    }

    /// Lets quiet runs go until one has nothing to do, and answers how many it took.
    pub fn settle(&mut self) -> u32 {
        self.quiet();
        for n in 1..=6 {
            let before = self.written();
            self.world().pass(7_200);
            self.accept();
            if n == 2 {
                check::agreed(self);
            }
            let waiting = self.store.read_blocking(|r| r.parked_count(1)).unwrap();
            let open = self.store.read_blocking(|r| r.intents(1)).unwrap();
            if self.written() == before && waiting == 0 && open.is_empty() {
                return n;
            }
        }
        let waiting = check::parked(&self.store);
        self.world().bad(format!("I1: it does not settle in 6 quiet runs: {waiting:?}"));
        6
    }

    /// The end of a story: settles, and checks everything.
    pub fn finish(&mut self) -> Vec<String> {
        self.settle();
        check::at_rest(self);
        check::nothing_left(self);
        std::mem::take(&mut self.world().violations)
    }

    pub fn links(&self) -> Vec<crate::model::Link> {
        self.store.read_blocking(|r| r.links_after(1, Module::Contacts, None, 1_000)).unwrap()
    }
}

/// Removes what a story has set on this thread.
impl Drop for Bench {
    fn drop(&mut self) {
        if let Ok(mut world) = self.world.lock() {
            world.store = None;
        }
        crate::model::clock::set(None);
    }
}
