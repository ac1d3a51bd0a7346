//! `syncdeck doctor`: the health of the store, the folders, the secrets and the clock, without any
//! connection. It changes nothing, so it works on a store that is damaged, in use, or cannot be
//! written. `--compact` makes the store's file smaller.

mod files;
mod finding;
mod house;

use super::exit::{Exit, Failure, Outcome};
use super::house::Context;
use super::table::{Column, Table, thousands};
use crate::store::{self, Inspection, StoreError};
use clap::Args;
use finding::Finding;
use serde_json::json;
use std::path::Path;

/// Options of `doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// Make the store's file as small as it can be; no other SyncDeck may have it open
    #[arg(long)]
    pub compact: bool,
}

/// Looks at everything, and answers with exit 1 if anything is wrong; or compacts.
pub fn run(args: &DoctorArgs, context: &Context) -> Outcome {
    if args.compact {
        context.may_write("Compacting")?;
        return compact(context);
    }
    let paths = context.paths()?;
    let path = paths.store();
    let (findings, inspection) = if path.exists() {
        match store::inspect(&path) {
            Ok(inspection) => (finding::of_store(&path, &inspection), Some(inspection)),
            Err(error) => (vec![Finding::of_store(&path, Some(error.user()))], None),
        }
    } else {
        (vec![Finding::of_store(&path, Some(finding::no_store(&path)))], None)
    };
    let mut findings = findings;
    findings.extend(files::permissions(&paths));
    findings.push(files::space(&paths, inspection.as_ref()));
    findings.push(files::scratch(&paths, inspection.as_ref()));
    findings.push(Finding::new("keys and colours", crate::tui::check_config(&paths.config)));
    findings.extend(house::users(&paths, inspection.as_ref()));
    findings.extend(house::secrets(&paths, inspection.as_ref()));
    findings.push(house::clock(inspection.as_ref()));
    let ok = findings.iter().all(|finding| finding.ok);
    if context.out.json {
        context.out.document(&document(ok, &findings, inspection.as_ref()))?;
    } else {
        context.out.text(&text(&findings, inspection.as_ref()))?;
    }
    Ok(if ok { Exit::Done } else { Exit::Failed })
}

fn compact(context: &Context) -> Outcome {
    let path = context.paths()?.store();
    if !path.exists() {
        return Err(finding::no_store(&path).into());
    }
    let done = store::compact(&path).map_err(|error| match error {
        StoreError::InUse(error) => Failure::Told { error, exit: Exit::Busy },
        other => other.into(),
    })?;
    if context.out.json {
        let sizes = json!({ "store": path, "before": done.before, "after": done.after });
        context.out.document(&sizes)?;
    } else {
        let (before, after) = (size(done.before), size(done.after));
        context.out.text(&format!("{}: {before} before, {after} now.\n", path.display()))?;
    }
    Ok(Exit::Done)
}

fn document(ok: bool, findings: &[Finding], seen: Option<&Inspection>) -> serde_json::Value {
    let tables = seen.map(|seen| {
        let row = |t: &store::TableSize| json!({"table": t.name, "rows": t.rows, "bytes": t.bytes});
        seen.tables.iter().map(row).collect::<Vec<_>>()
    });
    json!({
        "ok": ok,
        "schema": seen.map(|seen| seen.schema),
        "size": seen.map(|seen| seen.size),
        "free": seen.and_then(|seen| seen.free),
        "pages_checked": seen.map(|seen| seen.pages_checked),
        "tables": tables,
        "findings": findings,
    })
}

fn text(findings: &[Finding], seen: Option<&Inspection>) -> String {
    let mut text: String = findings.iter().map(Finding::text).collect();
    if let Some(seen) = seen {
        let mut table =
            Table::new(&[Column::Text("Table"), Column::Number("Rows"), Column::Number("Bytes")]);
        for row in &seen.tables {
            table.row([row.name.clone(), thousands(row.rows), thousands(row.bytes)]);
        }
        text.push('\n');
        text.push_str(&table.render(2, true));
    }
    text
}

/// A size for people.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    let mut number = bytes as f64 / 1024.0;
    let mut unit = 0;
    while number >= 1000.0 && unit + 1 < UNITS.len() {
        number /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(number < 10.0);
    format!("{number:.digits$} {}", UNITS[unit])
}

/// Whether a path is there, links not followed.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0.0 KB"),
            (94_208, "92 KB"),
            (4_214_784, "4.0 MB"),
            (47_185_920, "45 MB"),
            (1_070_000_000, "1.0 GB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
