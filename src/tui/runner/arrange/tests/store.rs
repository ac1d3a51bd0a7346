//! A real store with a long list: what is read for a page, a filter, an order, a file. Counted, not
//! timed, so that a slow machine tells the same.

use super::*;
use crate::store::counted::{self, Read};
use crate::store::{Batch, Change};
use crate::tui::msg::{ExportRequest, ExportWhat, Exported, Page, PageRequest};
use crate::tui::runner::bench::{shared, store_with_run};
use crate::tui::runner::export;
use crate::tui::sift::Sift;
use std::sync::mpsc::Receiver;
use tempfile::TempDir;

/// So many rows has the list; `SYNCDECK_ROWS=1000000` makes it longer.
fn rows() -> u64 {
    std::env::var("SYNCDECK_ROWS").ok().and_then(|n| n.parse().ok()).unwrap_or(40_000)
}

/// A number that looks like chance, each once.
fn mixed(n: u64, rows: u64) -> u64 {
    (n * 7_919) % rows
}

fn named(n: u64, rows: u64) -> Item {
    let name = mixed(n, rows);
    Item {
        name: format!("Customer {name:07}"),
        vtiger_id: format!("12x{}", n + 1),
        service_id: name.to_string(),
        time: Stamp(i64::try_from(n).unwrap()),
        reason: None,
        ..any()
    }
}

struct Bench {
    shared: Shared,
    source: Source,
    heard: Receiver<Msg>,
    folder: TempDir,
    rows: u64,
}

fn bench() -> Bench {
    let rows = rows();
    let folder = tempfile::tempdir().unwrap();
    let (store, run) = store_with_run(folder.path());
    for from in (0..rows).step_by(5_000) {
        let mut batch = Batch::new();
        for n in from..rows.min(from + 5_000) {
            batch.push(Change::AddItem(run, Box::new(named(n, rows))));
        }
        store.commit_blocking(batch).unwrap();
    }
    let (shared, heard) = shared(folder.path(), store);
    let part = Part { module: Module::Contacts, side: Side::Vtiger, status: ItemStatus::Created };
    let source = Source { run, parts: vec![part] };
    counted::read();
    Bench { shared, source, heard, folder, rows }
}

impl Bench {
    fn arranged(&self, filter: &str, sort: Option<(Column, bool)>) -> Arranged {
        let (sift, _) = Sift::parse(filter, Stamp(0), &jiff::tz::TimeZone::UTC);
        let how = Arrangement { filter: filter.into(), sift, sort };
        arrange(&self.shared, 7, &self.source, 3, &how);
        match self.heard.try_iter().last() {
            Some(Msg::Arranged { generation: 3, made: Ok(made) }) => made,
            other => panic!("{other:?}"),
        }
    }

    fn page(&self, order: Option<Order>, from: u64, around: Option<RowKey>) -> Page {
        let source = self.source.clone();
        let request = PageRequest { source, order, view: 1, from, count: 180, around };
        lists::page(&self.shared, &request);
        match self.heard.try_iter().last() {
            Some(Msg::Page(page)) => page,
            other => panic!("{other:?}"),
        }
    }

    fn export(&self, order: Option<Order>) -> Vec<String> {
        let path = self.folder.path().join("list.csv");
        let what = ExportWhat::Records(self.source.clone(), order);
        let request = ExportRequest { what, path: path.clone(), replace: true };
        export::export(&self.shared, 7, &request);
        match self.heard.try_iter().last() {
            Some(Msg::Exported(Exported::Done(done, rows))) if done == path => {
                let mut csv = csv::Reader::from_path(path).unwrap();
                let names = csv.records().map(|record| record.unwrap()[1].to_owned());
                let names: Vec<String> = names.collect();
                assert_eq!(names.len() as u64, rows);
                names
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_long_list_is_read_by_the_page_and_looked_through_once() {
    let bench = bench();
    let rows = bench.rows;
    // A page costs its rows and the row of the run, wherever it is.
    let page = Read { transactions: 1, runs: 1, items: 180 };
    for from in [0, rows / 2, rows - 180] {
        let got = bench.page(None, from, None);
        assert_eq!((got.rows[0].key.position(), got.rows.len()), (from, 180));
        assert_eq!(counted::read(), page, "{from}");
    }

    // Filtering looks at every row once, in many short transactions.
    let once = Read {
        transactions: 1 + usize::try_from(rows.div_ceil(CHUNK as u64)).unwrap(),
        runs: 1,
        items: usize::try_from(rows).unwrap(),
    };
    let found = bench.arranged("name:0000123", None);
    assert_eq!((found.order.len(), found.lengths[0]), (1, rows));
    assert_eq!(counted::read(), once);
    let by_id = bench.arranged("id:12x400", None);
    assert_eq!(by_id.order.keys(0, 9).unwrap(), [RowKey::new(0, 399)]);
    assert_eq!(counted::read(), once);

    // So does sorting, however it is sorted.
    let by_name = bench.arranged("", Some((Column::Name, false)));
    assert_eq!(counted::read(), once);
    let by_name_down = bench.arranged("", Some((Column::Name, true)));
    counted::read();
    let name = |order: &Order, at| bench.page(Some(order.clone()), at, None).rows[0].item.clone();
    for at in [0, 17, rows / 2, rows - 180] {
        assert_eq!(name(&by_name.order, at).name, format!("Customer {at:07}"));
        assert_eq!(counted::read(), page, "a page of a sorted list costs no more");
        let down = rows - 1 - at;
        assert_eq!(name(&by_name_down.order, at).name, format!("Customer {down:07}"));
        counted::read();
    }
    let by_time_down = bench.arranged("", Some((Column::Time, true)));
    assert_eq!(by_time_down.order.keys(0, 1).unwrap(), [RowKey::new(0, rows - 1)]);
    let by_status = bench.arranged("", Some((Column::Status, true)));
    assert_eq!(by_status.order.keys(5, 1).unwrap(), [RowKey::new(0, 5)], "equal ones as stored");
    counted::read();

    // A row is found in an order without reading the rows before it.
    let key = RowKey::new(0, 1_000);
    let around = bench.page(Some(by_name.order.clone()), 0, Some(key));
    let at = mixed(1_000, rows);
    assert_eq!(around.around, Some((key, Some(at))));
    let index = usize::try_from(at - around.from).unwrap();
    assert_eq!(around.rows[index].key, key);
    assert!(counted::read().items <= 180);

    // A file holds exactly what is shown, and reads it once.
    let names = bench.export(Some(by_name.order.clone()));
    assert_eq!(names.len() as u64, rows);
    assert!(names.is_sorted());
    assert_eq!(counted::read().items as u64, rows);
    assert_eq!(bench.export(None)[1], format!("Customer {:07}", mixed(1, rows)));
    counted::read();
    assert_eq!(bench.export(Some(by_id.order)).len(), 1);
    assert_eq!(counted::read().items, 1);

    // What is put aside has no name.
    let scratch = bench.folder.path().join("scratch");
    assert_eq!(std::fs::read_dir(scratch).unwrap().count(), 0);

    // A job that was given up reads nothing more and says nothing.
    let sort = Arrangement { sort: Some((Column::Name, false)), ..Arrangement::default() };
    bench.shared.arranging.store(8, Ordering::SeqCst);
    arrange(&bench.shared, 7, &bench.source, 3, &sort);
    assert!(bench.heard.try_iter().next().is_none());
    assert_eq!(counted::read().items, 0);
    bench.shared.exporting.store(8, Ordering::SeqCst);
    let path = bench.folder.path().join("given-up.csv");
    let what = ExportWhat::Records(bench.source.clone(), None);
    export::export(&bench.shared, 7, &ExportRequest { what, path: path.clone(), replace: false });
    let told = bench.heard.try_iter().last();
    assert!(matches!(told, Some(Msg::Exported(Exported::Cancelled))), "{told:?}");
    assert!(!path.exists());
}
