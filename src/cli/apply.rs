//! `syncdeck apply`: sets up the CRM and the connectors from a file, all of it or nothing.

use super::exit::{Exit, Failure, Outcome};
use super::house::Context;
use super::output::plain;
use super::rights::{forget, may_apply};
use crate::engine::{Lease, LeaseError};
use crate::model::{Connector, Stamp};
use crate::settings::{Applied, MayRemove, SettingsProblem, apply};
use clap::Args;
use serde::Serialize;
use std::io::{Read as _, stdin};
use std::path::{Path, PathBuf};

/// Options of `apply`.
#[derive(Debug, Clone, Args)]
pub struct ApplyArgs {
    /// The settings file (TOML); - is standard input
    pub file: PathBuf,
    /// Remove the connectors that the file does not name, with their links, queue and log
    #[arg(long)]
    pub prune: bool,
}

/// What applying did: `apply --json`.
#[derive(Debug, Serialize)]
struct AppliedView<'a> {
    changed: &'a [String],
    unchanged: usize,
    removed: &'a [String],
    warnings: &'a [String],
}

/// A refused place of the file, beside the error in `apply --json`.
#[derive(Debug, Serialize)]
struct ProblemView<'a> {
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
    hint: &'a str,
}

impl<'a> From<&'a SettingsProblem> for ProblemView<'a> {
    fn from(problem: &'a SettingsProblem) -> Self {
        Self {
            file: &problem.file,
            line: problem.place.map(|(line, _)| line),
            column: problem.place.map(|(_, column)| column),
            message: &problem.message,
            hint: &problem.hint,
        }
    }
}

/// Applies the file.
pub fn run(args: &ApplyArgs, context: &Context) -> Outcome {
    context.may_write("Applying settings")?;
    let text = read(&args.file)?;
    let house = context.open()?;
    may_apply(&house, &text, args.prune)?;
    let name = if is_stdin(&args.file) { "<stdin>".into() } else { args.file.to_string_lossy() };
    // A connector is not removed while somebody syncs it.
    let (mut leases, mut busy) = (Vec::new(), false);
    let mut may_remove = |connector: &Connector| {
        let taken = Lease::take(house.store.folder(), connector.id, &connector.name);
        busy |= matches!(taken, Err(LeaseError::Busy(_)));
        match taken {
            Ok(lease) => leases.push(lease),
            Err(LeaseError::Busy(error) | LeaseError::Broken(error)) => return Err(error),
        }
        Ok(())
    };
    let (store, vault, catalog) = (&house.store, &house.vault, &house.catalog);
    let prune = args.prune.then_some(&mut may_remove as MayRemove<'_>);
    match apply(store, vault, catalog, &text, &name, prune, Stamp::now()) {
        Ok(applied) => {
            if applied.changed.iter().any(|what| what == "CRM") {
                forget(&house)?;
            }
            told(&applied, context)
        }
        Err(problems) => {
            let exit = refused(&problems, context)?;
            Ok(if busy { Exit::Busy } else { exit })
        }
    }
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

pub(super) fn read(file: &Path) -> Outcome<String> {
    let mut text = String::new();
    let read = if is_stdin(file) {
        stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|error| {
        Failure::usage(
            format!("The settings file {} cannot be read.", file.display()),
            format!("The operating system says: {error}."),
            "Name a text file in TOML, or - for standard input.",
        )
    })
}

fn told(applied: &Applied, context: &Context) -> Outcome {
    for warning in &applied.warnings {
        context.out.message(&format!("warning: {}", plain(warning)));
    }
    if context.out.json {
        let Applied { changed, unchanged, removed, warnings } = applied;
        context.out.document(&AppliedView { changed, unchanged: *unchanged, removed, warnings })?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for (what, names) in [("set up", &applied.changed), ("removed", &applied.removed)] {
        for name in names {
            text.push_str(&format!("{what}: {}\n", plain(name)));
        }
    }
    if text.is_empty() {
        text.push_str("Everything was set up like this already; nothing was changed.\n");
    }
    context.out.text(&text)?;
    Ok(Exit::Done)
}

/// Tells every problem with its line.
pub(super) fn refused(problems: &[SettingsProblem], context: &Context) -> Outcome {
    for problem in problems {
        context.out.message(&format!("error: {problem}"));
    }
    context.out.message("Nothing was stored.");
    if context.out.json {
        let error = problems.first().map(SettingsProblem::user);
        let problems: Vec<_> = problems.iter().map(ProblemView::from).collect();
        context.out.document(&serde_json::json!({ "error": error, "problems": problems }))?;
    }
    // A problem without a place is one of the store, not of the file.
    let placed = problems.iter().any(|problem| problem.place.is_some());
    Ok(if placed { Exit::Usage } else { Exit::Failed })
}
