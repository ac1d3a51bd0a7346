//! Files that commands write: private, whole, and never in the place of another one unasked.

use super::exit::{Failure, Outcome};
use super::house::Context;
use super::table::counted;
use crate::export::{PrivateFile, Table};
use std::io;
use std::path::Path;

/// Whether this file name means standard output.
pub fn is_stdout(file: &Path) -> bool {
    file == Path::new("-")
}

/// Begins a file.
pub fn create(file: &Path, replace: bool) -> Outcome<PrivateFile> {
    PrivateFile::create(file, replace).map_err(|error| unwritable(file, &error))
}

/// Why a file was not written.
pub fn unwritable(file: &Path, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::AlreadyExists {
        return Failure::failed(
            format!("The file {} was not written.", file.display()),
            "There is a file of that name already.",
            "Choose another name, or add --force to overwrite it.",
        );
    }
    Failure::failed(
        format!("The file {} could not be written.", file.display()),
        format!("The operating system says: {error}."),
        "Choose another file, in a folder that you may write.",
    )
}

/// Writes rows as CSV to a file or to standard output, one after the other.
pub fn csv<I, R>(
    file: &Path,
    replace: bool,
    columns: &[&str],
    rows: I,
    context: &Context,
) -> Outcome<()>
where
    I: Iterator<Item = Outcome<R>>,
    R: AsRef<[String]>,
{
    if is_stdout(file) {
        if context.out.json {
            return Err(Failure::usage(
                "CSV and JSON cannot both go to standard output.",
                "There is room for one document only.",
                "Name a file for the CSV, or leave one of --csv - and --json out.",
            ));
        }
        let mut table = Table::new(io::stdout().lock(), columns)?;
        for row in rows {
            table.row(row?.as_ref())?;
        }
        drop(table.finish()?);
        return Ok(());
    }
    let failed = |error: io::Error| unwritable(file, &error);
    let mut table = Table::new(create(file, replace)?, columns).map_err(failed)?;
    for row in rows {
        table.row(row?.as_ref()).map_err(failed)?;
    }
    let count = table.rows();
    table.finish().and_then(PrivateFile::finish).map_err(failed)?;
    if context.out.json {
        context.out.document(&serde_json::json!({ "file": file, "rows": count }))
    } else {
        context.out.message(&format!("{} written to {}.", counted(count, "row"), file.display()));
        Ok(())
    }
}
