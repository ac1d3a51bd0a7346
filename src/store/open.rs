//! Opens the store file, or refuses it and leaves it as it is.
//!
//! A file is first looked at read-only, and where that is not enough (it was not closed cleanly,
//! or nobody else has it open) opened in a rehearsal whose writes stay in memory. Only then is it
//! opened for writing.

use super::overlay::Overlay;
use super::tables::meta::{META, OUR_SCHEMA, SCHEMA};
use super::writing::Writing;
use super::{StoreError, StoreResult};
use redb::{Builder, ConcurrencyMode, Database, DatabaseError, ReadTransaction, ReadableDatabase};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Bytes of pages kept in memory; redb would take a gibibyte.
const CACHE: usize = 48 * 1024 * 1024;
/// How a redb file begins.
const MAGIC: [u8; 9] = *b"redb\x1A\x0A\xA9\x0D\x0A";
/// The bit of the byte after that: it is open, or was not closed cleanly.
const UNCLEAN: u8 = 2;

fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE).set_concurrency_mode(ConcurrencyMode::MultiWriter);
    builder
}

/// Opens the file for reading and writing, as it stands.
pub(super) fn open_file(path: &Path) -> Result<Database, DatabaseError> {
    no_panic(|| builder().open(path))
}

/// Opens the store file or makes one, with all its tables.
pub(super) fn open(path: &Path) -> StoreResult<Database> {
    if !path.exists() {
        make(path)?;
    }
    let fresh = looks_fresh(path)?;
    if !fresh {
        examine(path)?;
    }
    let opened = if fresh { no_panic(|| builder().create(path)) } else { open_file(path) };
    opened.map_err(|error| at(path, error.into()))
}

/// Adds the path to an error's first sentence.
fn at(path: &Path, error: StoreError) -> StoreError {
    let mut user = error.user();
    user.what = user.what.replacen("The store", &format!("The store {}", path.display()), 1);
    StoreError::User(user)
}

/// A panic inside redb (a damaged file can lead to one) becomes an error.
fn no_panic<T>(open: impl FnOnce() -> Result<T, DatabaseError>) -> Result<T, DatabaseError> {
    catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|_| {
        let detail = "Its pages do not fit together".to_owned();
        Err(redb::StorageError::Corrupted(detail).into())
    })
}

/// Makes the folder and a store in it. The store appears under its name whole or not at all, and of
/// two processes the first one wins.
fn make(path: &Path) -> StoreResult<()> {
    let cannot = |error: &io::Error| {
        StoreError::io(format!("The store {} could not be made.", path.display()), error)
    };
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| cannot(&e))?;
    }
    static DRAFTS: AtomicU32 = AtomicU32::new(0);
    let draft = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = path.with_extension(format!("{}-{draft}.new", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(&draft).map_err(|e| cannot(&e))?;
    let made = fill(&draft).map_err(|error| at(path, error));
    let named = made.and_then(|()| match std::fs::hard_link(&draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(cannot(&error)),
        _ => Ok(()),
    });
    // If it stays it is in nobody's way.
    let _ = std::fs::remove_file(&draft);
    named
}

/// Makes an empty file a store with all its tables.
fn fill(path: &Path) -> StoreResult<()> {
    let db = no_panic(|| builder().create(path))?;
    let txn = db.begin_write()?;
    let mut writing = Writing::new(&txn);
    set_up(&mut writing)?;
    writing.finish()?;
    txn.commit()?;
    Ok(())
}

/// Whether the file is empty. One that is neither empty nor redb's is refused.
fn looks_fresh(path: &Path) -> StoreResult<bool> {
    Ok(header(path)?.is_none())
}

/// The byte after the magic number; `None`: the file is empty.
fn header(path: &Path) -> StoreResult<Option<u8>> {
    let cannot = |error: &io::Error| {
        StoreError::io(format!("The store {} could not be opened.", path.display()), error)
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let file: File = options.open(path).map_err(|e| cannot(&e))?;
    let mut start = Vec::new();
    file.take(MAGIC.len() as u64 + 1).read_to_end(&mut start).map_err(|e| cannot(&e))?;
    match start.split_at_checked(MAGIC.len()) {
        _ if start.is_empty() => Ok(None),
        Some((magic, [flags])) if magic == MAGIC => Ok(Some(*flags)),
        _ => Err(StoreError::new(
            format!("{} is not a store of SyncDeck.", path.display()),
            "It is some other file, or it was overwritten.",
            "It was left as it is. Choose another folder with --data-dir, or restore the store \
             from a backup.",
        )),
    }
}

/// Finds out whether the file can be opened and is of our schema, without changing it.
fn examine(path: &Path) -> StoreResult<()> {
    let mut tries = 0;
    loop {
        let error = match examine_once(path) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        // Another process may have begun to write while we looked.
        tries += 1;
        if tries == 4 {
            return Err(at(path, error));
        }
        std::thread::sleep(Duration::from_millis(30 * tries));
    }
}

fn examine_once(path: &Path) -> StoreResult<()> {
    match no_panic(|| builder().open_read_only(path)) {
        Ok(db) => {
            no_panic(|| Ok(check_schema(&db.begin_read().map_err(storage)?)))??;
            let nobody_writes = header(path)?.is_some_and(|flags| flags & UNCLEAN == 0);
            if nobody_writes { rehearse(path) } else { Ok(()) }
        }
        Err(DatabaseError::RepairAborted) => rehearse(path),
        Err(error) => Err(error.into()),
    }
}

fn storage(error: redb::TransactionError) -> DatabaseError {
    match error {
        redb::TransactionError::Storage(error) => error.into(),
        other => redb::StorageError::Corrupted(other.to_string()).into(),
    }
}

/// Opens the file, repairing it if need be, with all writes kept in memory.
fn rehearse(path: &Path) -> StoreResult<()> {
    let checked = no_panic(|| {
        let layer = Overlay::new(path)?;
        let db = Database::builder().set_cache_size(CACHE / 4).create_with_backend(layer)?;
        Ok(check_schema(&db.begin_read().map_err(storage)?))
    });
    checked?
}

/// Refuses a store that a newer program wrote, or that is not ours.
fn check_schema(txn: &ReadTransaction) -> StoreResult<()> {
    if txn.list_tables()?.next().is_none() {
        return Ok(());
    }
    let meta = txn.open_table(META).map_err(|error| match error {
        redb::TableError::Storage(error) => StoreError::from(error),
        _ => StoreError::new(
            "The store was made by another program.",
            "It is a redb file, but not one of SyncDeck.",
            "It was left as it is. Choose another folder with --data-dir.",
        ),
    })?;
    refuse_newer(super::reader::get(&meta, SCHEMA)?.unwrap_or(0))
}

fn refuse_newer(schema: u64) -> StoreResult<()> {
    if schema <= OUR_SCHEMA {
        return Ok(());
    }
    Err(StoreError::new(
        "The store was written by a newer SyncDeck.",
        format!("Its schema is {schema}; this program knows schemas up to {OUR_SCHEMA}."),
        "It was left as it is. Use the newer SyncDeck.",
    ))
}

/// Makes the tables that are not there, and brings an older schema forward.
pub(super) fn set_up(writing: &mut Writing<'_>) -> StoreResult<u64> {
    let schema = writing.number(SCHEMA)?;
    refuse_newer(schema)?;
    if schema < OUR_SCHEMA {
        writing.open_all()?;
        writing.set_number(SCHEMA, OUR_SCHEMA)?;
    }
    writing.number(super::tables::meta::GENERATION)
}
