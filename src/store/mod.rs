//! The embedded store (redb): settings, links, cursors, the queue, runs and what became of each
//! record. Everything is written through [`Store::commit`], one durable transaction for a
//! [`Batch`]; reads run in short transactions that copy out.
//!
//! Several processes may use one store file at the same time.

mod change;
mod error;
mod reader;
pub mod scratch;

pub use change::{Batch, Change};
pub use error::StoreError;
pub use reader::Reader;

use crate::model::Run;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

/// Result of a store call.
pub type StoreResult<T> = Result<T, StoreError>;

/// An open store. Cloning it is cheap; the last clone closes it.
#[derive(Clone)]
pub struct Store {
    _inner: Arc<Inner>,
}

struct Inner {
    _path: PathBuf,
}

impl Store {
    /// Opens the store file, or makes one (file mode 0600, folder 0700).
    ///
    /// # Errors
    /// A damaged or newer store is refused and left untouched.
    pub fn open(_path: &Path) -> StoreResult<Self> {
        unimplemented!()
    }

    /// The folder the store file is in; scratch files and locks live beside it.
    pub fn folder(&self) -> &Path {
        unimplemented!()
    }

    /// Commits a batch durably: all of it or nothing.
    ///
    /// # Errors
    /// Disk full, another process blocks for too long, a link that would not be one to one.
    pub async fn commit(&self, _batch: Batch) -> StoreResult<()> {
        unimplemented!()
    }

    /// [`Self::commit`] for callers that are not async.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn commit_blocking(&self, _batch: Batch) -> StoreResult<()> {
        unimplemented!()
    }

    /// Stores a new run under the next free number and answers the number. The `id` given is
    /// ignored.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub async fn start_run(&self, _run: Run) -> StoreResult<u64> {
        unimplemented!()
    }

    /// Reads in one short transaction, off the async workers.
    ///
    /// # Errors
    /// What the closure answers, or that the store cannot be read.
    pub async fn read<T, F>(&self, _read: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Reader) -> StoreResult<T> + Send + 'static,
    {
        unimplemented!()
    }

    /// [`Self::read`] for callers that are not async.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_blocking<T>(
        &self,
        _read: impl FnOnce(&Reader) -> StoreResult<T>,
    ) -> StoreResult<T> {
        unimplemented!()
    }

    /// A number that grows with every commit that changes what a screen shows, by this process or
    /// another one (noticed within a quarter of a second while somebody watches).
    pub fn generation(&self) -> watch::Receiver<u64> {
        unimplemented!()
    }
}
