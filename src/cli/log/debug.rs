//! `syncdeck log --debug`: the requests and answers of Debug Mode, newest first.

use super::{LogArgs, local};
use crate::cli::exit::{Exit, Outcome};
use crate::cli::files;
use crate::cli::house::{Context, House};
use crate::cli::table::{Column, Table, cut};
use crate::export::{DEBUG_COLUMNS, debug_cells};
use crate::model::{Connector, DebugEntry, Stamp};
use crate::store::{Store, StoreResult};
use serde::Serialize;

/// How many are read at a time: each may have some ten kilobytes.
const PAGE: usize = 100;
/// How wide a request may be in a table; JSON and CSV have all of it.
const REQUEST: usize = 80;

/// A request and its answer: an element of `log --debug --json`.
#[derive(Debug, Serialize)]
struct DebugView<'a> {
    connector: &'a str,
    number: u64,
    run: Option<u64>,
    time: Stamp,
    system: &'a str,
    request: &'a str,
    status: Option<u16>,
    sent: u64,
    received: u64,
    millis: u64,
    body: &'a str,
    answer: &'a str,
}

impl<'a> DebugView<'a> {
    fn new(connector: &'a str, entry: &'a DebugEntry) -> Self {
        Self {
            connector,
            number: entry.number,
            run: entry.run,
            time: entry.time,
            system: &entry.system,
            request: &entry.request,
            status: (entry.status > 0).then_some(entry.status),
            sent: entry.sent,
            received: entry.received,
            millis: entry.millis,
            body: &entry.body,
            answer: &entry.answer,
        }
    }
}

/// Prints the debug log of a connector, or of all.
pub(super) fn run(
    args: &LogArgs,
    connector: Option<Connector>,
    limit: usize,
    house: &House,
    context: &Context,
) -> Outcome {
    let connectors = match connector {
        Some(connector) => vec![connector],
        None => house.store.read_blocking(|r| r.connectors())?,
    };
    let wanted = args.grep.as_ref().map(|text| text.to_lowercase());
    let name = |at: usize| connectors.get(at).map_or("", |c| c.name.as_str());
    let found = Entries::new(&house.store, &connectors)
        .filter(|entry| match (entry, &wanted) {
            (Ok((_, entry)), Some(text)) => entry.holds(text),
            _ => true,
        })
        .take(limit);
    if let Some(file) = &args.csv {
        let rows = found.map(|entry| {
            let (at, entry) = entry?;
            Ok(debug_cells(name(at), &entry))
        });
        files::csv(file, args.force, &DEBUG_COLUMNS, rows, context)?;
    } else if context.out.json {
        let mut array = context.out.array()?;
        for entry in found {
            let (at, entry) = entry?;
            array.push(&DebugView::new(name(at), &entry))?;
        }
        array.end()?;
    } else {
        let found = found.map(|entry| entry.map(|(at, entry)| (name(at), entry)));
        let found = found.collect::<StoreResult<Vec<_>>>()?;
        let text = match found.is_empty() {
            true => nothing(args, &connectors),
            false => table(&found, connectors.len() > 1),
        };
        context.out.text(&text)?;
    }
    Ok(Exit::Done)
}

/// Why there is nothing to show.
fn nothing(args: &LogArgs, connectors: &[Connector]) -> String {
    if let Some(text) = &args.grep {
        return format!("Nothing in the debug log has the text \"{text}\".\n");
    }
    let off: Vec<_> = connectors.iter().filter(|c| !c.debug).map(|c| c.name.as_str()).collect();
    match off.as_slice() {
        [] => "Nothing has been asked since Debug Mode was switched on.\n".to_owned(),
        off => format!(
            "The debug log is empty. Debug Mode is off for: {}.\n\
             Switch it on with debug = true in the settings file, or with d in the pane Debug Log.\n",
            off.join(", ")
        ),
    }
}

fn table(found: &[(&str, DebugEntry)], with_name: bool) -> String {
    let mut columns = vec![
        Column::Text("Date"),
        Column::Text("Time"),
        Column::Number("Run"),
        Column::Text("System"),
        Column::Number("Status"),
        Column::Number("Bytes"),
        Column::Number("ms"),
        Column::Text("Request"),
    ];
    if with_name {
        columns.insert(2, Column::Text("Connector"));
    }
    let mut table = Table::new(&columns);
    for (name, entry) in found {
        let [date, time] = local(entry.time);
        let seconds = entry.time.timestamp().strftime(":%S").to_string();
        let mut cells = vec![
            date,
            time + &seconds,
            entry.run.map(|run| run.to_string()).unwrap_or_default(),
            entry.system.clone(),
            if entry.status > 0 { entry.status.to_string() } else { "-".to_owned() },
            entry.received.to_string(),
            entry.millis.to_string(),
            cut(&entry.brief(), REQUEST),
        ];
        if with_name {
            cells.insert(2, (*name).to_owned());
        }
        table.row(cells);
    }
    table.render(0, true)
}

/// The entries of some connectors, the latest first, each with the place of its connector.
struct Entries<'a> {
    logs: Vec<Log<'a>>,
}

/// The entries of one connector, newest first, read page by page.
struct Log<'a> {
    store: &'a Store,
    connector: u32,
    before: u64,
    page: std::vec::IntoIter<DebugEntry>,
    next: Option<DebugEntry>,
}

impl<'a> Entries<'a> {
    fn new(store: &'a Store, connectors: &[Connector]) -> Self {
        let log = |connector: &Connector| Log {
            store,
            connector: connector.id,
            before: u64::MAX,
            page: Vec::new().into_iter(),
            next: None,
        };
        Self { logs: connectors.iter().map(log).collect() }
    }
}

impl Log<'_> {
    /// Has the next entry ready, if there is one.
    fn fill(&mut self) -> StoreResult<()> {
        if self.next.is_some() || self.before == 0 {
            return Ok(());
        }
        if self.page.len() == 0 {
            let (c, numbers) = (self.connector, 0..=self.before - 1);
            let page = self.store.read_blocking(|r| r.debug_entries(c, numbers, PAGE))?;
            self.page = page.into_iter();
        }
        self.next = self.page.next();
        self.before = self.next.as_ref().map_or(0, |entry| entry.number);
        Ok(())
    }
}

impl Iterator for Entries<'_> {
    type Item = StoreResult<(usize, DebugEntry)>;

    fn next(&mut self) -> Option<Self::Item> {
        for log in &mut self.logs {
            if let Err(error) = log.fill() {
                self.logs.clear();
                return Some(Err(error));
            }
        }
        let time = |log: &Log<'_>| log.next.as_ref().map(|entry| entry.time);
        let (at, log) = self.logs.iter_mut().enumerate().max_by_key(|(_, log)| time(log))?;
        log.next.take().map(|entry| Ok((at, entry)))
    }
}

#[cfg(test)]
mod tests;
