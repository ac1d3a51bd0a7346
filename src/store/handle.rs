//! The open database, and transactions on it. After an error of the disk redb wants to be opened
//! again; that is done here, so that a full disk that got room again needs no restart.

use super::gate::{Gate, Pass};
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
    gate: Arc<Gate>,
}

impl Handle {
    pub(super) fn new(path: &Path, db: Database, opener: Opener) -> Self {
        Self {
            db: RwLock::new(Arc::new(db)),
            opener,
            path: path.to_owned(),
            patience: PATIENCE,
            gate: Arc::default(),
        }
    }

    /// Waits no longer than this for other processes.
    #[cfg(test)]
    pub(super) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Where transactions wait while the store is suspended.
    pub(super) fn gate(&self) -> &Arc<Gate> {
        &self.gate
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

    /// Begins to read. The pass has to outlive the transaction.
    pub(super) fn begin_read(&self) -> StoreResult<(Pass, ReadTransaction)> {
        let (pass, _) = self.gate.enter();
        let db = self.db();
        let txn = match db.begin_read() {
            Err(TransactionError::Storage(StorageError::PreviousIo)) => {
                self.reopen(&db)?;
                self.db().begin_read()?
            }
            other => other?,
        };
        Ok((pass, txn))
    }

    /// Begins to write, after the transactions of other processes. The pass has to outlive the
    /// transaction.
    pub(super) fn begin_write(&self) -> StoreResult<(Pass, WriteTransaction)> {
        let mut since = Instant::now();
        let mut pause = Duration::from_micros(500);
        loop {
            let (pass, waited) = self.gate.enter();
            if waited {
                since = Instant::now();
            }
            let db = self.db();
            match db.try_begin_write() {
                Err(TransactionError::WouldBlock) if since.elapsed() < self.patience => {
                    drop(pass);
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(8));
                }
                Err(TransactionError::WouldBlock) => {
                    let what = "The store could not be written.".to_owned();
                    return Err(blocked(&self.path, what, self.patience));
                }
                Err(TransactionError::Storage(StorageError::PreviousIo)) => {
                    self.reopen(&db)?;
                    return Ok((pass, self.db().try_begin_write()?));
                }
                other => return Ok((pass, other?)),
            }
        }
    }
}

/// The error for a store in which somebody else has been in a transaction for so long.
pub(super) fn blocked(path: &Path, what: String, patience: Duration) -> StoreError {
    let others = super::others::who_has(path);
    let who = match others.as_slice() {
        [] => "Another process".to_owned(),
        list => list.join(", "),
    };
    StoreError::new(
        what,
        format!("{who} has been writing for more than {} seconds.", patience.as_secs()),
        "Wait for it, or end it (continue a stopped one with kill -CONT first), then try again.",
    )
}
