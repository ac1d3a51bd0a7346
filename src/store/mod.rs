//! The embedded store (redb): settings, links, cursors, the queue, runs and what became of each
//! record. Everything is written through [`Store::commit`], one durable transaction for a
//! [`Batch`]; reads run in short transactions that copy out.
//!
//! Several processes may use one store file at the same time.

mod apply;
mod belongings;
mod change;
mod codec;
mod compact;
#[cfg(test)]
pub mod counted;
mod error;
mod gate;
mod handle;
mod inspect;
#[cfg(test)]
pub mod memory;
mod migrate;
mod open;
mod others;
mod overlay;
mod prune;
mod queue;
mod reader;
pub mod scratch;
mod tables;
#[cfg(test)]
mod tests;
mod threads;
mod writing;

pub use belongings::Belongings;
pub use change::{Batch, Change};
pub use compact::{Compacted, compact};
pub use error::StoreError;
pub use gate::Section;
pub use inspect::{Inspection, SKEW_FACT, TableSize, inspect};
pub use open::hush_expected_panics;
pub use others::who_has as users_of;
pub use queue::{Came, Deed, QueueChange};
pub use reader::Reader;
pub use tables::debug_log::DebugExtent;
pub use tables::items::ItemList;

use crate::model::{Run, Stamp};
use futures::future::BoxFuture;
use handle::Handle;
use migrate::{CURRENT, Schema};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use threads::{Bell, Job, ReadJob, Reply, Shared, Work};
use tokio::sync::{oneshot, watch};

/// Result of a store call.
pub type StoreResult<T> = Result<T, StoreError>;

/// How many threads read.
const READERS: usize = 2;

/// An open store. Cloning it is cheap; the last clone closes it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    /// `None` only while it closes, as below.
    jobs: Option<Sender<Job>>,
    reads: Option<Sender<ReadJob>>,
    threads: Vec<JoinHandle<()>>,
    /// A store in memory has no threads: whoever asks does the work.
    #[cfg(test)]
    memory: Option<memory::OnCommit>,
}

impl Store {
    /// Opens the store file, or makes one (file mode 0600, folder 0700).
    ///
    /// # Errors
    /// A damaged or newer store is refused and left untouched; so is an older one that cannot be
    /// brought forward now.
    pub fn open(path: &Path) -> StoreResult<Self> {
        Self::open_as(path, CURRENT)
    }

    /// Opens the store file as a program of this schema does.
    fn open_as(path: &Path, schema: Schema) -> StoreResult<Self> {
        let db = open::open(path, schema)?;
        let again = path.to_owned();
        let opener = Box::new(move || open::open_file(&again));
        Self::with(Handle::new(path, db, opener), schema)
    }

    /// Sets the tables up and starts the threads.
    fn with(handle: Handle, schema: Schema) -> StoreResult<Self> {
        let shared =
            Arc::new(Shared { handle, generation: watch::Sender::new(0), bell: Bell::default() });
        let generation = threads::read(&shared, |reader| reader.ready_generation(schema.ours))
            .or_else(|_| {
                threads::write(&shared, Box::new(move |writing| migrate::set_up(writing, schema)))
            })?;
        shared.announce(generation);
        let (jobs, to_do) = mpsc::channel();
        let (reads, to_read) = mpsc::channel();
        let to_read = Arc::new(Mutex::new(to_read));
        let mut inner = Inner {
            shared,
            jobs: Some(jobs),
            reads: Some(reads),
            threads: Vec::new(),
            #[cfg(test)]
            memory: None,
        };
        inner.spawn("store-write", move |shared| {
            threads::write_loop(shared, &to_do);
        })?;
        for _ in 0..READERS {
            let to_read = to_read.clone();
            inner.spawn("store-read", move |shared| {
                threads::read_loop(shared, &to_read);
            })?;
        }
        inner.spawn("store-watch", threads::watch_loop)?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The folder the store file is in; scratch files and locks live beside it.
    pub fn folder(&self) -> &Path {
        match self.path().parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// The store file.
    pub fn path(&self) -> &Path {
        self.inner.shared.handle.path()
    }

    /// Commits a batch durably: all of it or nothing. Once begun it is carried out even if the
    /// future is dropped.
    ///
    /// # Errors
    /// Disk full, another process blocks for too long, a link that would not be one to one.
    pub async fn commit(&self, batch: Batch) -> StoreResult<()> {
        if batch.is_empty() {
            return Ok(());
        }
        self.write(batch_work(batch)).await.map(drop)
    }

    /// [`Self::commit`], begun at once: the answer may be waited for later. What is committed after
    /// it comes after it.
    pub fn begin_commit(&self, batch: Batch) -> BoxFuture<'static, StoreResult<()>> {
        if batch.is_empty() {
            return Box::pin(std::future::ready(Ok(())));
        }
        #[cfg(test)]
        if self.inner.memory.is_some() {
            // Nothing of it shows before it is waited for: the other end of what may happen.
            let store = self.clone();
            return Box::pin(async move { store.commit(batch).await });
        }
        let (reply, answer) = oneshot::channel();
        self.inner.send(batch_work(batch), Reply::Async(reply));
        Box::pin(async move { answer.await.unwrap_or_else(|_| Err(threads::gave_up())).map(drop) })
    }

    /// [`Self::commit`] for callers that are not async.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn commit_blocking(&self, batch: Batch) -> StoreResult<()> {
        if batch.is_empty() {
            return Ok(());
        }
        self.write_blocking(batch_work(batch)).map(drop)
    }

    /// Stores a new run under the next free number and answers the number. The `id` given is
    /// ignored.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub async fn start_run(&self, run: Run) -> StoreResult<u64> {
        self.write(Box::new(move |writing| writing.start_run(run))).await
    }

    /// Deletes runs, with their items, that began longer ago than the retention says, in small
    /// transactions; never the newest run of a connector. So it does with the debug log. Answers
    /// how many runs it deleted.
    /// Blocks.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn prune(&self, now: Stamp) -> StoreResult<u64> {
        #[cfg(test)]
        if self.inner.memory.is_some() {
            return Ok(0);
        }
        prune::prune(self, now)
    }

    /// Reads in one short transaction, off the async workers.
    ///
    /// # Errors
    /// What the closure answers, or that the store cannot be read.
    pub async fn read<T, F>(&self, read: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Reader) -> StoreResult<T> + Send + 'static,
    {
        #[cfg(test)]
        if self.inner.memory.is_some() {
            return self.read_blocking(read);
        }
        let (reply, answer) = oneshot::channel();
        let job: ReadJob = Box::new(move |shared| {
            if !reply.is_closed() {
                drop(reply.send(threads::read(shared, read)));
            }
        });
        let sent = self.inner.reads.as_ref().is_some_and(|r| r.send(job).is_ok());
        match answer.await {
            Ok(answer) if sent => answer,
            _ => Err(threads::gave_up()),
        }
    }

    /// [`Self::read`] for callers that are not async.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_blocking<T>(&self, read: impl FnOnce(&Reader) -> StoreResult<T>) -> StoreResult<T> {
        catch_unwind(AssertUnwindSafe(|| threads::read(&self.inner.shared, read)))
            .unwrap_or_else(|_| Err(threads::gave_up()))
    }

    /// A number that grows with every commit that changes what a screen shows, by this process or
    /// another one (noticed within a quarter of a second while somebody watches).
    pub fn generation(&self) -> watch::Receiver<u64> {
        let receiver = self.inner.shared.generation.subscribe();
        self.inner.shared.bell.look_now();
        receiver
    }

    /// Makes the store ready for the process to be stopped: waits until no transaction is open, and
    /// lets none begin until [`Self::resume`]. Sections under way get so long to end first; answers
    /// whether they did. Blocks.
    pub fn suspend(&self, patience: Duration) -> bool {
        self.inner.shared.handle.gate().shut(patience)
    }

    /// Goes on after [`Self::suspend`].
    pub fn resume(&self) {
        self.inner.shared.handle.gate().open();
        self.inner.shared.bell.look_now();
    }

    /// Begins a stretch of work that a suspension is not to tear apart; it ends when the answer is
    /// dropped. Waits while the store is suspended, so do not begin one inside another.
    pub async fn section(&self) -> Section {
        self.inner.shared.handle.gate().section().await
    }

    async fn write(&self, work: Work) -> StoreResult<u64> {
        #[cfg(test)]
        if let Some(on_commit) = &self.inner.memory {
            return self.write_in_memory(on_commit, work).await;
        }
        let (reply, answer) = oneshot::channel();
        self.inner.send(work, Reply::Async(reply));
        answer.await.unwrap_or_else(|_| Err(threads::gave_up()))
    }

    fn write_blocking(&self, work: Work) -> StoreResult<u64> {
        #[cfg(test)]
        if self.inner.memory.is_some() {
            return self.write_here(work);
        }
        let (reply, answer) = mpsc::sync_channel(1);
        self.inner.send(work, Reply::Blocking(reply));
        answer.recv().unwrap_or_else(|_| Err(threads::gave_up()))
    }
}

fn batch_work(batch: Batch) -> Work {
    Box::new(move |writing| writing.apply(batch).map(|()| 0))
}

impl Inner {
    fn spawn(
        &mut self,
        name: &str,
        body: impl FnOnce(&Shared) + Send + 'static,
    ) -> StoreResult<()> {
        let shared = self.shared.clone();
        let thread = std::thread::Builder::new()
            .name(name.into())
            .spawn(move || body(&shared))
            .map_err(|error| StoreError::io("The store could not be opened.", &error))?;
        self.threads.push(thread);
        Ok(())
    }

    /// Gives work to the writer. If that is gone, so is the sender in `reply`, which tells the
    /// caller.
    fn send(&self, work: Work, reply: Reply) {
        if let Some(jobs) = &self.jobs {
            drop(jobs.send(Job { work, reply }));
        }
    }
}

impl Drop for Inner {
    /// Lets the threads finish what was asked for, so that the file is closed cleanly.
    fn drop(&mut self) {
        self.jobs = None;
        self.reads = None;
        self.shared.bell.close();
        // Nobody is left who could resume it.
        self.shared.handle.gate().open();
        let here = std::thread::current().id();
        for thread in self.threads.drain(..) {
            // The last clone may have been in the closure of a read.
            if thread.thread().id() != here {
                drop(thread.join());
            }
        }
    }
}
