//! `syncdeck records`: what became of each record in a run. Streams, however many there are.

use super::exit::{Exit, Outcome};
use super::files;
use super::house::{Context, House};
use super::json::RecordView;
use super::log::local;
use super::table::{Column, Table, cut};
use crate::engine::RecordUrls;
use crate::export::{RECORD_COLUMNS, record_cells};
use crate::model::{Item, ItemStatus, Module, Run, Side};
use crate::store::{Store, StoreResult};
use clap::Args;
use std::path::PathBuf;

/// How many records are read at a time.
const PAGE: usize = 500;
/// How wide a name may be in a table; JSON and CSV have all of it.
const NAME: usize = 40;

/// Options of `records`.
#[derive(Debug, Clone, Args)]
pub struct RecordsArgs {
    /// The number of the run, as the log shows it
    pub run: u64,
    /// What was written to (or skipped on) this side only
    #[arg(long, value_name = "vtiger|service", value_parser = side)]
    pub side: Option<Side>,
    /// This module only
    #[arg(long, value_name = "MODULE")]
    pub module: Option<Module>,
    /// Those with this status only: created, updated, deleted, skipped, conflict, linked, waiting
    #[arg(long, value_name = "STATUS", value_parser = status)]
    pub status: Option<ItemStatus>,
    /// At most so many
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Write the records as CSV to a file; - is standard output
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Overwrite an existing CSV file
    #[arg(long, requires = "csv")]
    pub force: bool,
}

/// Reads a side.
pub fn side(text: &str) -> Result<Side, String> {
    let found = Side::BOTH.into_iter().find(|side| side.key().eq_ignore_ascii_case(text));
    found.ok_or_else(|| "the sides are vtiger and service".to_owned())
}

fn status(text: &str) -> Result<ItemStatus, String> {
    let found = ItemStatus::ALL.into_iter().find(|s| s.key().eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        let known: Vec<_> = ItemStatus::ALL.iter().map(|s| s.key()).collect();
        format!("the statuses are {}", known.join(", "))
    })
}

/// Prints the records.
pub fn run(args: &RecordsArgs, context: &Context) -> Outcome {
    let house = context.open()?;
    let run = house.run(args.run)?;
    let lists = lists(&run, args);
    let records = Records::new(&house.store, run.id, lists, args.limit.unwrap_or(usize::MAX));
    if let Some(file) = &args.csv {
        let rows = records.flat_map(|page| match page {
            Ok((_, items)) => items.iter().map(|item| Ok(record_cells(item))).collect::<Vec<_>>(),
            Err(error) => vec![Err(error.into())],
        });
        files::csv(file, args.force, &RECORD_COLUMNS, rows, context)?;
    } else if context.out.json {
        json(&house, &run, records, context)?;
    } else {
        text(&house, &run, records, context)?;
    }
    Ok(Exit::Done)
}

/// A list of a run.
type List = (Module, Side, ItemStatus);

/// The lists that were asked for, in the order of the run.
fn lists(run: &Run, args: &RecordsArgs) -> Vec<List> {
    let mut lists = Vec::new();
    let modules = run.modules.keys().copied().filter(|m| args.module.is_none_or(|a| a == *m));
    for module in modules {
        for side in Side::BOTH.into_iter().filter(|s| args.side.is_none_or(|a| a == *s)) {
            let statuses = ItemStatus::ALL.into_iter();
            let statuses = statuses.filter(|s| args.status.is_none_or(|a| a == *s));
            lists.extend(statuses.map(|status| (module, side, status)));
        }
    }
    lists
}

/// The records of some lists of a run, read page by page.
pub struct Records<'a> {
    store: &'a Store,
    run: u64,
    lists: std::vec::IntoIter<List>,
    list: Option<List>,
    from: u64,
    left: usize,
}

impl<'a> Records<'a> {
    fn new(store: &'a Store, run: u64, lists: Vec<List>, limit: usize) -> Self {
        Self { store, run, lists: lists.into_iter(), list: None, from: 0, left: limit }
    }
}

/// Pages of records, each of one list.
impl Iterator for Records<'_> {
    type Item = StoreResult<(List, Vec<Item>)>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.left > 0 {
            let list = match self.list {
                Some(list) => list,
                None => {
                    self.from = 0;
                    *self.list.insert(self.lists.next()?)
                }
            };
            let (run, (module, side, status)) = (self.run, list);
            let (from, count) = (self.from, self.left.min(PAGE));
            let page =
                self.store.read_blocking(|r| r.items(run, module, side, status, from, count));
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    self.left = 0;
                    return Some(Err(error));
                }
            };
            self.from += page.len() as u64;
            self.left -= page.len();
            if page.len() < count {
                self.list = None;
            }
            if !page.is_empty() {
                return Some(Ok((list, page)));
            }
        }
        None
    }
}

/// Knows the pages of the records of this run in both systems.
pub fn urls(house: &House, run: &Run) -> Outcome<RecordUrls> {
    let id = run.connector;
    let (crm, connector) = house.store.read_blocking(|r| Ok((r.crm()?, r.connector(id)?)))?;
    Ok(house.engine.record_urls(crm.as_ref(), connector.as_ref()))
}

fn json(house: &House, run: &Run, records: Records<'_>, context: &Context) -> Outcome<()> {
    let urls = urls(house, run)?;
    let mut array = context.out.array()?;
    for page in records {
        for item in page?.1 {
            let urls = [
                urls.of(item.module, Side::Vtiger, &item.vtiger_id),
                urls.of(item.module, Side::Service, &item.service_id),
            ];
            array.push(&RecordView::new(run, &item, urls))?;
        }
    }
    array.end()
}

fn text(house: &House, run: &Run, records: Records<'_>, context: &Context) -> Outcome<()> {
    let connector = run.connector;
    let connector = house.store.read_blocking(|r| r.connector(connector))?;
    let label = connector.as_ref().map_or("the service", |c| house.service_label(&c.service));
    let mut last = None;
    for page in records {
        let (list, items) = page?;
        let mut table = Table::new(&[
            Column::Text("Source Module"),
            Column::Text("Record Name"),
            Column::Text("Vtiger ID"),
            Column::Text("Service ID"),
            Column::Text("Time"),
            Column::Text(last_column(list.2)),
        ]);
        for item in &items {
            table.row(cells(item));
        }
        let first = last != Some(list);
        let mut text = String::new();
        if first {
            if last.is_some() {
                text.push('\n');
            }
            let planned = if items.iter().any(|i| i.planned) { " (planned)" } else { "" };
            text.push_str(&format!("{}: {}{planned}\n", list.0, title(list, label)));
        }
        text.push_str(&table.render(2, first));
        context.out.text(&text)?;
        last = Some(list);
    }
    if last.is_none() {
        context.out.text("There are no such records in this run.\n")?;
    }
    Ok(())
}

/// The title of a list, as on the screens.
fn title((_, side, status): List, service: &str) -> String {
    let place = if side == Side::Vtiger { "Vtiger" } else { service };
    match status {
        ItemStatus::Created => format!("Records Created in {place}"),
        ItemStatus::Updated => format!("Records Updated in {place}"),
        ItemStatus::Deleted => format!("Records Deleted in {place}"),
        ItemStatus::Skipped => format!("Records Skipped in {place}"),
        ItemStatus::Conflict => format!("Conflicts lost in {place}"),
        ItemStatus::Linked => "Records found on both sides and linked".to_owned(),
        ItemStatus::Waiting => format!("Records Waiting for {place}"),
    }
}

fn last_column(status: ItemStatus) -> &'static str {
    match status {
        ItemStatus::Skipped | ItemStatus::Waiting => "Reason",
        ItemStatus::Conflict => "Conflict",
        ItemStatus::Updated => "Changes",
        ItemStatus::Created | ItemStatus::Deleted | ItemStatus::Linked => "",
    }
}

fn cells(item: &Item) -> [String; 6] {
    let [date, time] = local(item.time);
    let last = match (item.status, &item.reason, &item.conflict) {
        (_, Some(reason), _) => reason.text.clone(),
        (_, _, Some(c)) => format!(
            "{}: Vtiger \"{}\", service \"{}\", before {}; {} won ({})",
            c.field,
            c.vtiger,
            c.service,
            c.base.as_ref().map_or_else(|| "not known".to_owned(), |base| format!("\"{base}\"")),
            c.winner.key(),
            c.rule
        ),
        (ItemStatus::Updated, ..) => {
            item.changes.iter().map(|c| c.field.as_str()).collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    };
    [
        item.source_module.clone(),
        cut(&item.name, NAME),
        item.vtiger_id.clone(),
        cut(&item.service_id, NAME),
        format!("{date} {time}"),
        last,
    ]
}
