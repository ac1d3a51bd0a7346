//! Making the file smaller. Deleted rows leave free pages that later rows use again; redb gives
//! only those at the very end of the file back. Compacting moves the others together.
//!
//! redb does it in place, in transactions: killed in the middle, the file holds what it held.

use super::open::{at, examine, open_alone};
use super::{CURRENT, StoreError, StoreResult};
use redb::CompactionError;
use std::path::Path;
use std::time::Duration;

/// What compacting brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes of the file before.
    pub before: u64,
    /// Bytes of the file now.
    pub after: u64,
}

/// Makes the file of a store as small as it can be. Blocks; no process may have the store open.
///
/// # Errors
/// Somebody has it open, or the store cannot be used.
pub fn compact(path: &Path) -> StoreResult<Compacted> {
    examine(path, CURRENT)?;
    let size = || std::fs::metadata(path).map_or(0, |meta| meta.len());
    let before = size();
    let mut db = open_alone(path, Duration::ZERO)?.ok_or_else(|| in_use(path))?;
    let done = db.compact();
    drop(db);
    match done {
        Ok(_) => Ok(Compacted { before, after: size() }),
        Err(CompactionError::Storage(error)) => Err(at(path, error.into())),
        Err(other) => Err(StoreError::new(
            format!("The store {} was not compacted.", path.display()),
            format!("{other}."),
            "Try again.",
        )),
    }
}

/// The error for a store that others have open.
fn in_use(path: &Path) -> StoreError {
    let others = super::others::who_has(path).join(", ");
    let who = if others.is_empty() { "Another process".to_owned() } else { others };
    StoreError::InUse(crate::model::UserError::new(
        format!("The store {} was not compacted.", path.display()),
        format!("{who} has it open."),
        "End it, then try again. Nothing was changed.",
    ))
}
