//! Bringing a store of an older schema forward, step by step.
//!
//! It is done in one transaction, by a process that has the file for itself alone: killed in the
//! middle, or stopped by a full disk, the store is what it was, and the next start begins anew. A
//! program that still works with the older schema cannot write into the new one. Where there is
//! room for it, a copy of the file as it was stays beside it.

use super::open::{self, at, open_alone};
use super::tables::meta::{GENERATION, OUR_SCHEMA, SCHEMA};
use super::tables::{history, links, skips};
use super::writing::Writing;
use super::{StoreError, StoreResult};
use redb::{ReadableDatabase, WriteTransaction};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a schema needs beyond the one before. Tables that it adds are made without a step.
pub(super) struct Step {
    /// The schema it leads to.
    pub(super) to: u64,
    /// Changes the rows. It uses tables and shapes as they were then, not those of today.
    pub(super) run: fn(&WriteTransaction) -> StoreResult<()>,
}

/// A schema, and the way to it.
#[derive(Clone, Copy)]
pub(super) struct Schema {
    /// Its number.
    pub(super) ours: u64,
    /// The steps from the oldest one on, in order.
    pub(super) steps: &'static [Step],
}

/// The schema of this program.
pub(super) const CURRENT: Schema = Schema {
    ours: OUR_SCHEMA,
    steps: &[
        Step { to: 2, run: history::note_all },
        Step { to: 2, run: skips::count_undecided },
        Step { to: 3, run: links::index_stamps },
    ],
};

/// How long other processes are waited for: one may be doing the same, or just be about to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Brings a store forward whose schema is older.
pub(super) fn migrate(path: &Path, schema: Schema) -> StoreResult<()> {
    let who = || {
        let others = super::others::who_has(path).join(", ");
        let who = if others.is_empty() { "Another process".to_owned() } else { others };
        StoreError::new(
            format!("The store {} cannot be brought forward to this SyncDeck.", path.display()),
            format!("{who} has it open and still works with the older form."),
            "End every other SyncDeck on this store, then start this one again.",
        )
    };
    let since = Instant::now();
    let db = loop {
        if let Some(db) = open_alone(path, Duration::from_millis(200))? {
            break db;
        }
        if open::examine(path, schema)? == schema.ours {
            // Somebody else was faster.
            return Ok(());
        }
        if since.elapsed() > PATIENCE {
            return Err(who());
        }
    };
    let found = {
        let txn = db.begin_read()?;
        open::schema_of(&txn, schema.ours)?
    };
    if found == schema.ours {
        return Ok(());
    }
    keep_copy(path, found)?;
    let txn = db.begin_write()?;
    for step in schema.steps.iter().filter(|step| step.to > found) {
        (step.run)(&txn)?;
    }
    let mut writing = Writing::new(&txn);
    set_up(&mut writing, schema)?;
    writing.finish()?;
    txn.commit().map_err(|error| at(path, error.into()))
}

/// Makes the tables that are not there, and answers the generation.
pub(super) fn set_up(writing: &mut Writing<'_>, schema: Schema) -> StoreResult<u64> {
    let found = writing.number(SCHEMA)?;
    open::refuse_newer(found, schema.ours)?;
    if found < schema.ours {
        writing.open_all()?;
        writing.set_number(SCHEMA, schema.ours)?;
    }
    writing.number(GENERATION)
}

/// Where the copy of a store of an older schema is kept.
pub(super) fn copy_path(path: &Path, schema: u64) -> PathBuf {
    path.with_extension(format!("schema-{schema}.redb"))
}

/// Keeps a copy of the file beside it. A disk without room for one does not stop the migration,
/// which needs the room itself.
fn keep_copy(path: &Path, schema: u64) -> StoreResult<()> {
    let length = std::fs::metadata(path).map_or(0, |meta| meta.len());
    // As much again is left for the migration.
    if open::free_space(path).is_some_and(|free| free < length.saturating_mul(2)) {
        return Ok(());
    }
    let copy = copy_path(path, schema);
    let draft = copy.with_extension("redb.new");
    match write_copy(path, &draft).and_then(|()| std::fs::rename(&draft, &copy)) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::StorageFull => {
            // If it stays it is in nobody's way.
            let _ = std::fs::remove_file(&draft);
            Ok(())
        }
        Err(error) => {
            let _ = std::fs::remove_file(&draft);
            let what = "The store was not brought forward: no copy of it could be made.";
            Err(StoreError::io(what, &error))
        }
    }
}

fn write_copy(path: &Path, draft: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut to = options.open(draft)?;
    io::copy(&mut File::open(path)?, &mut to)?;
    to.sync_all()
}
