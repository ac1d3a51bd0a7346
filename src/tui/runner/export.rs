//! Writes CSV files in chunks, so that a list of millions needs no memory and can be given up.

use super::{Shared, lists};
use crate::export::{
    DEBUG_COLUMNS, LOG_COLUMNS, PrivateFile, RECORD_COLUMNS, Table, debug_cells, log_cells,
    record_cells,
};
use crate::model::{ConnectorId, UserError};
use crate::tui::msg::{ExportRequest, ExportWhat, Exported, Msg, Source};
use crate::tui::order::Order;
use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Rows read in one transaction.
const CHUNK: usize = 1_000;
/// Requests and answers read in one transaction; each may have some ten kilobytes.
const DEBUG_CHUNK: usize = 200;

/// How often it is told how far an export is.
const PACE: Duration = Duration::from_millis(100);

/// Why an export stopped.
enum Stop {
    GivenUp,
    Io(io::Error),
    Store(UserError),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Writes the file and tells how it went.
pub fn export(shared: &Shared, job: u64, request: &ExportRequest) {
    let path = expand(&request.path);
    let exported = match write(shared, job, request, &path) {
        Ok(rows) => Exported::Done(path, rows),
        Err(Stop::GivenUp) => Exported::Cancelled,
        Err(Stop::Io(error)) if error.kind() == io::ErrorKind::AlreadyExists => {
            Exported::Exists(path)
        }
        Err(Stop::Io(error)) => Exported::Failed(UserError::new(
            format!("{} could not be written.", path.display()),
            error.to_string(),
            "Choose another folder or name, then write it again.",
        )),
        Err(Stop::Store(error)) => Exported::Failed(error),
    };
    shared.send(Msg::Exported(exported));
}

/// `~/` is the home folder, as in a shell.
pub(super) fn expand(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), directories::BaseDirs::new()) {
        (Ok(rest), Some(dirs)) => dirs.home_dir().join(rest),
        _ => path.to_owned(),
    }
}

fn write(shared: &Shared, job: u64, request: &ExportRequest, path: &Path) -> Result<u64, Stop> {
    let file = PrivateFile::create(path, request.replace)?;
    let told = Cell::new(Instant::now());
    let progress = |rows: u64| {
        if shared.exporting.load(Ordering::SeqCst) != job {
            return Err(Stop::GivenUp);
        }
        if told.get().elapsed() >= PACE {
            told.set(Instant::now());
            shared.send(Msg::Exporting(rows));
        }
        Ok(())
    };
    let table = match &request.what {
        ExportWhat::Records(source, None) => natural(shared, source, file, progress)?,
        ExportWhat::Records(source, Some(order)) => {
            arranged(shared, source, order, file, progress)?
        }
        ExportWhat::Shown(columns, rows) => {
            let mut table = Table::new(file, columns)?;
            for row in rows.iter() {
                table.row(row)?;
            }
            table
        }
        ExportWhat::Log(connector, _) => log(shared, *connector, file, progress)?,
        ExportWhat::Debug(connector, name, None) => {
            debug(shared, *connector, name, file, progress)?
        }
        ExportWhat::Debug(connector, name, Some(found)) => {
            debug_found(shared, *connector, name, found, file, progress)?
        }
    };
    let rows = table.rows();
    table.finish()?.finish()?;
    Ok(rows)
}

fn natural(
    shared: &Shared,
    source: &Source,
    file: PrivateFile,
    progress: impl Fn(u64) -> Result<(), Stop>,
) -> Result<Table<PrivateFile>, Stop> {
    let lengths = read(shared, |reader| lists::lengths(reader, source))?;
    let mut table = Table::new(file, &RECORD_COLUMNS)?;
    loop {
        let from = table.rows();
        progress(from)?;
        let rows = read(shared, |reader| lists::range(reader, source, &lengths, from, CHUNK))?;
        if rows.is_empty() {
            return Ok(table);
        }
        for row in rows {
            table.row(&record_cells(&row.item))?;
        }
    }
}

fn arranged(
    shared: &Shared,
    source: &Source,
    order: &Order,
    file: PrivateFile,
    progress: impl Fn(u64) -> Result<(), Stop>,
) -> Result<Table<PrivateFile>, Stop> {
    let mut table = Table::new(file, &RECORD_COLUMNS)?;
    let mut from = 0;
    while from < order.len() {
        progress(table.rows())?;
        let keys = order.keys(from, CHUNK).map_err(|error| Stop::Store(error.user()))?;
        from += keys.len() as u64;
        for row in read(shared, |reader| lists::picked(reader, source, &keys))? {
            table.row(&record_cells(&row.item))?;
        }
    }
    Ok(table)
}

fn log(
    shared: &Shared,
    connector: ConnectorId,
    file: PrivateFile,
    progress: impl Fn(u64) -> Result<(), Stop>,
) -> Result<Table<PrivateFile>, Stop> {
    let mut table = Table::new(file, &LOG_COLUMNS)?;
    let mut before = None;
    loop {
        progress(table.rows())?;
        let runs = read(shared, |reader| reader.runs_before(Some(connector), before, 200))?;
        let Some(last) = runs.last() else {
            return Ok(table);
        };
        before = Some(last.id);
        for cells in runs.iter().flat_map(log_cells) {
            table.row(&cells)?;
        }
    }
}

fn debug(
    shared: &Shared,
    connector: ConnectorId,
    name: &str,
    file: PrivateFile,
    progress: impl Fn(u64) -> Result<(), Stop>,
) -> Result<Table<PrivateFile>, Stop> {
    let mut table = Table::new(file, &DEBUG_COLUMNS)?;
    let mut below = u64::MAX;
    loop {
        progress(table.rows())?;
        let entries = read(shared, |r| r.debug_entries(connector, 0..=below, DEBUG_CHUNK))?;
        let Some(last) = entries.last() else {
            return Ok(table);
        };
        below = last.number.saturating_sub(1);
        for entry in &entries {
            table.row(&debug_cells(name, entry))?;
        }
    }
}

fn debug_found(
    shared: &Shared,
    connector: ConnectorId,
    name: &str,
    found: &[u64],
    file: PrivateFile,
    progress: impl Fn(u64) -> Result<(), Stop>,
) -> Result<Table<PrivateFile>, Stop> {
    let mut table = Table::new(file, &DEBUG_COLUMNS)?;
    for number in found {
        progress(table.rows())?;
        if let Some(entry) = read(shared, |reader| reader.debug_entry(connector, *number))? {
            table.row(&debug_cells(name, &entry))?;
        }
    }
    Ok(table)
}

fn read<T>(
    shared: &Shared,
    read: impl FnOnce(&crate::store::Reader) -> crate::store::StoreResult<T>,
) -> Result<T, Stop> {
    shared.store.read_blocking(read).map_err(|error| Stop::Store(error.user()))
}
