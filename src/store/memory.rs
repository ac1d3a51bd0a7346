//! A store in memory for the proof of the engine: no threads, no disk, and somebody who hears of
//! every commit and can let the process "die" there.

use super::handle::Handle;
use super::migrate::{CURRENT, set_up};
use super::threads::{self, Bell, Shared, Work};
use super::writing::Writing;
use super::{Inner, Store, StoreResult};
use redb::{Database, StorageBackend};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::watch;

/// Where a commit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nothing of it is done yet.
    Before,
    /// All of it is durable.
    After,
}

/// Hears of every commit. `false`: the process is dead, and whoever waits for the commit waits for
/// ever.
pub type OnCommit = Arc<dyn Fn(Moment) -> bool + Send + Sync>;

/// A disk in memory.
#[derive(Debug, Default, Clone)]
struct Disk(Arc<Mutex<Vec<u8>>>);

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().len() as u64)
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap();
        out.copy_from_slice(&self.0.lock().unwrap()[at..at + out.len()]);
        Ok(())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.lock().unwrap().resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }
    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap();
        self.0.lock().unwrap()[at..at + data.len()].copy_from_slice(data);
        Ok(())
    }
}

/// The bytes of a store that has its tables and nothing in them: made once, copied for each store.
fn fresh() -> Vec<u8> {
    static FRESH: OnceLock<Vec<u8>> = OnceLock::new();
    let make = || {
        let disk = Disk::default();
        let db = builder().create_with_backend(disk.clone()).unwrap();
        let shared = shared(Handle::new(Path::new("memory"), db, Box::new(|| unreachable!())));
        threads::write(&shared, Box::new(|writing| set_up(writing, CURRENT))).unwrap();
        drop(shared);
        let bytes = disk.0.lock().unwrap();
        bytes.clone()
    };
    FRESH.get_or_init(make).clone()
}

fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(1 << 20);
    builder
}

fn shared(handle: Handle) -> Shared {
    Shared { handle, generation: watch::Sender::new(0), bell: Bell::default() }
}

impl Store {
    /// A store in memory that claims to lie in `folder` (leases and scratch files do).
    pub fn in_memory(folder: &Path, on_commit: OnCommit) -> Self {
        let disk = Disk(Arc::new(Mutex::new(fresh())));
        let db = builder().create_with_backend(disk).unwrap();
        let opener = Box::new(|| unreachable!("memory does not fail"));
        let shared = Arc::new(shared(Handle::new(&folder.join("memory"), db, opener)));
        let inner =
            Inner { shared, jobs: None, reads: None, threads: Vec::new(), memory: Some(on_commit) };
        Self { inner: Arc::new(inner) }
    }

    /// A transaction of this thread. Nothing is ever lost here, so it need not be made durable.
    pub(super) fn write_here(&self, work: Work) -> StoreResult<u64> {
        let (_pass, mut txn) = self.inner.shared.handle.begin_write()?;
        txn.set_durability(redb::Durability::None).unwrap();
        let mut writing = Writing::new(&txn);
        let answer = work(&mut writing)?;
        writing.finish()?;
        txn.commit()?;
        Ok(answer)
    }

    pub(super) async fn write_in_memory(
        &self,
        on_commit: &OnCommit,
        work: Work,
    ) -> StoreResult<u64> {
        if !on_commit(Moment::Before) {
            std::future::pending::<()>().await;
        }
        let answer = self.write_here(work);
        if !on_commit(Moment::After) {
            std::future::pending::<()>().await;
        }
        answer
    }
}
