//! Runs, their lists and their counts; retention.

use super::samples::*;
use super::{commit, sentences, store};
use crate::model::{
    ConnectorId, Counts, ItemStatus, Module, ModuleCounts, Period, Progress, Retention, RunStatus,
    Side, UserError,
};
use crate::store::{Change, ItemList, Store};
use std::time::Duration;

const M: Module = Module::Contacts;

/// Starts a run without a runtime.
pub fn start(store: &Store, c: ConnectorId) -> u64 {
    super::block_on(store.start_run(new_run(c))).unwrap()
}

fn add(run: u64, side: Side, status: ItemStatus, name: &str) -> Change {
    Change::AddItem(run, Box::new(item(M, side, status, name)))
}

fn counts(store: &Store, run: u64) -> ModuleCounts {
    let run = store.read_blocking(|r| r.run(run)).unwrap().unwrap();
    run.modules[&M].clone()
}

fn names(store: &Store, run: u64, side: Side, status: ItemStatus, from: u64) -> Vec<String> {
    let items = store.read_blocking(|r| r.items(run, M, side, status, from, 3));
    items.unwrap().into_iter().map(|item| item.name).collect()
}

#[test]
fn lists_are_dense_and_counted_with_their_items() {
    let (_folder, store) = store();
    let run = start(&store, 1);
    let (v, s) = (Side::Vtiger, Side::Service);
    let mut batch = Vec::new();
    for n in 0..300 {
        batch.push(add(run, v, ItemStatus::Created, &format!("c{n}")));
        batch.push(add(run, s, ItemStatus::Conflict, &format!("s{n}")));
        if n % 3 == 0 {
            batch.push(add(run, v, ItemStatus::Conflict, &format!("v{n}")));
        }
    }
    commit(&store, batch).unwrap();
    commit(&store, [add(run, v, ItemStatus::Conflict, "last")]).unwrap();
    let row = counts(&store, run);
    assert_eq!((row.vtiger.created, row.conflicts), (300, 401));
    assert_eq!(row.service, Counts::default());
    assert_eq!(names(&store, run, v, ItemStatus::Created, 298), ["c298", "c299"]);
    let last = names(&store, run, v, ItemStatus::Conflict, 99);
    assert_eq!(last, ["v297", "last"]);
    assert_eq!(names(&store, run, s, ItemStatus::Conflict, 0), ["s0", "s1", "s2"]);
    let lengths = store.read_blocking(|r| {
        Ok((
            r.item_count(run, M, v, ItemStatus::Conflict)?,
            r.item_count(run, M, s, ItemStatus::Conflict)?,
            r.item_count(run, M, s, ItemStatus::Deleted)?,
            r.item_count(77, M, s, ItemStatus::Deleted)?,
        ))
    });
    assert_eq!(lengths.unwrap(), (101, 300, 0, 0));
}

#[test]
fn heads_are_items_without_what_changed() {
    let (_folder, store) = store();
    let run = start(&store, 1);
    let (side, status) = (Side::Vtiger, ItemStatus::Skipped);
    let changes = [Vec::new(), vec![change()], vec![change(); 40]];
    let items: Vec<_> = changes
        .map(|changes| crate::model::Item { changes, ..item(M, side, status, "Zoë") })
        .into();
    commit(&store, items.iter().map(|item| Change::AddItem(run, Box::new(item.clone())))).unwrap();
    let list = ItemList { run, module: M, side, status };
    let mut heads = Vec::new();
    let count = store.read_blocking(|reader| {
        reader.item_heads(list, 0, 9, |head| {
            heads.push(head);
            Ok(())
        })
    });
    assert_eq!(count.unwrap(), 3);
    let expected: Vec<_> = items
        .iter()
        .map(|item| crate::model::Item { changes: Vec::new(), ..item.clone() })
        .collect();
    assert_eq!(heads, expected);
    let whole = store.read_blocking(|reader| reader.items(run, M, side, status, 0, 9)).unwrap();
    assert_eq!(whole, items);
    let lists = [(M, side, status), (M, side, ItemStatus::Created), (M, Side::Service, status)];
    let lengths = store.read_blocking(|reader| reader.item_counts(run, &lists)).unwrap();
    assert_eq!(lengths, [3, 0, 0]);
    assert_eq!(store.read_blocking(|reader| reader.item_counts(run + 1, &lists)).unwrap(), [0; 3]);
}

#[test]
fn a_run_is_told_step_by_step() {
    let (_folder, store) = store();
    let run = start(&store, 4);
    let progress = Progress { done: 5, ..Progress::default() };
    commit(
        &store,
        [
            Change::ModuleRow { run, module: M, available: true, why: None },
            Change::ModuleRow {
                run,
                module: Module::Leads,
                available: false,
                why: Some("no right".into()),
            },
            Change::AddUnchanged { run, module: M, unchanged: 7, standing_skips: 2 },
            Change::AddUnchanged { run, module: M, unchanged: 3, standing_skips: 0 },
            Change::Progress { run, progress: Some(progress.clone()), requests: 11, retries: 1 },
        ],
    )
    .unwrap();
    let read = |run| store.read_blocking(|r| r.run(run)).unwrap().unwrap();
    let row = read(run);
    assert_eq!((row.id, row.requests, row.retries), (run, 11, 1));
    assert_eq!(row.progress, Some(progress));
    assert_eq!(row.modules[&M].unchanged, 10);
    assert_eq!(row.modules[&M].standing_skips, 2);
    assert!(!row.modules[&Module::Leads].available);
    let error = UserError::new("a", "b", "c");
    let end = Change::EndRun {
        run,
        status: RunStatus::Failed,
        ended: Some(stamp(9)),
        held: full_run().held,
        error: Some(error.clone()),
    };
    commit(&store, [end]).unwrap();
    let row = read(run);
    assert_eq!((row.status, row.ended), (RunStatus::Failed, Some(stamp(9))));
    assert_eq!((row.held, row.error), (full_run().held, Some(error)));
    assert_eq!(row.progress, None);
}

#[test]
fn a_run_that_is_planned_anew_begins_at_zero() {
    let (_folder, store) = store();
    let (run, other) = (start(&store, 1), start(&store, 1));
    let reason =
        Change::ModuleRow { run, module: M, available: false, why: Some("left out".into()) };
    let created = |run, name| add(run, Side::Vtiger, ItemStatus::Created, name);
    commit(&store, [reason, created(run, "a"), created(other, "o")]).unwrap();
    // Within one batch, too.
    let plan = [created(run, "b"), Change::ClearItems(run), created(run, "c")];
    commit(&store, plan).unwrap();
    let row = counts(&store, run);
    assert_eq!((row.vtiger.created, row.available), (1, false));
    assert_eq!(row.why.as_deref(), Some("left out"));
    let list = |run| names(&store, run, Side::Vtiger, ItemStatus::Created, 0);
    assert_eq!((list(run), list(other)), (vec!["c".into()], vec!["o".into()]));
}

#[test]
fn runs_are_listed_newest_first() {
    let (_folder, store) = store();
    for c in [1, 2, 1, 1, 2] {
        start(&store, c);
    }
    let list = |c, before, limit| -> Vec<u64> {
        let runs = store.read_blocking(|r| r.runs_before(c, before, limit));
        runs.unwrap().into_iter().map(|run| run.id).collect()
    };
    assert_eq!(list(None, None, 9), [5, 4, 3, 2, 1]);
    assert_eq!(list(None, Some(4), 2), [3, 2]);
    assert_eq!(list(Some(1), None, 2), [4, 3]);
    assert_eq!(list(Some(1), Some(3), 9), [1]);
    assert_eq!(list(Some(3), None, 9), [0; 0]);
}

#[test]
fn an_item_of_a_run_that_is_gone_is_refused() {
    let (_folder, store) = store();
    let lost = commit(&store, [add(9, Side::Vtiger, ItemStatus::Created, "a")]);
    assert!(sentences(lost).what.contains("Run 9"));
}

#[test]
fn old_runs_go_with_their_items_but_not_the_newest() {
    let (_folder, store) = store();
    let retention = Retention { runs: Period::secs(1000), ..Retention::default() };
    commit(&store, [Change::PutRetention(retention)]).unwrap();
    let finish = |run| Change::EndRun {
        run,
        status: RunStatus::Completed,
        ended: Some(stamp(0)),
        held: None,
        error: None,
    };
    for c in [1, 1, 2, 1, 2] {
        let run = start(&store, c);
        let item = add(run, Side::Service, ItemStatus::Updated, "x");
        commit(&store, [item.clone(), item, finish(run)]).unwrap();
    }
    let running = start(&store, 1);
    let young = store.prune(stamp(0).plus(Duration::from_secs(900))).unwrap();
    assert_eq!(young, 0);
    let now = stamp(0).plus(Duration::from_secs(1001));
    assert_eq!(store.prune(now).unwrap(), 4);
    let left = store.read_blocking(|r| r.runs_before(None, None, 99));
    let left: Vec<_> = left.unwrap().iter().map(|run| run.id).collect();
    assert_eq!(left, [running, 5]);
    for run in 1..=5 {
        let items = names(&store, run, Side::Service, ItemStatus::Updated, 0);
        assert_eq!(items.len(), if run == 5 { 2 } else { 0 }, "{run}");
    }
    // The next time there is nothing to be done, and nothing is written.
    let before = std::fs::read(store.path()).unwrap();
    assert_eq!(store.prune(now).unwrap(), 0);
    assert!(std::fs::read(store.path()).unwrap() == before);
}
