//! A look at a whole store that changes nothing: every page, every row, and whether the rows agree
//! with each other. For `doctor`; it works on a file that is damaged, cannot be written, or is in
//! use.
//!
//! As a rule the file is read through a layer in memory, where redb may repair what it likes and
//! check every page. If others write meanwhile, what was read that way means nothing; then the rows
//! are walked in transactions that they respect.

mod rows;

use super::migrate::CURRENT;
use super::open::{self, builder, no_panic, schema_of};
use super::overlay::Overlay;
use super::reader::Reader;
use super::{StoreError, StoreResult};
use crate::model::{Connector, Crm, Stamp, UserError};
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTableMetadata, TableHandle};
use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// What was found out about a store.
#[derive(Debug, Default)]
pub struct Inspection {
    /// Its schema.
    pub schema: u64,
    /// The schema of this program.
    pub our_schema: u64,
    /// Bytes of the file.
    pub size: u64,
    /// Bytes in the file that hold nothing; `None`: unknown, because others write.
    pub free: Option<u64>,
    /// The tables.
    pub tables: Vec<TableSize>,
    /// Every page was checked; if not, others write, and only the rows were looked at.
    pub pages_checked: bool,
    /// What is wrong.
    pub findings: Vec<UserError>,
    /// The CRM.
    pub crm: Option<Crm>,
    /// The connectors.
    pub connectors: Vec<Connector>,
    /// By how many seconds the clocks of the connected systems were ahead of ours when they were
    /// compared last, by what was checked.
    pub skews: Vec<(String, i64)>,
    /// When the newest run began.
    pub newest_run: Option<Stamp>,
}

/// How the names of facts begin that tell a clock's skew; what was checked follows.
pub const SKEW_FACT: &str = "skew.";

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSize {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Bytes of what is stored in it.
    pub bytes: u64,
}

/// How often the file is looked at anew because somebody wrote meanwhile.
const TRIES: usize = 6;
/// How long between.
const PAUSE: Duration = Duration::from_millis(500);
/// A file that was not written for so long is left alone.
const QUIET: Duration = Duration::from_secs(2);

/// Looks at a store, which has to be there. Blocks.
///
/// # Errors
/// The file cannot be read, is none of ours, or is too damaged to be looked into.
pub fn inspect(path: &Path) -> StoreResult<Inspection> {
    let stat = || std::fs::metadata(path).map_err(|error| cannot_read(path, &error));
    for _ in 0..TRIES {
        let before = stat()?;
        if is_being_written(path, &before)? {
            std::thread::sleep(PAUSE);
            continue;
        }
        let looked = through_layer(path);
        let after = stat()?;
        if same(&before, &after) {
            return looked.map_err(|error| open::at(path, error));
        }
    }
    among_others(path).map_err(|error| open::at(path, error))
}

/// Whether somebody has the file open and wrote just now. Pages that change while they are read make
/// no sense.
fn is_being_written(path: &Path, meta: &Metadata) -> StoreResult<bool> {
    let fresh = meta.modified().is_ok_and(|at| at.elapsed().is_ok_and(|age| age < QUIET));
    let flags = open::header_of(path, File::open(path))?;
    Ok(fresh && flags.is_some_and(|flags| flags & open::UNCLEAN != 0))
}

fn cannot_read(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::io(format!("The store {} could not be read.", path.display()), error)
}

fn same(before: &Metadata, after: &Metadata) -> bool {
    let stamp = |meta: &Metadata| (meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec());
    stamp(before) == stamp(after)
}

fn through_layer(path: &Path) -> StoreResult<Inspection> {
    if open::header_of(path, File::open(path))?.is_none() {
        return Err(StoreError::new(
            "The store is empty.",
            "Its file has no byte in it: it was just made, or something emptied it.",
            "Restore it from a backup. Without one, the next start sets up an empty store.",
        ));
    }
    let (db, sound) = no_panic(|| {
        let mut db = builder_of_layer().create_with_backend(Overlay::new(path)?)?;
        let sound = db.check_integrity()?;
        Ok((db, sound))
    })?;
    let mut inspection = walk(path, || Ok(db.begin_read()?))?;
    inspection.pages_checked = true;
    let used = no_panic(|| Ok(used_bytes(&db)))?.ok();
    inspection.free = used.map(|used| inspection.size.saturating_sub(used));
    if !sound {
        inspection.findings.insert(0, not_sound());
    }
    Ok(inspection)
}

fn builder_of_layer() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(open::CACHE / 4);
    builder
}

fn not_sound() -> UserError {
    UserError::new(
        "The file of the store is not sound.",
        "Its pages do not fit together; SyncDeck would repair what it can at the next start.",
        "Copy the file before you go on, then restore it from a backup. Check the disk.",
    )
}

/// Bytes of pages that hold something.
fn used_bytes(db: &Database) -> StoreResult<u64> {
    let txn = db.begin_write()?;
    let stats = txn.stats()?;
    txn.abort()?;
    let pages = stats.allocated_pages().saturating_mul(stats.page_size() as u64);
    Ok(pages)
}

fn among_others(path: &Path) -> StoreResult<Inspection> {
    let db = no_panic(|| builder().open_read_only(path))?;
    walk(path, || Ok(db.begin_read()?))
}

/// Looks at every row. Each question is one transaction, so that none is open for long.
fn walk(path: &Path, begin: impl Fn() -> StoreResult<ReadTransaction>) -> StoreResult<Inspection> {
    let size = std::fs::metadata(path).map_or(0, |meta| meta.len());
    let our_schema = CURRENT.ours;
    let mut inspection = Inspection { size, our_schema, ..Inspection::default() };
    inspection.schema = no_panic(|| Ok(begin().and_then(|txn| schema_of(&txn, our_schema))))??;
    match no_panic(|| Ok(begin().and_then(|txn| sizes(&txn)))) {
        Ok(Ok(tables)) => inspection.tables = tables,
        Ok(Err(error)) => inspection.findings.push(error.user()),
        Err(error) => inspection.findings.push(StoreError::from(error).user()),
    }
    // An older one is brought forward first; its rows are not those of this program.
    if inspection.schema == our_schema {
        rows::look(&mut inspection, || Ok(Reader::new(begin()?)));
    }
    Ok(inspection)
}

fn sizes(txn: &ReadTransaction) -> StoreResult<Vec<TableSize>> {
    let mut sizes = Vec::new();
    for handle in txn.list_tables()? {
        let name = handle.name().to_owned();
        let table = txn.open_untyped_table(handle)?;
        sizes.push(TableSize { name, rows: table.len()?, bytes: table.stats()?.stored_bytes() });
    }
    Ok(sizes)
}
