//! Runs the effects: reads on a thread of their own, long jobs on another one, engine calls on the
//! runtime. What comes of them is sent back as messages; the screens never wait.

mod arrange;
#[cfg(test)]
mod bench;
mod connect;
mod connectors;
mod consent;
mod debug;
mod export;
mod lists;
mod mapping;
mod queue;

use super::debug::DebugAsk;
use super::log::Window;
use super::mapping::MapAsk;
use super::msg::{ConnectorRow, Effect, Msg, Overview, QueueDeed};
use crate::catalog::Catalog;
use crate::engine::{Engine, Outlooks, Scheduler, SyncError, SyncMode, SyncRequest};
use crate::model::{ConnectorId, Run, RunStatus, Trigger, UserError};
use crate::secrets::Vault;
use crate::store::{Reader, Store, StoreResult};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// Something that runs effects.
pub trait Runner {
    /// Begins one. It must not block.
    fn run(&self, effect: Effect);
    /// Called before the process is stopped by Ctrl-Z.
    fn before_stop(&self) {}
    /// Called when it goes on.
    fn after_stop(&self) {}
}

/// How often at most the screens hear that the store changed, and how far syncs are.
const PACE: Duration = Duration::from_millis(250);

/// Among how many of the newest runs a held one is looked for.
const HELD_AMONG: usize = 10;

/// How long a batch that is being written may take to end before the process is stopped.
const STOP_PATIENCE: Duration = Duration::from_secs(3);

type Job = Box<dyn FnOnce(&Shared) + Send>;

/// What jobs need.
pub struct Shared {
    store: Store,
    engine: Engine,
    catalog: Arc<Catalog>,
    vault: Vault,
    messages: Sender<Msg>,
    /// The number of the newest filter job; older ones give up.
    arranging: AtomicU64,
    /// The number of the newest reading of a filtered queue; older ones are left out.
    filtering: AtomicU64,
    /// The number of the newest search in a debug log; older ones give up.
    searching: AtomicU64,
    /// The number of the newest export; older ones give up.
    exporting: AtomicU64,
    /// The consent that is being given.
    consents: consent::Consents,
}

impl Shared {
    fn send(&self, msg: Msg) {
        // Nobody listens any more once the program leaves.
        let _ = self.messages.send(msg);
    }

    /// Reads in one short transaction; an error is shown.
    fn read<T>(&self, read: impl FnOnce(&Reader) -> StoreResult<T>) -> Option<T> {
        match self.store.read_blocking(read) {
            Ok(value) => Some(value),
            Err(error) => {
                self.send(Msg::Failed(error.user()));
                None
            }
        }
    }
}

/// The runner over the real store and engine.
pub struct LiveRunner {
    shared: Arc<Shared>,
    reads: Sender<Job>,
    long: Sender<Job>,
    runtime: Handle,
    schedule: Option<Scheduler>,
}

/// How long the end of the program waits for the schedule, which has nothing in flight by then
/// unless somebody leaves at once.
const GOODBYE: Duration = Duration::from_secs(2);

impl LiveRunner {
    /// Starts the threads, and listens to the store and the engine.
    pub fn start(
        store: Store,
        engine: Engine,
        catalog: Arc<Catalog>,
        vault: Vault,
        runtime: Handle,
        messages: Sender<Msg>,
    ) -> Self {
        let shared = Arc::new(Shared {
            store,
            engine,
            catalog,
            vault,
            messages,
            arranging: AtomicU64::new(0),
            filtering: AtomicU64::new(0),
            searching: AtomicU64::new(0),
            exporting: AtomicU64::new(0),
            consents: consent::Consents::default(),
        });
        let reads = worker("reads", Arc::clone(&shared));
        let long = worker("lists", Arc::clone(&shared));
        runtime.spawn(listen_to_store(Arc::clone(&shared)));
        runtime.spawn(listen_to_engine(Arc::clone(&shared)));
        Self { shared, reads, long, runtime, schedule: None }
    }

    /// Syncs by itself from now on, as the settings say.
    pub fn keep_the_schedule(&mut self) {
        let shared = &self.shared;
        let _inside = self.runtime.enter();
        let schedule = Scheduler::start(
            shared.engine.clone(),
            shared.store.clone(),
            Arc::clone(&shared.catalog),
            // What happens is seen in the log and beside the connectors.
            Arc::new(|_| {}),
        );
        self.runtime.spawn(listen_to_schedule(Arc::clone(shared), schedule.outlooks()));
        self.schedule = Some(schedule);
    }

    /// Ends the schedule.
    pub fn end(&self) {
        if let Some(schedule) = &self.schedule {
            // Too late: what was in flight is settled by the next run.
            let _ = self
                .runtime
                .block_on(async { tokio::time::timeout(GOODBYE, schedule.stop()).await });
        }
    }

    fn read(&self, job: impl FnOnce(&Shared) + Send + 'static) {
        let _ = self.reads.send(Box::new(job));
    }

    fn sync(&self, connector: ConnectorId, mode: SyncMode) {
        let shared = Arc::clone(&self.shared);
        self.runtime.spawn(async move {
            let request = SyncRequest { trigger: Trigger::Manual, modules: Vec::new(), mode };
            let engine = shared.engine.clone();
            let run = tokio::spawn(async move { engine.sync(connector, request).await });
            let result = match run.await {
                Ok(Ok(run)) => Ok(Box::new(run)),
                Ok(Err(SyncError::Busy(error) | SyncError::Failed(error))) => Err(error),
                Err(fault) => Err(UserError::new(
                    "The sync stopped because of a fault in SyncDeck.",
                    fault.to_string(),
                    "What was written is recorded; the next sync settles the rest. Please report the fault.",
                )),
            };
            shared.send(Msg::SyncEnded { connector, mode, result });
        });
    }

    fn queue_do(&self, connector: ConnectorId, deed: QueueDeed) {
        let shared = Arc::clone(&self.shared);
        self.runtime.spawn(async move {
            let result = queue::deed(&shared.engine, connector, deed).await;
            shared.send(Msg::QueueDone(result));
        });
    }

    fn debug(&self, ask: DebugAsk) {
        let newest = |shared: &Shared| shared.searching.fetch_add(1, Ordering::SeqCst) + 1;
        match ask {
            DebugAsk::Page { connector, generation, wanted } => {
                self.read(move |shared| debug::page(shared, connector, generation, &wanted));
            }
            DebugAsk::Open { connector, number } => {
                self.read(move |shared| debug::open(shared, connector, number));
            }
            DebugAsk::Switch { connector, on } => {
                self.read(move |shared| debug::switch(shared, connector, on));
            }
            DebugAsk::StopSearch => drop(newest(&self.shared)),
            DebugAsk::Search { connector, generation, text, above } => {
                let job = newest(&self.shared);
                let _ = self.long.send(Box::new(move |shared| {
                    debug::search(shared, job, connector, generation, &text, above);
                }));
            }
        }
    }

    fn drop_held(&self, run: u64) {
        let shared = Arc::clone(&self.shared);
        self.runtime.spawn(async move {
            let result = shared.engine.drop_held(run).await.map(Box::new);
            shared.send(Msg::HeldDropped(result));
        });
    }
}

impl Runner for LiveRunner {
    fn before_stop(&self) {
        // What a slow system has not answered by then is settled like a lost answer.
        self.shared.store.suspend(STOP_PATIENCE);
    }

    fn after_stop(&self) {
        self.shared.store.resume();
    }

    fn run(&self, effect: Effect) {
        let shared = &self.shared;
        match effect {
            Effect::Overview => self.read(overview),
            Effect::Runs { connector, generation, window } => {
                self.read(move |shared| runs(shared, connector, generation, window));
            }
            Effect::Queue { connector, filter, limit } if filter.is_empty() => {
                self.read(move |shared| queue::rows(shared, connector, filter, limit));
            }
            Effect::Queue { connector, filter, limit } => {
                // It may look through very many entries; other reads do not wait for it.
                let job = self.shared.filtering.fetch_add(1, Ordering::SeqCst) + 1;
                let _ = self.long.send(Box::new(move |shared| {
                    if shared.filtering.load(Ordering::SeqCst) == job {
                        queue::rows(shared, connector, filter, limit);
                    }
                }));
            }
            Effect::QueueDo { connector, deed } => self.queue_do(connector, deed),
            Effect::Standing { generation, connector, select } => {
                self.read(move |shared| queue::standing(shared, generation, connector, &select));
            }
            Effect::Page(request) => self.read(move |shared| lists::page(shared, &request)),
            Effect::Links { generation, connector, item } => {
                self.read(move |shared| lists::links(shared, generation, connector, &item));
            }
            Effect::History { id, connector, module, ids } => {
                self.read(move |shared| lists::history(shared, id, connector, module, ids));
            }
            Effect::Arrange { source, generation, arrangement } => {
                let job = shared.arranging.fetch_add(1, Ordering::SeqCst) + 1;
                let _ = self.long.send(Box::new(move |shared| {
                    arrange::arrange(shared, job, &source, generation, &arrangement);
                }));
            }
            Effect::StopArranging => {
                shared.arranging.fetch_add(1, Ordering::SeqCst);
            }
            Effect::Debug(ask) => self.debug(ask),
            Effect::Mapping(ask @ (MapAsk::Fields(_) | MapAsk::Try { .. })) => {
                self.runtime.spawn(mapping::look(Arc::clone(shared), ask));
            }
            Effect::Mapping(ask) => self.read(move |shared| mapping::work(shared, ask)),
            Effect::Sync { connector, mode } => self.sync(connector, mode),
            Effect::CancelSync(connector) => {
                shared.engine.cancel(connector);
            }
            Effect::StopSchedule => {
                if let Some(schedule) = &self.schedule {
                    schedule.ask_to_stop();
                }
            }
            Effect::Connector { connector, deed } => {
                self.runtime.spawn(connectors::deed(Arc::clone(shared), connector, deed));
            }
            Effect::DropHeld(run) => self.drop_held(run),
            Effect::Tails { form, target } => {
                self.runtime.spawn_blocking(connect::tails(Arc::clone(shared), form, target));
            }
            Effect::Check { form, draft } => {
                self.runtime.spawn(connect::check(Arc::clone(shared), form, draft));
            }
            Effect::Save { form, draft } => {
                self.read(move |shared| connect::save(shared, form, &draft))
            }
            Effect::Consent { id, ask } => consent::perform(shared, &self.runtime, id, ask),
            Effect::Export(request) => {
                let job = shared.exporting.fetch_add(1, Ordering::SeqCst) + 1;
                // Its dialog stays until it ends, so no filter waits for it. On a thread of its own
                // the allocator would keep memory for what the store caches a second time.
                let _ = self.long.send(Box::new(move |shared| {
                    export::export(shared, job, &request);
                }));
            }
            Effect::StopExport => {
                shared.exporting.fetch_add(1, Ordering::SeqCst);
            }
            Effect::Copy(_)
            | Effect::Mouse(_)
            | Effect::Redraw
            | Effect::Retake
            | Effect::Suspend
            | Effect::Quit => {}
        }
    }
}

fn worker(name: &str, shared: Arc<Shared>) -> Sender<Job> {
    let (sender, jobs): (Sender<Job>, Receiver<Job>) = channel();
    let work = move || {
        for job in jobs {
            // The panic hook has told it; the next job is another matter.
            let _ = catch_unwind(AssertUnwindSafe(|| job(&shared)));
        }
    };
    // Without the thread its jobs stay undone; there is no screen to tell it on yet.
    let _ = thread::Builder::new().name(format!("tui-{name}")).spawn(work);
    sender
}

async fn listen_to_store(shared: Arc<Shared>) {
    let mut generation = shared.store.generation();
    while generation.changed().await.is_ok() {
        generation.mark_unchanged();
        if shared.messages.send(Msg::StoreChanged).is_err() {
            return;
        }
        tokio::time::sleep(PACE).await;
    }
}

async fn listen_to_engine(shared: Arc<Shared>) {
    let mut progress = shared.engine.progress();
    while progress.changed().await.is_ok() {
        let now = progress.borrow_and_update().clone();
        if shared.messages.send(Msg::Progress(now)).is_err() {
            return;
        }
        tokio::time::sleep(PACE).await;
    }
}

async fn listen_to_schedule(shared: Arc<Shared>, mut outlooks: watch::Receiver<Outlooks>) {
    loop {
        let now = outlooks.borrow_and_update().clone();
        if shared.messages.send(Msg::Schedule(now)).is_err() {
            return;
        }
        if outlooks.changed().await.is_err() {
            return;
        }
    }
}

/// The fact that tells whether the CRM's user is an administrator.
pub const ADMIN_FACT: &str = "vtiger.admin";

fn overview(shared: &Shared) {
    let read = shared.read(|reader| {
        let mut rows = Vec::new();
        for connector in reader.connectors()? {
            let id = connector.id;
            let runs = reader.runs_before(Some(id), None, HELD_AMONG)?;
            let held = held(&runs).cloned();
            let last = runs.into_iter().next();
            let waiting = reader.parked_count(id)?;
            let mut skips = BTreeMap::new();
            for module in connector.modules.keys() {
                let count = reader.skip_count(id, *module)?;
                if count > 0 {
                    skips.insert(*module, count);
                }
            }
            let running = last.as_ref().is_some_and(|run| run.status == RunStatus::Running);
            let holder = running.then(|| shared.engine.holder(id)).flatten();
            let undecided = reader.undecided_count(id)?;
            rows.push(ConnectorRow { connector, last, waiting, skips, undecided, holder, held });
        }
        let admin = reader.fact(ADMIN_FACT)?.map(|fact| fact == "true");
        Ok(Overview { crm: reader.crm()?, admin, connectors: rows })
    });
    // Also after an error: the screens wait for an answer before they ask again.
    shared.send(Msg::Overview(read.map(Box::new)));
}

/// The newest run that is held, unless a later one went through.
fn held(runs: &[Run]) -> Option<&Run> {
    runs.iter()
        .take_while(|run| run.status != RunStatus::Completed)
        .find(|run| run.status == RunStatus::Held)
}

fn runs(shared: &Shared, connector: ConnectorId, generation: u64, window: Window) {
    let read = shared.read(|reader| lists::runs(reader, connector, window));
    if let Some((runs, newer, more)) = read {
        shared.send(match window {
            Window::Newest => Msg::Runs { connector, generation, runs, more },
            _ => Msg::OlderRuns { connector, generation, runs, newer, more },
        });
    }
}
