//! What was looked at, and what is wrong with it; and what is said of the store.

use super::size;
use crate::cli::output::plain;
use crate::model::UserError;
use crate::store::Inspection;
use serde::Serialize;
use std::path::Path;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub subject: String,
    /// Nothing is wrong with it.
    pub ok: bool,
    /// What else is worth knowing.
    pub note: Option<String>,
    /// What is wrong.
    pub problem: Option<UserError>,
}

impl Finding {
    /// Something that is as it should be, unless there is a problem.
    pub fn new(subject: impl Into<String>, problem: Option<UserError>) -> Self {
        Self { subject: subject.into(), ok: problem.is_none(), note: None, problem }
    }

    /// With something worth knowing.
    pub fn noting(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// About the store.
    pub fn of_store(path: &Path, problem: Option<UserError>) -> Self {
        Self::new(format!("store {}", path.display()), problem)
    }

    /// A line, and below it what is wrong.
    pub fn text(&self) -> String {
        let subject = plain(&self.subject);
        let note = self.note.as_ref().map_or(String::new(), |note| format!(": {}", plain(note)));
        let Some(problem) = &self.problem else { return format!("ok      {subject}{note}\n") };
        let mut text = format!("NOT OK  {subject}: {}\n", plain(&problem.what));
        for (label, part) in [("why", &problem.why), ("next", &problem.next)] {
            if !part.is_empty() {
                text.push_str(&format!("          {label}: {}\n", plain(part)));
            }
        }
        text
    }
}

/// What is to be said where no store is.
pub fn no_store(path: &Path) -> UserError {
    UserError::new(
        format!("There is no store {}.", path.display()),
        "Nothing was set up in this folder.",
        "Name the folder with --data-dir DIR, or set SyncDeck up: syncdeck apply FILE.",
    )
}

/// What is said of a store that could be looked into.
pub fn of_store(path: &Path, seen: &Inspection) -> Vec<Finding> {
    let schema = if seen.schema == seen.our_schema {
        format!("schema {}", seen.schema)
    } else {
        format!(
            "schema {}, which the next start brings forward to {}",
            seen.schema, seen.our_schema
        )
    };
    let free = match seen.free {
        Some(free) => format!(", {} of it free (syncdeck doctor --compact)", size(free)),
        None => String::new(),
    };
    let rows: u64 = seen.tables.iter().map(|table| table.rows).sum();
    let checked = if seen.pages_checked {
        format!("every page and {rows} rows checked")
    } else {
        format!("{rows} rows checked; the pages were not, because others write now")
    };
    if seen.findings.is_empty() {
        let note = format!("{schema}, {}{free}, {checked}", size(seen.size));
        return vec![Finding::of_store(path, None).noting(note)];
    }
    let problems = seen.findings.iter().cloned();
    problems.map(|problem| Finding::of_store(path, Some(problem))).collect()
}
