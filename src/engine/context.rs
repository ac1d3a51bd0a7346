//! What every step of a run has at hand: the store, both remotes, the run's number, cancel and
//! progress.

use super::safeguards;
use crate::catalog::Catalog;
use crate::model::{Connector, ConnectorId, Module, Progress, Side, Stamp, UserError};
use crate::remote::{Remote, RemoteError};
use crate::store::{Batch, Change, Reader, Store, StoreError, StoreResult};
use futures::future::BoxFuture;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Why a run stopped before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// A person asked for it.
    Cancelled,
    /// It cannot go on.
    Failed(UserError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.user())
    }
}

impl From<RemoteError> for Stop {
    fn from(error: RemoteError) -> Self {
        Self::Failed(error.error)
    }
}

/// Result of a step of a run.
pub type Step<T> = Result<T, Stop>;

/// Hears of progress.
pub type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// The surroundings of one run.
pub struct Context {
    /// The store.
    pub store: Store,
    /// The connector.
    pub connector: Connector,
    /// The assets.
    pub catalog: Arc<Catalog>,
    /// Vtiger and the service.
    pub remotes: [Arc<dyn Remote>; 2],
    /// The number of the run.
    pub run: u64,
    /// Only plan: send no write, keep nothing but the planned items.
    pub dry: bool,
    /// A person started it: what waits is tried now, whatever its time.
    pub manual: bool,
    /// Asked to stop.
    pub cancel: CancellationToken,
    /// Hears of progress.
    pub on_progress: OnProgress,
    progress: Mutex<(Progress, Instant)>,
    done: AtomicU64,
    begun: Mutex<Option<BoxFuture<'static, StoreResult<()>>>>,
}

impl Context {
    /// The surroundings of a run that begins now.
    pub fn new(
        store: Store,
        connector: Connector,
        catalog: Arc<Catalog>,
        remotes: [Arc<dyn Remote>; 2],
        cancel: CancellationToken,
        on_progress: OnProgress,
    ) -> Self {
        Self {
            store,
            connector,
            catalog,
            remotes,
            run: 0,
            dry: false,
            manual: false,
            cancel,
            on_progress,
            progress: Mutex::new((Progress::default(), Instant::now())),
            done: AtomicU64::new(0),
            begun: Mutex::default(),
        }
    }

    /// The connector's number.
    pub fn id(&self) -> ConnectorId {
        self.connector.id
    }

    /// The remote of a side.
    pub fn remote(&self, side: Side) -> &dyn Remote {
        self.remotes[usize::from(side == Side::Service)].as_ref()
    }

    /// Stops here if a person asked for it.
    ///
    /// # Errors
    /// [`Stop::Cancelled`].
    pub fn go_on(&self) -> Step<()> {
        if self.cancel.is_cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
    }

    /// Goes on with what only reads and stages, until a person calls it off: it leaves nothing half
    /// done, so nobody has to wait for the end of a slow answer or of a pause before the next try.
    ///
    /// # Errors
    /// What the work itself ends with, or [`Stop::Cancelled`].
    pub async fn until_cancelled<T>(&self, work: impl Future<Output = Step<T>>) -> Step<T> {
        self.cancel.run_until_cancelled(work).await.unwrap_or(Err(Stop::Cancelled))
    }

    /// Waits for an instant of our clock.
    ///
    /// # Errors
    /// [`Stop::Cancelled`]: a person did not want to wait.
    pub async fn wait_until(&self, instant: Stamp) -> Step<()> {
        #[cfg(test)]
        if crate::model::clock::skip_to(instant) {
            return self.go_on();
        }
        tokio::select! {
            () = self.cancel.cancelled() => {}
            () = tokio::time::sleep(instant.since(Stamp::now())) => {}
        }
        self.go_on()
    }

    /// Reads from the store, here: a look takes microseconds, and waking another thread for it
    /// would cost many times that.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn read<T>(&self, read: impl FnOnce(&Reader) -> StoreResult<T>) -> Step<T> {
        Ok(self.store.read_blocking(read)?)
    }

    /// Commits a batch, unless it is empty, after what was begun before.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn commit(&self, batch: Batch) -> Step<()> {
        self.commit_begun().await?;
        if !batch.is_empty() {
            self.store.commit(batch).await?;
        }
        Ok(())
    }

    /// Begins to commit a batch, which goes on beside what follows. Whoever reads before the next
    /// [`Self::commit`] may see it or not.
    ///
    /// # Errors
    /// The batch that was begun before cannot be written.
    pub async fn begin_commit(&self, batch: Batch) -> Step<()> {
        self.commit_begun().await?;
        if safeguards::commit_eagerly() {
            return self.commit(batch).await;
        }
        let begun = self.store.begin_commit(batch);
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        Ok(())
    }

    /// Waits for a batch that was begun.
    async fn commit_begun(&self) -> Step<()> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        match begun {
            Some(begun) => Ok(begun.await?),
            None => Ok(()),
        }
    }

    /// Begins a step of the work on a module.
    pub fn begin(&self, module: Module, step: &str, total: Option<u64>) {
        self.done.store(0, Ordering::Relaxed);
        let progress = Progress {
            module: Some(module),
            step: step.to_owned(),
            done: 0,
            total,
            rate: 0,
            cancelling: self.cancel.is_cancelled(),
        };
        self.show(progress, true);
    }

    /// So many more are done in this step.
    pub fn advance(&self, more: u64, total: Option<u64>) {
        let done = self.done.fetch_add(more, Ordering::Relaxed) + more;
        let (mut progress, since) = match self.progress.lock() {
            Ok(held) => (held.0.clone(), held.1),
            Err(_) => return,
        };
        progress.done = done;
        // A listing may have several parts that tell their own totals, or show more than they told.
        progress.total = total.or(progress.total).filter(|total| *total >= done);
        progress.cancelling = self.cancel.is_cancelled();
        let secs = since.elapsed().as_secs_f64().max(0.001);
        // A rate for people; the digits behind the point do not matter.
        progress.rate = (done as f64 / secs) as u64;
        self.show(progress, false);
    }

    fn show(&self, progress: Progress, begins: bool) {
        if let Ok(mut held) = self.progress.lock() {
            held.0 = progress.clone();
            if begins {
                held.1 = Instant::now();
            }
        }
        (self.on_progress)(progress);
    }

    /// The change that shows the progress in the run's row.
    pub fn progress_change(&self) -> Change {
        let progress = self.progress.lock().ok().map(|held| held.0.clone());
        let (requests, retries) = self.requests();
        Change::Progress { run: self.run, progress, requests, retries }
    }

    /// Requests sent to both systems, and how many of them were repetitions.
    pub fn requests(&self) -> (u64, u64) {
        let [vtiger, service] = [self.remotes[0].requests(), self.remotes[1].requests()];
        (vtiger.0 + service.0, vtiger.1 + service.1)
    }

    /// When a record that failed so often is tried again.
    pub fn next_try(&self, tries: u32) -> Stamp {
        let minutes = 1u64 << tries.min(8);
        Stamp::now().plus(Duration::from_secs(60 * minutes))
    }
}
