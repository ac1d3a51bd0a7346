//! `syncdeck log`: the runs of one connector or of all, newest first, with their numbers; with
//! `--debug` the requests and answers of Debug Mode.

mod debug;

use super::exit::{Exit, Outcome};
use super::files;
use super::house::{Context, House};
use super::json::RunView;
use super::output::plain;
use super::table::{Column, Table, counted};
use crate::export::{LOG_COLUMNS, log_cells};
use crate::model::{Connector, ConnectorId, Counts, Direction, Run, RunStatus, Side, Stamp};
use crate::store::{Store, StoreResult};
use clap::Args;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How many runs are shown when nothing else is asked for.
const FEW: usize = 20;
/// How many runs are read at a time.
const PAGE: usize = 100;

/// Options of `log`.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// A connector; without a name all of them
    pub name: Option<String>,
    /// At most so many, newest first [default: 20; with --csv all]
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// The requests and answers of Debug Mode instead of the runs; --json and --csv have the bodies
    #[arg(long)]
    pub debug: bool,
    /// Only requests and answers with this text in address, bodies or status, in any case
    #[arg(long, value_name = "TEXT", requires = "debug")]
    pub grep: Option<String>,
    /// Write the log as CSV to a file; - is standard output
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Overwrite an existing CSV file
    #[arg(long, requires = "csv")]
    pub force: bool,
}

/// Prints the log.
pub fn run(args: &LogArgs, context: &Context) -> Outcome {
    let house = context.open()?;
    let connector = args.name.as_deref().map(|name| house.connector(name)).transpose()?;
    let limit = args.limit.unwrap_or(if args.csv.is_some() { usize::MAX } else { FEW });
    if args.debug {
        return debug::run(args, connector, limit, &house, context);
    }
    let connector = connector.map(|c| c.id);
    let runs = Runs::new(&house.store, connector, limit);
    if let Some(file) = &args.csv {
        let rows = runs.flat_map(|run| match run {
            Ok(run) => log_cells(&run).into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error.into())],
        });
        files::csv(file, args.force, &LOG_COLUMNS, rows, context)?;
        return Ok(Exit::Done);
    }
    if context.out.json {
        let mut array = context.out.array()?;
        for run in runs {
            array.push(&RunView::from(&run?))?;
        }
        array.end()?;
        return Ok(Exit::Done);
    }
    let runs = runs.collect::<StoreResult<Vec<_>>>()?;
    let text = match runs.is_empty() {
        true => "Nothing has been synced yet.\n".to_owned(),
        false => text(&house, &runs)?,
    };
    context.out.text(&text)?;
    Ok(Exit::Done)
}

/// Runs, newest first, read page by page.
pub struct Runs<'a> {
    store: &'a Store,
    connector: Option<ConnectorId>,
    left: usize,
    before: Option<u64>,
    page: std::vec::IntoIter<Run>,
}

impl<'a> Runs<'a> {
    /// The newest runs of a connector or of all.
    pub fn new(store: &'a Store, connector: Option<ConnectorId>, limit: usize) -> Self {
        Self { store, connector, left: limit, before: None, page: Vec::new().into_iter() }
    }
}

impl Iterator for Runs<'_> {
    type Item = StoreResult<Run>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 && self.left > 0 {
            let (connector, before, count) = (self.connector, self.before, self.left.min(PAGE));
            match self.store.read_blocking(|r| r.runs_before(connector, before, count)) {
                Ok(page) => self.page = page.into_iter(),
                Err(error) => {
                    self.left = 0;
                    return Some(Err(error));
                }
            }
        }
        let run = self.page.next()?;
        self.left -= 1;
        self.before = Some(run.id);
        Some(Ok(run))
    }
}

/// Both tables of each connector among the runs, and what else is to be told of them.
pub fn text(house: &House, runs: &[Run]) -> Outcome<String> {
    let connectors = house.store.read_blocking(|r| r.connectors())?;
    let mut groups: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
    for run in runs {
        groups.entry(&run.connector_name).or_default().push(run);
    }
    let mut text = String::new();
    for (name, runs) in groups {
        let connector = connectors.iter().find(|c| runs.iter().any(|run| run.connector == c.id));
        let label = connector.map_or("Service", |c| house.service_label(&c.service));
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("{} ({label})\n", plain(name)));
        text.push_str(&tables(label, connector, &runs));
        for run in runs {
            text.push_str(&notes(run));
        }
    }
    Ok(text)
}

/// The two tables of the sync log: what was written to Vtiger, and to the service.
fn tables(label: &str, connector: Option<&Connector>, runs: &[&Run]) -> String {
    let mut text = String::new();
    for (side, title) in [(Side::Vtiger, "Vtiger CRM"), (Side::Service, label)] {
        text.push_str(&format!("{title}\n"));
        let mut table = Table::new(&[
            Column::Number("Run"),
            Column::Text("Date"),
            Column::Text("Time"),
            Column::Text("Module"),
            Column::Number("Created"),
            Column::Number("Updated"),
            Column::Number("Deleted"),
            Column::Number("Skipped"),
        ]);
        for run in runs {
            rows(&mut table, run, side);
        }
        if table.is_empty() {
            text.push_str("  (no numbers)\n");
        } else {
            text.push_str(&table.render(2, true));
        }
        if connector.is_some_and(|c| !writes(c, side)) {
            text.push_str(&format!("  Nothing is written to {title}: no module goes that way.\n"));
        }
    }
    text
}

fn writes(connector: &Connector, side: Side) -> bool {
    let mut enabled = connector.modules.values().filter(|m| m.enabled);
    enabled.any(|m| Direction::writes(m.direction, side))
}

fn rows(table: &mut Table, run: &Run, side: Side) {
    let [date, time] = local(run.started);
    for (module, counts) in run.modules.iter().filter(|(_, counts)| counts.available) {
        let Counts { created, updated, deleted, skipped } = *counts.side(side);
        let numbers = [created, updated, deleted, skipped].map(|n| n.to_string());
        let first = [run.id.to_string(), date.clone(), time.clone(), module.label().to_owned()];
        table.row(first.into_iter().chain(numbers));
    }
}

/// Date and time on the clock of whoever reads.
pub fn local(stamp: Stamp) -> [String; 2] {
    let zoned = stamp.timestamp().to_zoned(TimeZone::system());
    [zoned.strftime("%Y-%m-%d").to_string(), zoned.strftime("%H:%M").to_string()]
}

/// What the numbers do not tell: how the run ended, and what stands beside them.
pub fn notes(run: &Run) -> String {
    let id = run.id;
    let mut lines = vec![format!("Run {id} {}", ending(run))];
    let sum = |pick: fn(&crate::model::ModuleCounts) -> u64| run.modules.values().map(pick).sum();
    let mut beside = Vec::new();
    for (number, what) in [
        (sum(|m| m.linked), "linked"),
        (sum(|m| m.unchanged), "unchanged"),
        (sum(|m| m.waiting), "waiting in the queue"),
        (sum(|m| m.standing_skips), "skipped before and left so"),
    ] {
        if number > 0 {
            beside.push(format!("{} {what}", super::table::thousands(number)));
        }
    }
    let conflicts: u64 = sum(|m| m.conflicts);
    if conflicts > 0 {
        beside.push(counted(conflicts, "conflicting value"));
    }
    if !beside.is_empty() {
        lines.push(format!("  beside the numbers: {}", beside.join(", ")));
    }
    for (module, counts) in run.modules.iter().filter(|(_, counts)| !counts.available) {
        let why = counts.why.as_deref().unwrap_or("");
        lines.push(format!("  {module}: not available here. {}", plain(why)));
    }
    lines.join("\n") + "\n"
}

fn ending(run: &Run) -> String {
    let error = || run.error.as_ref().map(|error| plain(&error.one_line())).unwrap_or_default();
    match run.status {
        RunStatus::Running => "is running.".into(),
        RunStatus::Completed => format!("completed{}.", duration(run)),
        RunStatus::Preview => "was a preview: nothing was written.".into(),
        RunStatus::Held => {
            let held = run.held.as_ref().map(|held| plain(&held.threshold)).unwrap_or_default();
            format!("is held: {held}. Nothing was written; a decision is needed.")
        }
        RunStatus::Dropped => "was held and dropped: nothing was written.".into(),
        RunStatus::Cancelled => "was cancelled; the next sync goes on from there.".into(),
        RunStatus::Failed => format!("failed. {}", error()),
        RunStatus::Interrupted => "was interrupted; the next sync settles what was open.".into(),
    }
}

fn duration(run: &Run) -> String {
    let Some(ended) = run.ended else { return String::new() };
    let seconds = ended.since(run.started).as_secs_f64();
    if seconds < 60.0 {
        return format!(" in {seconds:.1} s");
    }
    let minutes = ended.since(run.started).as_secs() / 60;
    format!(" in {minutes} min {:.0} s", seconds - 60.0 * minutes as f64)
}

#[cfg(test)]
mod tests;
