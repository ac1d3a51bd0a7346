//! Errors of the store, in the words of the user.

use crate::model::UserError;
use redb::{CommitError, DatabaseError, StorageError, TableError, TransactionError};
use std::io;

/// Why the store could not be opened, read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// For people: what, why, what next.
    #[error("{0}")]
    User(UserError),
    /// For people: others have the store open that may not.
    #[error("{0}")]
    InUse(UserError),
    /// A link would tie a record twice; the whole batch was refused.
    #[error("{0} is linked to {1} already")]
    AlreadyLinked(String, String),
}

impl StoreError {
    /// The error in the words of the user.
    pub fn user(&self) -> UserError {
        match self {
            Self::User(error) | Self::InUse(error) => error.clone(),
            Self::AlreadyLinked(..) => UserError::new(
                "The store refused a link.",
                self.to_string(),
                "Nothing was stored; sync again.",
            ),
        }
    }

    pub(super) fn new(
        what: impl Into<String>,
        why: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self::User(UserError::new(what, why, next))
    }

    /// For an error of the operating system at something in the data folder.
    pub(super) fn io(what: impl Into<String>, error: &io::Error) -> Self {
        let (why, next) = io_sentences(error);
        Self::new(what, why, next)
    }
}

/// Why, and what next, for an error of the operating system.
fn io_sentences(error: &io::Error) -> (String, &'static str) {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => (
            "The disk is full.".into(),
            "Make room on the disk of the data folder, then try again. What was stored before is \
             safe.",
        ),
        Kind::FileTooLarge => (
            "The file may not grow any further.".into(),
            "Raise the limit on the size of files (ulimit -f), then try again. What was stored \
             before is safe.",
        ),
        Kind::PermissionDenied => (
            "This user may not write there.".into(),
            "Give the user access to the data folder and its files, or choose another folder with \
             --data-dir.",
        ),
        Kind::ReadOnlyFilesystem => {
            ("The file system is read-only.".into(), "Choose another folder with --data-dir.")
        }
        _ => (format!("The operating system says: {error}."), "Check the disk of the data folder."),
    }
}

const DAMAGED_NEXT: &str = "It was left as it is. Restore it from a backup, or choose another \
                            folder with --data-dir; check the disk.";

impl From<StorageError> for StoreError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Io(error) => Self::io("The store could not be read or written.", &error),
            StorageError::Corrupted(detail) => {
                Self::new("The store is damaged.", format!("{detail}."), DAMAGED_NEXT)
            }
            StorageError::PreviousIo => Self::new(
                "The store could not be read or written.",
                "An earlier error of the disk stopped it.",
                "Check the disk of the data folder, then try again.",
            ),
            other => Self::new(
                "The store could not be read or written.",
                format!("{other}."),
                "Start SyncDeck again.",
            ),
        }
    }
}

impl From<TableError> for StoreError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Storage(error) => error.into(),
            other => Self::new("The store is damaged.", format!("{other}."), DAMAGED_NEXT),
        }
    }
}

impl From<TransactionError> for StoreError {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Storage(error) => error.into(),
            other => StorageError::Corrupted(other.to_string()).into(),
        }
    }
}

impl From<CommitError> for StoreError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Storage(error) => error.into(),
            other => {
                Self::new("The store could not be written.", format!("{other}."), "Try again.")
            }
        }
    }
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Storage(error) => error.into(),
            DatabaseError::DatabaseAlreadyOpen => Self::new(
                "The store is in use.",
                "Another program has opened it for itself alone.",
                "End the other program, then try again.",
            ),
            DatabaseError::LockProtocolMismatch => Self::new(
                "The store is in use.",
                "Another version of SyncDeck has it open and cannot share it with this one.",
                "Use the same version everywhere, or end the other one.",
            ),
            DatabaseError::UpgradeRequired(version) => Self::new(
                "The store cannot be opened.",
                format!("Its file format ({version}) is not the one of this program."),
                "Use the version of SyncDeck that made it.",
            ),
            other => Self::new("The store is damaged.", format!("{other}."), DAMAGED_NEXT),
        }
    }
}
