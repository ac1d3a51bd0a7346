//! The open database, and transactions on it. After an error of the disk redb wants to be opened
//! again; that is done here, so that a full disk that got room again needs no restart.

use super::{StoreError, StoreResult};
use redb::{
    Database, DatabaseError, ReadTransaction, ReadableDatabase, StorageError, TransactionError,
    WriteTransaction,
};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How long a write waits for other processes.
const PATIENCE: Duration = Duration::from_secs(8);

/// Opens the database again.
pub(super) type Opener = Box<dyn Fn() -> Result<Database, DatabaseError> + Send + Sync>;

/// The open database.
pub(super) struct Handle {
    db: RwLock<Arc<Database>>,
    opener: Opener,
    path: PathBuf,
    patience: Duration,
}

impl Handle {
    pub(super) fn new(path: &Path, db: Database, opener: Opener) -> Self {
        Self { db: RwLock::new(Arc::new(db)), opener, path: path.to_owned(), patience: PATIENCE }
    }

    /// Waits no longer than this for other processes.
    #[cfg(test)]
    pub(super) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn db(&self) -> Arc<Database> {
        self.db.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens the file again, unless somebody else did since `old` was got.
    pub(super) fn reopen(&self, old: &Arc<Database>) -> StoreResult<()> {
        let mut db = self.db.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&db, old) {
            *db = Arc::new((self.opener)()?);
        }
        Ok(())
    }

    /// Opens the file again after a panic in a transaction.
    pub(super) fn reopen_now(&self) -> StoreResult<()> {
        self.reopen(&self.db())
    }

    /// Begins to read.
    pub(super) fn begin_read(&self) -> StoreResult<ReadTransaction> {
        let db = self.db();
        match db.begin_read() {
            Err(TransactionError::Storage(StorageError::PreviousIo)) => {
                self.reopen(&db)?;
                Ok(self.db().begin_read()?)
            }
            other => Ok(other?),
        }
    }

    /// Begins to write, after the transactions of other processes.
    pub(super) fn begin_write(&self) -> StoreResult<WriteTransaction> {
        let since = Instant::now();
        let mut pause = Duration::from_micros(500);
        loop {
            let db = self.db();
            match db.try_begin_write() {
                Err(TransactionError::WouldBlock) if since.elapsed() < self.patience => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(8));
                }
                Err(TransactionError::WouldBlock) => return Err(self.blocked()),
                Err(TransactionError::Storage(StorageError::PreviousIo)) => {
                    self.reopen(&db)?;
                    return Ok(self.db().try_begin_write()?);
                }
                other => return Ok(other?),
            }
        }
    }

    fn blocked(&self) -> StoreError {
        let others = super::others::who_has(&self.path);
        let who = match others.as_slice() {
            [] => "Another process".to_owned(),
            list => list.join(", "),
        };
        StoreError::new(
            "The store could not be written.",
            format!("{who} has been writing for more than {} seconds.", self.patience.as_secs()),
            "Wait for it, or end it (a stopped one with kill -CONT or kill), then try again.",
        )
    }
}
