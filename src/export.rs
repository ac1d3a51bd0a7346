//! CSV for record lists and the sync log: which columns, how a cell is made safe for a spreadsheet,
//! and a file that is private, never replaces another one unasked, and is whole or not there.

use crate::model::{DebugEntry, Item, Run, Side};
use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The columns of a record list.
pub const RECORD_COLUMNS: [&str; 13] = [
    "source_module",
    "record_name",
    "side",
    "status",
    "module",
    "vtiger_id",
    "service_id",
    "time",
    "planned",
    "reason",
    "next",
    "changes",
    "conflict",
];

/// The columns of the sync log.
pub const LOG_COLUMNS: [&str; 11] = [
    "date",
    "time",
    "run",
    "connector",
    "side",
    "module",
    "created",
    "updated",
    "deleted",
    "skipped",
    "status",
];

/// The columns of the debug log.
pub const DEBUG_COLUMNS: [&str; 12] = [
    "time",
    "connector",
    "number",
    "run",
    "system",
    "request",
    "status",
    "sent",
    "received",
    "millis",
    "body",
    "answer",
];

/// A cell that no spreadsheet takes for a formula: one that begins with `=`, `+`, `-`, `@`, a tab or
/// a line break gets an apostrophe before it.
pub fn safe_cell(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The cells of a record.
pub fn record_cells(item: &Item) -> [String; 13] {
    let changes: Vec<String> =
        item.changes.iter().map(|c| format!("{}: {} -> {}", c.field, c.before, c.after)).collect();
    let conflict = item.conflict.as_ref().map(|c| {
        format!(
            "{}: vtiger {} / service {} / before {} ({}, {} stays)",
            c.field,
            c.vtiger,
            c.service,
            c.base.as_deref().unwrap_or("not known"),
            c.rule,
            c.winner.key()
        )
    });
    let (reason, next) = match &item.reason {
        Some(reason) => (reason.text.clone(), reason.next.clone()),
        None => (String::new(), String::new()),
    };
    [
        item.source_module.clone(),
        item.name.clone(),
        item.side.key().into(),
        item.status.key().into(),
        item.module.label().into(),
        item.vtiger_id.clone(),
        item.service_id.clone(),
        item.time.to_string(),
        if item.planned { "yes" } else { "no" }.into(),
        reason,
        next,
        changes.join("; "),
        conflict.unwrap_or_default(),
    ]
}

/// The cells of a request and its answer.
pub fn debug_cells(connector: &str, entry: &DebugEntry) -> [String; 12] {
    [
        entry.time.to_string(),
        connector.to_owned(),
        entry.number.to_string(),
        entry.run.map(|run| run.to_string()).unwrap_or_default(),
        entry.system.clone(),
        entry.request.clone(),
        entry.status.to_string(),
        entry.sent.to_string(),
        entry.received.to_string(),
        entry.millis.to_string(),
        entry.body.clone(),
        entry.answer.clone(),
    ]
}

/// The rows of a run in the log: one for each module and side.
pub fn log_cells(run: &Run) -> Vec<[String; 11]> {
    let started = run.started.to_string();
    let (date, time) = started.split_once('T').unwrap_or((&started, ""));
    let mut rows = Vec::new();
    for (module, counts) in &run.modules {
        for side in Side::BOTH {
            let c = counts.side(side);
            rows.push([
                date.into(),
                time.into(),
                run.id.to_string(),
                run.connector_name.clone(),
                side.key().into(),
                module.label().into(),
                c.created.to_string(),
                c.updated.to_string(),
                c.deleted.to_string(),
                c.skipped.to_string(),
                run.status.key().into(),
            ]);
        }
    }
    rows
}

/// Writes rows as CSV (RFC 4180, UTF-8).
pub struct Table<W: Write> {
    csv: csv::Writer<W>,
    rows: u64,
}

impl<W: Write> Table<W> {
    /// A table that begins with these column heads.
    ///
    /// # Errors
    /// The writer's.
    pub fn new(to: W, columns: &[&str]) -> io::Result<Self> {
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(to);
        csv.write_record(columns).map_err(of_the_writer)?;
        Ok(Self { csv, rows: 0 })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// The writer's.
    pub fn row<T: AsRef<str>>(&mut self, cells: &[T]) -> io::Result<()> {
        for cell in cells {
            let cell = safe_cell(cell.as_ref());
            self.csv.write_field(cell.as_bytes()).map_err(of_the_writer)?;
        }
        self.csv.write_record(None::<&[u8]>).map_err(of_the_writer)?;
        self.rows += 1;
        Ok(())
    }

    /// How many rows there are, without the heads.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the table and gives the writer back.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(mut self) -> io::Result<W> {
        self.csv.flush()?;
        self.csv.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

/// The writer's own error, whose kind tells a closed pipe from a full disk.
fn of_the_writer(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A file that is being written beside its final name. Dropped unfinished, it leaves nothing.
pub struct PrivateFile {
    to: BufWriter<File>,
    part: PathBuf,
    path: PathBuf,
    replace: bool,
    finished: bool,
}

impl PrivateFile {
    /// Begins a file that only its owner can read.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if there is such a file and `replace` is not set; whatever
    /// the file system says.
    pub fn create(path: &Path, replace: bool) -> io::Result<Self> {
        if path.is_dir() {
            return Err(io::Error::other("it is a folder"));
        }
        if !replace && fs::symlink_metadata(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".part-{}", std::process::id()));
        let part = path.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let to = BufWriter::new(options.open(&part)?);
        Ok(Self { to, part, path: path.to_owned(), replace, finished: false })
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// As [`Self::create`]; nothing is left then.
    pub fn finish(mut self) -> io::Result<()> {
        self.to.flush()?;
        if self.replace {
            fs::rename(&self.part, &self.path)?;
        } else {
            // A hard link fails where a file has come up meanwhile; a rename would replace it.
            match fs::hard_link(&self.part, &self.path) {
                Ok(()) => fs::remove_file(&self.part)?,
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(e),
                // File systems without hard links.
                Err(_) if fs::symlink_metadata(&self.path).is_ok() => {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                Err(_) => fs::rename(&self.part, &self.path)?,
            }
        }
        self.finished = true;
        Ok(())
    }
}

impl Write for PrivateFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        if !self.finished {
            // Nothing more can be done about a part that cannot be removed.
            let _ = fs::remove_file(&self.part);
        }
    }
}

#[cfg(test)]
mod tests;
