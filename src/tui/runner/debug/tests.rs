//! Reading and searching a real store.

use crate::model::{DebugEntry, Stamp};
use crate::store::{Change, Store};
use crate::tui::debug::{DebugNews, DebugWanted, Search};
use crate::tui::msg::Msg;
use crate::tui::runner::bench::shared;
use crate::tui::runner::{Shared, debug};
use std::sync::mpsc::Receiver;
use tempfile::TempDir;

/// A store with a connector and 1,000 entries, every hundredth of which is about Zoë.
fn bench() -> (TempDir, Shared, Receiver<Msg>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("a.redb")).unwrap();
    let catalog = crate::catalog::Catalog::built_in().unwrap();
    let service = catalog.services().next().unwrap();
    let connector = crate::settings::default_connector(service, "shop");
    store.commit_blocking(Change::PutConnector(Box::new(connector)).into()).unwrap();
    let entry = |n: u64| DebugEntry {
        time: Stamp(1_000),
        request: format!("GET /{n}"),
        answer: if n.is_multiple_of(100) { "{\"name\":\"ZOË\"}".into() } else { "{}".into() },
        ..DebugEntry::default()
    };
    let entries = (1..=1_000).map(entry).collect();
    store.commit_blocking(Change::AddDebug(1, entries).into()).unwrap();
    let (shared, heard) = shared(folder.path(), store);
    (folder, shared, heard)
}

fn found(heard: &Receiver<Msg>) -> (Vec<u64>, Vec<Search>) {
    let mut all = (Vec::new(), Vec::new());
    for msg in heard.try_iter() {
        let Msg::Debug(DebugNews::Found { generation: 3, numbers, search }) = msg else {
            panic!("{msg:?}");
        };
        all.0.extend(numbers);
        all.1.push(search);
    }
    all
}

#[test]
fn a_search_goes_through_the_log_in_pieces() {
    let (_folder, shared, heard) = bench();
    debug::search(&shared, 7, 1, 3, "zoË", 0);
    let (numbers, steps) = found(&heard);
    assert_eq!(numbers, [1000, 900, 800, 700, 600, 500, 400, 300, 200, 100]);
    assert!(steps.len() > 3 && steps.iter().all(|s| s.total == 1_000 && s.newest == 1_000));
    assert_eq!(steps.iter().map(|s| s.done).position(|done| done), Some(steps.len() - 1));
    debug::search(&shared, 7, 1, 3, "zoë", 850);
    assert_eq!(found(&heard).0, [1000, 900], "only what is new");
    debug::search(&shared, 7, 1, 3, "!zoë", 997);
    assert_eq!(found(&heard).0, [999, 998]);
    debug::search(&shared, 6, 1, 3, "zoë", 0);
    assert_eq!(found(&heard).1.len(), 0, "another one was asked for meanwhile");
    debug::search(&shared, 7, 2, 3, "zoë", 0);
    let (none, steps) = found(&heard);
    assert!(none.is_empty() && steps.last().unwrap().done, "an empty log is searched, too");
}

#[test]
fn pages_entries_and_the_switch_reach_the_store() {
    let (_folder, shared, heard) = bench();
    debug::page(&shared, 1, 3, &DebugWanted::From(u64::MAX, 2));
    debug::page(&shared, 1, 3, &DebugWanted::These(vec![900, 5, 2_000]));
    let numbers: Vec<Vec<u64>> = heard
        .try_iter()
        .map(|msg| match msg {
            Msg::Debug(DebugNews::Page { generation: 3, extent, rows }) => {
                assert_eq!((extent.first, extent.last), (1, 1_000));
                rows.iter().map(|row| row.number).collect()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(numbers, [vec![1000, 999], vec![900, 5]]);
    debug::open(&shared, 1, 900);
    debug::open(&shared, 1, 2_000);
    let opened: Vec<_> = heard
        .try_iter()
        .map(|msg| match msg {
            Msg::Debug(DebugNews::Opened { entry, .. }) => entry.map(|e| e.request.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(opened, [Some("GET /900".to_owned()), None]);
    debug::switch(&shared, 1, true);
    let switched = heard.try_recv().unwrap();
    let Msg::Debug(DebugNews::Switched { on: true, result: Ok(()), .. }) = switched else {
        panic!("{switched:?}");
    };
    assert!(shared.store.read_blocking(|r| r.connector(1)).unwrap().unwrap().debug);
    debug::switch(&shared, 9, true);
    let Ok(Msg::Debug(DebugNews::Switched { result: Err(error), .. })) = heard.try_recv() else {
        panic!("a connector that is gone cannot be switched");
    };
    assert!(error.why.contains("removed"));
}
