//! Opens the store file, or refuses it and leaves it as it is.
//!
//! A file is first looked at read-only, and where that is not enough (it was not closed cleanly,
//! or nobody else has it open) opened in a rehearsal whose writes stay in memory. Only then is it
//! opened for writing.

use super::migrate::{CURRENT, Schema, migrate, set_up};
use super::overlay::Overlay;
use super::tables::meta::{META, SCHEMA};
use super::writing::Writing;
use super::{StoreError, StoreResult};
use redb::{Builder, ConcurrencyMode, Database, DatabaseError, ReadTransaction, ReadableDatabase};
use std::cell::Cell;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

/// Bytes of pages kept in memory; redb would take a gibibyte. Whoever looks through a long list
/// fills it, so it is most of what the screens may need; the system keeps the file's pages anyway.
pub(super) const CACHE: usize = 2 * 1024 * 1024;
/// How long a process that has the file for itself alone (it brings it forward, or compacts it) is
/// waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long the transaction of another process is waited for.
const WRITERS: Duration = Duration::from_secs(8);
/// How a redb file begins.
const MAGIC: [u8; 9] = *b"redb\x1A\x0A\xA9\x0D\x0A";
/// The bit of the byte after that: it is open, or was not closed cleanly.
pub(super) const UNCLEAN: u8 = 2;

pub(super) fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE).set_concurrency_mode(ConcurrencyMode::MultiWriter);
    builder
}

/// Opens the file for reading and writing, as it stands.
pub(super) fn open_file(path: &Path) -> Result<Database, DatabaseError> {
    no_panic(|| builder().open(path))
}

/// Opens the file for this process alone, as soon as no other one has it open. `None`: somebody has
/// for longer than that.
pub(super) fn open_alone(path: &Path, patience: Duration) -> StoreResult<Option<Database>> {
    let mut builder = builder();
    builder.set_concurrency_mode(ConcurrencyMode::ExclusiveWriter);
    match patiently(patience, || no_panic(|| builder.open(path))) {
        Ok(db) => Ok(Some(db)),
        Err(DatabaseError::DatabaseAlreadyOpen) => Ok(None),
        Err(error) => Err(at(path, error.into())),
    }
}

/// Tries to open until whoever has the file for itself alone has closed it.
fn patiently<T>(
    patience: Duration,
    mut open: impl FnMut() -> Result<T, DatabaseError>,
) -> Result<T, DatabaseError> {
    let since = Instant::now();
    loop {
        match open() {
            Err(DatabaseError::DatabaseAlreadyOpen) if since.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(50));
            }
            other => return other,
        }
    }
}

/// Opens the store file or makes one, with all its tables; an older one is brought forward first.
pub(super) fn open(path: &Path, schema: Schema) -> StoreResult<Database> {
    if !path.exists() {
        make(path)?;
    }
    let fresh = looks_fresh(path)?;
    if !fresh {
        let found = examine(path, schema)?;
        if (1..schema.ours).contains(&found) {
            migrate(path, schema)?;
        }
    }
    let opened = patiently(PATIENCE, || {
        let path = path.to_owned();
        in_time(move || if fresh { no_panic(|| builder().create(path)) } else { open_file(&path) })
    });
    match opened {
        Err(DatabaseError::TransactionInProgress) => Err(super::handle::blocked(
            path,
            format!("The store {} could not be opened.", path.display()),
            WRITERS,
        )),
        other => other.map_err(|error| at(path, error.into())),
    }
}

/// Opens, but does not wait for ever: redb waits for the transaction of another process, and that
/// process may be stopped. `TransactionInProgress`: it took too long.
fn in_time(
    open: impl FnOnce() -> Result<Database, DatabaseError> + Send + 'static,
) -> Result<Database, DatabaseError> {
    let (tell, told) = sync_channel(1);
    // Nothing can call it off. If it still opens after we gave up, it closes again at once.
    let opening = move || drop(tell.send(open()));
    std::thread::Builder::new()
        .name("store-open".into())
        .spawn(opening)
        .map_err(|error| DatabaseError::Storage(error.into()))?;
    told.recv_timeout(WRITERS).unwrap_or(Err(DatabaseError::TransactionInProgress))
}

/// The bytes that are free on the disk of a file or folder for this user.
pub(super) fn free_space(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Adds the path to an error's first sentence.
pub(super) fn at(path: &Path, error: StoreError) -> StoreError {
    let mut user = error.user();
    user.what = user.what.replacen("The store", &format!("The store {}", path.display()), 1);
    StoreError::User(user)
}

thread_local! {
    /// Whether a panic of this thread is expected, and becomes an error.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Runs something that may panic on a damaged file.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> std::thread::Result<T> {
    let before = EXPECTED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    EXPECTED.set(before);
    done
}

/// Lets panics that become errors pass without a word on standard error, from now on.
pub fn hush_expected_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !EXPECTED.get() {
            before(info);
        }
    }));
}

/// A panic inside redb (a damaged file can lead to one) becomes an error.
pub(super) fn no_panic<T>(
    open: impl FnOnce() -> Result<T, DatabaseError>,
) -> Result<T, DatabaseError> {
    caught(open).unwrap_or_else(|_| {
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
    set_up(&mut writing, CURRENT)?;
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
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    header_of(path, options.open(path))
}

/// The same, of a file that was opened in any way.
pub(super) fn header_of(path: &Path, opened: io::Result<File>) -> StoreResult<Option<u8>> {
    let cannot = |error: &io::Error| {
        StoreError::io(format!("The store {} could not be opened.", path.display()), error)
    };
    let file = opened.map_err(|e| cannot(&e))?;
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

/// Finds out whether the file can be opened and of which schema it is, without changing it. A newer
/// one is refused.
pub(super) fn examine(path: &Path, schema: Schema) -> StoreResult<u64> {
    let mut tries = 0;
    loop {
        let error = match examine_once(path, schema.ours) {
            Ok(found) => return Ok(found),
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

fn examine_once(path: &Path, ours: u64) -> StoreResult<u64> {
    match patiently(PATIENCE, || no_panic(|| builder().open_read_only(path))) {
        Ok(db) => {
            let found = no_panic(|| Ok(schema_of(&db.begin_read().map_err(storage)?, ours)))??;
            let nobody_writes = header(path)?.is_some_and(|flags| flags & UNCLEAN == 0);
            if nobody_writes { rehearse(path, ours) } else { Ok(found) }
        }
        Err(DatabaseError::RepairAborted) => rehearse(path, ours),
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
fn rehearse(path: &Path, ours: u64) -> StoreResult<u64> {
    let checked = no_panic(|| {
        let layer = Overlay::new(path)?;
        let db = Database::builder().set_cache_size(CACHE / 4).create_with_backend(layer)?;
        Ok(schema_of(&db.begin_read().map_err(storage)?, ours))
    });
    checked?
}

/// The schema of a store; 0: it is not set up yet. Refuses one that a newer program wrote, or that
/// is not ours.
pub(super) fn schema_of(txn: &ReadTransaction, ours: u64) -> StoreResult<u64> {
    if txn.list_tables()?.next().is_none() {
        return Ok(0);
    }
    let meta = txn.open_table(META).map_err(|error| match error {
        redb::TableError::Storage(error) => StoreError::from(error),
        _ => StoreError::new(
            "The store was made by another program.",
            "It is a redb file, but not one of SyncDeck.",
            "It was left as it is. Choose another folder with --data-dir.",
        ),
    })?;
    let found = super::reader::get(&meta, SCHEMA)?.unwrap_or(0);
    refuse_newer(found, ours)?;
    Ok(found)
}

/// Refuses a schema that is newer than ours.
pub(super) fn refuse_newer(schema: u64, ours: u64) -> StoreResult<()> {
    if schema <= ours {
        return Ok(());
    }
    Err(StoreError::new(
        "The store was written by a newer SyncDeck.",
        format!("Its schema is {schema}; this program knows schemas up to {ours}."),
        "It was left as it is. Use the newer SyncDeck.",
    ))
}
