//! The loop that carries out the schedule, and the handle to it.

use super::job::{Done, Job, Memories, Outcome};
use super::past::{self, Past, probe_fact, resume_fact};
use super::plan::{Here, Outlook, Plan, Step, plan};
use super::timing::Timing;
use crate::catalog::Catalog;
use crate::engine::Engine;
use crate::engine::remotes::Connections;
use crate::model::{
    Connector, ConnectorId, Crm, Mode, Module, Run, RunStatus, Side, Stamp, Trigger, UserError,
};
use crate::store::{Change, Reader, Store, StoreResult};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The clock is looked at so often at least: it may be set, and the machine may have slept.
const LOOK: Duration = Duration::from_secs(30);
/// The store is read no more often than this, however much is committed.
const PACE: Duration = Duration::from_secs(1);
/// The same while a sync of ours runs, whose own commits are no news.
const SLOW_PACE: Duration = Duration::from_secs(5);
/// How long a connector that somebody else syncs is left alone.
const BUSY: Duration = Duration::from_secs(10);
/// How often a run that is to end is asked again; the first time it may not have begun yet.
const NUDGE: Duration = Duration::from_millis(200);

/// When each connector is synced by itself next.
pub type Outlooks = BTreeMap<ConnectorId, Outlook>;

/// What the scheduler has to tell.
#[derive(Debug, Clone)]
pub enum Notice {
    /// A sync began.
    Begun {
        /// The connector's name.
        connector: String,
        /// Why.
        trigger: Trigger,
        /// Its modules.
        modules: Vec<Module>,
    },
    /// A sync ended.
    Ended(Box<Run>),
    /// A sync could not start; it is tried again.
    Refused(String, UserError),
    /// Changes could not be looked for; it is tried again. Told once for each cause.
    Blind(String, UserError),
    /// The store could not be read; it is tried again.
    Unreadable(UserError),
}

enum Order {
    Look,
    Ping(oneshot::Sender<()>),
}

/// The handle of the schedule. When it is dropped the schedule ends like with [`Self::stop`].
#[derive(Debug)]
pub struct Scheduler {
    orders: mpsc::UnboundedSender<Order>,
    outlooks: watch::Receiver<Outlooks>,
    stop: CancellationToken,
}

impl Scheduler {
    /// Starts the schedule on the runtime that this is called in. `tell` must not block.
    pub fn start(
        engine: Engine,
        store: Store,
        catalog: Arc<Catalog>,
        tell: Arc<dyn Fn(Notice) + Send + Sync>,
    ) -> Self {
        let (orders, to_do) = mpsc::unbounded_channel();
        let (shown, outlooks) = watch::channel(Outlooks::new());
        let stop = CancellationToken::new();
        let schedule = Schedule {
            engine,
            store,
            catalog,
            tell,
            shown,
            crm: None,
            known: BTreeMap::new(),
            stop: stop.clone(),
            job: None,
            told: None,
        };
        tokio::spawn(schedule.run(to_do));
        Self { orders, outlooks, stop }
    }

    /// When each connector is synced next; it changes when that does.
    pub fn outlooks(&self) -> watch::Receiver<Outlooks> {
        self.outlooks.clone()
    }

    /// Looks at the settings and the clock now.
    pub fn look(&self) {
        // It ends by itself only when it was told to.
        let _ = self.orders.send(Order::Look);
    }

    /// Whether the loop answers within a time.
    pub async fn is_alive(&self, within: Duration) -> bool {
        let (pong, heard) = oneshot::channel();
        let sent = self.orders.send(Order::Ping(pong)).is_ok();
        sent && matches!(tokio::time::timeout(within, heard).await, Ok(Ok(())))
    }

    /// Asks it to end: nothing is started any more, and a sync of the schedule that runs finishes
    /// what is in flight. The next scheduler goes on with it at once.
    pub fn ask_to_stop(&self) {
        self.stop.cancel();
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(&self) {
        self.ask_to_stop();
        let mut outlooks = self.outlooks.clone();
        while outlooks.changed().await.is_ok() {}
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What is known of a connector.
struct Known {
    connector: Connector,
    timing: Timing,
    past: Past,
    here: Here,
    memories: Memories,
    /// The memories as the store has them.
    stored: Memories,
    connections: Option<Connections>,
}

/// What is read of a connector at each look.
struct Look {
    connector: Connector,
    timing: Timing,
    past: Past,
    stored: Memories,
}

struct Schedule {
    engine: Engine,
    store: Store,
    catalog: Arc<Catalog>,
    tell: Arc<dyn Fn(Notice) + Send + Sync>,
    shown: watch::Sender<Outlooks>,
    crm: Option<Crm>,
    known: BTreeMap<ConnectorId, Known>,
    stop: CancellationToken,
    job: Option<(ConnectorId, JoinHandle<Done>)>,
    /// The error of the store that was told last.
    told: Option<UserError>,
}

impl Schedule {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        let stop = self.stop.clone();
        let mut generation = self.store.generation();
        let mut look_at = Instant::now();
        loop {
            if Instant::now() >= look_at {
                let read = self.look().await;
                look_at = Instant::now() + if read { Duration::from_secs(3_600) } else { BUSY };
            }
            let wait = self.begin();
            let wake = look_at.min(Instant::now() + wait);
            let looked = Instant::now();
            tokio::select! {
                biased;
                () = stop.cancelled() => return self.end().await,
                Some(order) = orders.recv() => match order {
                    Order::Look => look_at = looked,
                    // Nobody waits any more if the answer is late.
                    Order::Ping(pong) => drop(pong.send(())),
                },
                done = finished(&mut self.job) => {
                    self.take(done).await;
                    look_at = looked;
                }
                Ok(()) = generation.changed() => {
                    let pace = if self.job.is_some() { SLOW_PACE } else { PACE };
                    look_at = look_at.min(looked + pace);
                }
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    /// Reads settings and runs. `false`: that did not work.
    async fn look(&mut self) -> bool {
        let before: BTreeMap<ConnectorId, (Timing, Past)> =
            self.known.iter().map(|(id, k)| (*id, (k.timing.clone(), k.past.clone()))).collect();
        let catalog = self.catalog.clone();
        let read = self.store.read(move |reader| {
            let crm = reader.crm()?;
            let mut looks = Vec::new();
            for connector in reader.connectors()? {
                let older = before.get(&connector.id);
                looks.push(look_at(reader, connector, &catalog, older)?);
            }
            Ok((crm, looks))
        });
        match read.await {
            Ok((crm, looks)) => {
                self.told = None;
                self.update(crm, looks);
                true
            }
            Err(error) => {
                let error = error.user();
                if self.told.as_ref() != Some(&error) {
                    (self.tell)(Notice::Unreadable(error.clone()));
                }
                self.told = Some(error);
                false
            }
        }
    }

    fn update(&mut self, crm: Option<Crm>, looks: Vec<Look>) {
        let moved = self.crm != crm;
        self.crm = crm;
        let mut old = std::mem::take(&mut self.known);
        for look in looks {
            let id = look.connector.id;
            let mut known = old.remove(&id).unwrap_or_else(|| Known::new(&look));
            if moved || known.connector != look.connector {
                // Other keys, other limits: what went wrong before may work now.
                known.connections = None;
                known.here = Here::default();
            }
            for (place, memory) in &look.stored {
                // What another process learned; else ours, which may have gone round further.
                if known.stored.get(place) != Some(memory) {
                    known.memories.insert(*place, memory.clone());
                }
            }
            known.stored = look.stored;
            known.connector = look.connector;
            known.timing = look.timing;
            known.past = look.past;
            self.known.insert(id, known);
        }
    }

    /// Starts what is due longest, tells what comes next, and answers how long to wait.
    fn begin(&mut self) -> Duration {
        let now = Stamp::now();
        let mut outlooks = Outlooks::new();
        let mut next: Option<Stamp> = None;
        let mut due: Option<(Stamp, ConnectorId, Step)> = None;
        for (id, known) in &self.known {
            let running = self.job.as_ref().is_some_and(|(job, _)| job == id);
            let Plan { step, outlook } = match &self.crm {
                Some(_) => plan(&known.timing, &known.past, &known.here, now),
                None => Plan { step: Step::Wait(None), outlook: Outlook::Off },
            };
            outlooks.insert(*id, outlook);
            match step {
                _ if running => {}
                Step::Wait(at) => next = [next, at].into_iter().flatten().min(),
                step => {
                    // The one whose last turn is longest ago.
                    let turn = known.here.probed.map_or(Stamp(i64::MIN), |(at, _)| at);
                    let turn = known.past.newest.as_ref().map_or(turn, |run| run.started.max(turn));
                    if due.as_ref().is_none_or(|(other, ..)| turn < *other) {
                        due = Some((turn, *id, step));
                    }
                }
            }
        }
        // A plan on what cannot be read might be the same one again and again.
        if self.job.is_none()
            && self.told.is_none()
            && let Some((_, id, step)) = due
        {
            self.start(id, step);
        }
        self.show(outlooks);
        // What is due while a job runs is looked at when that ends.
        let wait = next.map_or(LOOK, |at| at.since(Stamp::now()));
        wait.clamp(Duration::from_millis(10), LOOK)
    }

    fn show(&self, mut outlooks: Outlooks) {
        for (id, outlook) in &mut outlooks {
            if self.engine.progress().borrow().contains_key(id) {
                *outlook = Outlook::Running;
            }
        }
        self.shown.send_if_modified(|shown| {
            let differs = *shown != outlooks;
            *shown = outlooks;
            differs
        });
    }

    fn start(&mut self, id: ConnectorId, step: Step) {
        let (Some(known), Some(crm)) = (self.known.get(&id), &self.crm) else { return };
        let name = known.connector.name.clone();
        let tell = self.tell.clone();
        let begun = move |trigger, modules: &[Module]| {
            tell(Notice::Begun { connector: name.clone(), trigger, modules: modules.to_vec() });
        };
        let job = Job {
            engine: self.engine.clone(),
            store: self.store.clone(),
            catalog: self.catalog.clone(),
            crm: crm.clone(),
            connector: known.connector.clone(),
            timing: known.timing.clone(),
            step,
            newest: known.past.newest.as_ref().map(|run| (run.id, run.status)),
            memories: known.memories.clone(),
            connections: known.connections.clone(),
            stop: self.stop.clone(),
            begun: Arc::new(begun),
        };
        self.job = Some((id, tokio::spawn(job.run())));
    }

    /// Takes in what came of a job. A fault of the job is one more reason to try later.
    async fn take(&mut self, (id, done): (ConnectorId, Result<Done, tokio::task::JoinError>)) {
        self.job = None;
        let now = Stamp::now();
        let Some(known) = self.known.get_mut(&id) else { return };
        let outcome = match done {
            Ok(done) => {
                known.memories = done.memories;
                known.connections = done.connections;
                done.outcome
            }
            Err(fault) => Outcome::Refused(UserError::new(
                "The sync stopped because of a fault in SyncDeck.",
                fault.to_string(),
                "The next sync settles what was left open. Please report the fault.",
            )),
        };
        let here = &mut known.here;
        here.busy_until = None;
        let name = known.connector.name.clone();
        match outcome {
            Outcome::Quiet => {
                here.probed = Some((now, 0));
                here.blind = None;
            }
            Outcome::Busy => here.busy_until = Some(now.plus(BUSY)),
            Outcome::NotDue => here.busy_until = Some(now.plus(PACE)),
            Outcome::Blind(error) => {
                here.probed = Some((now, here.probed.map_or(1, |(_, failed)| failed + 1)));
                if here.blind.as_ref() != Some(&error) {
                    (self.tell)(Notice::Blind(name, error.clone()));
                }
                here.blind = Some(error);
                // Perhaps a session or a token is what is wrong.
                known.connections = None;
            }
            Outcome::Refused(error) => {
                let tries = here.refused.as_ref().map_or(1, |(_, tries, _)| tries + 1);
                (self.tell)(Notice::Refused(name, error.clone()));
                here.refused = Some((now, tries, error));
            }
            Outcome::Ran(run, modules) => {
                here.probed = Some((now, 0));
                (here.blind, here.refused) = (None, None);
                if run.status == RunStatus::Completed {
                    // Also a module that the run left out had its turn.
                    for module in modules {
                        known.past.completed.insert(module, (run.id, run.started));
                    }
                }
                (self.tell)(Notice::Ended(run));
            }
        }
    }

    /// Ends the schedule: a run in flight is asked to finish, and noted to be taken up again.
    async fn end(mut self) {
        let Some((id, mut job)) = self.job.take() else { return };
        let done = loop {
            self.engine.cancel(id);
            tokio::select! {
                done = &mut job => break done,
                () = tokio::time::sleep(NUDGE) => {}
            }
        };
        let ran = match &done {
            Ok(Done { outcome: Outcome::Ran(run, _), .. }) => Some((run.id, run.status)),
            _ => None,
        };
        self.take((id, done)).await;
        if let Some((run, RunStatus::Cancelled)) = ran {
            let fact = Change::PutFact(resume_fact(id), Some(run.to_string()));
            // Without it the next scheduler waits for the next period.
            self.store.commit(fact.into()).await.ok();
        }
    }
}

impl Known {
    fn new(look: &Look) -> Self {
        Self {
            connector: look.connector.clone(),
            timing: look.timing.clone(),
            past: look.past.clone(),
            here: Here::default(),
            memories: look.stored.clone(),
            stored: look.stored.clone(),
            connections: None,
        }
    }
}

/// Waits for the job; for ever if there is none.
async fn finished(
    job: &mut Option<(ConnectorId, JoinHandle<Done>)>,
) -> (ConnectorId, Result<Done, tokio::task::JoinError>) {
    match job {
        Some((id, handle)) => (*id, handle.await),
        None => std::future::pending().await,
    }
}

fn look_at(
    reader: &Reader,
    connector: Connector,
    catalog: &Catalog,
    older: Option<&(Timing, Past)>,
) -> StoreResult<Look> {
    let timing = Timing::of(&connector, catalog);
    let id = connector.id;
    if timing.modules.is_empty() {
        return Ok(Look { connector, timing, past: Past::default(), stored: Memories::new() });
    }
    // Other modules: what was not looked for before is looked for now.
    let before = older.filter(|(before, _)| before.modules.keys().eq(timing.modules.keys()));
    let past = past::read(reader, id, &timing, before.map(|(_, past)| past))?;
    let mut stored = Memories::new();
    for (module, timed) in &timing.modules {
        for side in Side::BOTH.into_iter().filter(|_| timed.mode == Mode::Immediately) {
            if let Some(memory) = reader.fact(&probe_fact(id, *module, side))? {
                stored.insert((*module, side), memory);
            }
        }
    }
    Ok(Look { connector, timing, past, stored })
}
