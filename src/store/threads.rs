//! The threads of an open store: one writes, two read, one looks for commits of other processes.
//! redb's calls block, so none of them runs on an async worker.

use super::handle::Handle;
use super::reader::Reader;
use super::writing::Writing;
use super::{StoreError, StoreResult};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::{oneshot, watch};

/// How often the file is looked at for commits of other processes.
const LOOK: Duration = Duration::from_millis(250);

/// What the threads share.
pub(super) struct Shared {
    pub(super) handle: Handle,
    pub(super) generation: watch::Sender<u64>,
    pub(super) bell: Bell,
}

impl Shared {
    /// Announces a generation, unless a newer one was announced.
    pub(super) fn announce(&self, generation: u64) {
        self.generation.send_if_modified(|known| {
            let newer = generation > *known;
            *known = generation.max(*known);
            newer
        });
    }
}

/// Work for the writer: done in one transaction, all or nothing.
pub(super) type Work = Box<dyn FnOnce(&mut Writing<'_>) -> StoreResult<u64> + Send>;

/// Where the writer's answer goes.
pub(super) enum Reply {
    Async(oneshot::Sender<StoreResult<u64>>),
    Blocking(SyncSender<StoreResult<u64>>),
}

/// Work and where its answer goes.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) reply: Reply,
}

/// Work for a reader thread.
pub(super) type ReadJob = Box<dyn FnOnce(&Shared) + Send>;

/// The writer thread.
pub(super) fn write_loop(shared: &Shared, jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        let answer = write(shared, job.work);
        // Whoever asked may have gone; the work is done all the same.
        match job.reply {
            Reply::Async(to) => drop(to.send(answer)),
            Reply::Blocking(to) => drop(to.send(answer)),
        }
    }
}

/// Does work in one transaction.
pub(super) fn write(shared: &Shared, work: Work) -> StoreResult<u64> {
    let done = catch_unwind(AssertUnwindSafe(|| {
        let (_pass, txn) = shared.handle.begin_write()?;
        let mut writing = Writing::new(&txn);
        let answer = work(&mut writing)?;
        let generation = writing.finish()?;
        txn.commit()?;
        Ok((answer, generation))
    }));
    let (answer, generation) = done.unwrap_or_else(|_| {
        // An error of opening again shows at the next write.
        let _ = shared.handle.reopen_now();
        Err(gave_up())
    })?;
    if let Some(generation) = generation {
        shared.announce(generation);
    }
    Ok(answer)
}

/// The error for work that panicked.
pub(super) fn gave_up() -> StoreError {
    StoreError::new(
        "The store could not be read or written.",
        "It is damaged, or SyncDeck has a fault.",
        "Nothing was changed. Run syncdeck doctor.",
    )
}

/// A reader thread.
pub(super) fn read_loop(shared: &Shared, jobs: &Mutex<Receiver<ReadJob>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => drop(catch_unwind(AssertUnwindSafe(|| job(shared)))),
            Err(_) => return,
        }
    }
}

/// Reads in one transaction.
pub(super) fn read<T>(
    shared: &Shared,
    read: impl FnOnce(&Reader) -> StoreResult<T>,
) -> StoreResult<T> {
    #[cfg(test)]
    super::counted::note(|read| read.transactions += 1);
    let (_pass, txn) = shared.handle.begin_read()?;
    let reader = Reader::new(txn);
    read(&reader)
}

/// Wakes and ends the watcher.
#[derive(Default)]
pub(super) struct Bell {
    state: Mutex<BellState>,
    rung: Condvar,
}

#[derive(Default)]
struct BellState {
    closing: bool,
    look_now: bool,
}

impl Bell {
    /// Ends the watcher.
    pub(super) fn close(&self) {
        self.with(|state| state.closing = true);
    }

    /// Lets the watcher look at once.
    pub(super) fn look_now(&self) {
        self.with(|state| state.look_now = true);
    }

    fn with(&self, change: impl FnOnce(&mut BellState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.rung.notify_all();
    }

    /// Waits for the next look. `None`: the store closes; else whether to look whatever the file's
    /// stat says.
    fn wait(&self, somebody_watches: bool) -> Option<bool> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let asleep = |state: &mut BellState| !state.closing && !state.look_now;
        let mut state = if somebody_watches {
            self.rung
                .wait_timeout_while(state, LOOK, asleep)
                .unwrap_or_else(PoisonError::into_inner)
                .0
        } else {
            self.rung.wait_while(state, asleep).unwrap_or_else(PoisonError::into_inner)
        };
        (!state.closing).then(|| std::mem::take(&mut state.look_now))
    }
}

/// Size and time of change of the file.
type Stat = (u64, SystemTime);

/// The watcher thread.
pub(super) fn watch_loop(shared: &Shared) {
    let mut seen: Option<Stat> = None;
    while let Some(look_now) = shared.bell.wait(shared.generation.receiver_count() > 0) {
        let stat = std::fs::metadata(shared.handle.path())
            .ok()
            .and_then(|meta| Some((meta.len(), meta.modified().ok()?)));
        if !look_now && stat.is_some() && stat == seen {
            continue;
        }
        // A clock tick may hold several commits: a fresh stat is not trusted.
        seen = stat.filter(|(_, at)| at.elapsed().is_ok_and(|age| age > LOOK / 2));
        // An error shows at the next read of whoever watches.
        if let Ok(generation) = read(shared, Reader::generation) {
            shared.announce(generation);
        }
    }
}
